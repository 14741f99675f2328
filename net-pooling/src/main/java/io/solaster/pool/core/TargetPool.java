package io.solaster.pool.core;

import java.util.Arrays;
import java.util.concurrent.CancellationException;

import io.solaster.pool.CloseReason;
import io.solaster.pool.PoolStats;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.Target;
import org.jspecify.annotations.Nullable;

/** The connections of one shard to one endpoint, and whoever waits for one of them. On its shard. */
final class TargetPool<C extends PooledConnection> extends IdleList {
    final DefaultShardPool<C> pool;
    final Target target;
    final Connects<C> connects;
    final Ageing<C> ageing;
    private final Bounds bounds;
    private final Permits<C> permits;
    private final WaitingRoom<C> room;
    private final PoolStats stats;
    private final WaiterQueue<C> waiters = new WaiterQueue<>();
    /** All connections, taken or not, in no order. */
    private @Nullable PoolEntry[] all = new @Nullable PoolEntry[4];
    private int count;
    private int sharedCount;
    /** It is in the queue of those that have something to give. */
    boolean isOffered;
    private @Nullable CloseReason retired;
    /** Connections that were begun before are not good any more. */
    private long renewedAt = Long.MIN_VALUE / 2;

    TargetPool(DefaultShardPool<C> pool, Target target) {
        this.pool = pool;
        this.target = target;
        this.bounds = pool.bounds;
        this.permits = pool.permits;
        this.room = pool.room;
        this.stats = pool.stats;
        this.connects = new Connects<>(pool, this);
        this.ageing = new Ageing<>(pool, this);
    }

    // ---- taking and giving

    /** A connection that is ready, taken; null if none is. */
    @Nullable
    C tryTake(long now) {
        PoolEntry found = newest;
        if (found == null || !found.connection.isUsable()) {
            found = sharedCount > 0 || found != null ? findReady(now) : null;
            if (found == null) {
                return null;
            }
        } else if (now - found.provenAt > bounds.validateAfter) {
            return null;
        }
        notIdle(found);
        if (found.uses++ == 0) {
            stats.active.increment();
            found.takenAt = now;
            found.isUnproven = !found.isFresh;
            found.isFresh = false;
            if (bounds.leakAfter != Long.MAX_VALUE) {
                found.taker = new Throwable("taken here");
            }
        }
        return cast(found.connection);
    }

    /** What is less usual: idle ones that have said they will close, and shared ones. */
    private @Nullable PoolEntry findReady(long now) {
        while (newest != null && !newest.connection.isUsable()) {
            close(newest, CloseReason.REMOTE);
        }
        PoolEntry found = newest;
        if (found != null) {
            return now - found.provenAt > bounds.validateAfter ? null : found;
        }
        for (int i = 0; i < count && sharedCount > 0; i++) {
            PoolEntry each = at(i);
            PooledConnection connection = each.connection;
            if (each.isShared && each.retired == null && !each.isValidating && each.uses < bounds.maxRequests
                    && each.uses < connection.maxRequests()
                    && (found == null || each.uses < found.uses) && connection.isUsable()
                    && (each.uses > 0 || now - each.provenAt <= bounds.validateAfter)) {
                found = each;
            }
        }
        return found;
    }

    void give(PoolEntry entry, long now) {
        entry.provenAt = now;
        entry.isUnproven = false;
        leave(entry, now);
        if (entry.retired != null || !entry.connection.isUsable()) {
            if (entry.uses == 0) {
                close(entry, CloseReason.REMOTE);
            } else if (entry.retired == null) {
                entry.retired = CloseReason.REMOTE;
            }
            return;
        }
        if (!entry.isShared) {
            idleAsNewest(entry);
        }
        if (count > bounds.maxPerEndpoint || permits.isOversized()) {
            shrink();
        }
        if (room.wants()) {
            room.offer(this);
        }
    }

    private void leave(PoolEntry entry, long now) {
        if (entry.uses == 0) {
            throw new IllegalStateException("connection " + entry.connection.channel()
                    + " was given back twice; give it back once for each time that it was taken");
        }
        if (--entry.uses == 0) {
            entry.idleSince = now;
            entry.taker = null;
            stats.active.add(-1);
            stats.usage.record(now - entry.takenAt);
        }
    }

    void discard(PoolEntry entry, long now) {
        leave(entry, now);
        close(entry, CloseReason.DISCARDED);
    }

    // ---- waiters

    int waiting() {
        return waiters.size();
    }

    /** Who has waited longest for this endpoint; null if nobody waits. */
    @Nullable
    Waiter<C> firstWaiter() {
        return waiters.first();
    }

    void add(Waiter<C> waiter) {
        waiter.target = this;
        waiters.add(waiter.there);
    }

    void remove(Waiter<C> waiter) {
        waiter.target = null;
        waiters.remove(waiter.there);
    }

    // ---- what is lacking

    /** Connections that are open. */
    int count() {
        return count;
    }

    /** Connections that are open or being opened. */
    int size() {
        return count + connects.underWay();
    }

    /** Connects that would serve who waits, or keep as many idle as there are to be. */
    int shortage() {
        if (retired != null) {
            return 0;
        }
        long each = bounds.requestsEach();
        long forWaiters = (waiting() - coming() * each + each - 1) / each;
        return (int) Math.max(0, Math.max(forWaiters, bounds.minIdle - size()));
    }

    /** Connections that are being made or asked. */
    private int coming() {
        return connects.underWay() + ageing.validating();
    }

    /** Whether it has the connections that are to be kept. */
    boolean isWarm() {
        return count >= bounds.minIdle;
    }

    /** Whether the endpoint may be connected to now, as far as it itself is concerned. */
    boolean mayConnect(long now) {
        return retired == null && size() < bounds.maxPerEndpoint && connects.mayBegin(now);
    }

    /** No connection, none under way, and none to be tried soon. */
    boolean isDown(long now) {
        return count == 0 && connects.arePausing(now);
    }

    /** Whether its connections go there. */
    @SuppressWarnings("ReferenceEquality") // a shard has one object for each
    boolean isTo(@Nullable Target other) {
        return other == target;
    }

    /** Whether requests that were meant for another endpoint may go there. */
    boolean isFit() {
        return retired == null && target.isAvailable();
    }

    /** Whether so many waiters get connections that are being made or asked, or can be made. */
    boolean covers(int waiters, long now) {
        return (long) coming() * bounds.requestsEach() >= waiters || mayConnect(now) && permits.hasRoom();
    }

    /** There is a new connection, whose making began then. */
    void opened(C connection, long since, long now) {
        if (count == all.length) {
            all = Arrays.copyOf(all, count * 2);
        }
        PoolEntry entry = new PoolEntry(connection, this, count, now,
                since - renewedAt < 0 ? now : bounds.expiry(now));
        connection.enter(entry);
        all[count++] = entry;
        if (entry.isShared) {
            sharedCount++;
            bounds.learntThatShared(connection.maxRequests());
        }
        entry.isFresh = true;
        connection.channel().closeFuture().addListener(end -> closed(entry));
        if (entry.retired == null && retired != null) {
            close(entry, retired);
        }
        if (entry.retired != null || !connection.channel().isOpen()) {
            return;
        }
        if (!entry.isShared) {
            idleAsNewest(entry);
        }
        room.offer(this);
        entry.isFresh = false;
        pool.growth.grow(this);
    }

    // ---- closing

    /** Closes one that nobody has, or that must not be used on; one that has no reason yet gets this one. */
    void close(PoolEntry entry, CloseReason why) {
        if (entry.retired == null) {
            entry.retired = why;
        }
        notIdle(entry);
        switch (entry.retired) {
            // Nobody has it and nothing is wrong with it: it may say goodbye. The next sweep sees to it that it goes.
            case IDLE, LIFETIME, REMOVED, CLOSED -> entry.connection.drain();
            default -> entry.connection.channel().close();
        }
    }

    /** Closes one once nobody has it. */
    void retire(PoolEntry entry, CloseReason why) {
        if (entry.retired == null) {
            entry.retired = why;
            if (entry.uses == 0) {
                close(entry, why);
            }
        }
    }

    /** Its channel has closed, whoever did it. */
    private void closed(PoolEntry entry) {
        notIdle(entry);
        ageing.closed(entry);
        CloseReason why = entry.retired;
        if (why == null) {
            why = entry.uses == 0 ? CloseReason.REMOTE : CloseReason.BROKEN;
            entry.retired = why;
        }
        PoolEntry last = at(--count);
        all[entry.place] = last;
        last.place = entry.place;
        all[count] = null;
        if (entry.isShared) {
            sharedCount--;
        }
        stats.close(why);
        stats.open.add(-1);
        pool.freed();
        leaveIfEmpty();
        pool.growth.growAll();
    }

    void leaveIfEmpty() {
        if (retired != null && size() == 0) {
            pool.members.left(this);
        }
    }

    /** No more connections to the endpoint: idle ones are closed, those that are out when they come back. */
    void retire(CloseReason why) {
        retired = why;
        connects.abort(new CancellationException(target + " was left"));
        for (int i = count - 1; i >= 0; i--) {
            retire(at(i), why);
        }
    }

    /** All connections close, idle ones now, as if they had grown old. */
    void renew(long now) {
        renewedAt = now;
        for (int i = count - 1; i >= 0; i--) {
            retire(at(i), CloseReason.LIFETIME);
        }
    }

    /** Connections may be made again. */
    void readmit() {
        retired = null;
        connects.forgive();
    }

    boolean isRetired() {
        return retired != null;
    }

    void closeAll() {
        for (int i = count - 1; i >= 0; i--) {
            at(i).connection.channel().close();
        }
    }

    /** Closes idle connections as long as there are more than there may be. */
    void shrink() {
        int left = count;
        while (left > bounds.maxPerEndpoint || permits.isOversized()) {
            // Before, since a connection may close in there.
            PoolEntry evicted = evictable();
            if (evicted == null) {
                return;
            }
            left--;
            permits.evictsSurplus();
            close(evicted, CloseReason.EVICTED);
        }
    }

    /** Closes an idle connection so that another can be made; false if none is idle. */
    boolean evict() {
        PoolEntry evicted = evictable();
        if (evicted == null) {
            return false;
        }
        close(evicted, CloseReason.EVICTED);
        return true;
    }

    private @Nullable PoolEntry evictable() {
        for (int i = 0; i < count && oldest == null && sharedCount > 0; i++) {
            PoolEntry each = at(i);
            if (each.isShared && each.isAtRest()) {
                return each;
            }
        }
        return oldest;
    }

    // ---- all of them

    @SuppressWarnings("NullAway") // below count they are there
    PoolEntry at(int place) {
        return all[place];
    }

    @SuppressWarnings("unchecked") // only C are added
    private C cast(PooledConnection connection) {
        return (C) connection;
    }
}
