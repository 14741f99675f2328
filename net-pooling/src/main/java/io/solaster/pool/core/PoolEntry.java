package io.solaster.pool.core;

import io.solaster.pool.CloseReason;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.Target;
import org.jspecify.annotations.Nullable;

/**
 * What a pool keeps of one connection. It is its own link in the list of idle ones, so that a connection is taken and given
 * back without any further object, each of which would be felt on that way. On the connection's shard.
 */
final class PoolEntry implements PooledConnection.Entry {
    final PooledConnection connection;
    final TargetPool<?> home;
    private final Target target;
    /** Whether several requests may be under way on it. */
    final boolean isShared;
    /** Since when it is old. */
    final long expiresAt;
    /** Where it stands among all connections to its target. */
    int place;
    /** How many have taken it and not given it back. */
    int uses;
    boolean isIdle;
    @Nullable
    PoolEntry newer;
    @Nullable
    PoolEntry older;
    /** Just made, and taken by nobody yet. */
    boolean isFresh;
    /** Idle before it was taken, and given back by nobody since. */
    boolean isUnproven;
    boolean isValidating;
    /** Why it is to close; null while it is not. */
    @Nullable
    CloseReason retired;
    long takenAt;
    long idleSince;
    /** When the other end was last known to be there. */
    long provenAt;
    @Nullable
    Throwable taker;

    PoolEntry(PooledConnection connection, TargetPool<?> home, int place, long now, long expiresAt) {
        this.connection = connection;
        this.home = home;
        this.target = home.target;
        this.isShared = connection.isShared();
        this.place = place;
        this.idleSince = now;
        this.provenAt = now;
        this.expiresAt = expiresAt;
    }

    @Override
    public Target target() {
        return target;
    }

    @Override
    public boolean isUnproven() {
        return isUnproven;
    }

    /** Whether it may be asked, or closed for another: nobody has it, and nothing else is done with it. */
    boolean isAtRest() {
        return uses == 0 && retired == null && !isValidating;
    }
}
