package io.solaster.pool.request;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;

import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.RequestsConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.stats.HistogramSnapshot;
import io.solaster.engine.timer.Timers;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.ShardPool;
import org.jspecify.annotations.Nullable;

/** A {@link Requester}'s part on one shard: what its requests have in common. On the owning shard only. */
final class ShardRequester<C extends PooledConnection> {
    private static final long LOOK_AGAIN = TimeUnit.SECONDS.toNanos(1);
    /** Fewer requests say nothing about a percentile. */
    private static final int ENOUGH = 20;

    final Shard shard;
    final Timers timers;
    final ConnectionPool<C> pool;
    final ShardPool<C> connections;
    final RequestStats stats;
    final RetryBudget budget;
    private final int shards;

    private @Nullable PoolConfig config;
    /** Of requests that have no time of their own; others where that has changed. */
    Deadlines deadlines;
    long tryTimeoutNanos;
    long acquireNanos;
    int retries;
    private long backoffNanos;
    private long maxBackoffNanos;
    private long hedgeNanos;
    private double hedgePercentile;
    private int maxRequests;
    /** Tries have nothing beside them: no timer of their own, no second one. */
    private boolean plain;

    private int underWay;

    private HistogramSnapshot lookedAt;
    private long lookedAtNanos;
    private long percentileNanos;

    ShardRequester(Shard shard, int shards, ConnectionPool<C> pool, RequestStats stats) {
        this.shard = shard;
        this.timers = shard.timers();
        this.budget = new RetryBudget(timers.now());
        this.deadlines = new Deadlines(timers, Long.MAX_VALUE);
        this.shards = shards;
        this.pool = pool;
        this.connections = pool.local();
        this.stats = stats;
        this.lookedAt = stats.latency.snapshot();
        this.lookedAtNanos = timers.now();
        configure(pool.config());
    }

    private void configure(PoolConfig newConfig) {
        config = newConfig;
        RequestsConfig requests = newConfig.requests();
        long timeoutNanos = orForEver(requests.timeout());
        if (timeoutNanos != deadlines.nanos) {
            deadlines = new Deadlines(timers, timeoutNanos);
        }
        tryTimeoutNanos = orForEver(requests.tryTimeout());
        acquireNanos = orForEver(newConfig.connections().acquireTimeout());
        retries = requests.retries();
        backoffNanos = requests.backoff().toNanos();
        maxBackoffNanos = requests.maxBackoff().toNanos();
        hedgeNanos = requests.hedgeAfter().toNanos();
        hedgePercentile = requests.hedgePercentile();
        maxRequests = requests.maxRequests() == 0 ? Integer.MAX_VALUE : requests.maxRequests();
        plain = tryTimeoutNanos == Long.MAX_VALUE && hedgeNanos == 0 && hedgePercentile == 0;
        budget.configure(requests.retryBudget(), (double) requests.minRetries() / shards);
    }

    private static long orForEver(Duration duration) {
        return duration.isZero() ? Long.MAX_VALUE : duration.toNanos();
    }

    @SuppressWarnings("ReferenceEquality") // each change is another record
    <R extends @Nullable Object> ShardFuture<R> call(long key, Request<C, R> request) {
        PoolConfig now = pool.config();
        if (now != config) {
            configure(now);
        }
        stats.requests.increment();
        if (underWay >= maxRequests) {
            stats.failures.increment();
            stats.refused.increment();
            request.ended();
            ShardFuture<R> refused = shard.newFuture();
            refused.completeExceptionally(failure(Reason.TOO_MANY_PENDING, maxRequests
                    + " requests of shard " + shard.id() + " are under way already (requests.max-requests)"));
            return refused;
        }
        underWay++;
        return new RequestUnderWay<>(this, key, request).start(plain && !request.isStreamed());
    }

    void ended() {
        underWay--;
    }

    PoolException failure(Reason reason, String what) {
        return new PoolException(reason, "pool '" + pool.name() + "': " + what, null);
    }

    InstantSource wallClock() {
        return shard.environment().wallClock();
    }

    /** The wait before a retry: doubled for each, at random between half and whole. */
    long backoff(int retry) {
        long whole = Math.min(maxBackoffNanos, backoffNanos << Math.min(retry, 20));
        return whole <= 1 ? 0 : whole / 2 + shard.environment().random().nextLong(whole - whole / 2);
    }

    /** After how long a try is hedged; -1 for never. */
    long hedgeAfter(long now) {
        if (hedgePercentile == 0) {
            return hedgeNanos == 0 ? -1 : hedgeNanos;
        }
        if (now - lookedAtNanos >= LOOK_AGAIN || percentileNanos == 0) {
            HistogramSnapshot seen = stats.latency.snapshot();
            HistogramSnapshot lately = seen.minus(lookedAt);
            if (lately.count() >= ENOUGH) {
                percentileNanos = Math.max(1, lately.percentile(hedgePercentile));
                lookedAt = seen;
                lookedAtNanos = now;
            }
        }
        return percentileNanos == 0 ? hedgeNanos == 0 ? -1 : hedgeNanos : Math.max(hedgeNanos, percentileNanos);
    }
}
