package io.solaster.boot.actuate.meters;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.stats.HistogramSnapshot;
import io.solaster.log.LogStats;
import org.jspecify.annotations.Nullable;

/** What logs count, summed over the shards; the tag {@code log} names each. */
final class LogMeters implements MeterBinder {
    private final Map<String, Supplier<List<LogStats>>> logs;

    /** @param logs by name, what each counts by shard */
    LogMeters(Map<String, Supplier<List<LogStats>>> logs) {
        this.logs = Map.copyOf(logs);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        logs.forEach((name, log) -> bind(registry, log, Tags.of("log", name)));
    }

    private static void bind(MeterRegistry registry, Supplier<List<LogStats>> log, Tags tags) {
        count(registry, log, tags, "records", "Records appended", stats -> stats.records);
        count(registry, log, tags, "refused", "Appends refused for want of room", stats -> stats.refused);
        count(registry, log, tags, "batches", "Writes, each of all that gathered", stats -> stats.batches);
        count(registry, log, tags, "syncs", "Syncs that ended well", stats -> stats.syncs);
        FunctionCounter.builder("solaster.log.bytes", log, l -> total(l, stats -> stats.bytes)).tags(tags)
                .baseUnit("bytes").description("Bytes of records appended").register(registry);
        level(registry, log, tags, "unwritten", "bytes", "Bytes appended and not written", stats -> stats.unwritten);
        level(registry, log, tags, "unsynced", "bytes", "Bytes written and not synced", stats -> stats.unsynced);
        level(registry, log, tags, "disk", "bytes", "Bytes that segments have of the disk", stats -> stats.diskBytes);
        level(registry, log, tags, "segments", null, "Segments on the disk", stats -> stats.segments);
        level(registry, log, tags, "sealed", null, "Shards whose log has failed and takes nothing any more",
                stats -> stats.sealed);
        level(registry, log, tags, "full", null, "Shards whose log has no room on the disk", stats -> stats.full);
        RecentPercentile syncs = new RecentPercentile(() -> log.get().stream()
                .map(stats -> stats.syncNanos.snapshot()).reduce(HistogramSnapshot::plus).orElseThrow(), 99);
        Gauge.builder("solaster.log.sync.p99", syncs, RecentPercentile::get).strongReference(true).tags(tags)
                .baseUnit("seconds").description("Duration that 99 % of the last syncs did not exceed")
                .register(registry);
    }

    private static void count(MeterRegistry registry, Supplier<List<LogStats>> log, Tags tags, String name,
            String description,
            Function<LogStats, Counter> count) {
        FunctionCounter.builder("solaster.log." + name, log, l -> total(l, count)).tags(tags).description(description)
                .register(registry);
    }

    private static void level(MeterRegistry registry, Supplier<List<LogStats>> log, Tags tags, String name,
            @Nullable String unit,
            String description,
            Function<LogStats, Counter> level) {
        Gauge.builder("solaster.log." + name, log, l -> total(l, level)).tags(tags).baseUnit(unit)
                .description(description).register(registry);
    }

    private static double total(Supplier<List<LogStats>> log, Function<LogStats, Counter> of) {
        return log.get().stream().mapToLong(stats -> of.apply(stats).get()).sum();
    }
}
