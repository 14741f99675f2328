package io.solaster.pool.core;

import java.util.ArrayList;
import java.util.List;

import io.solaster.pool.Outcome;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.connect.Descriptors;
import org.jspecify.annotations.Nullable;

/** Connects of one shard to one endpoint: those that are under way, and the pause after those that failed. On its shard. */
final class Connects<C extends PooledConnection> {
    private final DefaultShardPool<C> pool;
    private final TargetPool<C> target;
    private final List<Opening<C>> underWay = new ArrayList<>();
    private int failures;
    private long blockedUntil;
    private @Nullable Throwable lastFailure;

    Connects(DefaultShardPool<C> pool, TargetPool<C> target) {
        this.pool = pool;
        this.target = target;
    }

    int underWay() {
        return underWay.size();
    }

    /** Whether one more may begin now. */
    boolean mayBegin(long now) {
        return now - blockedUntil >= 0
                // After a failure one goes ahead to see.
                && underWay.size() < (failures == 0 ? pool.bounds.maxConnecting : 1);
    }

    /** The last has failed, and none is to be tried soon. */
    boolean arePausing(long now) {
        return failures > 0 && underWay.isEmpty() && now - blockedUntil < 0;
    }

    /** Why the last failed; null once one has succeeded. */
    @Nullable
    Throwable lastFailure() {
        return lastFailure;
    }

    long blockedFor(long now) {
        return failures == 0 ? 0 : Math.max(0, blockedUntil - now);
    }

    /** Begins one, for which there is a permit. */
    void open(long now) {
        Opening<C> opening = new Opening<>(pool.shard, this, target.target, pool.bounds.connectTimeout(), now);
        underWay.add(opening);
        pool.stats.connecting.increment();
        opening.begin(pool.connector(), pool.protocol());
    }

    void opened(Opening<C> opening, C connection, long since) {
        long now = pool.now();
        ended(opening);
        pool.stats.created.increment();
        pool.stats.open.increment();
        pool.stats.creation.record(now - since);
        boolean hadFailed = failures > 0;
        failures = 0;
        lastFailure = null;
        if (hadFailed) {
            pool.recovered(target);
        }
        target.opened(connection, since, now);
    }

    void failed(Opening<C> opening, Throwable cause, long since) {
        long now = pool.now();
        ended(opening);
        pool.freed();
        if (target.isRetired()) {
            target.leaveIfEmpty();
            pool.growth.growAll();
            return;
        }
        pool.stats.connectFailures.increment();
        boolean isOurs = Descriptors.areExhausted(cause);
        if (now - blockedUntil >= 0) {
            failures++;
            blockedUntil = now + pool.bounds.backoff(failures);
        }
        lastFailure = cause;
        target.target.unreachable(isOurs ? Outcome.CANCELLED : Outcome.UNREACHABLE, now - since);
        if (failures == 1) {
            pool.connectFailed(target, cause);
        }
        if (target.size() == 0) {
            pool.members.fallBack(target);
        }
        pool.growth.growAll();
    }

    private void ended(Opening<C> opening) {
        underWay.remove(opening);
        pool.stats.connecting.add(-1);
    }

    /** Nobody wants those that are under way any more. */
    void abort(Throwable why) {
        for (Opening<C> opening : List.copyOf(underWay)) {
            opening.abort(why);
        }
    }

    /** As if none had failed yet. */
    void forgive() {
        failures = 0;
        blockedUntil = pool.now();
    }
}
