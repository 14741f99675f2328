package io.solaster.store;

import java.util.List;

import io.solaster.engine.ShardFuture;
import io.solaster.store.shard.Command;
import org.jspecify.annotations.Nullable;

/** A list of values. Positions count from 0, negative ones from the end: -1 is the last. */
public final class StoredList extends StoredKey {
    private static final Command LPUSH = KeyCalls.command("lpush");
    private static final Command RPUSH = KeyCalls.command("rpush");
    private static final Command LPOP = KeyCalls.command("lpop");
    private static final Command RPOP = KeyCalls.command("rpop");
    private static final Command LINDEX = KeyCalls.command("lindex");
    private static final Command LSET = KeyCalls.command("lset");
    private static final Command LRANGE = KeyCalls.command("lrange");
    private static final Command LTRIM = KeyCalls.command("ltrim");
    private static final Command LREM = KeyCalls.command("lrem");
    private static final Command LLEN = KeyCalls.command("llen");

    StoredList(KeyCalls calls, String name) {
        super(calls, name);
    }

    /** Puts values in front, one after the other, so that the last one is the first then; the length. */
    public ShardFuture<Long> pushFirst(byte[]... values) {
        return call(LPUSH, KeyCalls::number, Arguments.some(values));
    }

    /** Puts values at the end; the length. */
    public ShardFuture<Long> pushLast(byte[]... values) {
        return call(RPUSH, KeyCalls::number, Arguments.some(values));
    }

    /** Takes the first value; null if there is none. */
    public ShardFuture<byte @Nullable []> popFirst() {
        return call(LPOP, KeyCalls::value);
    }

    /** Takes the last value; null if there is none. */
    public ShardFuture<byte @Nullable []> popLast() {
        return call(RPOP, KeyCalls::value);
    }

    /** The value at a position; null if there is none. */
    public ShardFuture<byte @Nullable []> get(long position) {
        return call(LINDEX, KeyCalls::value, KeyCalls.bytes(position));
    }

    /** Puts a value in place of another; fails with {@link StoreException} if there is no such position. */
    public ShardFuture<@Nullable Void> set(long position, byte[] value) {
        return call(LSET, KeyCalls::nothing, KeyCalls.bytes(position), value);
    }

    /** The values from one position to another, both among them. */
    public ShardFuture<List<byte[]>> range(long first, long last) {
        return call(LRANGE, KeyCalls::values, KeyCalls.bytes(first), KeyCalls.bytes(last));
    }

    /** Keeps the values from one position to another, both among them. */
    public ShardFuture<@Nullable Void> trim(long first, long last) {
        return call(LTRIM, KeyCalls::nothing, KeyCalls.bytes(first), KeyCalls.bytes(last));
    }

    /** Removes each value that is equal; how many were. */
    public ShardFuture<Long> remove(byte[] value) {
        return call(LREM, KeyCalls::number, KeyCalls.bytes(0), value);
    }

    public ShardFuture<Long> size() {
        return call(LLEN, KeyCalls::number);
    }
}
