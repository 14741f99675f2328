package io.solaster.boot.actuate.meters;

import java.util.function.Function;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.solaster.engine.stats.Counter;
import io.solaster.store.Store;
import io.solaster.store.stats.StoreStats;
import io.solaster.streams.subscribe.SubscriptionStats;

/** What the store counts, summed over its shards, and how much it holds. */
final class StoreMeters implements MeterBinder {
    private final Store store;
    private final Tags tags;
    private final KeyspaceSampler keyspace;

    StoreMeters(Store store) {
        this.store = store;
        this.tags = Tags.of("engine", store.engine().name());
        this.keyspace = new KeyspaceSampler(store);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        count(registry, "commands", "Commands run", stats -> stats.commands);
        count(registry, "commands.foreign", "Commands that ran on another shard than their client's",
                stats -> stats.foreignCommands);
        count(registry, "commands.failed", "Commands whose method threw", stats -> stats.failures);
        count(registry, "hits", "Look-ups of keys that found one", stats -> stats.hits);
        count(registry, "misses", "Look-ups of keys that found none", stats -> stats.misses);
        count(registry, "protocol.errors", "Clients disconnected because what they sent is not RESP",
                stats -> stats.protocolErrors);
        count(registry, "wrong.passwords", "Wrong passwords", stats -> stats.wrongPasswords);
        count(registry, "output.overflows", "Clients disconnected because they did not read their replies",
                stats -> stats.outputOverflows);
        count(registry, "idle.timeouts", "Clients disconnected because they were silent for too long",
                stats -> stats.idleTimeouts);
        bytes(registry, "in", "Bytes received from clients", stats -> stats.bytesIn);
        bytes(registry, "out", "Bytes of replies", stats -> stats.bytesOut);
        subscribers(registry);
        Gauge.builder("solaster.keyspace.keys", keyspace, KeyspaceSampler::keys).tags(tags)
                .description("Keys on all shards").register(registry);
        Gauge.builder("solaster.keyspace.memory", keyspace, KeyspaceSampler::bytes).tags(tags).baseUnit("bytes")
                .description("Memory that the keyspaces have taken from the system").register(registry);
    }

    private void subscribers(MeterRegistry registry) {
        subscribers("published", "Messages published to channels", stats -> stats.published).register(registry);
        subscribers("delivered", "Messages that subscribers were given", stats -> stats.delivered).register(registry);
        String dropped = "Messages that found no room in a subscriber's queue, or made room for others";
        subscribers("dropped", dropped, stats -> stats.droppedOldest).tag("policy", "drop-oldest").register(registry);
        subscribers("dropped", dropped, stats -> stats.droppedNewest).tag("policy", "drop-newest").register(registry);
        subscribers("dropped", dropped, stats -> stats.conflated).tag("policy", "conflate").register(registry);
        subscribers("closed", "Subscribers that were closed since they left too much unread", stats -> stats.closed)
                .register(registry);
        subscribers("waited", "Messages that were published only once a subscriber had room", stats -> stats.waited)
                .register(registry);
        subscribers("refused", "Messages that were not published since a subscriber had no room",
                stats -> stats.refused).register(registry);
        now("waiting", "Messages that wait to be published", stats -> stats.waiting).register(registry);
        now("queued", "Messages in queues of subscribers", stats -> stats.queuedMessages).register(registry);
        now("queued.size", "Bytes in queues of subscribers", stats -> stats.queuedBytes).baseUnit("bytes")
                .register(registry);
    }

    private FunctionCounter.Builder<Store> subscribers(String name, String description,
            Function<SubscriptionStats, Counter> count) {
        return FunctionCounter.builder("solaster.store.subscribers." + name, store,
                s -> s.subscribers(stats -> count.apply(stats).get())).tags(tags).description(description);
    }

    private Gauge.Builder<Store> now(String name, String description, Function<SubscriptionStats, Counter> count) {
        return Gauge.builder("solaster.store.subscribers." + name, store,
                s -> s.subscribers(stats -> count.apply(stats).get())).tags(tags).description(description);
    }

    private void count(MeterRegistry registry, String name, String description, Function<StoreStats, Counter> count) {
        counter(name, description, count).register(registry);
    }

    private void bytes(MeterRegistry registry, String name, String description, Function<StoreStats, Counter> count) {
        counter(name, description, count).baseUnit("bytes").register(registry);
    }

    private FunctionCounter.Builder<Store> counter(String name, String description,
            Function<StoreStats, Counter> count) {
        return FunctionCounter.builder("solaster.store." + name, store,
                s -> s.total(stats -> count.apply(stats).get())).tags(tags).description(description);
    }
}
