package io.solaster.pool.resp;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.stats.Counter;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.request.RequestStats;
import io.solaster.pool.request.Requester;
import io.solaster.resp.Reply;
import org.jspecify.annotations.Nullable;

/**
 * A client of Redis and its like over a pool. Commands of one turn go out together, on connections that they share. What
 * only reads is tried again where it failed; a command that writes is only where it surely was not carried out, unless
 * it is said to be {@link RespCommand#idempotent}.
 *
 * <p>
 * Any thread. A result comes on the shard that called; it fails with {@link RespException} where the server answers with
 * an error, and with {@link io.solaster.pool.PoolException} where there is no answer. Texts are in UTF-8.
 */
public final class RespClient {
    private final Engine engine;
    private final Requester<RespConnection> requester;
    private final @Nullable ConnectionPool<RespConnection> exclusive;
    /** Works with a connection of their own, by the shard that asked. */
    private final List<Counter> alone;

    private RespClient(Engine engine, Requester<RespConnection> requester,
            @Nullable ConnectionPool<RespConnection> exclusive) {
        this.engine = engine;
        this.requester = requester;
        this.exclusive = exclusive;
        this.alone = engine.shards().stream().map(shard -> new Counter()).toList();
    }

    /** Over a pool of connections that are shared, as {@link RespProtocol#shared} makes them. Not on a shard. */
    public static RespClient over(Engine engine, ConnectionPool<RespConnection> pool) {
        return new RespClient(engine, Requester.over(engine, pool), null);
    }

    /**
     * This with a pool of {@link RespProtocol#exclusive} connections too, for {@link #alone} and {@link #subscriber}: over
     * a {@link io.solaster.pool.Upstream#twin} of the pool's upstream, so that both share members and health.
     */
    public RespClient withExclusive(ConnectionPool<RespConnection> pool) {
        return new RespClient(engine, requester, pool);
    }

    /** The pool of shared connections. */
    public ConnectionPool<RespConnection> pool() {
        return requester.pool();
    }

    /** What each shard counts of its requests. */
    public List<RequestStats> stats() {
        return requester.stats();
    }

    /** Sends a command; where the balancing goes by keys, its first argument counts as one. */
    public <R extends @Nullable Object> ShardFuture<R> call(RespCommand<R> command) {
        if (!goesByKeys()) {
            return requester.call(command);
        }
        byte[] key = command.key();
        return requester.call(key == null ? 0 : hash(key), command);
    }

    /**
     * Sends a command about a key, which chooses the endpoint where the balancing goes by keys.
     */
    public <R extends @Nullable Object> ShardFuture<R> call(byte[] key, RespCommand<R> command) {
        return requester.call(goesByKeys() ? hash(key) : 0, command);
    }

    private boolean goesByKeys() {
        return requester.pool().config().balancing().goesByKeys();
    }

    /** FNV-1a. */
    private static long hash(byte[] key) {
        long hash = 0xcbf29ce484222325L;
        for (byte each : key) {
            hash = (hash ^ each & 0xff) * 0x100000001b3L;
        }
        return hash;
    }

    private <R extends @Nullable Object> ShardFuture<R> call(boolean reads, Function<Reply, R> reader, byte[] key,
            Object... arguments) {
        return call(key, new RespCommand.Words<>(arguments, reader, reads));
    }

    /** Sends any command, such as {@code HSET}, {@code user:7}, {@code name}, {@code Ada}; its reply as it comes. */
    public ShardFuture<Reply> command(String... arguments) {
        return call(RespCommand.of(arguments));
    }

    /** As {@link #command(String...)}, in bytes. */
    public ShardFuture<Reply> command(byte[]... arguments) {
        return call(RespCommand.of(arguments));
    }

    /** PING; done once it is answered. */
    public ShardFuture<@Nullable Void> ping() {
        return call(new RespCommand.Words<>(new Object[]{"PING"}, Replies::nothing, true));
    }

    /** The value of a key; null if there is none. The array is the caller's. */
    public ShardFuture<byte @Nullable []> get(byte[] key) {
        return call(key, new RespCommand.Get(key));
    }

    /** As {@link #get(byte[])}, as text. */
    public ShardFuture<@Nullable String> get(String key) {
        return call(true, Replies::text, utf8(key), "GET", key);
    }

    /** Sets a key. The arrays must not change until it is done. */
    public ShardFuture<@Nullable Void> set(byte[] key, byte[] value) {
        return call(key, new RespCommand.Set(key, value));
    }

    /** As {@link #set(byte[], byte[])}, of texts. */
    public ShardFuture<@Nullable Void> set(String key, String value) {
        return set(utf8(key), utf8(value));
    }

    /** Sets a key that expires after a while, which is kept to the millisecond. */
    public ShardFuture<@Nullable Void> set(byte[] key, byte[] value, Duration expiry) {
        return call(false, Replies::nothing, key, "SET", key, value, "PX", millis(expiry));
    }

    /** As {@link #set(byte[], byte[], Duration)}, of texts. */
    public ShardFuture<@Nullable Void> set(String key, String value, Duration expiry) {
        return set(utf8(key), utf8(value), expiry);
    }

    /** Sets a key that is not there yet; says whether it was not. */
    public ShardFuture<Boolean> setIfAbsent(String key, String value) {
        return call(false, Replies::isOne, utf8(key), "SETNX", key, value);
    }

    /** Deletes keys; says how many there were. */
    public ShardFuture<Long> del(String... keys) {
        return call(false, Replies::number, utf8(first(keys)), words("DEL", keys));
    }

    /** How many of these keys there are. */
    public ShardFuture<Long> exists(String... keys) {
        return call(true, Replies::number, utf8(first(keys)), words("EXISTS", keys));
    }

    /** Adds one to a number; says what it is then. */
    public ShardFuture<Long> incr(String key) {
        return call(false, Replies::number, utf8(key), "INCR", key);
    }

    /** Adds to a number; says what it is then. */
    public ShardFuture<Long> incrBy(String key, long amount) {
        return call(false, Replies::number, utf8(key), "INCRBY", key, amount);
    }

    /** Lets a key expire after a while, which is kept to the millisecond; says whether there is one. */
    public ShardFuture<Boolean> expire(String key, Duration expiry) {
        return call(false, Replies::isOne, utf8(key), "PEXPIRE", key, millis(expiry));
    }

    /** The values of keys in their order; null for one that is not there. */
    public ShardFuture<List<byte @Nullable []>> mget(String... keys) {
        return call(true, Replies::list, utf8(first(keys)), words("MGET", keys));
    }

    /** Runs a script in Lua. */
    public ShardFuture<Reply> eval(String script, List<String> keys, List<String> arguments) {
        Object[] words = new Object[3 + keys.size() + arguments.size()];
        words[0] = "EVAL";
        words[1] = script;
        words[2] = (long) keys.size();
        for (int i = 0; i < keys.size(); i++) {
            words[3 + i] = keys.get(i);
        }
        for (int i = 0; i < arguments.size(); i++) {
            words[3 + keys.size() + i] = arguments.get(i);
        }
        byte[] key = utf8(keys.isEmpty() ? script : keys.getFirst());
        return call(key, new RespCommand.Words<>(words, reply -> reply, false));
    }

    /** Tells who subscribes to a channel; says how many do. */
    public ShardFuture<Long> publish(String channel, String message) {
        return call(false, Replies::number, utf8(channel), "PUBLISH", channel, message);
    }

    /**
     * Has commands carried out together or not at all, between MULTI and EXEC.
     *
     * @return their replies, failures among them; never null without a WATCH
     */
    public ShardFuture<@Nullable List<Reply>> transaction(List<? extends RespCommand<?>> commands) {
        return call(RespCommand.transaction(commands));
    }

    /**
     * Sends commands together, in their order, on one connection, by the key of the first that has one; others' may come
     * between them. It is one request to the
     * pool, which costs much less than as many: one future, one choice of an endpoint, one deadline.
     *
     * @return their replies in that order, failures among them; none for no command. It fails as a whole where the
     *         connection is lost, and is tried again only if each of its commands may be
     */
    public ShardFuture<List<Reply>> pipeline(List<? extends RespCommand<?>> commands) {
        if (commands.isEmpty()) {
            return engine.submitTo(requester.shardOfCaller(), List::of);
        }
        return call(RespCommand.pipeline(commands));
    }

    /**
     * Runs work with a connection that nobody else uses meanwhile: for WATCH, for commands that block. It must leave the
     * connection as it found it; where it fails, the connection is closed.
     *
     * @param patience how long to wait for a connection
     * @param work called on a shard, which it must not block
     * @throws IllegalStateException if there is no pool for that: see {@link #withExclusive}
     */
    public <R extends @Nullable Object> ShardFuture<R> alone(Duration patience,
            Function<RespConnection, ? extends CompletionStage<R>> work) {
        ConnectionPool<RespConnection> pool = exclusive("alone()");
        Function<RespConnection, CompletionStage<R>> careful = connection -> work.apply(connection)
                .whenComplete((result, failure) -> {
                    if (failure != null) {
                        connection.channel().close();
                    }
                });
        int shard = requester.shardOfCaller();
        Shard here = Shard.current();
        if (here != null && engine.shard(shard) == here) {
            return alone(pool, patience, careful);
        }
        return engine.submitStageTo(shard, CallOptions.DEFAULTS, () -> alone(pool, patience, careful));
    }

    private <R extends @Nullable Object> ShardFuture<R> alone(ConnectionPool<RespConnection> pool, Duration patience,
            Function<RespConnection, CompletionStage<R>> work) {
        Shard here = Objects.requireNonNull(Shard.current());
        Counter underWay = alone.get(here.id());
        underWay.increment();
        ShardFuture<R> result = pool.use(0, null, patience, work);
        // Whoever cancels may do so elsewhere, and the counter is this shard's.
        result.whenComplete((done, failure) -> here.hereOrElse(() -> underWay.add(-1), () -> {}));
        return result;
    }

    /** Works of {@link #alone} that are under way or wait, roughly. Any thread. */
    public long aloneUnderWay() {
        return alone.stream().mapToLong(Counter::get).sum();
    }

    /**
     * Subscribes, on a connection of its own that is made again when it is lost.
     *
     * @throws IllegalStateException if there is no pool for that: see {@link #withExclusive}
     */
    public RespSubscriber subscriber(RespSubscriber.Listener listener) {
        return new RespSubscriber(engine, requester.shardForWhatLasts(), exclusive("subscriber()"), listener);
    }

    private ConnectionPool<RespConnection> exclusive(String what) {
        if (exclusive == null) {
            throw new IllegalStateException(what + " wants connections of its own: set solaster.pools." + pool().name()
                    + ".resp.exclusive above 0, or give the client a second pool with RespProtocol.exclusive, by"
                    + " withExclusive");
        }
        return exclusive;
    }

    private static Long millis(Duration duration) {
        return Math.max(1, duration.toMillis());
    }

    private static String first(String[] keys) {
        if (keys.length == 0) {
            throw new IllegalArgumentException("no key: name one at least");
        }
        return keys[0];
    }

    private static Object[] words(String name, String[] keys) {
        Object[] words = new Object[keys.length + 1];
        words[0] = name;
        System.arraycopy(keys, 0, words, 1, keys.length);
        return words;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
