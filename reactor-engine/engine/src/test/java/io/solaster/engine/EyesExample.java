package io.solaster.engine;

import java.time.Duration;

import io.solaster.engine.stats.HistogramSnapshot;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.stats.StallWatchdog;
import io.solaster.engine.stats.Utilization;

/** The README's example of what can be seen of a shard. */
final class EyesExample {

    private EyesExample() {}

    static String run(Engine engine, StallWatchdog watchdog) {
        ShardStats stats = engine.shard(0).stats();
        Utilization utilization = new Utilization(stats);
        HistogramSnapshot before = stats.taskNanos.snapshot();

        // What takes longer than this is told in the log, with the shard's stack.
        watchdog.threshold(Duration.ofMillis(25));
        engine.submitTo(0, () -> "some work").join();

        // Any thread may read. Two snapshots tell of the time between them.
        HistogramSnapshot tasks = stats.taskNanos.snapshot().minus(before);
        return "busy for " + Math.round(100 * utilization.get()) + " % of the last second; " + tasks.count()
                + " tasks, p99 " + tasks.percentile(99) + " ns; longest turn " + stats.turnNanos.snapshot().max()
                + " ns; ready but not running for " + stats.stealNanos() + " ns; " + stats.stalls.get()
                + " stalls, the longest of " + stats.longestStallNanos.get() + " ns";
    }
}
