package io.solaster.pool.core;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timers;
import io.solaster.pool.Connector;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolStats;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.Protocol;
import io.solaster.pool.ShardPool;
import io.solaster.pool.ShardUpstream;
import io.solaster.pool.Target;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One shard's part of a pool: who asks gets a connection that is ready, or stands in the {@link WaitingRoom}. Who is meant
 * for an endpoint that can have one more connection waits for that, or the first endpoint that has one would get all
 * requests; nobody else waits here while a connection that would do is idle. {@link Growth} makes what is lacking, within
 * what {@link Permits} there are; {@link Loans} are between shards; {@link Upkeep} ends what is old; {@link Members} are
 * the endpoints, with a {@link TargetPool} each.
 */
final class DefaultShardPool<C extends PooledConnection> implements ShardPool<C>, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DefaultShardPool.class);

    final DefaultConnectionPool<C> whole;
    final Shard shard;
    final PoolStats stats;
    final Bounds bounds;
    final Permits<C> permits;
    final Loans<C> loans;
    final WaitingRoom<C> room;
    final Members<C> members;
    final Growth<C> growth;
    final Upkeep<C> upkeep;
    final Closing<C> closing;
    final Failures<C> failures;
    private final ShardUpstream upstream;
    private final Timers timers;
    private @Nullable TargetPool<C> missed;
    private long missedKey;

    DefaultShardPool(DefaultConnectionPool<C> whole, Shard shard, PoolStats stats) {
        this.whole = whole;
        this.shard = shard;
        this.stats = stats;
        this.upstream = whole.upstream().local();
        this.timers = shard.timers();
        this.bounds = new Bounds(whole.config(), whole.protocol().isShared(), shard.environment());
        this.permits = new Permits<>(this, bounds, whole.budget());
        this.loans = new Loans<>(this, whole);
        this.room = new WaitingRoom<>(this);
        this.members = new Members<>(this, upstream);
        this.growth = new Growth<>(this, permits);
        this.upkeep = new Upkeep<>(this);
        this.closing = new Closing<>(this);
        this.failures = new Failures<>(this);
        configure(whole.config());
    }

    /** Once all shards have their part. */
    void begin() {
        upstream.listen(members);
    }

    Connector connector() {
        return whole.connector();
    }

    Protocol<C> protocol() {
        return whole.protocol();
    }

    long now() {
        return timers.now();
    }

    void configure(PoolConfig newConfig) {
        bounds.set(newConfig);
        stats.max.set(Math.min(bounds.maxPerShard, newConfig.connections().max()));
        members.shrink();
        growth.growAll();
        upkeep.schedule();
    }

    // ---- taking and giving

    @Override
    public @Nullable C tryTake(long key) {
        shard.assertOwnerFully("a pool");
        Target target = upstream.choose(key);
        if (target == null) {
            return null;
        }
        TargetPool<C> pool = members.of(target);
        C found = pool.tryTake(timers.now());
        if (found == null) {
            missed = pool;
            missedKey = key;
        } else {
            stats.acquire.record(0);
        }
        return found;
    }

    /** What {@link #tryTake} has just found nothing at, so that balancing is not asked twice for one request. */
    private @Nullable TargetPool<C> missed(long key) {
        TargetPool<C> found = missedKey == key ? missed : null;
        missed = null;
        return found;
    }

    @Override
    public ShardFuture<C> take(long key, @Nullable Target except, Duration patience) {
        shard.assertOwner("a pool");
        TargetPool<C> untried = missed(key);
        if (closing.isClosed()) {
            return failed(failures.closed());
        }
        Object found = ready(key, except, untried);
        if (found instanceof PoolException failure) {
            return failed(failure);
        }
        if (found instanceof PooledConnection) {
            ShardFuture<C> future = shard.newFuture();
            future.complete(connection(found));
            return future;
        }
        Waiter<C> waiter = new Waiter<>(this, shard, key, except, patience, timers.now(), null);
        room.enter(waiter, target(found));
        return waiter.future;
    }

    private ShardFuture<C> failed(PoolException failure) {
        ShardFuture<C> future = shard.newFuture();
        future.completeExceptionally(failure);
        return future;
    }

    @SuppressWarnings("unchecked")
    private C connection(Object found) {
        return (C) found;
    }

    @SuppressWarnings("unchecked")
    private @Nullable TargetPool<C> target(@Nullable Object found) {
        return (TargetPool<C>) found;
    }

    /**
     * A connection that is ready; a {@link PoolException} where waiting would be in vain; else the endpoint to wait for,
     * null as long as there has never been one.
     */
    private @Nullable Object ready(long key, @Nullable Target except, @Nullable TargetPool<C> untried) {
        TargetPool<C> pool = untried;
        long now = timers.now();
        if (pool == null || except != null || pool.isRetired()) {
            Target target = upstream.choose(key, except);
            if (target == null) {
                return members.hasHadAny() ? failures.noEndpoint() : waitingFor(null);
            }
            pool = members.of(target);
        }
        C found = pool.tryTake(now);
        if (found == null && pool.isDown(now)) {
            TargetPool<C> other = members.elsewhere(key, pool, now);
            if (other == null) {
                return failures.unreachable(pool, now);
            }
            pool = other;
            found = pool.tryTake(now);
        }
        if (found == null && !bounds.isKeyed && !pool.covers(pool.waiting() + 1, now)) {
            found = members.takeAnywhere(pool, except, now);
        }
        if (found != null) {
            stats.acquire.record(0);
            return found;
        }
        return waitingFor(pool);
    }

    private @Nullable Object waitingFor(@Nullable TargetPool<C> pool) {
        return room.size() < bounds.maxPending ? pool : failures.tooMany();
    }

    @Override
    public void give(C connection) {
        shard.assertOwnerFully("a pool");
        PoolEntry entry = entry(connection);
        entry.home.give(entry, timers.now());
    }

    @Override
    public void discard(C connection, String why) {
        shard.assertOwner("a pool");
        if (log.isDebugEnabled()) {
            log.debug("Pool '{}': connection {} is discarded: {}", whole.name(), connection.channel(), why);
        }
        PoolEntry entry = entry(connection);
        entry.home.discard(entry, timers.now());
    }

    private PoolEntry entry(C connection) {
        if (!(connection.entry() instanceof PoolEntry entry) || entry.home.pool != this) {
            throw new IllegalArgumentException("connection " + connection.channel() + " is none of pool '"
                    + whole.name() + "' on shard " + shard.id() + "; give it back where it was taken");
        }
        return entry;
    }

    // ---- with a connection of this shard or of another

    <R extends @Nullable Object> ShardFuture<R> use(long key, @Nullable Target except, Duration patience,
            Function<? super C, ? extends CompletionStage<R>> work) {
        Borrowing<C, R> use = new Borrowing<>(this, work);
        TargetPool<C> untried = missed(key);
        if (untried == null && except == null) {
            C connection = tryTake(key);
            if (connection != null) {
                use.run(connection);
                return use.result;
            }
            untried = missed(key);
        }
        if (closing.isClosed()) {
            use.result.completeExceptionally(failures.closed());
            return use.result;
        }
        Object found = ready(key, except, untried);
        if (found instanceof PoolException failure) {
            use.result.completeExceptionally(failure);
        } else if (found instanceof PooledConnection) {
            use.run(connection(found));
        } else {
            Waiter<C> waiter = new Waiter<>(this, shard, key, except, patience, timers.now(), use);
            use.waitsFor(waiter.future);
            room.enter(waiter, target(found));
        }
        return use.result;
    }

    /** Runs a request with a connection that was taken here for a waiter of another shard. */
    <R extends @Nullable Object> CompletionStage<R> runForOther(C connection,
            Function<? super C, ? extends CompletionStage<R>> work) {
        Borrowing<C, R> use = new Borrowing<>(this, work);
        use.run(connection);
        return use.result;
    }

    // ---- what connections tell of their ends

    /** A connection, or an attempt at one, is no more. */
    void freed() {
        permits.freed();
    }

    void connectFailed(TargetPool<C> target, Throwable cause) {
        whole.budget().connectFailed(shard, target.target.endpoint().address(), cause);
    }

    void recovered(TargetPool<C> target) {
        whole.budget().recovered(shard, target.target.endpoint().address());
    }

    // ---- from the budget

    /** The budget gives permits. */
    void granted(int newPermits) {
        permits.granted(newPermits);
        growth.growAll();
    }

    /** The budget has become smaller: all connections but so many are to go, as soon as nobody has them. */
    void shed(int left) {
        permits.limit(left);
        members.shrink();
    }

    @Override
    public void close() {
        closing.drain(Duration.ZERO);
    }
}
