package io.solaster.engine.stats;

import java.util.SortedMap;
import java.util.TreeMap;

/** What a {@link Histogram} held at one moment. Does not change; any thread. */
public final class HistogramSnapshot {
    private final long[] counts;
    private final long count;
    private final long sum;
    private final long max;

    HistogramSnapshot(long[] counts, long sum, long max) {
        this.counts = counts;
        this.sum = sum;
        this.max = max;
        long total = 0;
        for (long each : counts) {
            total += each;
        }
        this.count = total;
    }

    /** How many durations were recorded. */
    public long count() {
        return count;
    }

    /** How many did not exceed a duration in nanoseconds, which is known to an eighth. */
    public long countUpTo(long nanos) {
        long below = 0;
        for (int i = 0; i < counts.length && Histogram.upperBound(i) <= nanos; i++) {
            below += counts[i];
        }
        return below;
    }

    /** How many fell into each bucket that has any, by the bucket's upper bound in nanoseconds. */
    public SortedMap<Long, Long> buckets() {
        SortedMap<Long, Long> filled = new TreeMap<>();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                filled.put(Histogram.upperBound(i), counts[i]);
            }
        }
        return filled;
    }

    /** All of them together, in nanoseconds. */
    public long sum() {
        return sum;
    }

    /** The longest, in nanoseconds; 0 if there is none. After {@link #minus}, to an eighth. */
    public long max() {
        return max;
    }

    /** The mean in nanoseconds; 0 if there is none. */
    public double mean() {
        return count == 0 ? 0 : (double) sum / count;
    }

    /**
     * The duration in nanoseconds that so many percent do not exceed, at most an eighth too long; 0 if there is none.
     *
     * @param percent above 0, up to 100
     * @throws IllegalArgumentException if it is not
     */
    public long percentile(double percent) {
        if (!(percent > 0 && percent <= 100)) {
            throw new IllegalArgumentException(percent + " is no percentile; give one above 0, up to 100");
        }
        long rank = (long) Math.ceil(count * percent / 100);
        long below = 0;
        for (int i = 0; i < counts.length && count > 0; i++) {
            below += counts[i];
            // What lies in the last bucket may be longer than its bound.
            if (below >= rank) {
                return i == counts.length - 1 ? max : Math.min(max, Histogram.upperBound(i));
            }
        }
        return max;
    }

    /** What was recorded since an earlier snapshot of the same histogram. */
    public HistogramSnapshot minus(HistogramSnapshot earlier) {
        long[] since = new long[counts.length];
        long longest = 0;
        for (int i = 0; i < since.length; i++) {
            since[i] = counts[i] - earlier.counts[i];
            if (since[i] > 0) {
                longest = i == since.length - 1 ? max : Math.min(max, Histogram.upperBound(i));
            }
        }
        return new HistogramSnapshot(since, sum - earlier.sum, longest);
    }

    /** What this and that hold together, for several shards. */
    public HistogramSnapshot plus(HistogramSnapshot other) {
        long[] both = new long[counts.length];
        for (int i = 0; i < both.length; i++) {
            both[i] = counts[i] + other.counts[i];
        }
        return new HistogramSnapshot(both, sum + other.sum, Math.max(max, other.max));
    }

    @Override
    public String toString() {
        return count == 0
                ? "none"
                : count + " of " + Math.round(mean()) + " ns; p50 " + percentile(50) + ", p99 " + percentile(99)
                        + ", longest " + max;
    }
}
