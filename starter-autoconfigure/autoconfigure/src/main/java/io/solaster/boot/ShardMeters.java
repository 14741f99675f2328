package io.solaster.boot;

import java.util.function.Function;
import java.util.function.ToDoubleFunction;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.stats.ShardStats;

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
        for (Shard shard : engine.shards()) {
            Tags tags = Tags.of("engine", engine.name(), "shard", Integer.toString(shard.id()));
            FunctionCounter.builder("solaster.shard.cpu", shard, s -> s.cpuNanos() / NANOS_PER_SECOND).tags(tags)
                    .baseUnit("seconds").description("CPU time that the shard's thread has used").register(registry);
            count(registry, shard, tags, "turns", "Turns of the shard's loop", stats -> stats.turns);
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
            count(registry, shard, tags, "connections.accepted", "Connections that the shard took over",
                    stats -> stats.accepted);
            gauge(registry, shard, tags, "connections", "Connections open on the shard",
                    s -> s.stats().connections.get());
        }
    }

    private static void count(MeterRegistry registry, Shard shard, Tags tags, String name, String description,
            Function<ShardStats, Counter> counter) {
        Counter source = counter.apply(shard.stats());
        FunctionCounter.builder("solaster.shard." + name, source, Counter::get).tags(tags).description(description)
                .register(registry);
    }

    private static void gauge(MeterRegistry registry, Shard shard, Tags tags, String name, String description,
            ToDoubleFunction<Shard> value) {
        Gauge.builder("solaster.shard." + name, shard, value).tags(tags).description(description).register(registry);
    }
}
