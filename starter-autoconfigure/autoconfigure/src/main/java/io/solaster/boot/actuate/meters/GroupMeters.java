package io.solaster.boot.actuate.meters;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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

/** What the shards count about each scheduling group, summed over them; groups made later included. */
final class GroupMeters implements MeterBinder {
    private static final double NANOS_PER_SECOND = 1e9;

    private final Engine engine;

    GroupMeters(Engine engine) {
        this.engine = engine;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Set<String> bound = ConcurrentHashMap.newKeySet();
        for (Shard shard : engine.shards()) {
            shard.stats().onGroup(group -> {
                if (bound.add(group.name())) {
                    bind(registry, group);
                }
            });
        }
    }

    private void bind(MeterRegistry registry, GroupStats group) {
        int id = group.id();
        Tags tags = Tags.of("engine", engine.name(), "group", group.name());
        seconds(registry, id, tags, "runtime", "Time that the group's tasks ran", stats -> stats.runtimeNanos);
        seconds(registry, id, tags, "wait", "Time that the group had nothing to do", stats -> stats.waitNanos);
        seconds(registry, id, tags, "starve", "Time that the group had something to do, and others ran",
                stats -> stats.starveNanos);
        count(registry, id, tags, "tasks", "Tasks that have run", stats -> stats.tasks);
        count(registry, id, tags, "rejected", "Tasks refused because as many were queued as may be",
                stats -> stats.rejected);
        count(registry, id, tags, "quota.violations",
                "Times that the group ran for more than twice the task quota without a break",
                stats -> stats.quotaViolations);
        seconds(registry, id, tags, "quota.violation.time", "Time that the group ran beyond the quota then",
                stats -> stats.quotaViolationNanos);
        Gauge.builder("solaster.group.queue", engine, e -> total(e, id, stats -> stats.queued)).tags(tags)
                .description("Tasks that are queued").register(registry);
        Gauge.builder("solaster.group.shares", group, GroupStats::shares).strongReference(true).tags(tags)
                .description("The group's part of the time when others want some too, relative to theirs")
                .register(registry);
    }

    private void count(MeterRegistry registry, int group, Tags tags, String name, String description,
            Function<GroupStats, Counter> counter) {
        FunctionCounter.builder("solaster.group." + name, engine, e -> total(e, group, counter)).tags(tags)
                .description(description).register(registry);
    }

    private void seconds(MeterRegistry registry, int group, Tags tags, String name, String description,
            Function<GroupStats, Counter> counter) {
        FunctionCounter.builder("solaster.group." + name, engine, e -> total(e, group, counter) / NANOS_PER_SECOND)
                .tags(tags).baseUnit("seconds").description(description).register(registry);
    }

    private static double total(Engine engine, int group, Function<GroupStats, Counter> counter) {
        long sum = 0;
        for (Shard shard : engine.shards()) {
            for (GroupStats stats : shard.stats().groups()) {
                sum += stats.id() == group ? counter.apply(stats).get() : 0;
            }
        }
        return sum;
    }
}
