package io.solaster.benchmarks.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import org.junit.jupiter.api.Test;

class GcPausesTest {

    @Test
    void pausesBeforeTheMeasurementAreLeftOut() {
        List<String> log = List.of(
                "[100ns] Safepoint \"G1CollectForAllocation\", Time since last: 5 ns, Reaching safepoint: 9000 ns,"
                        + " Cleanup: 1 ns, At safepoint: 5 ns, Leaving safepoint: 1 ns, Total: 9999 ns, Threads: 1"
                        + " runnable, 2 total",
                "[2000ns] Safepoint \"G1CollectForAllocation\", Time since last: 5 ns, Reaching safepoint: 30 ns,"
                        + " Cleanup: 1 ns, At safepoint: 5 ns, Leaving safepoint: 1 ns, Total: 40 ns, Threads: 1"
                        + " runnable, 2 total",
                "[3000ns] Safepoint \"ICBufferFull\", Time since last: 5 ns, Reaching safepoint: 10 ns,"
                        + " Cleanup: 1 ns, At safepoint: 85 ns, Leaving safepoint: 1 ns, Total: 100 ns, Threads: 1"
                        + " runnable, 2 total",
                "something else");
        assertThat(GcPauses.read(log, 1000)).isEqualTo(new GcPauses.Pauses(2, 140, 100, 30));
    }
}
