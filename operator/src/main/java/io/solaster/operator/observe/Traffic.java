package io.solaster.operator.observe;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

import io.solaster.config.plan.ShardReport;
import io.solaster.config.plan.ShardReport.Server;

/**
 * The requests that a pod, or several, have answered: of all servers that count them. Immutable.
 *
 * @param requests how many, those that failed included
 * @param failed how many with an error
 * @param latencies how many took how long, by the upper bound in nanoseconds
 */
public record Traffic(long requests, long failed, SortedMap<Long, Long> latencies) {
    /** More cannot be counted before the machine is old; sums of it stay within a long. */
    private static final long MOST = 1L << 53;
    /** A length is known to an eighth: so many there are for a long. */
    private static final int MOST_BUCKETS = 64 * 8;
    /** No requests. */
    public static final Traffic NONE = new Traffic(0, 0, new TreeMap<>());

    public Traffic {
        latencies = Collections.unmodifiableSortedMap(new TreeMap<>(latencies));
    }

    /**
     * What stands in a pod's report: all since its start.
     *
     * @throws IllegalArgumentException if nothing can be counted so
     */
    static Traffic of(ShardReport report) {
        long requests = 0;
        long failed = 0;
        TreeMap<Long, Long> latencies = new TreeMap<>();
        for (Server server : report.servers()) {
            requests = plus(requests, server.requests());
            failed = plus(failed, server.failed());
            if (server.latencies() != null) {
                server.latencies().forEach((nanos, count) -> latencies.merge(plus(0, nanos), plus(0, count),
                        Traffic::plus));
            }
        }
        if (latencies.size() > MOST_BUCKETS) {
            throw new IllegalArgumentException(latencies.size() + " buckets of latencies");
        }
        // Both are counted as requests go on: one that has failed may not be among all yet.
        return new Traffic(Math.max(requests, failed), failed, latencies);
    }

    private static long plus(long sum, long count) {
        if (count < 0 || count > MOST) {
            throw new IllegalArgumentException("a count of " + count);
        }
        return Math.min(MOST, sum + count);
    }

    /** This and that. */
    public Traffic plus(Traffic other) {
        TreeMap<Long, Long> both = new TreeMap<>(latencies);
        other.latencies.forEach((nanos, count) -> both.merge(nanos, count, Long::sum));
        return new Traffic(requests + other.requests, failed + other.failed, both);
    }

    /** What has come since an earlier look at the same pod; all of it where the pod has begun to count anew. */
    public Traffic minus(Traffic earlier) {
        if (requests < earlier.requests || failed < earlier.failed) {
            return this;
        }
        TreeMap<Long, Long> since = new TreeMap<>(latencies);
        earlier.latencies.forEach((nanos, count) -> since.merge(nanos, -count, Long::sum));
        since.values().removeIf(count -> count <= 0);
        return new Traffic(requests - earlier.requests, failed - earlier.failed, since);
    }

    /** The part of the requests that failed, from 0 to 1. */
    public double errorRatio() {
        return requests == 0 ? 0 : (double) failed / requests;
    }

    /** How many requests took longer than so many nanoseconds, as far as a bucket tells. */
    public long slowerThan(long nanos) {
        long slower = 0;
        for (long each : latencies.tailMap(nanos + 1).values()) {
            slower += each;
        }
        return slower;
    }

    /** What 99 % of the requests did not exceed, in nanoseconds; 0 where none were timed. */
    public long p99() {
        long count = 0;
        for (long each : latencies.values()) {
            count += each;
        }
        long rank = (long) Math.ceil(count * 0.99);
        long below = 0;
        for (Map.Entry<Long, Long> each : latencies.entrySet()) {
            below += each.getValue();
            if (below >= rank) {
                return each.getKey();
            }
        }
        return 0;
    }
}
