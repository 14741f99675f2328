package io.solaster.boot.actuate;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;

/**
 * For how long each shard has not turned its loop though it is at work, or has ended while its engine goes on. Time
 * counts only as far as somebody looked: after the whole process was halted, no shard is accused. One thread looks; any
 * thread asks.
 */
final class LoopWatch {
    private final Engine engine;
    private final long[] turns;
    private final AtomicLongArray stuckNanos;
    private long lookedAt;

    LoopWatch(Engine engine, long now) {
        this.engine = engine;
        this.turns = new long[engine.shards().size()];
        this.stuckNanos = new AtomicLongArray(turns.length);
        this.lookedAt = now;
    }

    /** @param period the time between two looks, of which twice counts at most */
    void look(long now, Duration period) {
        long passed = Math.min(now - lookedAt, 2 * period.toNanos());
        lookedAt = now;
        for (Shard shard : engine.shards()) {
            int id = shard.id();
            long turned = shard.stats().turns.get();
            boolean stuck = turned == turns[id] && (shard.stats().heartbeat.busyFor(now) > 0 || shard.isShuttingDown())
                    && !engine.isStopping();
            turns[id] = turned;
            stuckNanos.set(id, stuck ? stuckNanos.get(id) + passed : 0);
        }
    }

    Duration stuckFor(int shard) {
        return Duration.ofNanos(stuckNanos.get(shard));
    }
}
