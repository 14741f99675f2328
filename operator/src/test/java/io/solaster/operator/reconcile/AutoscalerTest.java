package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;

import io.solaster.operator.api.ShardedServiceSpec.Autoscaling;
import io.solaster.operator.observe.PodReport.Load;
import org.junit.jupiter.api.Test;

/** Replicas follow the utilization of shards, up at once and down after a while. */
class AutoscalerTest {
    private final Autoscaling scaling = new Autoscaling(null, 2, 10, 50, 300);
    private Instant now = Instant.EPOCH;
    private final Autoscaler autoscaler = new Autoscaler(() -> now);

    private int replicas(int running, double busy) {
        return autoscaler.replicas("shop/kv", scaling, running,
                Collections.nCopies(running, new Load(busy, busy)));
    }

    @Test
    void itBeginsWithTheFewest() {
        assertThat(autoscaler.replicas("shop/kv", scaling, 0, List.of())).isEqualTo(2);
    }

    @Test
    void moreLoadIsAnsweredAtOnceAndWithinTheLimits() {
        assertThat(replicas(4, 0.75)).isEqualTo(6);
        assertThat(replicas(6, 1.0)).isEqualTo(10);
    }

    @Test
    void aLittleMoreOrLessChangesNothing() {
        assertThat(replicas(4, 0.54)).isEqualTo(4);
        assertThat(replicas(4, 0.46)).isEqualTo(4);
    }

    @Test
    void lessLoadMustLast() {
        assertThat(replicas(6, 0.5)).isEqualTo(6);
        assertThat(replicas(6, 0.1)).isEqualTo(6);
        now = now.plus(Duration.ofSeconds(200));
        assertThat(replicas(6, 0.25)).isEqualTo(6);
        now = now.plus(Duration.ofSeconds(200));
        // What was asked for in the last 300 seconds: 3 and 2.
        assertThat(replicas(6, 0.1)).isEqualTo(3);
    }

    @Test
    void podsThatDoNotTellAreNotTakenForIdle() {
        assertThat(autoscaler.replicas("shop/kv", scaling, 6, List.of(new Load(0, 0), new Load(0, 0)))).isEqualTo(6);
    }
}
