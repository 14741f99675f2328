package io.solaster.engine.readme;

import java.time.Duration;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.stats.GroupStats;
import io.solaster.engine.stats.HistogramSnapshot;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.stats.Utilization;

/** What can be seen of a shard. */
final class EyesExample {

    private EyesExample() {}

    static String run(Engine engine) {
        ShardStats stats = engine.shard(0).stats();
        Utilization utilization = new Utilization(stats, engine.environment().clock());
        HistogramSnapshot before = stats.taskNanos.snapshot();

        // A task that takes longer than this is told of in the log, with the shard's stack.
        engine.stallWatchdog().ifPresent(watchdog -> watchdog.threshold(Duration.ofMillis(10)));
        engine.submitTo(0, CallOptions.in(engine.groups().background()), () -> "some work").join();

        // Any thread may read. Two snapshots tell of the time between them.
        HistogramSnapshot tasks = stats.taskNanos.snapshot().minus(before);
        StringBuilder seen = new StringBuilder("busy for " + Math.round(100 * utilization.get()) + " % of the time; "
                + tasks.count() + " tasks, p99 " + tasks.percentile(99) + " ns; longest turn "
                + stats.turnNanos.snapshot().max() + " ns; ready but not running for " + stats.stealNanos() + " ns; "
                + stats.stalls.get() + " stalls, the longest of " + stats.longestStallNanos.get() + " ns");
        for (GroupStats group : stats.groups()) {
            seen.append("; ").append(group.name()).append(" ran for ").append(group.runtimeNanos.get())
                    .append(" ns and starved for ").append(group.starveNanos.get()).append(" ns");
        }
        return seen.toString();
    }
}
