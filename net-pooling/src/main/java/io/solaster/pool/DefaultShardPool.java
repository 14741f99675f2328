package io.solaster.pool;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import io.solaster.config.PoolBalancingConfig.Algorithm;
import io.solaster.config.PoolConfig;
import io.solaster.config.PoolConnectionsConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.upstream.EndpointState;
import io.solaster.pool.upstream.ShardUpstream;
import io.solaster.pool.upstream.Target;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One shard's part of a pool. Who waits stands in one queue by age. A connection that comes free serves who has waited
 * longest, whichever endpoint that one was meant for, since they are alike: only where requests go by their keys it serves
 * those of its own endpoint. Who is meant for an endpoint that can have one more connection waits for that, or the first
 * endpoint that has one would get all requests; nobody else waits here while a connection that would do is idle.
 */
final class DefaultShardPool<C extends PooledConnection>
        implements
            ShardPool<C>,
            ShardUpstream.Listener,
            AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DefaultShardPool.class);
    private static final long SHORTEST_SWEEP = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long LONGEST_SWEEP = TimeUnit.SECONDS.toNanos(1);
    private static final long TELL_AGAIN = TimeUnit.MILLISECONDS.toNanos(1);
    /** After so long a wait at this shard's own bounds, a connection of another shard is looked for. */
    private static final long SEEK_LOAN = TimeUnit.MILLISECONDS.toNanos(10);

    final Shard shard;
    final PoolStats stats;
    // Of the configuration, as the hot path wants it.
    int maxPerEndpoint;
    int maxConnecting;
    int maxRequests;
    int minIdle;
    long validateAfter;
    long maxIdle;
    long leakAfter;

    private final DefaultConnectionPool<C> whole;
    private final Budget budget;
    private final ShardUpstream upstream;
    private final Timers timers;
    private final Timer sweeper;
    private final Timer regrow;
    private final Timer loans;
    private final SplittableRandom random = new SplittableRandom();
    private final List<TargetPool<C>> targets = new ArrayList<>();
    /** Endpoints that have gone, and have connections that somebody still has. */
    private final List<TargetPool<C>> leaving = new ArrayList<>();
    /** Those that have a connection to give, and have not been looked at. */
    private final ArrayDeque<TargetPool<C>> offered = new ArrayDeque<>();
    private PoolConfig config;
    private boolean isKeyed;
    private boolean isShared;
    private int maxPerShard;
    private int maxPending;

    private @Nullable Waiter<C> first;
    private @Nullable Waiter<C> last;
    private int waiting;
    private boolean isServing;
    private @Nullable TargetPool<C> missed;
    private long missedKey;
    private boolean hasHadTargets;

    /** Connections that are open or being opened. */
    private int size;
    /** Permits of the budget that are here and not in use. */
    private int spare;
    /** The permits that the budget was last told this shard wants to hold, those included that it holds. */
    private int desired;
    /** Since when whoever they are for has waited. */
    private long desiredSince = Budget.NOBODY;
    private long toldAt;
    /** Since when others wait for a connection of this shard's; {@link Budget#NOBODY} if nobody does. */
    private long othersSince = Budget.NOBODY;
    private boolean othersWantPermits;
    private int evicting;
    /** What the budget leaves this shard since it has become smaller. */
    private int limit = Integer.MAX_VALUE;
    /** Permits that go back to the budget as soon as a connection has closed. */
    private int owed;
    private @Nullable PoolException closed;
    private @Nullable ShardFuture<Boolean> drained;

    DefaultShardPool(DefaultConnectionPool<C> whole, Shard shard, PoolStats stats) {
        this.whole = whole;
        this.shard = shard;
        this.stats = stats;
        this.budget = whole.budget();
        this.upstream = whole.upstream().local();
        this.timers = shard.timers();
        this.config = whole.config();
        this.isShared = whole.protocol().isShared();
        this.sweeper = timers.coarseTimer(this::sweep);
        this.regrow = timers.coarseTimer(this::growAll);
        this.loans = timers.coarseTimer(this::seekLoan);
        configure(config);
    }

    /** Once all shards have their part. */
    void begin() {
        upstream.listen(this);
    }

    PoolConfig config() {
        return config;
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
        PoolConnectionsConfig connections = newConfig.connections();
        config = newConfig;
        Algorithm algorithm = newConfig.balancing().algorithm();
        isKeyed = algorithm == Algorithm.RING_HASH || algorithm == Algorithm.MAGLEV;
        maxPerShard = connections.maxPerShard();
        maxPerEndpoint = connections.maxPerEndpoint();
        maxConnecting = connections.maxConnecting();
        maxRequests = connections.maxRequests();
        maxPending = connections.maxPending();
        minIdle = connections.minIdle();
        validateAfter = nanos(connections.validateAfter());
        maxIdle = nanos(connections.maxIdle());
        leakAfter = nanos(connections.leakAfter());
        stats.max.set(Math.min(maxPerShard, connections.max()));
        for (TargetPool<C> each : targets) {
            each.shrink();
        }
        growAll();
        scheduleSweeps();
    }

    /** 0 stands for ever. */
    private static long nanos(Duration duration) {
        return duration.isZero() ? Long.MAX_VALUE : saturated(duration);
    }

    private static long saturated(Duration duration) {
        return duration.toDays() > 36_500 ? Long.MAX_VALUE / 2 : duration.toNanos();
    }

    // ---- taking and giving

    @Override
    public @Nullable C tryTake(long key) {
        shard.assertOwnerFully("a pool");
        Target target = upstream.choose(key);
        if (target == null) {
            return null;
        }
        TargetPool<C> pool = of(target);
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

    @SuppressWarnings("unchecked") // nobody else attaches anything
    private TargetPool<C> of(Target target) {
        Object found = target.attachment();
        // Of several that came at once, one may be chosen before this pool has been told.
        return found == null ? admit(target) : (TargetPool<C>) found;
    }

    @Override
    public ShardFuture<C> take(long key, @Nullable Target except, Duration patience) {
        shard.assertOwner("a pool");
        TargetPool<C> untried = missed(key);
        if (closed != null) {
            return failed(closed());
        }
        Object found = ready(key, except, untried);
        if (found instanceof PoolException failure) {
            return failed(failure);
        }
        if (found instanceof PooledConnection) {
            return done(cast(found));
        }
        Waiter<C> waiter = new Waiter<>(this, shard, key, except, patience, timers.now(), null);
        enqueue(waiter, pool(found));
        return waiter.future;
    }

    private ShardFuture<C> done(C connection) {
        ShardFuture<C> future = shard.newFuture();
        future.complete(connection);
        return future;
    }

    private ShardFuture<C> failed(PoolException failure) {
        ShardFuture<C> future = shard.newFuture();
        future.completeExceptionally(failure);
        return future;
    }

    @SuppressWarnings("unchecked")
    private C cast(Object connection) {
        return (C) connection;
    }

    @SuppressWarnings("unchecked")
    private @Nullable TargetPool<C> pool(@Nullable Object found) {
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
                return hasHadTargets ? noEndpoint() : waiting < maxPending ? null : tooMany();
            }
            pool = of(target);
        }
        C found = pool.tryTake(now);
        if (found == null && pool.isDown(now)) {
            TargetPool<C> other = elsewhere(key, pool, now);
            if (other == null) {
                return unreachable(pool, now);
            }
            pool = other;
            found = pool.tryTake(now);
        }
        if (found == null && !isKeyed && !pool.covers(pool.waiting() + 1, now)) {
            found = takeAnywhere(pool, except, now);
        }
        if (found != null) {
            stats.acquire.record(0);
            return found;
        }
        return waiting < maxPending ? pool : tooMany();
    }

    /** Another endpoint than one that is down; null if there is none that is better. */
    private @Nullable TargetPool<C> elsewhere(long key, TargetPool<C> down, long now) {
        Target other = upstream.choose(key, down.target);
        if (other == null || other == down.target || of(other).isDown(now)) {
            return null;
        }
        return of(other);
    }

    /** Where the endpoint of choice can neither serve nor grow, any other that is well will do. */
    private @Nullable C takeAnywhere(TargetPool<C> full, @Nullable Target except, long now) {
        for (int i = 0; i < targets.size(); i++) {
            TargetPool<C> each = targets.get(i);
            if (each != full && each.target != except && isFit(each)) {
                C found = each.tryTake(now);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    /** Whether requests that were meant for another endpoint may go there. */
    private boolean isFit(TargetPool<C> pool) {
        return !pool.isRetired() && pool.target.isAvailable();
    }

    private void enqueue(Waiter<C> waiter, @Nullable TargetPool<C> pool) {
        if (waiter.patience.isZero() || waiter.patience.isNegative()) {
            stats.timeouts.increment();
            waiter.future.completeExceptionally(timedOut(waiter, pool));
            return;
        }
        waiter.isQueued = true;
        waiter.earlier = last;
        if (last == null) {
            first = waiter;
        } else {
            last.later = waiter;
        }
        last = waiter;
        waiting++;
        stats.pending.increment();
        waiter.arm(waiter.patience);
        if (waiter.forward != null && !loans.isArmed()) {
            loans.arm(SEEK_LOAN);
        }
        if (pool != null) {
            pool.add(waiter);
            pool.validateForWaiters(timers.now());
            grow(pool);
        }
    }

    private void dequeue(Waiter<C> waiter) {
        waiter.isQueued = false;
        waiter.cancel();
        Waiter<C> before = waiter.earlier;
        Waiter<C> behind = waiter.later;
        if (before == null) {
            first = behind;
        } else {
            before.later = behind;
        }
        if (behind == null) {
            last = before;
        } else {
            behind.earlier = before;
        }
        waiter.earlier = null;
        waiter.later = null;
        waiting--;
        stats.pending.add(-1);
        if (waiter.target != null) {
            waiter.target.remove(waiter);
        }
        if (waiting == 0 && desiredSince != Budget.NOBODY) {
            desire(minIdle == 0 ? size + spare : Math.max(desired, size + spare), null, 0);
        }
    }

    /** Its patience has ended. */
    void gaveUp(Waiter<C> waiter) {
        TargetPool<C> pool = waiter.target;
        dequeue(waiter);
        stats.timeouts.increment();
        waiter.future.fail(timedOut(waiter, pool));
    }

    void cancelled(Waiter<C> waiter) {
        dequeue(waiter);
        stats.cancelled.increment();
    }

    private void fail(Waiter<C> waiter, PoolException failure) {
        dequeue(waiter);
        waiter.future.fail(failure);
    }

    @Override
    public void give(C connection) {
        shard.assertOwnerFully("a pool");
        home(connection).give(connection, timers.now());
    }

    @Override
    public void discard(C connection, String why) {
        shard.assertOwner("a pool");
        if (log.isDebugEnabled()) {
            log.debug("Pool '{}': connection {} is discarded: {}", whole.name(), connection.channel(), why);
        }
        home(connection).discard(connection, timers.now());
    }

    @SuppressWarnings("unchecked")
    private TargetPool<C> home(C connection) {
        TargetPool<?> home = connection.home;
        if (home == null || home.pool != this) {
            throw new IllegalArgumentException("connection " + connection.channel() + " is none of pool '"
                    + whole.name() + "' on shard " + shard.id() + "; give it back where it was taken");
        }
        return (TargetPool<C>) home;
    }

    /** Whether somebody waits for a connection that comes free, here or on another shard. */
    boolean isWanted() {
        return waiting > 0 || othersSince != Budget.NOBODY;
    }

    /** An endpoint has a connection that is ready. A loop and no recursion: who is served may give back at once. */
    void offer(TargetPool<C> pool) {
        if (!isWanted()) {
            return;
        }
        if (!pool.isOffered) {
            pool.isOffered = true;
            offered.add(pool);
        }
        if (!isServing) {
            serve();
        }
    }

    private void serve() {
        isServing = true;
        try {
            TargetPool<C> pool = offered.poll();
            while (pool != null) {
                pool.isOffered = false;
                serve(pool);
                pool = offered.poll();
            }
        } finally {
            isServing = false;
        }
    }

    private void serve(TargetPool<C> pool) {
        while (true) {
            Waiter<C> waiter = nextFor(pool);
            if (othersSince != Budget.NOBODY && (waiter == null || waiter.since - othersSince > 0)
                    && spareForOthers(pool)) {
                continue;
            }
            if (waiter == null) {
                return;
            }
            long now = timers.now();
            C connection = pool.tryTake(now);
            if (connection == null) {
                return;
            }
            dequeue(waiter);
            stats.acquire.record(now - waiter.since);
            waiter.serve(connection);
        }
    }

    /** Who is served by this endpoint's next connection; null if nobody waits who would take it. */
    private @Nullable Waiter<C> nextFor(TargetPool<C> pool) {
        if (isKeyed || !isFit(pool)) {
            return pool.firstWaiter;
        }
        Waiter<C> waiter = first;
        while (waiter != null && waiter.except == pool.target && waiter.target != pool) {
            waiter = waiter.later;
        }
        return waiter;
    }

    // ---- with a connection of this shard or of another

    <R extends @Nullable Object> ShardFuture<R> use(long key, @Nullable Target except, Duration patience,
            Function<? super C, ? extends CompletionStage<R>> work) {
        Use<R> use = new Use<>(work);
        TargetPool<C> untried = missed(key);
        if (untried == null && except == null) {
            C connection = tryTake(key);
            if (connection != null) {
                use.run(connection);
                return use.result;
            }
            untried = missed(key);
        }
        if (closed != null) {
            use.result.completeExceptionally(closed());
            return use.result;
        }
        Object found = ready(key, except, untried);
        if (found instanceof PoolException failure) {
            use.result.completeExceptionally(failure);
        } else if (found instanceof PooledConnection) {
            use.run(cast(found));
        } else {
            Waiter<C> waiter = new Waiter<>(this, shard, key, except, patience, timers.now(), use);
            use.waitsFor(waiter.future);
            enqueue(waiter, pool(found));
        }
        return use.result;
    }

    /** Runs a request with a connection that was taken here for a waiter of another shard. */
    <R extends @Nullable Object> CompletionStage<R> runForOther(C connection,
            Function<? super C, ? extends CompletionStage<R>> work) {
        Use<R> use = new Use<>(work);
        use.run(connection);
        return use.result;
    }

    /** One request from {@link #use}: with a connection of this shard, or where another one has lent it one. */
    private final class Use<R extends @Nullable Object> implements ShardFuture.Source, Waiter.Forward<C> {
        private final Function<? super C, ? extends CompletionStage<R>> work;
        private final ShardFuture<R> result;
        private final SchedulingGroup group = shard.currentGroup();
        /** What it waits for now: a connection, or the result itself. */
        private @Nullable CompletionStage<?> pending;

        Use(Function<? super C, ? extends CompletionStage<R>> work) {
            this.work = work;
            this.result = shard.newFuture(this);
        }

        void waitsFor(ShardFuture<C> taken) {
            pending = taken;
            taken.whenComplete((connection, failure) -> {
                if (connection != null) {
                    run(connection);
                } else if (!result.isDone()) {
                    result.fail(causeOf(failure));
                }
            });
        }

        void run(C connection) {
            if (result.isDone()) {
                give(connection);
                return;
            }
            CompletionStage<R> stage;
            try {
                stage = Objects.requireNonNull(work.apply(connection), "the work returned no stage");
            } catch (Throwable failure) {
                give(connection);
                result.fail(failure);
                return;
            }
            pending = stage;
            stage.whenComplete((value, failure) -> {
                if (Shard.current() == shard) {
                    ended(connection, value, failure);
                } else {
                    shard.executeOrElse(() -> ended(connection, value, failure),
                            () -> result.completeExceptionally(closed()));
                }
            });
        }

        private void ended(C connection, R value, @Nullable Throwable failure) {
            give(connection);
            if (failure == null) {
                result.resolve(value);
            } else {
                result.fail(causeOf(failure));
            }
        }

        @Override
        public void to(int lender, C connection) {
            stats.forwarded.increment();
            ShardFuture<R> answer = whole.runOn(lender, CallOptions.in(group), connection, work);
            pending = answer;
            answer.whenComplete((value, failure) -> {
                if (failure == null) {
                    result.resolve(value);
                } else {
                    result.fail(causeOf(failure));
                }
            });
        }

        /** Whoever waited has cancelled, or it has failed. */
        @Override
        public void giveUp() {
            CompletionStage<?> now = pending;
            if (now == null) {
                return;
            }
            if (Shard.current() == shard) {
                cancel(now);
            } else {
                shard.executeOrElse(() -> cancel(now), () -> {});
            }
        }

        private void cancel(CompletionStage<?> now) {
            pending = null;
            if (result.isCompletedExceptionally()) {
                now.toCompletableFuture().cancel(false);
            }
        }
    }

    static Throwable causeOf(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    // ---- growing

    void learntThatShared() {
        isShared = true;
    }

    /** Requests that one more connection would take. */
    int requestsEach() {
        return isShared ? maxRequests : 1;
    }

    /** Whether one more connection is within what this shard may have. */
    boolean hasRoom() {
        return size < maxPerShard && !isAsking();
    }

    /** Permits were asked for and have not come. */
    private boolean isAsking() {
        return desired > size + spare;
    }

    /** Tells the budget what is wanted, and gives permits back that are not. */
    private void desire(int permits, @Nullable Waiter<C> oldest, int returned) {
        desired = permits;
        desiredSince = oldest == null ? Budget.NOBODY : oldest.since;
        toldAt = timers.now();
        budget.desire(shard, returned, permits, desiredSince, oldest != null && oldest.forward != null && !isKeyed);
    }

    long expiry(long now) {
        Duration lifetime = config.connections().maxLifetime();
        if (lifetime.isZero()) {
            return now + Long.MAX_VALUE / 2;
        }
        // Not all at once, or the end of those that a start has made would be a storm.
        long nanos = saturated(lifetime);
        return now + nanos - random.nextLong(Math.max(1, nanos / 10));
    }

    /** Doubles from the first failure on, at random between half and whole. */
    long backoff(int failures) {
        long least = Math.max(1, config.requests().backoff().toNanos());
        long most = Math.max(least, config.requests().maxBackoff().toNanos());
        long whole = Math.min(most, least << Math.min(20, failures - 1));
        return whole / 2 + random.nextLong(whole / 2 + 1);
    }

    void growAll() {
        if (closed != null) {
            finishDrain();
            return;
        }
        boolean isCovered = true;
        for (int i = 0; i < targets.size(); i++) {
            TargetPool<C> each = targets.get(i);
            grow(each);
            isCovered &= each.waiting() == 0 || each.covers(each.waiting(), timers.now());
        }
        if (spare > 0) {
            giveBack(spare);
        }
        if (!isCovered && !isKeyed) {
            // What they waited for has failed or gone; others may have what they did not need before.
            for (TargetPool<C> each : List.copyOf(targets)) {
                offer(each);
            }
        }
    }

    private void giveBack(int permits) {
        spare -= permits;
        // Whatever else is lacking is asked for again when it is looked at.
        desire(size + spare, null, permits);
    }

    /** Opens what connections an endpoint lacks and may have. */
    void grow(TargetPool<C> pool) {
        long now = timers.now();
        int shortage = closed == null ? pool.shortage() : 0;
        while (shortage > 0) {
            if (!pool.mayConnect(now)) {
                long blocked = pool.blockedFor(now);
                if (blocked > 0 && !regrow.isArmed()) {
                    regrow.arm(blocked);
                }
                return;
            }
            if (size >= maxPerShard) {
                if (pool.waiting() > 0) {
                    evictFor(pool);
                }
                return;
            }
            if (spare == 0) {
                ask(pool, shortage);
                return;
            }
            spare--;
            size++;
            if (!sweeper.isArmed()) {
                scheduleSweeps();
            }
            pool.open(now);
            shortage = pool.shortage();
        }
    }

    /** Another endpoint's connection that nobody uses makes room, where no waiter may use it as it is. */
    private void evictFor(TargetPool<C> needy) {
        if (evicting > 0) {
            return;
        }
        for (int i = 0; i < targets.size(); i++) {
            TargetPool<C> each = targets.get(i);
            if (each != needy && each.waiting() == 0) {
                evicting++;
                if (each.evict()) {
                    return;
                }
                evicting--;
            }
        }
    }

    private void ask(TargetPool<C> pool, int shortage) {
        Waiter<C> oldest = pool.waiting() > 0 ? first : null;
        int wanted = size + spare + Math.min(shortage, maxPerShard - size);
        if (isAsking()) {
            wanted = Math.max(wanted, desired);
            if (wanted == desired && (oldest == null || oldest.since == desiredSince
            // Who waits changes with each request, which is no reason to tell everybody each time.
                    || desiredSince != Budget.NOBODY && timers.now() - toldAt < TELL_AGAIN)) {
                return;
            }
        }
        desire(wanted, oldest, 0);
    }

    /** The budget gives permits. */
    void granted(int permits) {
        spare += permits;
        limit = Integer.MAX_VALUE;
        growAll();
    }

    /** A connection, or an attempt at one, is no more: its permit is here. */
    void freed() {
        size--;
        spare++;
        evicting = Math.max(0, evicting - 1);
        if (owed > 0 || othersSince != Budget.NOBODY && (first == null || first.since - othersSince > 0)) {
            owed = Math.max(0, owed - 1);
            giveBack(1);
        }
    }

    /** Whether every endpoint has the connections that are to be kept. */
    boolean isWarm() {
        boolean warm = hasHadTargets;
        for (TargetPool<C> each : targets) {
            warm &= each.isWarm();
        }
        return warm;
    }

    // ---- with other shards

    /** The budget has become smaller: all connections but so many are to go, as soon as nobody has them. */
    void shed(int left) {
        limit = left;
        for (TargetPool<C> each : List.copyOf(targets)) {
            each.shrink();
        }
    }

    /** Whether there are more connections than there may be. */
    boolean isOversized() {
        return size - evicting > Math.min(maxPerShard, limit);
    }

    /** One of too many is about to close. */
    void evicted() {
        if (size - evicting > limit) {
            owed++;
        }
        evicting++;
    }

    /** Others wait for a permit or a connection, since then; or nobody does any more. */
    void othersWait(long since, boolean permits) {
        othersSince = since;
        othersWantPermits = permits;
        if (since == Budget.NOBODY || closed != null) {
            return;
        }
        for (TargetPool<C> each : List.copyOf(targets)) {
            offer(each);
        }
    }

    /** Lends a connection that nobody here is older for, or closes it for its permit; false if there is none. */
    private boolean spareForOthers(TargetPool<C> pool) {
        long since = othersSince;
        if (othersWantPermits) {
            othersSince = Budget.NOBODY;
            owed++;
            if (!pool.evict()) {
                owed--;
                othersSince = since;
                return false;
            }
            return true;
        }
        C connection = pool.isRetired() ? null : pool.tryTake(timers.now());
        if (connection == null) {
            return false;
        }
        othersSince = Budget.NOBODY;
        budget.offer(shard, connection);
        return true;
    }

    /** Another shard has taken a connection for whoever waits longest here. */
    void lent(int lender, C connection) {
        Waiter<C> waiter = first;
        while (waiter != null && waiter.forward == null) {
            waiter = waiter.later;
        }
        if (waiter == null) {
            whole.giveOn(lender, connection);
        } else {
            stats.acquire.record(timers.now() - waiter.since);
            dequeue(waiter);
            Objects.requireNonNull(waiter.forward).to(lender, connection);
        }
        // The budget takes it that nothing is lacking any more.
        desired = 0;
        desiredSince = Budget.NOBODY;
        growAll();
        seekLoan();
    }

    /** A shard that has all the connections that it may have does not let requests wait while others have idle ones. */
    private void seekLoan() {
        Waiter<C> oldest = first;
        if (oldest == null) {
            return;
        }
        long waited = timers.now() - oldest.since;
        if (oldest.forward != null && !isKeyed && waited >= SEEK_LOAN && !isAsking()
                && desiredSince != oldest.since) {
            desire(size + spare, oldest, 0);
        }
        if (!loans.isArmed()) {
            loans.arm(SEEK_LOAN);
        }
    }

    // ---- the upstream

    private TargetPool<C> admit(Target target) {
        TargetPool<C> pool = new TargetPool<>(this, target);
        target.attach(pool);
        targets.add(pool);
        hasHadTargets = true;
        return pool;
    }

    @Override
    public void added(Target target) {
        Object there = target.attachment();
        if (there != null && ((TargetPool<?>) there).pool != this) {
            throw new IllegalStateException("upstream '" + whole.upstream().name()
                    + "' has a pool already; start another upstream for pool '" + whole.name() + "'");
        }
        TargetPool<C> pool = of(target);
        for (Waiter<C> waiter = first; waiter != null; waiter = waiter.later) {
            if (waiter.target == null) {
                pool.add(waiter);
            }
        }
        grow(pool);
    }

    @Override
    public void removed(Target target) {
        TargetPool<C> pool = of(target);
        targets.remove(pool);
        if (pool.size() > 0) {
            leaving.add(pool);
        }
        pool.retire(CloseReason.REMOVED);
        move(pool, null);
        growAll();
    }

    /** The last connection to an endpoint that has gone has closed. */
    void left(TargetPool<C> pool) {
        leaving.remove(pool);
    }

    @Override
    public void changed(Target target) {
        TargetPool<C> pool = of(target);
        if (target.state() == EndpointState.DRAINED && !pool.isRetired()) {
            pool.retire(CloseReason.REMOVED);
            move(pool, null);
        } else if (target.state() != EndpointState.DRAINED && pool.isRetired() && closed == null) {
            pool.readmit();
        }
        if (target.isAvailable()) {
            offer(pool);
        } else {
            leaveUnavailable(pool);
        }
        growAll();
    }

    /** Whoever waits for an endpoint that is not well waits for one that is, if there is one. */
    private void leaveUnavailable(TargetPool<C> from) {
        for (int left = from.waiting(); left > 0; left--) {
            Waiter<C> waiter = Objects.requireNonNull(from.firstWaiter);
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
        offer(to);
    }

    /** Whoever waits for an endpoint is to wait for another, or fails where there is none. */
    private void move(TargetPool<C> from, @Nullable PoolException failure) {
        for (int left = from.waiting(); left > 0; left--) {
            Waiter<C> waiter = Objects.requireNonNull(from.firstWaiter);
            Target target = upstream.choose(waiter.key, from.target);
            if (target == null) {
                fail(waiter, failure != null ? failure : noEndpoint());
            } else if (target == from.target || of(target).isDown(timers.now())) {
                fail(waiter, failure != null ? failure : unreachable(of(target), timers.now()));
            } else {
                moveTo(of(target), from, waiter);
            }
        }
    }

    /** An endpoint has no connection, and the last attempt at one has failed. */
    void abandon(TargetPool<C> pool) {
        move(pool, unreachable(pool, timers.now()));
    }

    void connectFailed(TargetPool<C> pool, Throwable cause, boolean isFirst) {
        if (isFirst) {
            budget.connectFailed(shard, pool.target.endpoint().address(), cause);
        }
    }

    void recovered(TargetPool<C> pool) {
        budget.recovered(shard, pool.target.endpoint().address());
    }

    // ---- ageing

    private void scheduleSweeps() {
        if (size == 0) {
            sweeper.cancel();
            return;
        }
        PoolConnectionsConfig connections = config.connections();
        long shortest = Math.min(Math.min(validateAfter, maxIdle),
                Math.min(leakAfter, nanos(connections.maxLifetime())));
        sweeper.arm(Math.max(SHORTEST_SWEEP, Math.min(LONGEST_SWEEP, shortest / 4)));
    }

    private void sweep() {
        long now = timers.now();
        for (TargetPool<C> each : List.copyOf(targets)) {
            each.sweep(now);
        }
        for (TargetPool<C> each : List.copyOf(leaving)) {
            each.sweep(now);
        }
        scheduleSweeps();
    }

    /** Asks the other end of a connection whether it is there. */
    CompletionStage<?> validate(PooledConnection connection) {
        try {
            return Shard.timeout(connection.validate(), config.connections().connectTimeout());
        } catch (RuntimeException e) {
            ShardFuture<Object> failed = shard.newFuture();
            failed.completeExceptionally(e);
            return failed;
        }
    }

    void leaked(TargetPool<C> pool, PooledConnection connection, long now) {
        Throwable taker = connection.taker;
        connection.taker = null;
        stats.leaks.increment();
        log.warn("Pool '{}': a connection to {} has been out for {} ms and not given back; it was taken here",
                whole.name(), pool.target, TimeUnit.NANOSECONDS.toMillis(now - connection.takenAt), taker);
    }

    // ---- the end

    PoolException closed() {
        return new PoolException(Reason.CLOSED, "pool '" + whole.name() + "' is closed", null);
    }

    /** Serves nobody from now on; done once the last connection has closed, at the deadline at the latest. */
    ShardFuture<Boolean> drain(Duration deadline) {
        ShardFuture<Boolean> done = drained;
        if (done == null) {
            done = shard.newFuture();
            drained = done;
            closed = closed();
            while (first != null) {
                fail(first, closed());
            }
            for (TargetPool<C> each : List.copyOf(targets)) {
                each.retire(CloseReason.CLOSED);
            }
            othersSince = Budget.NOBODY;
        }
        if (deadline.isZero() || deadline.isNegative()) {
            closeAll();
        } else {
            ShardFuture<Boolean> ends = done;
            timers.timer(() -> {
                if (!ends.isDone()) {
                    closeAll();
                }
            }).arm(deadline);
        }
        finishDrain();
        return done;
    }

    private void closeAll() {
        for (TargetPool<C> each : List.copyOf(targets)) {
            each.closeAll();
        }
        for (TargetPool<C> each : List.copyOf(leaving)) {
            each.closeAll();
        }
    }

    private void finishDrain() {
        if (drained != null && size == 0) {
            regrow.cancel();
            loans.cancel();
            sweeper.cancel();
            if (spare > 0) {
                giveBack(spare);
            }
            drained.complete(true);
        }
    }

    @Override
    public void close() {
        drain(Duration.ZERO);
    }

    // ---- words

    private PoolException noEndpoint() {
        return new PoolException(Reason.NO_ENDPOINT, "pool '" + whole.name() + "' has no endpoint that may be asked",
                null);
    }

    private PoolException tooMany() {
        stats.refused.increment();
        return new PoolException(Reason.TOO_MANY_PENDING, "pool '" + whole.name() + "': " + waiting
                + " requests wait for a connection on shard " + shard.id()
                + " already; raise connections.max-pending, or the bounds on connections", null);
    }

    private PoolException unreachable(TargetPool<C> pool, long now) {
        return new PoolException(Reason.CONNECT_FAILED, "pool '" + whole.name() + "': no connection to " + pool.target
                + why(pool, ": ")
                + (pool.blockedFor(now) > 0
                        ? " (tried again in " + TimeUnit.NANOSECONDS.toMillis(pool.blockedFor(now)) + " ms)"
                        : ""),
                pool.lastFailure());
    }

    private static String why(TargetPool<?> pool, String before) {
        Throwable cause = pool.lastFailure();
        return cause == null ? "" : before + Descriptors.explain(cause);
    }

    private PoolException timedOut(Waiter<C> waiter, @Nullable TargetPool<C> pool) {
        if (pool == null) {
            return new PoolException(Reason.NO_ENDPOINT, "pool '" + whole.name() + "' has found no endpoint within "
                    + waiter.patience, null);
        }
        return new PoolException(Reason.ACQUIRE_TIMEOUT, "pool '" + whole.name() + "': no connection to " + pool.target
                + " came free within " + waiter.patience + " (" + stats.open.get() + " open, " + stats.active.get()
                + " of them out, " + stats.connecting.get() + " connecting, " + waiting + " more waiting on shard "
                + shard.id() + why(pool, "; the last connect failed: ") + ")", pool.lastFailure());
    }
}
