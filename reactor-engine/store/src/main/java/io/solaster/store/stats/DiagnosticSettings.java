package io.solaster.store.stats;

/**
 * What is noted of commands, on all shards.
 *
 * @param slowMicros commands that take so long, in microseconds, come into the slow log; below 0 for none
 * @param slowLogLength entries that it keeps
 * @param latencyMillis events that take so long, in milliseconds, are remembered for {@code LATENCY}; 0 for none
 * @param aclLogLength entries of what was refused to users that each shard keeps
 * @param busyMillis milliseconds after which a script runs for too long; 0 for never
 * @param trackedKeys keys that clients have read and are remembered on all shards together; 0 for as many as there are
 */
public record DiagnosticSettings(long slowMicros, int slowLogLength, long latencyMillis, int aclLogLength,
        long busyMillis, long trackedKeys) {
    /** As Redis has it unless configured. */
    public static final DiagnosticSettings DEFAULTS = new DiagnosticSettings(10_000, 128, 0, 128, 5_000, 1_000_000);
    /** The most entries of each log: what clients make us keep has a bound. */
    public static final int MOST_ENTRIES = 10_000;
    private static final long NANOS_PER_MICRO = 1_000;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Nanoseconds from which on a command is slow. */
    public long slowNanos() {
        return slowMicros < 0 ? Long.MAX_VALUE : saturated(slowMicros, NANOS_PER_MICRO);
    }

    /** Nanoseconds from which on an event is remembered. */
    public long latencyNanos() {
        return latencyMillis == 0 ? Long.MAX_VALUE : saturated(latencyMillis, NANOS_PER_MILLI);
    }

    private static long saturated(long count, long unit) {
        return count > Long.MAX_VALUE / unit ? Long.MAX_VALUE : count * unit;
    }

    /** This with another time from which on commands are slow. */
    public DiagnosticSettings withSlowMicros(long micros) {
        return new DiagnosticSettings(micros, slowLogLength, latencyMillis, aclLogLength, busyMillis, trackedKeys);
    }

    /** This with another length of the slow log. */
    public DiagnosticSettings withSlowLogLength(int length) {
        return new DiagnosticSettings(slowMicros, length, latencyMillis, aclLogLength, busyMillis, trackedKeys);
    }

    /** This with another time from which on events are remembered. */
    public DiagnosticSettings withLatencyMillis(long millis) {
        return new DiagnosticSettings(slowMicros, slowLogLength, millis, aclLogLength, busyMillis, trackedKeys);
    }

    /** This with another length of the log of what was refused. */
    public DiagnosticSettings withAclLogLength(int length) {
        return new DiagnosticSettings(slowMicros, slowLogLength, latencyMillis, length, busyMillis, trackedKeys);
    }

    /** This with another time after which a script runs for too long. */
    public DiagnosticSettings withBusyMillis(long millis) {
        return new DiagnosticSettings(slowMicros, slowLogLength, latencyMillis, aclLogLength, millis, trackedKeys);
    }

    /** This with another number of keys that are remembered of those that clients have read. */
    public DiagnosticSettings withTrackedKeys(long most) {
        return new DiagnosticSettings(slowMicros, slowLogLength, latencyMillis, aclLogLength, busyMillis, most);
    }
}
