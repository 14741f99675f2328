package io.solaster.store;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

import io.solaster.config.StoreConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Ownership;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;
import io.solaster.log.Log;
import io.solaster.log.Replica;
import io.solaster.store.command.CommandTable;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.persist.Persistence;
import io.solaster.store.server.ServerShard;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.stats.StoreStats;
import io.solaster.store.watch.ShardWatch;
import io.solaster.streams.subscribe.SubscriptionStats;
import org.jspecify.annotations.Nullable;

/**
 * A Redis-compatible store over an engine's shards: each shard holds the keys of its slots. Servers are put before it
 * with {@link RespProtocol}. It is closed with the engine. Any thread may call.
 */
public final class Store {
    /** What its keys take, in the memory budget of each shard. */
    private static final String ACCOUNT = "store";

    private final Parts parts;
    private final Sharded<ServerShard> servers;
    private final KeyCalls calls;

    private Store(Engine engine, StoreConfig config, LongSupplier clock, Function<Shard, Keyspace> keyspaces,
            @Nullable Ownership ownership) {
        this.parts = new Parts(engine, config, CommandTable.commands(), clock, ownership);
        this.servers = engine.sharded(shard -> new ServerShard(ShardWatch.over(new StoreShard(parts, shard,
                keyspaces.apply(shard), CommandTable.size()))));
        engine.onStopped(parts::closeHolders);
        this.calls = new KeyCalls(parts);
        if (config.persistence().isOn()) {
            parts.open(config.persistence());
        }
    }

    /** Makes an empty store on an engine's shards. Not on a shard. */
    public static Store on(Engine engine) {
        return on(engine, StoreConfig.defaults());
    }

    /** As {@link #on(Engine)}, configured. */
    public static Store on(Engine engine, StoreConfig config) {
        return on(engine, config, engine.environment().wallClock()::millis);
    }

    /**
     * As {@link #on(Engine, StoreConfig)}, as a node of a cluster: clients are sent elsewhere with keys that another node serves.
     *
     * @param ownership who serves which slot, and what clients are told of it
     */
    public static Store on(Engine engine, StoreConfig config, Ownership ownership) {
        return on(engine, config, engine.environment().wallClock()::millis, ownership);
    }

    /** Makes an empty store that takes the time from a clock of Unix milliseconds, which any shard may ask. */
    static Store on(Engine engine, StoreConfig config, LongSupplier clock) {
        return on(engine, config, clock, null);
    }

    private static Store on(Engine engine, StoreConfig config, LongSupplier clock, @Nullable Ownership ownership) {
        return new Store(engine, config, clock, shard -> Keyspace.create(shard.memory().system(ACCOUNT),
                engine.environment().secrets(), StoreTypes.all()), ownership);
    }

    /** As {@link #on(Engine, StoreConfig, LongSupplier)}, with keyspaces that are asked for once on each shard. */
    static Store on(Engine engine, LongSupplier clock, Supplier<Keyspace> keyspaces) {
        return new Store(engine, StoreConfig.defaults(), clock, shard -> keyspaces.get(), null);
    }

    /** The engine whose shards hold the keys. */
    public Engine engine() {
        return parts.engine();
    }

    /** The log that keeps it over a restart; null where it is in memory alone. The engine closes it. */
    public @Nullable Log log() {
        Persistence persistence = parts.persistence();
        return persistence == null ? null : persistence.log();
    }

    /**
     * The keys of a shard, as what is logged of them is applied, snapshotted and dropped: for who copies them to another store, of
     * as many shards and databases, or from one. A copy is in memory alone, and no client uses it until it {@linkplain Replica#lead
     * leads}. To be used on that shard.
     */
    public Replica replica(int shard) {
        return parts.part(shard).replica();
    }

    /** Its strings, for code of this process. */
    public Strings strings() {
        return new Strings(calls);
    }

    /** The hash under a key, for code of this process; it is made by what is put into it. */
    public StoredHash hash(String key) {
        return new StoredHash(calls, key);
    }

    /** As {@link #hash}, a list. */
    public StoredList list(String key) {
        return new StoredList(calls, key);
    }

    /** As {@link #hash}, a set. */
    public StoredSet set(String key) {
        return new StoredSet(calls, key);
    }

    /** As {@link #hash}, a sorted set. */
    public StoredSortedSet sortedSet(String key) {
        return new StoredSortedSet(calls, key);
    }

    /**
     * A rate limiter whose counts are keys of this store.
     *
     * @param prefix of the keys, such as {@code logins:}
     */
    public RateLimiter rateLimiter(String prefix, RateLimit limit) {
        return new RateLimiter(calls, prefix, limit);
    }

    /**
     * Removes each key that begins with a prefix, a few hundred a turn; how many there were. A key that is written meanwhile may
     * stay.
     */
    public CompletableFuture<Long> removeAll(String prefix) {
        return Removal.of(parts, calls, prefix);
    }

    /** Keys of all databases on all shards. Roughly: shards are not stopped to be counted. */
    public long size() {
        return sum(part -> part.keyspace().size());
    }

    /** Bytes that the keyspaces have taken from the system. */
    public long usedMemory() {
        return sum(part -> part.keyspace().usedMemory());
    }

    /** What one shard counts. */
    public StoreStats stats(int shard) {
        return parts.part(shard).stats();
    }

    /** The sum of one count over the shards. */
    public long total(ToLongFunction<StoreStats> count) {
        long sum = 0;
        for (int shard = 0; shard < parts.count(); shard++) {
            sum += count.applyAsLong(stats(shard));
        }
        return sum;
    }

    /** The sum over the shards of something that is counted of those who have subscribed to channels. */
    public long subscribers(ToLongFunction<? super SubscriptionStats> count) {
        return parts.subscriptions().total(count);
    }

    private long sum(ToLongFunction<StoreShard> value) {
        List<Long> values = parts.sharded().onAll(value::applyAsLong).join();
        return values.stream().mapToLong(Long::longValue).sum();
    }

    Parts parts() {
        return parts;
    }

    /** What serves the clients of each shard. */
    Sharded<ServerShard> servers() {
        return servers;
    }
}
