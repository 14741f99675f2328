package io.solaster.boot.actuate.meters;

import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.stats.Histogram;
import io.solaster.engine.stats.HistogramSnapshot;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.stats.Utilization;

/**
 * What the shards count, read when somebody looks: a shard never waits for a meter. What differs from shard to shard has
 * the tag {@code shard}; the rest is summed over them, so that 64 shards stay below 2,000 series.
 */
final class ShardMeters implements MeterBinder {
    private static final double NANOS_PER_SECOND = 1e9;

    private final Engine engine;

    ShardMeters(Engine engine) {
        this.engine = engine;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Tags tags = Tags.of("engine", engine.name());
        Gauge.builder("solaster.shards", engine, e -> e.shards().size()).tags(tags)
                .description("Shards of the engine").register(registry);
        FunctionCounter.builder("solaster.shards.pinned.anew", engine, Engine::pinnedAnew).tags(tags)
                .description("Times that a shard was found elsewhere than on its CPU and was pinned anew")
                .register(registry);
        for (Shard shard : engine.shards()) {
            bind(registry, shard, tags.and("shard", Integer.toString(shard.id())));
        }
        p99(registry, tags, "turns.p99", "Duration that 99 % of the last turns did not exceed", s -> s.turnNanos);
        p99(registry, tags, "tasks.p99", "Duration that 99 % of the last tasks did not exceed", s -> s.taskNanos);
        Gauge.builder("solaster.shard.stalls.longest", engine, e -> e.shards().stream()
                .mapToLong(shard -> shard.stats().longestStallNanos.get()).max().orElse(0) / NANOS_PER_SECOND)
                .tags(tags).baseUnit("seconds").description("The longest stall").register(registry);
        total(registry, tags, "polls", "Times that shards asked their transport for events",
                s -> s.stats().polls.get());
        total(registry, tags, "connections.accepted", "Connections that shards took over",
                s -> s.stats().accepted.get());
        total(registry, tags, "timers.fired", "Timers that were due", s -> s.timerStats().expired.get());
        Gauge.builder("solaster.shard.timers.pending", engine, e -> e.shards().stream()
                .mapToLong(shard -> shard.timerStats().pending.get()).sum()).tags(tags)
                .description("Timers that are armed").register(registry);
        bindFiles(registry, tags);
    }

    private void bindFiles(MeterRegistry registry, Tags tags) {
        total(registry, tags, "files.operations", "Operations on files that have ended",
                s -> s.stats().files.operations.get());
        total(registry, tags, "files.failed", "Operations on files that have failed",
                s -> s.stats().files.failed.get());
        total(registry, tags, "files.refused", "Operations on files refused for want of room",
                s -> s.stats().files.refused.get());
        total(registry, tags, "files.bytes.read", "Bytes read from files", s -> s.stats().files.bytesRead.get());
        total(registry, tags, "files.bytes.written", "Bytes written to files", s -> s.stats().files.bytesWritten.get());
        Gauge.builder("solaster.shard.files.queued", engine, e -> e.shards().stream()
                .mapToLong(shard -> shard.stats().files.queued.get()).sum()).tags(tags)
                .description("Operations on files that wait for their group's turn").register(registry);
        Gauge.builder("solaster.shard.files.disk", engine, e -> e.shards().stream()
                .mapToLong(shard -> shard.stats().files.atDisk.get()).sum()).tags(tags)
                .description("Operations on files that the disk has").register(registry);
        Gauge.builder("solaster.shard.files.depth", engine, e -> e.shards().stream()
                .mapToLong(shard -> shard.stats().files.depth.get()).sum()).tags(tags)
                .description("Operations on files that the disk may have at once").register(registry);
        p99(registry, tags, "files.p99", "Duration that 99 % of the last operations on files did not exceed",
                s -> s.files.nanos);
        p99(registry, tags, "files.queued.p99", "Duration that 99 % of them did not wait longer for their group's turn",
                s -> s.files.queueNanos);
    }

    private static void bind(MeterRegistry registry, Shard shard, Tags tags) {
        seconds(registry, shard, tags, "cpu", "CPU time that the shard's thread has used", Shard::cpuNanos);
        seconds(registry, shard, tags, "steal", "Time that the shard was ready to run and its CPU did something else",
                s -> s.stats().stealNanos());
        seconds(registry, shard, tags, "busy", "Time of turns that found something to do",
                s -> s.stats().busyNanos.get());
        seconds(registry, shard, tags, "idle", "Time of sleep, and of turns that found nothing to do",
                s -> s.stats().idleNanos.get());
        Utilization utilization = new Utilization(shard.stats(), shard.environment().clock());
        gauge(registry, shard, tags, "utilization",
                "Part of the time, since it was last read, that the shard had something to do",
                s -> utilization.get());
        count(registry, shard, tags, "turns", "Turns of the shard's loop", s -> s.turns.get());
        count(registry, shard, tags, "parks", "Times that the shard found nothing to do and slept", s -> s.parks.get());
        count(registry, shard, tags, "turn.end.overruns",
                "Times that work at the end of a turn took longer than the task quota", s -> s.turnEndOverruns.get());
        count(registry, shard, tags, "tasks", "Tasks run, of all groups", s -> s.tasks.get());
        gauge(registry, shard, tags, "pending", "Tasks that wait for their turn, of all groups",
                s -> s.stats().pending.get());
        count(registry, shard, tags, "stalls", "Tasks that held the shard for longer than the stall threshold",
                s -> s.stalls.get());
        gauge(registry, shard, tags, "connections", "Connections open on the shard",
                s -> s.stats().connections.get());
        count(registry, shard, tags, "messages.sent", "Messages sent to other shards", s -> s.messagesSent.get());
        count(registry, shard, tags, "messages.received", "Messages received from other shards",
                s -> s.messagesReceived.get());
    }

    private static void count(MeterRegistry registry, Shard shard, Tags tags, String name, String description,
            ToLongFunction<ShardStats> count) {
        FunctionCounter.builder("solaster.shard." + name, shard.stats(), count::applyAsLong).tags(tags)
                .description(description).register(registry);
    }

    private static void seconds(MeterRegistry registry, Shard shard, Tags tags, String name, String description,
            ToLongFunction<Shard> nanos) {
        FunctionCounter.builder("solaster.shard." + name, shard, s -> nanos.applyAsLong(s) / NANOS_PER_SECOND)
                .tags(tags).baseUnit("seconds").description(description).register(registry);
    }

    private static void gauge(MeterRegistry registry, Shard shard, Tags tags, String name, String description,
            ToDoubleFunction<Shard> value) {
        Gauge.builder("solaster.shard." + name, shard, value).tags(tags).description(description).register(registry);
    }

    private void total(MeterRegistry registry, Tags tags, String name, String description,
            ToLongFunction<Shard> count) {
        FunctionCounter.builder("solaster.shard." + name, engine, e -> e.shards().stream().mapToLong(count).sum())
                .tags(tags).description(description).register(registry);
    }

    private void p99(MeterRegistry registry, Tags tags, String name, String description,
            Function<ShardStats, Histogram> histogram) {
        RecentPercentile percentile = new RecentPercentile(() -> engine.shards().stream()
                .map(shard -> histogram.apply(shard.stats()).snapshot()).reduce(HistogramSnapshot::plus).orElseThrow(),
                99);
        Gauge.builder("solaster.shard." + name, percentile, RecentPercentile::get).strongReference(true).tags(tags)
                .baseUnit("seconds").description(description).register(registry);
    }
}
