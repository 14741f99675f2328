package io.solaster.boot.actuate;

import java.util.function.Function;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.stats.GroupStats;

/** What each shard counts about each scheduling group, those made later included. */
final class GroupMeters implements MeterBinder {
    private static final double NANOS_PER_SECOND = 1e9;

    private final Engine engine;

    GroupMeters(Engine engine) {
        this.engine = engine;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (Shard shard : engine.shards()) {
            shard.stats().onGroup(group -> bind(registry, group,
                    Tags.of("engine", engine.name(), "shard", Integer.toString(shard.id()), "group", group.name())));
        }
    }

    private static void bind(MeterRegistry registry, GroupStats group, Tags tags) {
        seconds(registry, group, tags, "runtime", "Time that the group's tasks ran", stats -> stats.runtimeNanos);
        seconds(registry, group, tags, "wait", "Time that the group had nothing to do", stats -> stats.waitNanos);
        seconds(registry, group, tags, "starve", "Time that the group had something to do, and others ran",
                stats -> stats.starveNanos);
        count(registry, group, tags, "tasks", "Tasks that have run", stats -> stats.tasks);
        count(registry, group, tags, "rejected", "Tasks refused because as many were queued as may be",
                stats -> stats.rejected);
        count(registry, group, tags, "quota.violations",
                "Times that the group ran for more than twice the task quota without a break",
                stats -> stats.quotaViolations);
        seconds(registry, group, tags, "quota.violation.time", "Time that the group ran beyond the quota then",
                stats -> stats.quotaViolationNanos);
        Gauge.builder("solaster.group.queue", group, stats -> stats.queued.get()).tags(tags)
                .description("Tasks that are queued").register(registry);
        Gauge.builder("solaster.group.shares", group, GroupStats::shares).tags(tags)
                .description("The group's part of the time when others want some too, relative to theirs")
                .register(registry);
    }

    private static void count(MeterRegistry registry, GroupStats group, Tags tags, String name, String description,
            Function<GroupStats, Counter> counter) {
        FunctionCounter.builder("solaster.group." + name, counter.apply(group), Counter::get).tags(tags)
                .description(description).register(registry);
    }

    private static void seconds(MeterRegistry registry, GroupStats group, Tags tags, String name, String description,
            Function<GroupStats, Counter> counter) {
        FunctionCounter.builder("solaster.group." + name, counter.apply(group), c -> c.get() / NANOS_PER_SECOND)
                .tags(tags).baseUnit("seconds").description(description).register(registry);
    }
}
