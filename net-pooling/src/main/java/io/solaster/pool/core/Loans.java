package io.solaster.pool.core;

import java.util.Objects;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.timer.Timer;
import io.solaster.pool.PooledConnection;
import org.jspecify.annotations.Nullable;

/**
 * How shards help each other where the budget or the bounds leave one of them nothing: a connection is lent, where the
 * request runs then, or closed for its permit. Who has waited longest comes first, here or elsewhere. On its shard.
 */
final class Loans<C extends PooledConnection> {
    /** After so long a wait at this shard's own bounds, a connection of another shard is looked for. */
    private static final long SEEK_AFTER = TimeUnit.MILLISECONDS.toNanos(10);

    private final DefaultShardPool<C> pool;
    private final DefaultConnectionPool<C> whole;
    private final Timer timer;
    /** Since when others wait for a connection of this shard's; {@link Budget#NOBODY} if nobody does. */
    private long othersSince = Budget.NOBODY;
    private boolean othersWantPermits;

    Loans(DefaultShardPool<C> pool, DefaultConnectionPool<C> whole) {
        this.pool = pool;
        this.whole = whole;
        this.timer = pool.shard.timers().coarseTimer(this::seek);
    }

    /** Whether somebody on another shard waits for what this one has. */
    boolean areWanted() {
        return othersSince != Budget.NOBODY;
    }

    /** Whether somebody on another shard has waited longer than this one, or nobody, here. */
    boolean goBefore(@Nullable Waiter<C> waiter) {
        return othersSince != Budget.NOBODY && (waiter == null || waiter.since - othersSince > 0);
    }

    /** Others wait for a permit or a connection, since then; or nobody does any more. */
    void othersWait(long since, boolean permits) {
        othersSince = since;
        othersWantPermits = permits;
        if (since != Budget.NOBODY && !pool.closing.isClosed()) {
            pool.members.offerAll();
        }
    }

    /** Lends a connection that nobody here is older for, or closes it for its permit; false if there is none. */
    boolean spare(TargetPool<C> target) {
        long since = othersSince;
        if (othersWantPermits) {
            othersSince = Budget.NOBODY;
            if (pool.permits.evictForOthers(target)) {
                return true;
            }
            othersSince = since;
            return false;
        }
        C connection = target.isRetired() ? null : target.tryTake(pool.now());
        if (connection == null) {
            return false;
        }
        othersSince = Budget.NOBODY;
        whole.budget().offer(pool.shard, connection);
        return true;
    }

    /** Another shard has taken a connection for whoever waits longest here. */
    void lent(int lender, C connection) {
        Waiter<C> waiter = pool.room.firstToForward();
        if (waiter == null) {
            whole.giveOn(lender, connection);
        } else {
            pool.stats.acquire.record(pool.now() - waiter.since);
            pool.room.leave(waiter);
            Objects.requireNonNull(waiter.forward).to(lender, connection);
        }
        pool.permits.forgotten();
        pool.growth.growAll();
        seek();
    }

    /** Somebody waits who might be served by another shard. */
    void lookOut() {
        if (!timer.isArmed()) {
            timer.arm(SEEK_AFTER);
        }
    }

    /** A shard that has all the connections that it may have does not let requests wait while others have idle ones. */
    private void seek() {
        Waiter<C> oldest = pool.room.first();
        if (oldest == null) {
            return;
        }
        long waited = pool.now() - oldest.since;
        if (oldest.forward != null && !pool.bounds.isKeyed && waited >= SEEK_AFTER) {
            pool.permits.askForLoan(oldest);
        }
        lookOut();
    }

    /** Serves others no more. */
    void close() {
        othersSince = Budget.NOBODY;
    }

    void stop() {
        timer.cancel();
    }
}
