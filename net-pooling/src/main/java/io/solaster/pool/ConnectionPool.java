package io.solaster.pool;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * Connections to the endpoints of an {@link Upstream}: each shard has its own, within a budget of the process.
 * {@code ConnectionPools} starts one.
 *
 * @param <C> its connections
 */
public interface ConnectionPool<C extends PooledConnection> extends AutoCloseable {

    /** What it is called in logs and meters: the key below {@code solaster.pools}. Any thread. */
    String name();

    /** What it was started with, or what {@link #reconfigure} has put in its place. Any thread. */
    PoolConfig config();

    /** What its connections speak. Any thread. */
    Protocol<C> protocol();

    /** Where its connections go. Any thread. */
    Upstream upstream();

    /**
     * Its part on the calling shard.
     *
     * @throws IllegalStateException on a thread that is no shard of its engine
     */
    ShardPool<C> local();

    /**
     * Runs work with a connection: of this shard, or, where this shard has none and the budget gives it none, of another
     * one, where the work runs then. The connection is given back once the work's result is there. On a shard.
     *
     * @param key of the request, for algorithms that go by keys; 0 for none, so that it goes to any endpoint
     * @param except an endpoint that was tried already; null for none
     * @param patience how long to wait for a connection at most
     * @param work called on the shard that owns the connection, which it must not keep
     * @return its result, on the shard that called; failed with {@link PoolException}, or as the work failed
     */
    <R extends @Nullable Object> ShardFuture<R> use(long key, @Nullable Target except, Duration patience,
            Function<? super C, ? extends CompletionStage<R>> work);

    /** What each shard counts, by the shards' numbers. Any thread. */
    List<PoolStats> stats();

    /**
     * Puts another configuration in force, for its upstream too: endpoints, balancing and health as {@link
     * Upstream#reconfigure} has it, bounds, ages and back-off. What is too much closes as it comes free. Protocol, discovery
     * and whatever the connector was made with stay. Any thread.
     *
     * @return done once every shard goes by it
     */
    ShardFuture<?> reconfigure(PoolConfig newConfig);

    /**
     * Replaces every connection that there is or that is being made, since what they were made with is no longer good, such
     * as a certificate: idle ones close, those in use once they are given back. New ones are made as they are wanted. Any
     * thread.
     *
     * @return done once no shard hands out a connection that was made before
     */
    ShardFuture<?> renew();

    /**
     * Lets requests finish up to the deadline, fails who waits, and closes every connection. It may be asked again, with
     * another deadline. Any thread.
     *
     * @return done once every connection has closed; whether nothing was under way on any of them at the deadline
     */
    ShardFuture<Boolean> drain(Duration deadline);

    /** As {@link #drain}, at once. Any thread but a shard. */
    @Override
    void close();
}
