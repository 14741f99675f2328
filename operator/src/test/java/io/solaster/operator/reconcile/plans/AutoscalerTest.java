package io.solaster.operator.reconcile.plans;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;

import io.solaster.operator.api.ShardedServiceSpec.Autoscaling;
import io.solaster.operator.api.ShardedServiceSpec.ScaleBy;
import io.solaster.operator.reconcile.plans.Autoscaler.Decision;
import io.solaster.operator.reconcile.plans.Heat.Busy;
import org.junit.jupiter.api.Test;

/** Replicas follow the utilization of shards, up at once and down after a while. */
class AutoscalerTest {
    private final Autoscaling scaling = new Autoscaling(null, 2, 10, 50, 300);
    private Instant now = Instant.EPOCH;
    private final Autoscaler autoscaler = new Autoscaler(() -> now);

    private int replicas(int running, double busy) {
        return autoscaler.replicas("shop/kv", scaling, running,
                Collections.nCopies(running, new Busy("kv-0", 8, busy, busy))).amount();
    }

    @Test
    void itBeginsWithTheFewest() {
        assertThat(autoscaler.replicas("shop/kv", scaling, 0, List.of()).amount()).isEqualTo(2);
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
        Busy idle = new Busy("kv-0", 8, 0, 0);
        assertThat(autoscaler.replicas("shop/kv", scaling, 6, List.of(idle, idle)).amount()).isEqualTo(6);
    }

    @Test
    void oneHotShardIsNoReasonForMorePods() {
        // Of two shards a pod, one of the first pod's never rests.
        List<Busy> loads = List.of(new Busy("kv-0", 2, 0.7, 1.0), new Busy("kv-1", 2, 0.5, 0.5));
        Decision decision = autoscaler.replicas("shop/kv", scaling, 2, loads);
        assertThat(decision.amount()).isEqualTo(2);
        assertThat(decision.held())
                .isEqualTo("Does not scale out: One shard of 4 is hot, in pod kv-0: about 100 % busy,"
                        + " the others about 50 %. More replicas would not relieve it; spread its keys or connections.");
        // The others have too much to do, too.
        loads = List.of(new Busy("kv-0", 8, 0.6, 1.0), new Busy("kv-1", 8, 0.6, 0.7));
        assertThat(autoscaler.replicas("shop/kv", scaling, 2, loads).amount()).isEqualTo(3);
    }

    private Decision shards(int now, boolean settled, double busy) {
        return autoscaler.shards("shop/kv", new Autoscaling(ScaleBy.Shards, 4, 16, 50, 300), now, 3, settled,
                Collections.nCopies(3, new Busy("kv-0", now, busy, busy)));
    }

    @Test
    void podsGrowAtOnceAndShrinkAfterAWhile() {
        assertThat(shards(8, true, 0.75).amount()).isEqualTo(12);
        assertThat(shards(12, true, 1.0).amount()).isEqualTo(16);
        assertThat(shards(16, true, 0.1).amount()).isEqualTo(16);
        now = now.plus(Duration.ofSeconds(400));
        assertThat(shards(16, true, 0.1).amount()).isEqualTo(4);
    }

    @Test
    void oneChangeAtATime() {
        assertThat(shards(8, true, 1.0).amount()).isEqualTo(16);
        assertThat(shards(16, false, 1.0).amount()).isEqualTo(16);
        assertThat(shards(16, false, 0.0).amount()).isEqualTo(16);
        now = now.plus(Duration.ofSeconds(400));
        // The window begins when the pods are replaced.
        assertThat(shards(16, false, 0.0).amount()).isEqualTo(16);
        assertThat(shards(16, true, 0.0).amount()).isEqualTo(16);
    }
}
