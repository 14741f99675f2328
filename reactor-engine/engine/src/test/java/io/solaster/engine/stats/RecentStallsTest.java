package io.solaster.engine.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.InstantSource;

import io.solaster.engine.stats.Stall.Phase;
import org.junit.jupiter.api.Test;

class RecentStallsTest {
    private final RecentStalls recent = new RecentStalls(InstantSource.fixed(Instant.EPOCH));

    @Test
    void oneStallIsOneEntryThatGrows() {
        recent.accept(new Stall(1, "default", 30, "first stack", Phase.BEGUN));
        recent.accept(new Stall(1, "default", 60, "second stack", Phase.GOES_ON));
        recent.accept(new Stall(1, null, 90, null, Phase.ENDED));
        assertThat(recent.of(1))
                .containsExactly(new RecentStall(Instant.EPOCH, "default", 90, "second stack", true));
        assertThat(recent.of(0)).isEmpty();
    }

    @Test
    void theLatestStandFirstAndOnlyAFewAreKept() {
        for (int i = 1; i <= 2 * RecentStalls.KEPT; i++) {
            recent.accept(new Stall(0, null, i, "stack " + i, Phase.BEGUN));
        }
        assertThat(recent.of(0)).hasSize(RecentStalls.KEPT).extracting(RecentStall::nanos)
                .startsWith(2L * RecentStalls.KEPT).isSortedAccordingTo((a, b) -> Long.compare(b, a));
    }
}
