package io.solaster.store;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Sharded;

/**
 * A Redis-compatible store over an engine's shards: each shard holds the keys of its slots. Servers are put before it
 * with {@link RespProtocol}. It is closed with the engine. Any thread may call.
 */
public final class Store {
    private final Engine engine;
    private final Sharded<StoreShard> parts;
    private final StoreShard[] byShard;
    private final LongSupplier clock;
    private final long startedAt;
    private final String runId = newRunId();
    private volatile int longestString = Keyspace.MAX_LENGTH;

    private final Supplier<Keyspace> keyspaces;

    private Store(Engine engine, LongSupplier clock, Supplier<Keyspace> keyspaces) {
        this.engine = engine;
        this.clock = clock;
        this.keyspaces = keyspaces;
        this.startedAt = clock.getAsLong();
        this.byShard = new StoreShard[engine.shards().size()];
        this.parts = engine.sharded(this::newPart);
    }

    private StoreShard newPart(Shard shard) {
        StoreShard part = new StoreShard(this, shard, keyspaces.get());
        byShard[shard.id()] = part;
        return part;
    }

    /** Makes an empty store on an engine's shards. Not on a shard. */
    public static Store on(Engine engine) {
        return on(engine, System::currentTimeMillis);
    }

    /** Makes an empty store that takes the time from a clock of Unix milliseconds, which any shard may ask. */
    static Store on(Engine engine, LongSupplier clock) {
        return on(engine, clock, Keyspace::create);
    }

    /** As {@link #on(Engine, LongSupplier)}, with keyspaces that are asked for once on each shard. */
    static Store on(Engine engine, LongSupplier clock, Supplier<Keyspace> keyspaces) {
        return new Store(engine, clock, keyspaces);
    }

    private static String newRunId() {
        byte[] random = new byte[20];
        new SecureRandom().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    /** The engine whose shards hold the keys. */
    public Engine engine() {
        return engine;
    }

    /** Its strings, for code of this process. */
    public Strings strings() {
        return new Strings(engine, parts);
    }

    /** Keys on all shards. Roughly: shards are not stopped to be counted. */
    public long size() {
        return sum(part -> part.keyspace().size());
    }

    /** Bytes that the keyspaces have taken from the system. */
    public long usedMemory() {
        return sum(part -> part.keyspace().usedMemory());
    }

    /** What one shard counts. */
    public StoreStats stats(int shard) {
        return byShard[shard].stats();
    }

    /** The sum of one count over the shards. */
    public long total(ToLongFunction<StoreStats> count) {
        long sum = 0;
        for (StoreShard part : byShard) {
            sum += count.applyAsLong(part.stats());
        }
        return sum;
    }

    private long sum(ToLongFunction<StoreShard> value) {
        List<Long> values = parts.onAll(value::applyAsLong).join();
        return values.stream().mapToLong(Long::longValue).sum();
    }

    int shards() {
        return byShard.length;
    }

    Sharded<StoreShard> parts() {
        return parts;
    }

    /** A shard's part, for messages to it; it is touched on its shard only. */
    StoreShard part(int shard) {
        return byShard[shard];
    }

    long startedAt() {
        return startedAt;
    }

    LongSupplier clock() {
        return clock;
    }

    /** 40 hexadecimal digits that no other start of a store has. */
    String runId() {
        return runId;
    }

    /** The longest value that commands may make of shorter ones, in bytes. */
    int longestString() {
        return longestString;
    }

    /** Sets the longest value: of servers before the same store, the one that was last told a limit decides. */
    void longestString(ByteSize limit) {
        longestString = Math.min(limit.intBytes(), Keyspace.MAX_LENGTH);
    }
}
