package io.solaster.pool;

import java.time.Duration;

import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * A pool's part on one shard: its connections, and whoever waits for one. On the owning shard only.
 *
 * @param <C> its connections
 */
public interface ShardPool<C extends PooledConnection> {

    /**
     * Takes a connection that is ready, to the endpoint that balancing chooses. With a shared one it counts one request
     * more. Allocates nothing.
     *
     * @param key of the request, for algorithms that go by keys; 0 for none, so that it goes to any endpoint
     * @return null if none is; then {@link #take} waits for one
     */
    @Nullable
    C tryTake(long key);

    /**
     * Takes a connection: one that is ready, or one that is made for it, or one that comes free. Who has waited longest
     * is served first.
     *
     * @param key of the request, for algorithms that go by keys; 0 for none, so that it goes to any endpoint
     * @param except an endpoint that was tried already: taken again only where there is no other; null for none
     * @param patience how long to wait at most
     * @return the connection, which must be given back; failed with {@link PoolException}. Cancelling it leaves the queue
     */
    ShardFuture<C> take(long key, @Nullable Target except, Duration patience);

    /** Gives a connection back. One that is not usable any more is closed and replaced. Once for each that was taken. */
    void give(C connection);

    /** Gives a connection back that must not be used again: it is closed, which fails what else is under way on it. */
    void discard(C connection, String why);
}
