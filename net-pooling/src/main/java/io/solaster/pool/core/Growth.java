package io.solaster.pool.core;

import java.util.List;
import java.util.Objects;

import io.solaster.engine.timer.Timer;
import io.solaster.pool.PooledConnection;
import org.jspecify.annotations.Nullable;

/** Opens the connections that one shard lacks, as far as bounds, budget and back-off allow. On its shard. */
final class Growth<C extends PooledConnection> {
    private final DefaultShardPool<C> pool;
    private final Permits<C> permits;
    /** Once an endpoint may be tried again. */
    private final Timer again;

    Growth(DefaultShardPool<C> pool, Permits<C> permits) {
        this.pool = pool;
        this.permits = permits;
        this.again = pool.shard.timers().coarseTimer(this::growAll);
    }

    /** Opens what any endpoint lacks, and gives permits back that nobody needs. */
    void growAll() {
        if (pool.closing.isClosed()) {
            pool.closing.finish();
            return;
        }
        if (pool.bounds.isKeyed) {
            // The permit that was given for one must not go to another, for whom the other shards would not let it be.
            Waiter<C> neediest = neediest();
            if (neediest != null) {
                grow(Objects.requireNonNull(neediest.target));
            }
        }
        List<TargetPool<C>> targets = pool.members.all();
        boolean isCovered = true;
        for (int i = 0; i < targets.size(); i++) {
            TargetPool<C> each = targets.get(i);
            grow(each);
            isCovered &= each.waiting() == 0 || each.covers(each.waiting(), pool.now());
        }
        permits.giveBackSpare();
        if (!isCovered && !pool.bounds.isKeyed) {
            // What they waited for has failed or gone; others may have what they did not need before.
            pool.members.offerAll();
        }
    }

    /** Opens what connections an endpoint lacks and may have. */
    void grow(TargetPool<C> target) {
        long now = pool.now();
        int shortage = pool.closing.isClosed() ? 0 : target.shortage();
        while (shortage > 0) {
            if (!target.mayConnect(now)) {
                long blocked = target.connects.blockedFor(now);
                if (blocked > 0 && !again.isArmed()) {
                    again.arm(blocked);
                }
                return;
            }
            if (permits.isFull()) {
                if (target.waiting() > 0) {
                    evictFor(target);
                }
                return;
            }
            if (!permits.use()) {
                permits.ask(shortage, target.waiting() > 0);
                return;
            }
            pool.upkeep.begin();
            target.connects.open(now);
            shortage = target.shortage();
        }
    }

    /** Who has waited longest of those whom one more connection would serve; null if there is nobody. */
    @Nullable
    Waiter<C> neediest() {
        if (!pool.bounds.isKeyed) {
            return pool.room.first();
        }
        long now = pool.now();
        Waiter<C> oldest = null;
        List<TargetPool<C>> targets = pool.members.all();
        for (int i = 0; i < targets.size(); i++) {
            TargetPool<C> each = targets.get(i);
            Waiter<C> first = each.firstWaiter();
            if (first != null && (oldest == null || first.since - oldest.since < 0) && each.mayConnect(now)
                    && each.shortage() > 0) {
                oldest = first;
            }
        }
        return oldest;
    }

    /** A connection came free that nobody who waits here may use: where there is no room for others, it may go. */
    void makeRoom() {
        long now = pool.now();
        List<TargetPool<C>> targets = pool.members.all();
        for (int i = 0; i < targets.size() && permits.isFull() && !permits.isEvicting(); i++) {
            TargetPool<C> each = targets.get(i);
            if (each.waiting() > 0 && each.mayConnect(now)) {
                grow(each);
            }
        }
    }

    /** Another endpoint's connection that nobody uses makes room, where no waiter may use it as it is. */
    private void evictFor(TargetPool<C> needy) {
        if (permits.isEvicting()) {
            return;
        }
        List<TargetPool<C>> targets = pool.members.all();
        for (int i = 0; i < targets.size(); i++) {
            TargetPool<C> each = targets.get(i);
            if (each != needy && each.waiting() == 0 && permits.evict(each)) {
                return;
            }
        }
    }

    void stop() {
        again.cancel();
    }
}
