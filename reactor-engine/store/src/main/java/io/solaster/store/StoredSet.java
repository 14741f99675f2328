package io.solaster.store;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

import io.solaster.engine.ShardFuture;
import io.solaster.store.shard.Command;
import org.jspecify.annotations.Nullable;

/** A set of texts. */
public final class StoredSet extends StoredKey {
    private static final Command SADD = KeyCalls.command("sadd");
    private static final Command SREM = KeyCalls.command("srem");
    private static final Command SISMEMBER = KeyCalls.command("sismember");
    private static final Command SMEMBERS = KeyCalls.command("smembers");
    private static final Command SPOP = KeyCalls.command("spop");
    private static final Command SRANDMEMBER = KeyCalls.command("srandmember");
    private static final Command SCARD = KeyCalls.command("scard");

    StoredSet(KeyCalls calls, String name) {
        super(calls, name);
    }

    /** Adds members; how many of them are new. */
    public ShardFuture<Long> add(String... members) {
        return call(SADD, KeyCalls::number, Arguments.of(List.of(members)));
    }

    /** Removes members; how many of them were there. */
    public ShardFuture<Long> remove(String... members) {
        return call(SREM, KeyCalls::number, Arguments.of(List.of(members)));
    }

    public ShardFuture<Boolean> contains(String member) {
        return call(SISMEMBER, KeyCalls::isOne, KeyCalls.bytes(member));
    }

    /** All members. */
    public ShardFuture<Set<String>> members() {
        return call(SMEMBERS, reply -> new HashSet<>(KeyCalls.texts(reply)));
    }

    /** Takes a member by chance; null if there is none. */
    public ShardFuture<@Nullable String> pop() {
        return call(SPOP, KeyCalls::text);
    }

    /** A member by chance; null if there is none. */
    public ShardFuture<@Nullable String> random() {
        return call(SRANDMEMBER, KeyCalls::text);
    }

    public ShardFuture<Long> size() {
        return call(SCARD, KeyCalls::number);
    }
}
