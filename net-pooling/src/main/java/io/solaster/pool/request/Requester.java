package io.solaster.pool.request;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.Internal;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Sharded;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.PooledConnection;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests through a pool as {@code solaster.pools.<name>.requests} says: within a deadline, tried again where that
 * is safe and the budget of retries allows it, hedged, and no more at once than is allowed. Any thread: a requester that is
 * no shard of the engine has its requests sent by one, always the same for a thread; the next thread gets the next shard.
 *
 * @param <C> the pool's connections
 */
public final class Requester<C extends PooledConnection> {
    private final Engine engine;
    private final ConnectionPool<C> pool;
    private final Sharded<ShardRequester<C>> requesters;
    private final List<RequestStats> stats;
    /** Counts what is not a shard's; shards leave it alone. */
    private final AtomicInteger turns = new AtomicInteger();
    private final ThreadLocal<Integer> shardOfThread = ThreadLocal.withInitial(this::nextShard);

    private Requester(Engine engine, ConnectionPool<C> pool) {
        this.engine = engine;
        this.pool = pool;
        this.stats = engine.shards().stream().map(shard -> new RequestStats()).toList();
        this.requesters = engine.sharded(shard -> new ShardRequester<>(shard, engine.shards().size(), pool,
                stats.get(shard.id())));
    }

    /** Sends through a pool of this engine. Not on a shard. */
    public static <C extends PooledConnection> Requester<C> over(Engine engine, ConnectionPool<C> pool) {
        return new Requester<>(engine, pool);
    }

    /** What it sends through. */
    public ConnectionPool<C> pool() {
        return pool;
    }

    /** What each shard counts, in their order. */
    public List<RequestStats> stats() {
        return stats;
    }

    /** Sends a request that has no key. */
    public <R extends @Nullable Object> ShardFuture<R> call(Request<C, R> request) {
        return call(0, request);
    }

    /**
     * Sends a request.
     *
     * @param key of the request, for algorithms that go by keys; 0 for none, so that it goes to any endpoint
     * @return its answer, on the shard that called; failed with {@link io.solaster.pool.PoolException} if there was none.
     *         Cancelling it gives the request up
     * @throws IllegalStateException if a {@link Request#isStreamed streamed} request does not come from a shard
     */
    public <R extends @Nullable Object> ShardFuture<R> call(long key, Request<C, R> request) {
        Shard shard = here();
        if (shard != null) {
            return requesters.on(shard).call(key, request);
        }
        if (request.isStreamed()) {
            throw new IllegalStateException("pool '" + pool.name() + "': a streamed request from thread "
                    + Thread.currentThread().getName() + ", which is no shard; submit the work to one");
        }
        return engine.submitStageTo(shardOfCaller(), CallOptions.DEFAULTS,
                () -> requesters.local().call(key, request));
    }

    /** The number of the shard that sends the calling thread's requests: its own, if it is one of the engine's. */
    @Internal
    public int shardOfCaller() {
        Shard shard = here();
        return shard != null ? shard.id() : shardOfThread.get();
    }

    /** As {@link #shardOfCaller}, for what lasts: a thread that is no shard gets the next shard for each. */
    @Internal
    public int shardForWhatLasts() {
        Shard shard = here();
        return shard != null ? shard.id() : nextShard();
    }

    private int nextShard() {
        return Math.floorMod(turns.getAndIncrement(), stats.size());
    }

    private @Nullable Shard here() {
        Shard shard = Shard.current();
        return shard != null && shard.id() < stats.size() && engine.shard(shard.id()) == shard ? shard : null;
    }
}
