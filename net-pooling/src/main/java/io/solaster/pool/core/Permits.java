package io.solaster.pool.core;

import java.util.concurrent.TimeUnit;

import io.solaster.pool.PooledConnection;
import org.jspecify.annotations.Nullable;

/**
 * One shard's part of the {@link Budget}: how many connections it has, how many more it may open, what it has told that it
 * wants, and what it has to give back. On its shard.
 */
final class Permits<C extends PooledConnection> {
    private static final long TELL_AGAIN = TimeUnit.MILLISECONDS.toNanos(1);

    private final DefaultShardPool<C> pool;
    private final Bounds bounds;
    private final Budget budget;
    /** Connections that are open or being opened. */
    private int size;
    /** Permits that are here and not in use. */
    private int spare;
    /** The permits that the budget was last told this shard wants to hold, those included that it holds. */
    private int desired;
    /** Since when whoever they are for has waited. */
    private long desiredSince = Budget.NOBODY;
    private long toldAt;
    private int evicting;
    /** What the budget leaves this shard since it has become smaller. */
    private int limit = Integer.MAX_VALUE;
    /** Permits that go back to the budget as soon as a connection has closed. */
    private int owed;

    Permits(DefaultShardPool<C> pool, Bounds bounds, Budget budget) {
        this.pool = pool;
        this.bounds = bounds;
        this.budget = budget;
    }

    /** Connections that are open or being opened. */
    int used() {
        return size;
    }

    /** Whether this shard has all the connections that it may have. */
    boolean isFull() {
        return size >= bounds.maxPerShard;
    }

    /** Whether one more connection is within what this shard may have. */
    boolean hasRoom() {
        return !isFull() && !isAsking();
    }

    /** Permits were asked for and have not come. */
    boolean isAsking() {
        return desired > size + spare;
    }

    /** Takes a permit for a connect; false if there is none. */
    boolean use() {
        if (spare == 0) {
            return false;
        }
        spare--;
        size++;
        return true;
    }

    /**
     * Wants so many more.
     *
     * @param forWaiters whether somebody waits for them
     */
    void ask(int shortage, boolean forWaiters) {
        int wanted = size + spare + Math.min(shortage, bounds.maxPerShard - size);
        boolean isNoNews = false;
        if (isAsking()) {
            wanted = Math.max(wanted, desired);
            isNoNews = wanted == desired;
            // Who waits changes with each request, which is no reason to tell everybody each time.
            if (isNoNews && desiredSince != Budget.NOBODY && pool.now() - toldAt < TELL_AGAIN) {
                return;
            }
        }
        Waiter<C> oldest = forWaiters ? pool.growth.neediest() : null;
        if (!isNoNews || oldest != null && oldest.since != desiredSince) {
            desire(wanted, oldest, 0);
        }
    }

    /** Wants no more than there are, but a connection of another shard. */
    void askForLoan(Waiter<C> oldest) {
        if (!isAsking() && desiredSince != oldest.since) {
            desire(size + spare, oldest, 0);
        }
    }

    /** Nobody waits any more. */
    void wantNoMore() {
        if (desiredSince != Budget.NOBODY) {
            desire(bounds.minIdle == 0 ? size + spare : Math.max(desired, size + spare), null, 0);
        }
    }

    /** The budget takes it that nothing is lacking any more. */
    void forgotten() {
        desired = 0;
        desiredSince = Budget.NOBODY;
    }

    /** The budget gives permits. */
    void granted(int permits) {
        spare += permits;
        limit = Integer.MAX_VALUE;
    }

    /** A connection, or an attempt at one, is no more: its permit is here. */
    void freed() {
        size--;
        spare++;
        evicting = Math.max(0, evicting - 1);
        if (owed > 0 || pool.loans.goBefore(pool.room.first())) {
            owed = Math.max(0, owed - 1);
            giveBack(1);
        }
    }

    void giveBackSpare() {
        if (spare > 0) {
            giveBack(spare);
        }
    }

    private void giveBack(int permits) {
        spare -= permits;
        // Whatever else is lacking is asked for again when it is looked at.
        desire(size + spare, null, permits);
    }

    /** Tells the budget what is wanted, and gives permits back that are not. */
    private void desire(int permits, @Nullable Waiter<C> oldest, int returned) {
        desired = permits;
        desiredSince = oldest == null ? Budget.NOBODY : oldest.since;
        toldAt = pool.now();
        budget.desire(pool.shard, returned, permits, desiredSince,
                oldest != null && oldest.forward != null && !bounds.isKeyed);
    }

    // ---- closing for permits

    /** The budget has become smaller: all connections but so many are to go, as soon as nobody has them. */
    void limit(int left) {
        limit = left;
    }

    /** Whether there are more connections than there may be. */
    boolean isOversized() {
        return size - evicting > Math.min(bounds.maxPerShard, limit);
    }

    /** One of too many is about to close. */
    void evictsSurplus() {
        if (size - evicting > limit) {
            owed++;
        }
        evicting++;
    }

    /** Closes an idle connection to an endpoint, so that another can be opened; false if none is idle. */
    boolean evict(TargetPool<C> target) {
        // Before, since it may close in there.
        evicting++;
        if (target.evict()) {
            return true;
        }
        evicting--;
        return false;
    }

    boolean isEvicting() {
        return evicting > 0;
    }

    /** Closes an idle connection to an endpoint for its permit, which goes back to the budget; false if none is idle. */
    boolean evictForOthers(TargetPool<C> target) {
        owed++;
        if (target.evict()) {
            return true;
        }
        owed--;
        return false;
    }
}
