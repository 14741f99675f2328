package io.solaster.pool.core;

import java.time.Duration;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.Target;
import io.solaster.pool.core.WaiterQueue.Place;
import org.jspecify.annotations.Nullable;

/**
 * One request that waits for a connection: its places in the queues of its shard and of its target, and its own timer. On its shard.
 */
final class Waiter<C extends PooledConnection> extends Timer implements ShardFuture.Source {
    final DefaultShardPool<C> pool;
    final long key;
    final @Nullable Target except;
    final Duration patience;
    final long since;
    /** What it becomes; on this shard. */
    final ShardFuture<C> future;
    /** Runs it on another shard that has a connection; null where it must stay here. */
    final @Nullable Forward<C> forward;
    private final Shard shard;

    /** Among all that wait on its shard. */
    final Place<C> here = new Place<>(this);
    /** Among those that wait for its target. */
    final Place<C> there = new Place<>(this);
    boolean isQueued;
    /** Whose connection it waits for; null while there is no endpoint at all. */
    @Nullable
    TargetPool<C> target;
    private @Nullable C served;

    Waiter(DefaultShardPool<C> pool, Shard shard, long key, @Nullable Target except, Duration patience, long since,
            @Nullable Forward<C> forward) {
        super(shard.timers(), true);
        this.pool = pool;
        this.shard = shard;
        this.key = key;
        this.except = except;
        this.patience = patience;
        this.since = since;
        this.forward = forward;
        this.future = shard.newFuture(this);
    }

    /** Has left the queue, with a connection. */
    void serve(C connection) {
        served = connection;
        future.resolve(connection);
    }

    @Override
    protected void fire() {
        pool.room.gaveUp(this);
    }

    @Override
    protected void abandoned() {
        future.completeExceptionally(pool.failures.closed());
    }

    /** Whoever waited has cancelled, or it has failed. */
    @Override
    public void giveUp() {
        shard.hereOrElse(this::leave, () -> {});
    }

    private void leave() {
        if (isQueued) {
            pool.room.cancelled(this);
        } else if (served != null && future.isCompletedExceptionally()) {
            // It had a connection, and nobody came to know.
            C unused = served;
            served = null;
            pool.give(unused);
        }
    }

    /** Takes a request to another shard. */
    @FunctionalInterface
    interface Forward<C extends PooledConnection> {
        /**
         * Runs it there, and tells its result to whoever waits here. On the shard of the waiter.
         *
         * @param connection of that shard, taken for this
         */
        void to(int shard, C connection);
    }
}
