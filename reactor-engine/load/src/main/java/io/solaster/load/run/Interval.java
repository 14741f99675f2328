package io.solaster.load.run;

import java.util.HashMap;
import java.util.Map;

import org.HdrHistogram.Histogram;

/**
 * What a shard has counted within an interval. Written by the shard, then handed over whole and read by the thread that
 * collects.
 */
public final class Interval {
    /** An hour, in nanoseconds: what takes longer counts as that. */
    public static final long HIGHEST = 3_600_000_000_000L;
    private static final int DIGITS = 3;
    /** What fails in more ways than this is told of as "other". */
    private static final int MOST_KINDS = 64;

    /** Its place in the run, from 0. */
    public int index;
    /** Nanoseconds from when a request was due to its answer, of those that were answered well. */
    public final Histogram latency = new Histogram(1, HIGHEST, DIGITS);
    /** Nanoseconds from when a request could have been sent to when it was. */
    public final Histogram lateness = new Histogram(1, HIGHEST, DIGITS);
    /** Requests that found no room on a connection at once, and waited. */
    public long waited;
    /** Requests that found no room at all. */
    public long dropped;
    /** Requests that were answered by an error, or never, by kind. */
    public final Map<String, Long> errors = new HashMap<>();

    void answered(long nanos) {
        latency.recordValue(Math.clamp(nanos, 1, HIGHEST));
    }

    void sent(long nanos) {
        lateness.recordValue(Math.clamp(nanos, 1, HIGHEST));
    }

    void error(String kind) {
        errors(kind, 1);
    }

    void errors(String kind, long count) {
        errors.merge(errors.size() < MOST_KINDS || errors.containsKey(kind) ? kind : "other", count, Long::sum);
    }

    /** Adds what another one has counted. */
    public void add(Interval other) {
        latency.add(other.latency);
        lateness.add(other.lateness);
        waited += other.waited;
        dropped += other.dropped;
        other.errors.forEach((kind, count) -> errors.merge(kind, count, Long::sum));
    }

    /** Nothing counted, to be used again. */
    public void clear() {
        latency.reset();
        lateness.reset();
        waited = 0;
        dropped = 0;
        errors.clear();
    }
}
