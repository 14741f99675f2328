package io.solaster.pool.core;

import org.jspecify.annotations.Nullable;

/**
 * Connections that nobody has and nobody shares. The newest is taken first, so that the others can grow old. Whoever
 * has such a list is one, since each further object on that way is felt. On its shard.
 */
abstract sealed class IdleList permits TargetPool {
    @Nullable
    PoolEntry newest;
    @Nullable
    PoolEntry oldest;

    void idleAsNewest(PoolEntry entry) {
        PoolEntry below = newest;
        entry.isIdle = true;
        entry.older = below;
        if (below == null) {
            oldest = entry;
        } else {
            below.newer = entry;
        }
        newest = entry;
    }

    void idleAsOldest(PoolEntry entry) {
        PoolEntry above = oldest;
        entry.isIdle = true;
        entry.newer = above;
        if (above == null) {
            newest = entry;
        } else {
            above.older = entry;
        }
        oldest = entry;
    }

    /** Takes one out; does nothing where it is not in here. */
    void notIdle(PoolEntry entry) {
        if (!entry.isIdle) {
            return;
        }
        PoolEntry above = entry.newer;
        PoolEntry below = entry.older;
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
        entry.newer = null;
        entry.older = null;
        entry.isIdle = false;
    }
}
