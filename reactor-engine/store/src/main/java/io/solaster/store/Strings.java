package io.solaster.store;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;

/**
 * The store's strings for code of the same process: what a Redis client sees under a key, this sees too. Each call runs
 * on the shard that owns the key. Any thread may call; what it hands over must not change until the call is complete.
 * Calls fail with {@link StoreException} where the store refuses them: the key holds something else than a string, or
 * memory has run out.
 */
public final class Strings {
    private static final Command SET = KeyCalls.command("set");
    private static final Command DEL = KeyCalls.command("del");
    private static final Command INCRBY = KeyCalls.command("incrby");
    private static final byte[] PX = KeyCalls.bytes("px");
    private static final byte[] NX = KeyCalls.bytes("nx");
    private static final byte[] GET = KeyCalls.bytes("get");

    private final KeyCalls calls;

    Strings(KeyCalls calls) {
        this.calls = calls;
    }

    /** The shard that owns a key. */
    public int owner(String key) {
        return calls.engine().shardOf(key);
    }

    /** A copy of the value; null if there is none. Counts as a hit or a miss. */
    public ShardFuture<byte @Nullable []> get(String key) {
        byte[] bytes = KeyCalls.bytes(key);
        return calls.onKey(bytes, false, part -> get(part, bytes));
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
        checkLength(value);
        return lifetime.isZero()
                ? calls.call(SET, KeyCalls.bytes(key), KeyCalls::nothing, value)
                : calls.call(SET, KeyCalls.bytes(key), KeyCalls::nothing, value, PX, millis(lifetime));
    }

    /**
     * Puts a value where there is none; what was there, or null if the value was put.
     *
     * @param lifetime as of {@link #set(String, byte[], Duration)}
     */
    public ShardFuture<byte @Nullable []> setIfAbsent(String key, byte[] value, Duration lifetime) {
        checkLength(value);
        return lifetime.isZero()
                ? calls.call(SET, KeyCalls.bytes(key), KeyCalls::value, value, NX, GET)
                : calls.call(SET, KeyCalls.bytes(key), KeyCalls::value, value, NX, GET, PX, millis(lifetime));
    }

    /** Adds to a whole number, from 0 if there is none; the sum. */
    public ShardFuture<Long> increment(String key, long by) {
        return calls.call(INCRBY, KeyCalls.bytes(key), KeyCalls::number, KeyCalls.bytes(by));
    }

    /** Removes a key, whatever it holds; tells whether it was there. */
    public ShardFuture<Boolean> remove(String key) {
        return calls.call(DEL, KeyCalls.bytes(key), KeyCalls::isOne);
    }

    private static byte[] millis(Duration lifetime) {
        return KeyCalls.bytes(StoredKey.millis(lifetime));
    }

    private static void checkLength(byte[] value) {
        if (value.length > Keyspace.MAX_LENGTH) {
            throw new IllegalArgumentException("a value of " + value.length + " bytes; at most " + Keyspace.MAX_LENGTH);
        }
    }

    /** Reads without a reply in between. */
    private static byte @Nullable [] get(StoreShard part, byte[] key) {
        ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(Math.max(1, key.length)).writeBytes(key);
        try {
            Keyspace keys = part.keyspace();
            long entry = keys.find(Memory.address(buffer), key.length, part.now());
            (entry == 0 ? part.stats().misses : part.stats().hits).increment();
            if (entry == 0) {
                return null;
            }
            if (keys.type(entry) != Keyspace.TYPE_STRING) {
                throw new StoreException(new String(key, StandardCharsets.UTF_8), Errors.WRONG_TYPE);
            }
            byte[] value = new byte[keys.valueLength(entry)];
            Memory.copy(keys.valueAddress(entry), value, 0, value.length);
            return value;
        } finally {
            buffer.release();
        }
    }
}
