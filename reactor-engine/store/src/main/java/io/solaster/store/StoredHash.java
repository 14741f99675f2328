package io.solaster.store;

import java.util.List;
import java.util.Map;

import io.solaster.engine.ShardFuture;
import io.solaster.store.shard.Command;
import org.jspecify.annotations.Nullable;

/** A hash: values by fields, under one key. */
public final class StoredHash extends StoredKey {
    private static final Command HGET = KeyCalls.command("hget");
    private static final Command HMGET = KeyCalls.command("hmget");
    private static final Command HGETALL = KeyCalls.command("hgetall");
    private static final Command HSET = KeyCalls.command("hset");
    private static final Command HSETNX = KeyCalls.command("hsetnx");
    private static final Command HDEL = KeyCalls.command("hdel");
    private static final Command HEXISTS = KeyCalls.command("hexists");
    private static final Command HINCRBY = KeyCalls.command("hincrby");
    private static final Command HKEYS = KeyCalls.command("hkeys");
    private static final Command HLEN = KeyCalls.command("hlen");

    StoredHash(KeyCalls calls, String name) {
        super(calls, name);
    }

    /** The value of a field; null if there is none. */
    public ShardFuture<byte @Nullable []> get(String field) {
        return call(HGET, KeyCalls::value, KeyCalls.bytes(field));
    }

    /** The values of fields, in their order; null for each that is not there. */
    public ShardFuture<List<byte @Nullable []>> getAll(List<String> fields) {
        return call(HMGET, reply -> KeyCalls.list(reply, KeyCalls::value), Arguments.of(fields));
    }

    /** All fields with their values. */
    public ShardFuture<Map<String, byte[]>> entries() {
        return call(HGETALL, KeyCalls::map);
    }

    /** Sets a field; tells whether it is new. */
    public ShardFuture<Boolean> put(String field, byte[] value) {
        return call(HSET, KeyCalls::isOne, KeyCalls.bytes(field), value);
    }

    /** Sets a field that is not there; tells whether it was not. */
    public ShardFuture<Boolean> putIfAbsent(String field, byte[] value) {
        return call(HSETNX, KeyCalls::isOne, KeyCalls.bytes(field), value);
    }

    /**
     * Sets fields; how many of them are new.
     *
     * @throws IllegalArgumentException if there are none
     */
    public ShardFuture<Long> putAll(Map<String, byte[]> values) {
        byte[][] arguments = new byte[2 * Arguments.some(values.size())][];
        int at = 0;
        for (Map.Entry<String, byte[]> each : values.entrySet()) {
            arguments[at++] = KeyCalls.bytes(each.getKey());
            arguments[at++] = each.getValue();
        }
        return call(HSET, KeyCalls::number, arguments);
    }

    /** Removes fields; how many of them were there. */
    public ShardFuture<Long> remove(String... fields) {
        return call(HDEL, KeyCalls::number, Arguments.of(List.of(fields)));
    }

    public ShardFuture<Boolean> contains(String field) {
        return call(HEXISTS, KeyCalls::isOne, KeyCalls.bytes(field));
    }

    /** Adds to a field that is a whole number, or not there; the sum. */
    public ShardFuture<Long> increment(String field, long by) {
        return call(HINCRBY, KeyCalls::number, KeyCalls.bytes(field), KeyCalls.bytes(by));
    }

    /** The names of all fields. */
    public ShardFuture<List<String>> fields() {
        return call(HKEYS, KeyCalls::texts);
    }

    /** How many fields there are. */
    public ShardFuture<Long> size() {
        return call(HLEN, KeyCalls::number);
    }
}
