package io.solaster.operator.reconcile.plans;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import io.solaster.operator.reconcile.plans.Heat.Busy;
import org.junit.jupiter.api.Test;

/** One hot shard is told from all being hot. */
class HeatTest {
    @Test
    void oneHotShardAmongIdleOnes() {
        Heat heat = Heat.of(List.of(new Busy("kv-0", 8, 0.2, 0.97), new Busy("kv-1", 8, 0.1, 0.2)));
        assertThat(heat.uneven()).isTrue();
        assertThat(heat.allHot()).isFalse();
        assertThat(heat.others()).isBetween(0.09, 0.1);
        assertThat(heat.told())
                .isEqualTo("One shard of 16 is hot, in pod kv-0: about 100 % busy, the others about 10 %.");
    }

    @Test
    void allHot() {
        Heat heat = Heat.of(List.of(new Busy("kv-0", 8, 0.9, 0.97), new Busy("kv-1", 8, 0.85, 1.0)));
        assertThat(heat.uneven()).isFalse();
        assertThat(heat.allHot()).isTrue();
        assertThat(heat.told()).isEqualTo("The 16 shards are about 90 % busy, none much more than the others.");
    }

    @Test
    void neither() {
        Heat heat = Heat.of(List.of(new Busy("kv-0", 4, 0.3, 0.75), new Busy("kv-1", 4, 0.3, 0.4)));
        assertThat(heat.uneven()).isFalse();
        assertThat(heat.allHot()).isFalse();
        assertThat(Heat.of(List.of()).allHot()).isFalse();
    }

    @Test
    void aPodOfOneShardIsHeldAgainstTheOtherPods() {
        assertThat(Heat.of(List.of(new Busy("kv-0", 1, 1, 1))).uneven()).isFalse();
        assertThat(Heat.of(List.of(new Busy("kv-0", 1, 1, 1), new Busy("kv-1", 1, 0.2, 0.2))).hot()).hasSize(1);
    }

    @Test
    void aHotShardInEachPodIsUneven() {
        Heat heat = Heat.of(List.of(new Busy("kv-0", 4, 0.3, 1), new Busy("kv-1", 4, 0.3, 0.9),
                new Busy("kv-2", 4, 0.3, 0.9), new Busy("kv-3", 4, 0.3, 0.9)));
        assertThat(heat.told()).isEqualTo(
                "4 shards of 16 are hot, in pods kv-0, kv-1, kv-2 and others: about 100 % busy, the others about 10 %.");
    }
}
