package io.solaster.boot.actuate;

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
import io.solaster.engine.stats.Counter;
import io.solaster.engine.stats.Histogram;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.stats.Utilization;

/** What each shard counts, read when somebody looks: a shard never waits for a meter. */
final class ShardMeters implements MeterBinder {
    private static final double NANOS_PER_SECOND = 1e9;

    private final Engine engine;

    ShardMeters(Engine engine) {
        this.engine = engine;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("solaster.shards", engine, e -> e.shards().size()).tags("engine", engine.name())
                .description("Shards of the engine").register(registry);
        Gauge.builder("solaster.mesh.pending", engine, ShardMeters::underWay).tags("engine", engine.name())
                .description("Messages between shards that have been sent and not yet received").register(registry);
        for (Shard shard : engine.shards()) {
            Tags tags = Tags.of("engine", engine.name(), "shard", Integer.toString(shard.id()));
            FunctionCounter.builder("solaster.shard.cpu", shard, s -> s.cpuNanos() / NANOS_PER_SECOND).tags(tags)
                    .baseUnit("seconds").description("CPU time that the shard's thread has used").register(registry);
            seconds(registry, shard, tags, "steal",
                    "Time that the shard was ready to run and its CPU did something else",
                    ShardStats::stealNanos);
            seconds(registry, shard, tags, "busy", "Time of turns that found something to do",
                    stats -> stats.busyNanos.get());
            seconds(registry, shard, tags, "idle", "Time of sleep, and of turns that found nothing to do",
                    stats -> stats.idleNanos.get());
            Utilization utilization = new Utilization(shard.stats());
            gauge(registry, shard, tags, "utilization",
                    "Part of the time, since it was last read, that the shard had something to do",
                    s -> utilization.get());
            count(registry, shard, tags, "turns", "Turns of the shard's loop", stats -> stats.turns);
            count(registry, shard, tags, "polls", "Times that the shard asked its transport for events",
                    stats -> stats.polls);
            count(registry, shard, tags, "tasks", "Tasks run, of all groups", stats -> stats.tasks);
            gauge(registry, shard, tags, "pending", "Tasks that wait for their turn, of all groups",
                    s -> s.stats().pending.get());
            p99(registry, shard, tags, "turns.p99", "Duration that 99 % of the last turns did not exceed",
                    shard.stats().turnNanos);
            p99(registry, shard, tags, "tasks.p99", "Duration that 99 % of the last tasks did not exceed",
                    shard.stats().taskNanos);
            count(registry, shard, tags, "stalls", "Tasks that held the shard for longer than the stall threshold",
                    stats -> stats.stalls);
            Gauge.builder("solaster.shard.stalls.longest", shard,
                    s -> s.stats().longestStallNanos.get() / NANOS_PER_SECOND).tags(tags).baseUnit("seconds")
                    .description("The longest stall").register(registry);
            gauge(registry, shard, tags, "timers.pending", "Timers that are armed",
                    s -> s.timerStats().pending.get());
            FunctionCounter.builder("solaster.shard.timers.fired", shard, s -> s.timerStats().expired.get()).tags(tags)
                    .description("Timers that were due").register(registry);
            count(registry, shard, tags, "parks", "Times that the shard found nothing to do and slept",
                    stats -> stats.parks);
            count(registry, shard, tags, "wakeups", "Times that the shard woke a sleeping peer",
                    stats -> stats.wakeUps);
            count(registry, shard, tags, "messages.sent", "Messages sent to other shards",
                    stats -> stats.messagesSent);
            count(registry, shard, tags, "messages.received", "Messages received from other shards",
                    stats -> stats.messagesReceived);
            count(registry, shard, tags, "lane.saturations",
                    "Times that somebody on the shard waited for a lane above its high-water mark",
                    stats -> stats.laneSaturations);
            count(registry, shard, tags, "permits.waits", "Calls that waited for a mesh permit",
                    stats -> stats.permitWaits);
            count(registry, shard, tags, "permits.timeouts", "Calls that failed since no mesh permit was free in time",
                    stats -> stats.permitTimeouts);
            count(registry, shard, tags, "connections.accepted", "Connections that the shard took over",
                    stats -> stats.accepted);
            gauge(registry, shard, tags, "connections", "Connections open on the shard",
                    s -> s.stats().connections.get());
        }
    }

    /** Received first, since what arrives meanwhile would make it negative. */
    private static double underWay(Engine engine) {
        long underWay = 0;
        for (Shard shard : engine.shards()) {
            underWay -= shard.stats().messagesReceived.get();
        }
        for (Shard shard : engine.shards()) {
            underWay += shard.stats().messagesSent.get();
        }
        return Math.max(0, underWay);
    }

    private static void count(MeterRegistry registry, Shard shard, Tags tags, String name, String description,
            Function<ShardStats, Counter> counter) {
        Counter source = counter.apply(shard.stats());
        FunctionCounter.builder("solaster.shard." + name, source, Counter::get).tags(tags).description(description)
                .register(registry);
    }

    private static void seconds(MeterRegistry registry, Shard shard, Tags tags, String name, String description,
            ToLongFunction<ShardStats> nanos) {
        FunctionCounter.builder("solaster.shard." + name, shard.stats(), s -> nanos.applyAsLong(s) / NANOS_PER_SECOND)
                .tags(tags).baseUnit("seconds").description(description).register(registry);
    }

    private static void p99(MeterRegistry registry, Shard shard, Tags tags, String name, String description,
            Histogram histogram) {
        RecentPercentile percentile = new RecentPercentile(histogram, 99);
        Gauge.builder("solaster.shard." + name, shard, s -> percentile.get()).tags(tags).baseUnit("seconds")
                .description(description).register(registry);
    }

    private static void gauge(MeterRegistry registry, Shard shard, Tags tags, String name, String description,
            ToDoubleFunction<Shard> value) {
        Gauge.builder("solaster.shard." + name, shard, value).tags(tags).description(description).register(registry);
    }
}
