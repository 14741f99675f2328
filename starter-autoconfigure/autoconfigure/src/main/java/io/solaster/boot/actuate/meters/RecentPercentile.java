package io.solaster.boot.actuate.meters;

import java.util.function.Supplier;

import io.solaster.engine.stats.HistogramSnapshot;

/**
 * A percentile, in seconds, of what was recorded since it was last read, or since the reading before where that was less
 * than a second ago. Any thread.
 */
final class RecentPercentile {
    private static final long WINDOW_NANOS = 1_000_000_000;
    private static final double NANOS_PER_SECOND = 1e9;

    private final Supplier<HistogramSnapshot> recorded;
    private final double percent;
    private HistogramSnapshot before;
    private long readAt = System.nanoTime();
    private double last;

    RecentPercentile(Supplier<HistogramSnapshot> recorded, double percent) {
        this.recorded = recorded;
        this.percent = percent;
        this.before = recorded.get();
    }

    synchronized double get() {
        long now = System.nanoTime();
        if (now - readAt >= WINDOW_NANOS) {
            HistogramSnapshot snapshot = recorded.get();
            last = snapshot.minus(before).percentile(percent) / NANOS_PER_SECOND;
            before = snapshot;
            readAt = now;
        }
        return last;
    }
}
