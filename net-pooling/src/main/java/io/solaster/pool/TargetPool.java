package io.solaster.pool;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.solaster.pool.upstream.Outcome;
import io.solaster.pool.upstream.Target;
import org.jspecify.annotations.Nullable;

/** The connections of one shard to one endpoint, and whoever waits for one of them. On its shard. */
final class TargetPool<C extends PooledConnection> {
    final DefaultShardPool<C> pool;
    final Target target;
    /** All connections, taken or not, in no order. */
    private @Nullable PooledConnection[] all = new @Nullable PooledConnection[4];
    private int count;
    /** Those that are idle and not shared; the newest is taken first, so that the others can grow old. */
    private @Nullable PooledConnection newest;
    private @Nullable PooledConnection oldest;
    private int sharedCount;
    private int validating;
    private final List<Opening<C>> openings = new ArrayList<>();

    @Nullable
    Waiter<C> firstWaiter;
    private @Nullable Waiter<C> lastWaiter;
    private int waiting;
    /** It is in the queue of those that have something to give. */
    boolean isOffered;

    private int failures;
    private long blockedUntil;
    private @Nullable Throwable lastFailure;
    private @Nullable CloseReason retired;

    TargetPool(DefaultShardPool<C> pool, Target target) {
        this.pool = pool;
        this.target = target;
    }

    // ---- taking and giving

    /** A connection that is ready, taken; null if none is. */
    @Nullable
    C tryTake(long now) {
        PooledConnection found = newest;
        if (found == null || !found.isUsable()) {
            found = sharedCount > 0 || found != null ? findReady(now) : null;
            if (found == null) {
                return null;
            }
        } else if (now - found.provenAt > pool.validateAfter) {
            return null;
        }
        if (found.isIdle) {
            unlink(found);
        }
        if (found.uses++ == 0) {
            pool.stats.active.increment();
            found.takenAt = now;
            found.isUnproven = !found.isFresh;
            found.isFresh = false;
            if (pool.leakAfter != Long.MAX_VALUE) {
                found.taker = new Throwable("taken here");
            }
        }
        return cast(found);
    }

    /** What is less usual: idle ones that have said they will close, and shared ones. */
    private @Nullable PooledConnection findReady(long now) {
        while (newest != null && !newest.isUsable()) {
            close(newest, CloseReason.REMOTE);
        }
        PooledConnection found = newest;
        if (found != null) {
            return now - found.provenAt > pool.validateAfter ? null : found;
        }
        for (int i = 0; i < count && sharedCount > 0; i++) {
            PooledConnection each = at(i);
            if (each.isShared && each.retired == null && !each.isValidating && each.uses < pool.maxRequests
                    && (found == null || each.uses < found.uses) && each.isUsable()
                    && (each.uses > 0 || now - each.provenAt <= pool.validateAfter)) {
                found = each;
            }
        }
        return found;
    }

    void give(C connection, long now) {
        connection.provenAt = now;
        connection.isUnproven = false;
        leave(connection, now);
        if (connection.retired != null || !connection.isUsable()) {
            if (connection.uses == 0) {
                close(connection, CloseReason.REMOTE);
            } else if (connection.retired == null) {
                connection.retired = CloseReason.REMOTE;
            }
            return;
        }
        if (!connection.isShared) {
            linkNewest(connection);
        }
        if (count > pool.maxPerEndpoint || pool.isOversized()) {
            shrink();
        }
        if (pool.isWanted()) {
            pool.offer(this);
        }
    }

    /** Closes idle connections as long as there are more than there may be. */
    void shrink() {
        int left = count;
        while (left > pool.maxPerEndpoint || pool.isOversized()) {
            // Before, since a connection may close in there.
            PooledConnection idle = evictable();
            if (idle == null) {
                return;
            }
            left--;
            pool.evicted();
            close(idle, CloseReason.EVICTED);
        }
    }

    private void leave(PooledConnection connection, long now) {
        if (connection.uses == 0) {
            throw new IllegalStateException("connection " + connection.channel()
                    + " was given back twice; give it back once for each time that it was taken");
        }
        if (--connection.uses == 0) {
            connection.idleSince = now;
            connection.taker = null;
            pool.stats.active.add(-1);
            pool.stats.usage.record(now - connection.takenAt);
        }
    }

    void discard(C connection, long now) {
        leave(connection, now);
        close(connection, CloseReason.DISCARDED);
    }

    /** Whether {@link #tryTake} would find one. */
    boolean isReady(long now) {
        return newest != null && newest.isUsable() && now - newest.provenAt <= pool.validateAfter
                || sharedCount > 0 && findReady(now) != null;
    }

    // ---- waiters

    int waiting() {
        return waiting;
    }

    /** By age, which matters where a waiter comes from an endpoint that has gone. */
    void add(Waiter<C> waiter) {
        Waiter<C> before = lastWaiter;
        while (before != null && before.since - waiter.since > 0) {
            before = before.earlierThere;
        }
        Waiter<C> behind = before == null ? firstWaiter : before.laterThere;
        waiter.target = this;
        waiter.earlierThere = before;
        waiter.laterThere = behind;
        if (before == null) {
            firstWaiter = waiter;
        } else {
            before.laterThere = waiter;
        }
        if (behind == null) {
            lastWaiter = waiter;
        } else {
            behind.earlierThere = waiter;
        }
        waiting++;
    }

    void remove(Waiter<C> waiter) {
        Waiter<C> before = waiter.earlierThere;
        Waiter<C> behind = waiter.laterThere;
        if (before == null) {
            firstWaiter = behind;
        } else {
            before.laterThere = behind;
        }
        if (behind == null) {
            lastWaiter = before;
        } else {
            behind.earlierThere = before;
        }
        waiter.target = null;
        waiter.earlierThere = null;
        waiter.laterThere = null;
        waiting--;
    }

    // ---- growing

    /** Connections that are open or being opened. */
    int size() {
        return count + openings.size();
    }

    /** Connects that would serve who waits, or keep as many idle as there are to be. */
    int shortage() {
        if (retired != null) {
            return 0;
        }
        int coming = openings.size() + validating;
        long each = pool.requestsEach();
        long forWaiters = (waiting - coming * each + each - 1) / each;
        return (int) Math.max(0, Math.max(forWaiters, pool.minIdle - size()));
    }

    /** Whether it has the connections that are to be kept. */
    boolean isWarm() {
        return count >= pool.minIdle;
    }

    /** Whether the endpoint may be connected to now, as far as it itself is concerned. */
    boolean mayConnect(long now) {
        return retired == null && size() < pool.maxPerEndpoint && now - blockedUntil >= 0
        // After a failure one goes ahead to see.
                && openings.size() < (failures == 0 ? pool.maxConnecting : 1);
    }

    /** No connection, none under way, and none to be tried soon. */
    boolean isDown(long now) {
        return failures > 0 && count == 0 && openings.isEmpty() && now - blockedUntil < 0;
    }

    /** Whether so many waiters get connections that are being made or asked, or can be made. */
    boolean covers(int waiters, long now) {
        return (long) (openings.size() + validating) * pool.requestsEach() >= waiters
                || mayConnect(now) && pool.hasRoom();
    }

    @Nullable
    Throwable lastFailure() {
        return lastFailure;
    }

    long blockedFor(long now) {
        return failures == 0 ? 0 : Math.max(0, blockedUntil - now);
    }

    void open(long now) {
        Opening<C> opening = new Opening<>(pool.shard, this, pool.config().connections().connectTimeout(), now);
        openings.add(opening);
        pool.stats.connecting.increment();
        opening.begin(pool.connector(), pool.protocol());
    }

    void opened(Opening<C> opening, C connection, long since) {
        long now = pool.now();
        ended(opening);
        pool.stats.created.increment();
        pool.stats.open.increment();
        pool.stats.creation.record(now - since);
        if (count == all.length) {
            all = Arrays.copyOf(all, count * 2);
        }
        connection.home = this;
        connection.place = count;
        all[count++] = connection;
        connection.isShared = connection.isShared();
        if (connection.isShared) {
            sharedCount++;
            pool.learntThatShared();
        }
        connection.createdAt = now;
        connection.idleSince = now;
        connection.provenAt = now;
        connection.expiresAt = pool.expiry(now);
        connection.isFresh = true;
        if (failures > 0) {
            failures = 0;
            lastFailure = null;
            pool.recovered(this);
        }
        connection.channel().closeFuture().addListener(end -> closed(connection));
        if (connection.retired == null && retired != null) {
            close(connection, retired);
        }
        if (connection.retired != null || !connection.channel().isOpen()) {
            return;
        }
        if (!connection.isShared) {
            linkNewest(connection);
        }
        pool.offer(this);
        connection.isFresh = false;
        pool.grow(this);
    }

    void failed(Opening<C> opening, Throwable cause, long since) {
        long now = pool.now();
        ended(opening);
        pool.freed();
        if (retired != null) {
            leaveIfEmpty();
            pool.growAll();
            return;
        }
        pool.stats.connectFailures.increment();
        boolean isOurs = Descriptors.areExhausted(cause);
        if (now - blockedUntil >= 0) {
            failures++;
            blockedUntil = now + pool.backoff(failures);
        }
        lastFailure = cause;
        target.begin();
        target.end(isOurs ? Outcome.CANCELLED : Outcome.UNREACHABLE, now - since);
        pool.connectFailed(this, cause, failures == 1);
        if (count == 0 && openings.isEmpty()) {
            pool.abandon(this);
        }
        pool.growAll();
    }

    private void ended(Opening<C> opening) {
        openings.remove(opening);
        pool.stats.connecting.add(-1);
    }

    // ---- closing

    /** Closes one that nobody has, or that must not be used on; one that has no reason yet gets this one. */
    void close(PooledConnection connection, CloseReason why) {
        if (connection.retired == null) {
            connection.retired = why;
        }
        if (connection.isIdle) {
            unlink(connection);
        }
        switch (connection.retired) {
            // Nobody has it and nothing is wrong with it: it may say goodbye. The next sweep sees to it that it goes.
            case IDLE, LIFETIME, REMOVED, CLOSED -> connection.drain();
            default -> connection.channel().close();
        }
    }

    private void retire(PooledConnection connection, CloseReason why) {
        if (connection.retired == null) {
            connection.retired = why;
            if (connection.uses == 0) {
                close(connection, why);
            }
        }
    }

    /** Its channel has closed, whoever did it. */
    private void closed(PooledConnection connection) {
        if (connection.isIdle) {
            unlink(connection);
        }
        if (connection.isValidating) {
            connection.isValidating = false;
            validating--;
        }
        CloseReason why = connection.retired;
        if (why == null) {
            why = connection.uses == 0 ? CloseReason.REMOTE : CloseReason.BROKEN;
            connection.retired = why;
        }
        PooledConnection last = at(--count);
        all[connection.place] = last;
        last.place = connection.place;
        all[count] = null;
        if (connection.isShared) {
            sharedCount--;
        }
        pool.stats.close(why);
        pool.stats.open.add(-1);
        pool.freed();
        leaveIfEmpty();
        pool.growAll();
    }

    private void leaveIfEmpty() {
        if (retired != null && size() == 0) {
            pool.left(this);
        }
    }

    /** No more connections to the endpoint: idle ones are closed, those that are out when they come back. */
    void retire(CloseReason why) {
        retired = why;
        for (Opening<C> opening : List.copyOf(openings)) {
            opening.abort(new java.util.concurrent.CancellationException(target + " was left"));
        }
        for (int i = count - 1; i >= 0; i--) {
            retire(at(i), why);
        }
    }

    /** Connections may be made again. */
    void readmit() {
        retired = null;
        failures = 0;
        blockedUntil = pool.now();
    }

    boolean isRetired() {
        return retired != null;
    }

    void closeAll() {
        for (int i = count - 1; i >= 0; i--) {
            at(i).channel().close();
        }
    }

    /** Closes an idle connection so that another can be made; false if none is idle. */
    boolean evict() {
        PooledConnection idle = evictable();
        if (idle == null) {
            return false;
        }
        close(idle, CloseReason.EVICTED);
        return true;
    }

    private @Nullable PooledConnection evictable() {
        for (int i = 0; i < count && oldest == null && sharedCount > 0; i++) {
            PooledConnection each = at(i);
            if (each.isShared && each.uses == 0 && each.retired == null && !each.isValidating) {
                return each;
            }
        }
        return oldest;
    }

    // ---- ageing

    /** Looks after connections that are idle, old, or out for too long. */
    void sweep(long now) {
        for (int i = count - 1; i >= 0; i--) {
            PooledConnection each = at(i);
            if (each.uses > 0) {
                if (each.taker != null && now - each.takenAt > pool.leakAfter) {
                    pool.leaked(this, each, now);
                }
                if (now - each.expiresAt >= 0) {
                    retire(each, CloseReason.LIFETIME);
                }
            } else if (each.retired != null) {
                each.channel().close();
            } else if (now - each.expiresAt >= 0) {
                close(each, CloseReason.LIFETIME);
            } else if (now - each.idleSince > pool.maxIdle && count > pool.minIdle) {
                close(each, CloseReason.IDLE);
            } else if (now - each.provenAt > pool.validateAfter && !each.isValidating) {
                validate(each);
            }
        }
        pool.grow(this);
    }

    /** Asks idle connections that nobody may take unasked, as many as there are waiters. */
    void validateForWaiters(long now) {
        long asked = (long) validating * pool.requestsEach();
        for (int i = count - 1; i >= 0 && asked < waiting; i--) {
            PooledConnection each = at(i);
            if (each.uses == 0 && each.retired == null && !each.isValidating
                    && now - each.provenAt > pool.validateAfter) {
                asked += pool.requestsEach();
                validate(each);
            }
        }
    }

    private void validate(PooledConnection connection) {
        connection.isValidating = true;
        validating++;
        if (connection.isIdle) {
            unlink(connection);
        }
        pool.validate(connection).whenComplete((answer, failure) -> {
            if (!connection.isValidating) {
                return;
            }
            connection.isValidating = false;
            validating--;
            if (failure != null || !connection.isUsable()) {
                close(connection, CloseReason.INVALID);
                return;
            }
            connection.provenAt = pool.now();
            if (connection.retired != null) {
                close(connection, connection.retired);
                return;
            }
            if (!connection.isShared) {
                linkOldest(connection);
            }
            pool.offer(this);
        });
    }

    // ---- the list of idle ones

    private void linkNewest(PooledConnection connection) {
        PooledConnection below = newest;
        connection.isIdle = true;
        connection.older = below;
        if (below == null) {
            oldest = connection;
        } else {
            below.newer = connection;
        }
        newest = connection;
    }

    private void linkOldest(PooledConnection connection) {
        PooledConnection above = oldest;
        connection.isIdle = true;
        connection.newer = above;
        if (above == null) {
            newest = connection;
        } else {
            above.older = connection;
        }
        oldest = connection;
    }

    private void unlink(PooledConnection connection) {
        PooledConnection above = connection.newer;
        PooledConnection below = connection.older;
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
        connection.newer = null;
        connection.older = null;
        connection.isIdle = false;
    }

    @SuppressWarnings("NullAway") // below count they are there
    private PooledConnection at(int place) {
        return all[place];
    }

    @SuppressWarnings("unchecked") // only C are added
    private C cast(PooledConnection connection) {
        return (C) connection;
    }
}
