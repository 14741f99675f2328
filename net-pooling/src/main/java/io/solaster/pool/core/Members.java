package io.solaster.pool.core;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import io.solaster.pool.CloseReason;
import io.solaster.pool.EndpointState;
import io.solaster.pool.PoolException;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.ShardUpstream;
import io.solaster.pool.Target;
import org.jspecify.annotations.Nullable;

/** The endpoints of a pool as one shard knows them, and where requests for one that goes are to go. On its shard. */
final class Members<C extends PooledConnection> implements ShardUpstream.Listener {
    private final DefaultShardPool<C> pool;
    private final ShardUpstream upstream;
    private final List<TargetPool<C>> targets = new ArrayList<>();
    /** Endpoints that have gone, and have connections that somebody still has. */
    private final List<TargetPool<C>> leaving = new ArrayList<>();
    private boolean hasHadAny;

    Members(DefaultShardPool<C> pool, ShardUpstream upstream) {
        this.pool = pool;
        this.upstream = upstream;
    }

    /** Those that are there; not to be changed, and to be copied where something may come or go meanwhile. */
    List<TargetPool<C>> all() {
        return targets;
    }

    /** Those that are there, and those that are leaving. */
    List<TargetPool<C>> everyone() {
        List<TargetPool<C>> everyone = new ArrayList<>(targets);
        everyone.addAll(leaving);
        return everyone;
    }

    /** Whether there has ever been one. */
    boolean hasHadAny() {
        return hasHadAny;
    }

    @SuppressWarnings("unchecked") // nobody else attaches anything
    TargetPool<C> of(Target target) {
        Object found = target.attachment();
        // Of several that came at once, one may be chosen before this pool has been told.
        return found == null ? admit(target) : (TargetPool<C>) found;
    }

    private TargetPool<C> admit(Target target) {
        TargetPool<C> admitted = new TargetPool<>(pool, target);
        target.attach(admitted);
        targets.add(admitted);
        hasHadAny = true;
        return admitted;
    }

    /** Whether every endpoint has the connections that are to be kept. */
    boolean areWarm() {
        boolean warm = hasHadAny;
        for (TargetPool<C> each : targets) {
            warm &= each.isWarm();
        }
        return warm;
    }

    /** Closes idle connections as long as there are more than there may be. */
    void shrink() {
        for (TargetPool<C> each : List.copyOf(targets)) {
            each.shrink();
        }
    }

    /** Replaces every connection. */
    void renew() {
        long now = pool.now();
        for (TargetPool<C> each : List.copyOf(targets)) {
            each.renew(now);
        }
        pool.growth.growAll();
    }

    /** Lets everything that is ready serve whoever waits. */
    void offerAll() {
        for (TargetPool<C> each : List.copyOf(targets)) {
            pool.room.offer(each);
        }
    }

    // ---- where a request may go

    /** Another endpoint than one that is down; null if there is none that is better. */
    @Nullable
    TargetPool<C> elsewhere(long key, TargetPool<C> down, long now) {
        Target other = upstream.choose(key, down.target);
        if (other == null || down.isTo(other) || of(other).isDown(now)) {
            return null;
        }
        return of(other);
    }

    /** Where the endpoint of choice can neither serve nor grow, any other that is well will do. */
    @Nullable
    C takeAnywhere(TargetPool<C> full, @Nullable Target except, long now) {
        for (int i = 0; i < targets.size(); i++) {
            TargetPool<C> each = targets.get(i);
            if (each != full && !each.isTo(except) && each.isFit()) {
                C found = each.tryTake(now);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    // ---- the upstream

    @Override
    public void added(Target target) {
        Object there = target.attachment();
        if (there != null && ((TargetPool<?>) there).pool != pool) {
            throw new IllegalStateException("upstream '" + pool.whole.upstream().name()
                    + "' has a pool already; start another upstream for pool '" + pool.whole.name() + "'");
        }
        TargetPool<C> admitted = of(target);
        pool.room.waitFor(admitted);
        pool.growth.grow(admitted);
    }

    @Override
    public void removed(Target target) {
        TargetPool<C> gone = of(target);
        targets.remove(gone);
        if (gone.size() > 0) {
            leaving.add(gone);
        }
        gone.retire(CloseReason.REMOVED);
        move(gone, null);
        pool.growth.growAll();
    }

    /** The last connection to an endpoint that has gone has closed. */
    void left(TargetPool<C> target) {
        leaving.remove(target);
    }

    @Override
    public void changed(Target target) {
        TargetPool<C> changed = of(target);
        if (target.state() == EndpointState.DRAINED && !changed.isRetired()) {
            changed.retire(CloseReason.REMOVED);
            move(changed, null);
        } else if (target.state() != EndpointState.DRAINED && changed.isRetired() && !pool.closing.isClosed()) {
            changed.readmit();
        }
        if (target.isAvailable()) {
            pool.room.offer(changed);
        } else {
            leaveUnavailable(changed);
        }
        pool.growth.growAll();
    }

    /** Whoever waits for an endpoint that is not well waits for one that is, if there is one. */
    private void leaveUnavailable(TargetPool<C> from) {
        for (int left = from.waiting(); left > 0; left--) {
            Waiter<C> waiter = Objects.requireNonNull(from.firstWaiter());
            Target target = upstream.choose(waiter.key, from.target);
            if (target == null || !target.isAvailable()) {
                return;
            }
            moveTo(of(target), from, waiter);
        }
    }

    private void moveTo(TargetPool<C> to, TargetPool<C> from, Waiter<C> waiter) {
        from.remove(waiter);
        to.add(waiter);
        pool.room.offer(to);
    }

    /** Whoever waits for an endpoint is to wait for another, or fails where there is none. */
    private void move(TargetPool<C> from, @Nullable PoolException failure) {
        for (int left = from.waiting(); left > 0; left--) {
            Waiter<C> waiter = Objects.requireNonNull(from.firstWaiter());
            Target target = upstream.choose(waiter.key, from.target);
            if (target == null) {
                pool.room.fail(waiter, failure != null ? failure : pool.failures.noEndpoint());
            } else if (from.isTo(target) || of(target).isDown(pool.now())) {
                pool.room.fail(waiter, failure != null
                        ? failure
                        : pool.failures.unreachable(of(target), pool.now()));
            } else {
                moveTo(of(target), from, waiter);
            }
        }
    }

    /** An endpoint has no connection, and the last attempt at one has failed. */
    void fallBack(TargetPool<C> target) {
        move(target, pool.failures.unreachable(target, pool.now()));
    }
}
