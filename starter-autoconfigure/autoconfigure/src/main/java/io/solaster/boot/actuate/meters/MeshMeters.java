package io.solaster.boot.actuate.meters;

import java.util.function.Function;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.stats.ShardStats;

/** What goes between the shards, summed over them; pair by pair only where that is asked for. */
final class MeshMeters implements MeterBinder {
    private final Engine engine;
    private final boolean pairs;

    /** @param pairs whether there are meters for each pair of shards */
    MeshMeters(Engine engine, boolean pairs) {
        this.engine = engine;
        this.pairs = pairs;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Tags tags = Tags.of("engine", engine.name());
        count(registry, tags, "messages", "Messages sent from shard to shard", stats -> stats.messagesSent);
        count(registry, tags, "wakeups", "Times that a shard woke a sleeping peer", stats -> stats.wakeUps);
        count(registry, tags, "saturations",
                "Times that somebody waited for a lane above its high-water mark", stats -> stats.laneSaturations);
        count(registry, tags, "permits.waits", "Calls that waited for a mesh permit", stats -> stats.permitWaits);
        count(registry, tags, "permits.timeouts", "Calls that failed since no mesh permit was free in time",
                stats -> stats.permitTimeouts);
        Gauge.builder("solaster.mesh.pending", engine, MeshMeters::underWay).tags(tags)
                .description("Messages between shards that have been sent and not yet received").register(registry);
        if (pairs) {
            for (Shard from : engine.shards()) {
                for (Shard to : engine.shards()) {
                    if (from != to) {
                        bind(registry, tags, from.id(), to.id());
                    }
                }
            }
        }
    }

    private void bind(MeterRegistry registry, Tags tags, int from, int to) {
        Tags pair = tags.and("from", Integer.toString(from), "to", Integer.toString(to));
        FunctionCounter.builder("solaster.mesh.lane.messages", engine, e -> e.messages(from, to)).tags(pair)
                .description("Messages sent from one shard to another").register(registry);
        Gauge.builder("solaster.mesh.lane.pending", engine, e -> e.messagesQueued(from, to)).tags(pair)
                .description("Messages sent from one shard to another and not yet received").register(registry);
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

    private void count(MeterRegistry registry, Tags tags, String name, String description,
            Function<ShardStats, Counter> count) {
        FunctionCounter.builder("solaster.mesh." + name, engine,
                e -> e.shards().stream().mapToLong(shard -> count.apply(shard.stats()).get()).sum()).tags(tags)
                .description(description).register(registry);
    }
}
