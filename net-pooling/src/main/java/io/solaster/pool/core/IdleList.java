package io.solaster.pool.core;

import io.solaster.pool.PooledConnection;
import org.jspecify.annotations.Nullable;

/**
 * Connections that nobody has and nobody shares. The newest is taken first, so that the others can grow old. A connection
 * is its own link, so that it comes and goes without any other object; whoever has such a list is one, since each further
 * object on that way is felt. On its shard.
 */
abstract sealed class IdleList permits TargetPool {
    @Nullable
    PooledConnection newest;
    @Nullable
    PooledConnection oldest;

    void idleAsNewest(PooledConnection connection) {
        PooledConnection below = newest;
        connection.isIdle = true;
        connection.older = below;
        if (below == null) {
            oldest = connection;
        } else {
            below.newer = connection;
        }
        newest = connection;
    }

    void idleAsOldest(PooledConnection connection) {
        PooledConnection above = oldest;
        connection.isIdle = true;
        connection.newer = above;
        if (above == null) {
            newest = connection;
        } else {
            above.older = connection;
        }
        oldest = connection;
    }

    /** Takes one out; does nothing where it is not in here. */
    void notIdle(PooledConnection connection) {
        if (!connection.isIdle) {
            return;
        }
        PooledConnection above = connection.newer;
        PooledConnection below = connection.older;
        if (above == null) {
            newest = below;
        } else {
            above.older = below;
        }
        if (below == null) {
            oldest = above;
        } else {
            below.newer = above;
        }
        connection.newer = null;
        connection.older = null;
        connection.isIdle = false;
    }
}
