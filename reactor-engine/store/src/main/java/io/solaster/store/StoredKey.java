package io.solaster.store;

import java.time.Duration;
import java.util.function.Function;

import io.solaster.engine.ShardFuture;
import io.solaster.resp.Reply;
import io.solaster.store.shard.Command;
import org.jspecify.annotations.Nullable;

/**
 * One key of a {@link Store}, for code of the same process: what a Redis client sees under the key, this sees too. Each call
 * is one command on the shard that owns the key, and atomic; from that shard it is complete when it returns. Any thread may
 * call. What is handed over must not change until the call is complete.
 *
 * <p>
 * Texts are UTF-8. Calls fail with {@link StoreException} where the store refuses them: the key holds another type, a number
 * is none, memory has run out.
 */
public sealed class StoredKey permits StoredHash, StoredList, StoredSet, StoredSortedSet {
    private static final Command EXISTS = KeyCalls.command("exists");
    private static final Command DEL = KeyCalls.command("del");
    private static final Command PEXPIRE = KeyCalls.command("pexpire");
    private static final Command PERSIST = KeyCalls.command("persist");
    private static final Command PTTL = KeyCalls.command("pttl");
    private static final Command TYPE = KeyCalls.command("type");

    private final KeyCalls calls;
    private final String name;
    private final byte[] key;

    StoredKey(KeyCalls calls, String name) {
        this.calls = calls;
        this.name = name;
        this.key = KeyCalls.bytes(name);
    }

    final <R extends @Nullable Object> ShardFuture<R> call(Command command, Function<Reply, R> result,
            byte[]... rest) {
        return calls.call(command, key, result, rest);
    }

    /** The key. */
    public final String name() {
        return name;
    }

    /** The shard that owns the key. */
    public final int owner() {
        return calls.engine().shardOf(key);
    }

    /** Whether there is a value. */
    public final ShardFuture<Boolean> exists() {
        return call(EXISTS, KeyCalls::isOne);
    }

    /** What the value is, in Redis's words, such as {@code hash}; {@code none} if there is none. */
    public final ShardFuture<String> type() {
        return call(TYPE, reply -> ((Reply.Status) reply).text());
    }

    /** Removes the key, whatever it holds; tells whether it was there. */
    public final ShardFuture<Boolean> delete() {
        return call(DEL, KeyCalls::isOne);
    }

    /**
     * Has the key be gone after a time; tells whether it is there.
     *
     * @param lifetime at least 1 ms
     * @throws IllegalArgumentException if the lifetime is less
     */
    public final ShardFuture<Boolean> expire(Duration lifetime) {
        return call(PEXPIRE, KeyCalls::isOne, KeyCalls.bytes(millis(lifetime)));
    }

    static long millis(Duration lifetime) {
        long millis = lifetime.toMillis();
        if (millis < 1) {
            throw new IllegalArgumentException("a lifetime of " + lifetime + "; give 1 ms or more");
        }
        return millis;
    }

    /** Keeps the key for good; tells whether it would have been gone some time. */
    public final ShardFuture<Boolean> persist() {
        return call(PERSIST, KeyCalls::isOne);
    }

    /** How long the key is there still; null if it is not there, or is there for good. */
    public final ShardFuture<@Nullable Duration> timeToLive() {
        return call(PTTL, reply -> {
            long millis = KeyCalls.number(reply);
            return millis < 0 ? null : Duration.ofMillis(millis);
        });
    }

    @Override
    public final String toString() {
        return getClass().getSimpleName() + "[" + name + "]";
    }
}
