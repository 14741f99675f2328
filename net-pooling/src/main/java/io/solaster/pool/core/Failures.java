package io.solaster.pool.core;

import java.util.concurrent.TimeUnit;

import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.PoolStats;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.connect.Descriptors;
import org.jspecify.annotations.Nullable;

/** What requests fail with on one shard, in words that say what is to be done. On its shard. */
final class Failures<C extends PooledConnection> {
    private final DefaultShardPool<C> pool;
    private final String name;

    Failures(DefaultShardPool<C> pool) {
        this.pool = pool;
        this.name = "pool '" + pool.whole.name() + "'";
    }

    PoolException closed() {
        return new PoolException(Reason.CLOSED, name + " is closed", null);
    }

    PoolException noEndpoint() {
        return new PoolException(Reason.NO_ENDPOINT, name + " has no endpoint that may be asked", null);
    }

    PoolException tooMany() {
        pool.stats.refused.increment();
        return new PoolException(Reason.TOO_MANY_PENDING, name + ": " + pool.room.size()
                + " requests wait for a connection on shard " + pool.shard.id()
                + " already; raise connections.max-pending, or the bounds on connections", null);
    }

    PoolException unreachable(TargetPool<C> target, long now) {
        long blocked = target.connects.blockedFor(now);
        return new PoolException(Reason.CONNECT_FAILED, name + ": no connection to " + target.target
                + why(target, ": ")
                + (blocked > 0 ? " (tried again in " + TimeUnit.NANOSECONDS.toMillis(blocked) + " ms)" : ""),
                target.connects.lastFailure());
    }

    /** @param target what it waited for; null if there was nothing to wait for */
    PoolException timedOut(Waiter<C> waiter, @Nullable TargetPool<C> target) {
        if (target == null) {
            return new PoolException(Reason.NO_ENDPOINT, name + " has found no endpoint within " + waiter.patience,
                    null);
        }
        PoolStats stats = pool.stats;
        return new PoolException(Reason.ACQUIRE_TIMEOUT, name + ": no connection to " + target.target
                + " came free within " + waiter.patience + " (" + stats.open.get() + " open, " + stats.active.get()
                + " of them out, " + stats.connecting.get() + " connecting, " + pool.room.size()
                + " more waiting on shard " + pool.shard.id() + why(target, "; the last connect failed: ") + ")",
                target.connects.lastFailure());
    }

    private static String why(TargetPool<?> target, String before) {
        Throwable cause = target.connects.lastFailure();
        return cause == null ? "" : before + Descriptors.explain(cause);
    }
}
