package io.solaster.engine.stats;

import io.solaster.engine.env.TimeSource;

/**
 * Which part of the time a shard had something to do, from 0 to 1: over the time since it was last read, or since the
 * reading before where that was less than a second ago. A batch under way and a sleep under way count, so that a shard
 * that hangs shows as busy. Each reader makes its own. Any thread but a shard.
 */
public final class Utilization {
    private static final long WINDOW_NANOS = 1_000_000_000;

    private final ShardStats stats;
    private final TimeSource clock;
    private long busy;
    private long idle;
    private long readAt;
    private double last;

    /**
     * Begins to measure.
     *
     * @param clock the shard's
     */
    public Utilization(ShardStats stats, TimeSource clock) {
        this.stats = stats;
        this.clock = clock;
        read();
        last = 0;
    }

    /** The part of the time that the shard had something to do. */
    public synchronized double get() {
        if (clock.nanoTime() - readAt >= WINDOW_NANOS) {
            read();
        }
        return last;
    }

    private void read() {
        Heartbeat heartbeat = stats.heartbeat;
        long mark;
        long busyNow;
        long idleNow;
        int tries = 0;
        do {
            mark = heartbeat.mark();
            busyNow = stats.busyNanos.get();
            idleNow = stats.idleNanos.get();
            readAt = clock.nanoTime();
        } while (heartbeat.mark() != mark && ++tries < 3);
        long under = mark == 0 ? 0 : Math.max(0, readAt - Heartbeat.since(mark));
        if (Heartbeat.isBusy(mark)) {
            busyNow += under;
        } else {
            idleNow += under;
        }
        long busyFor = Math.max(0, busyNow - busy);
        long idleFor = Math.max(0, idleNow - idle);
        busy = busyNow;
        idle = idleNow;
        last = busyFor == 0 ? 0 : (double) busyFor / (busyFor + idleFor);
    }
}
