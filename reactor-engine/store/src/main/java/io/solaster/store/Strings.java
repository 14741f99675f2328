package io.solaster.store;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Sharded;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.Parts;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * The store's strings for code of the same process: what a Redis client sees under a key, this sees too. Each call runs
 * on the shard that owns the key. Any thread may call; what it hands over must not change until the call is complete.
 * Errors of the calls: {@link IllegalStateException} if the key holds something else than a string,
 * {@link OutOfMemoryError} if the system has no memory for it.
 */
public final class Strings {
    private final Engine engine;
    private final Sharded<StoreShard> parts;

    Strings(Parts parts) {
        this.engine = parts.engine();
        this.parts = parts.sharded();
    }

    /** The shard that owns a key. */
    public int owner(String key) {
        return engine.shardOf(key);
    }

    /** A copy of the value; null if there is none. Counts as a hit or a miss. */
    public ShardFuture<byte @Nullable []> get(String key) {
        byte[] bytes = bytes(key);
        return onKey(bytes, false, part -> get(part, bytes));
    }

    /** Puts a value in place of what is there, for good. */
    public ShardFuture<@Nullable Void> set(String key, byte[] value) {
        return set(key, value, Duration.ZERO);
    }

    /**
     * Puts a value in place of what is there.
     *
     * @param lifetime after which it is gone, at least 1 ms; {@link Duration#ZERO} for good
     * @throws IllegalArgumentException if the lifetime is negative or below 1 ms, or key or value are too long
     */
    public ShardFuture<@Nullable Void> set(String key, byte[] value, Duration lifetime) {
        byte[] bytes = bytes(key);
        long millis = lifetime.toMillis();
        if (millis < 1 && !lifetime.isZero()) {
            throw new IllegalArgumentException("a lifetime of " + lifetime + "; give 1 ms or more, or ZERO for good");
        }
        if (value.length > Keyspace.MAX_LENGTH) {
            throw new IllegalArgumentException("a value of " + value.length + " bytes; at most " + Keyspace.MAX_LENGTH);
        }
        return onKey(bytes, true, part -> {
            set(part, bytes, value, millis == 0 ? 0 : part.now() + millis);
            return null;
        });
    }

    /** Removes a key, whatever it holds; tells whether it was there. */
    public ShardFuture<Boolean> remove(String key) {
        byte[] bytes = bytes(key);
        return onKey(bytes, true, part -> remove(part, bytes));
    }

    /** Runs something on the key's shard: at once, unless a transaction uses the key; then behind that. */
    private <R extends @Nullable Object> ShardFuture<R> onKey(byte[] key, boolean writes,
            Function<StoreShard, R> work) {
        ShardFuture<CompletionStage<R>> begun = parts.onOwner(key, part -> part.onKey(Slots.of(key), writes, work));
        return (ShardFuture<R>) begun.thenCompose(stage -> stage.toCompletableFuture().isDone()
                ? stage
                : stage.thenApplyAsync(Function.identity(), begun.defaultExecutor()));
    }

    private static byte[] bytes(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }

    private static byte @Nullable [] get(StoreShard part, byte[] key) {
        ByteBuf buffer = copy(key, key.length);
        try {
            Keyspace keys = part.keyspace();
            long entry = keys.find(Memory.address(buffer), key.length, part.now());
            (entry == 0 ? part.stats().misses : part.stats().hits).increment();
            if (entry == 0) {
                return null;
            }
            if (keys.type(entry) != Keyspace.TYPE_STRING) {
                throw new IllegalStateException("'" + new String(key, StandardCharsets.UTF_8) + "' holds no string");
            }
            byte[] value = new byte[keys.valueLength(entry)];
            Memory.copy(keys.valueAddress(entry), value, 0, value.length);
            return value;
        } finally {
            buffer.release();
        }
    }

    private static void set(StoreShard part, byte[] key, byte[] value, long expiry) {
        ByteBuf buffer = copy(key, key.length + value.length).writeBytes(value);
        try {
            long address = Memory.address(buffer);
            part.keyspace().set(address, key.length, address + key.length, value.length, expiry);
        } finally {
            buffer.release();
        }
    }

    private static boolean remove(StoreShard part, byte[] key) {
        ByteBuf buffer = copy(key, key.length);
        try {
            long address = Memory.address(buffer);
            // A key that is due counts as expired, not as removed.
            return part.keyspace().find(address, key.length, part.now()) != 0
                    && part.keyspace().remove(address, key.length);
        } finally {
            buffer.release();
        }
    }

    /** Off the heap, where the keyspace reads; the caller releases it. */
    private static ByteBuf copy(byte[] key, int capacity) {
        return ByteBufAllocator.DEFAULT.directBuffer(Math.max(1, capacity)).writeBytes(key);
    }
}
