package io.solaster.load;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.HdrHistogram.Histogram;

/** Reports that nobody measured. */
public final class Reports {
    private Reports() {}

    /** One second, in which requests took 1 ms, 2 ms and so on; the generator was late by the same each time. */
    public static LoadReport of(int answered, long failed, long latenessNanos) {
        Histogram latency = new Histogram(1, 3_600_000_000_000L, 3);
        Histogram lateness = new Histogram(1, 3_600_000_000_000L, 3);
        for (int i = 1; i <= answered; i++) {
            latency.recordValue(i * 1_000_000L);
            lateness.recordValue(latenessNanos);
        }
        List<LoadInterval> intervals = new ArrayList<>();
        intervals.add(Histograms.interval(0, 1, latency, failed, latenessNanos));
        return new LoadReport(new LoadReport.Setup("redis://localhost:1", "RESP, get=1 & <more>", "1,000/s, even", 1000,
                16, 1, Instant.ofEpochSecond(1_700_000_000), false), Duration.ofSeconds(1), latency, lateness,
                new TreeMap<>(failed == 0 ? Map.of() : Map.of("timeout", failed)), 3, intervals,
                List.of(new LoadReport.Mark(0.5, "cut <here>")), 7_000_000);
    }
}
