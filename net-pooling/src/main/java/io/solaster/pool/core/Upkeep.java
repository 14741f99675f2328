package io.solaster.pool.core;

import java.util.concurrent.TimeUnit;

import io.solaster.engine.timer.Timer;
import io.solaster.pool.PooledConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks after one shard's connections from time to time, as often as their ages want it. On its shard. */
final class Upkeep<C extends PooledConnection> {
    private static final Logger log = LoggerFactory.getLogger(Upkeep.class);
    private static final long SHORTEST = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long LONGEST = TimeUnit.SECONDS.toNanos(1);

    private final DefaultShardPool<C> pool;
    private final Timer sweeper;

    Upkeep(DefaultShardPool<C> pool) {
        this.pool = pool;
        this.sweeper = pool.shard.timers().coarseTimer(this::sweep);
    }

    /** There is a connection. */
    void begin() {
        if (!sweeper.isArmed()) {
            schedule();
        }
    }

    /** Goes by what the bounds are now. */
    void schedule() {
        if (pool.permits.used() == 0) {
            sweeper.cancel();
            return;
        }
        sweeper.arm(Math.max(SHORTEST, Math.min(LONGEST, pool.bounds.shortestAge() / 4)));
    }

    private void sweep() {
        long now = pool.now();
        for (TargetPool<C> each : pool.members.everyone()) {
            each.ageing.sweep(now);
        }
        schedule();
    }

    /** Somebody has had a connection for too long. */
    void leaked(TargetPool<C> target, PoolEntry entry, long now) {
        Throwable taker = entry.taker;
        entry.taker = null;
        pool.stats.leaks.increment();
        log.warn("Pool '{}': a connection to {} has been out for {} ms and not given back; it was taken here",
                pool.whole.name(), target.target, TimeUnit.NANOSECONDS.toMillis(now - entry.takenAt), taker);
    }

    void stop() {
        sweeper.cancel();
    }
}
