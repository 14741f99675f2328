package io.solaster.boot.actuate.meters;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import io.solaster.engine.Engine;

/**
 * Asks the kernel where bound memory lies, for a meter: once a minute at most, off the shards and off whoever looks, since
 * the kernel walks all of the process's page tables for it. Any thread.
 */
final class NodeSampler {
    private static final long FRESH_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Engine engine;
    private final AtomicLong askedAt = new AtomicLong(System.nanoTime() - FRESH_NANOS);
    private volatile long elsewhere;

    NodeSampler(Engine engine) {
        this.engine = engine;
    }

    /** Bytes that are bound to one node and lie on another, as of the last time; 0 where none are bound. */
    double elsewhere() {
        long last = askedAt.get();
        long now = System.nanoTime();
        if (engine.bindsMemory() && now - last >= FRESH_NANOS && askedAt.compareAndSet(last, now)) {
            engine.offload().call(() -> elsewhere = engine.memoryElsewhere());
        }
        return elsewhere;
    }
}
