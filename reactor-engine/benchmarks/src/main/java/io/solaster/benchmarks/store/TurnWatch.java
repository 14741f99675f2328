package io.solaster.benchmarks.store;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;

/**
 * The longest turn of the first shard, by CPU time of its thread: what passes until a task that is always ready is run again.
 * Once it watches, the shard never sleeps. Any thread may call.
 */
final class TurnWatch implements Runnable {
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final Engine engine;
    private final Shard shard;
    // On the shard.
    private boolean on;
    private long last;
    private long longest;

    TurnWatch(Engine engine) {
        this.engine = engine;
        this.shard = engine.shard(0);
    }

    /** Watches from now on, and forgets what was seen. Returns a line that says so. */
    String begin() {
        return engine.submitTo(0, () -> {
            longest = 0;
            last = threads.getCurrentThreadCpuTime();
            if (!on) {
                on = true;
                shard.execute(this);
            }
            return "watching";
        }).join();
    }

    /** The longest turn since {@link #begin}, in nanoseconds. */
    long longest() {
        return engine.submitTo(0, () -> longest).join();
    }

    @Override
    public void run() {
        long now = threads.getCurrentThreadCpuTime();
        longest = Math.max(longest, now - last);
        last = now;
        shard.execute(this);
    }
}
