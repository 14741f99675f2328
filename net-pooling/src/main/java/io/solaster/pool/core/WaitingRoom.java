package io.solaster.pool.core;

import java.util.ArrayDeque;

import io.solaster.pool.PoolException;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.core.WaiterQueue.Place;
import org.jspecify.annotations.Nullable;

/**
 * Who waits on one shard, and who is served by what comes free. All stand in one queue by age. A connection that comes
 * free serves who has waited longest, whichever endpoint that one was meant for, since they are alike: only where
 * requests go by their keys it serves those of its own endpoint. On its shard.
 */
final class WaitingRoom<C extends PooledConnection> {
    private final DefaultShardPool<C> pool;
    private final Loans<C> loans;
    private final WaiterQueue<C> queue = new WaiterQueue<>();
    /** Endpoints that have a connection to give, and have not been looked at. */
    private final ArrayDeque<TargetPool<C>> offered = new ArrayDeque<>();
    private boolean isServing;

    WaitingRoom(DefaultShardPool<C> pool) {
        this.pool = pool;
        this.loans = pool.loans;
    }

    /** How many wait. */
    int size() {
        return queue.size();
    }

    /** Who has waited longest; null if nobody waits. */
    @Nullable
    Waiter<C> first() {
        return queue.first();
    }

    /** Who has waited longest of those that another shard may run; null if there is none. */
    @Nullable
    Waiter<C> firstToForward() {
        Place<C> place = queue.firstPlace();
        while (place != null && place.waiter.forward == null) {
            place = place.later();
        }
        return place == null ? null : place.waiter;
    }

    /** @param target whose connection it waits for; null as long as there is no endpoint */
    void enter(Waiter<C> waiter, @Nullable TargetPool<C> target) {
        if (waiter.patience.isZero() || waiter.patience.isNegative()) {
            pool.stats.timeouts.increment();
            waiter.future.completeExceptionally(pool.failures.timedOut(waiter, target));
            return;
        }
        waiter.isQueued = true;
        queue.add(waiter.here);
        pool.stats.pending.increment();
        waiter.arm(waiter.patience);
        if (waiter.forward != null) {
            loans.lookOut();
        }
        if (target != null) {
            target.add(waiter);
            target.ageing.validateForWaiters(pool.now());
            pool.growth.grow(target);
        }
    }

    void leave(Waiter<C> waiter) {
        waiter.isQueued = false;
        waiter.cancel();
        queue.remove(waiter.here);
        pool.stats.pending.add(-1);
        if (waiter.target != null) {
            waiter.target.remove(waiter);
        }
        if (queue.size() == 0) {
            pool.permits.wantNoMore();
        }
    }

    /** Its patience has ended. */
    void gaveUp(Waiter<C> waiter) {
        TargetPool<C> target = waiter.target;
        leave(waiter);
        pool.stats.timeouts.increment();
        waiter.future.fail(pool.failures.timedOut(waiter, target));
    }

    void cancelled(Waiter<C> waiter) {
        leave(waiter);
        pool.stats.cancelled.increment();
    }

    void fail(Waiter<C> waiter, PoolException failure) {
        leave(waiter);
        waiter.future.fail(failure);
    }

    void failAll() {
        for (Waiter<C> waiter = first(); waiter != null; waiter = first()) {
            fail(waiter, pool.failures.closed());
        }
    }

    /** Whoever waits for no endpoint, since there was none, waits for this one. */
    void waitFor(TargetPool<C> target) {
        for (Place<C> place = queue.firstPlace(); place != null; place = place.later()) {
            if (place.waiter.target == null) {
                target.add(place.waiter);
            }
        }
    }

    /** Whether somebody waits for a connection that comes free, here or on another shard. */
    boolean wants() {
        return queue.size() > 0 || loans.areWanted();
    }

    /** An endpoint has a connection that is ready. A loop and no recursion: who is served may give back at once. */
    void offer(TargetPool<C> target) {
        if (!wants()) {
            return;
        }
        if (!target.isOffered) {
            target.isOffered = true;
            offered.add(target);
        }
        if (!isServing) {
            serve();
        }
    }

    private void serve() {
        isServing = true;
        try {
            TargetPool<C> target = offered.poll();
            while (target != null) {
                target.isOffered = false;
                serve(target);
                target = offered.poll();
            }
        } finally {
            isServing = false;
        }
    }

    private void serve(TargetPool<C> target) {
        while (true) {
            Waiter<C> waiter = nextFor(target);
            if (loans.goBefore(waiter) && loans.spare(target)) {
                continue;
            }
            if (waiter == null) {
                if (queue.size() > 0) {
                    pool.growth.makeRoom();
                }
                return;
            }
            long now = pool.now();
            C connection = target.tryTake(now);
            if (connection == null) {
                return;
            }
            leave(waiter);
            pool.stats.acquire.record(now - waiter.since);
            waiter.serve(connection);
        }
    }

    /** Who is served by this endpoint's next connection; null if nobody waits who would take it. */
    private @Nullable Waiter<C> nextFor(TargetPool<C> target) {
        if (pool.bounds.isKeyed || !target.isFit()) {
            return target.firstWaiter();
        }
        Place<C> place = queue.firstPlace();
        while (place != null && target.isTo(place.waiter.except) && place.waiter.target != target) {
            place = place.later();
        }
        return place == null ? null : place.waiter;
    }
}
