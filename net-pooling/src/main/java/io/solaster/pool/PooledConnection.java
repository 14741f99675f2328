package io.solaster.pool;

import java.io.IOException;
import java.util.Objects;

import io.netty.channel.Channel;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.upstream.Target;
import org.jspecify.annotations.Nullable;

/**
 * A connection of a pool: what the pool keeps of it, beside what its {@link Protocol} does with it. On the shard that
 * owns its channel only.
 */
public abstract class PooledConnection {
    private final Channel channel;

    // What follows is in the hands of TargetPool. A connection is its own link in the list of idle ones, so that it is
    // taken and given back without any other object.
    @Nullable
    TargetPool<?> home;
    /** Where it stands among all connections to its target. */
    int place;
    /** How many have taken it and not given it back. */
    int uses;
    boolean isShared;
    boolean isIdle;
    @Nullable
    PooledConnection newer;
    @Nullable
    PooledConnection older;
    /** Just made, and taken by nobody yet. */
    boolean isFresh;
    /** Idle before it was taken, and given back by nobody since. */
    boolean isUnproven;
    boolean isValidating;
    /** Why it is to close; null while it is not. */
    @Nullable
    CloseReason retired;
    long createdAt;
    long expiresAt;
    long takenAt;
    long idleSince;
    /** When the other end was last known to be there. */
    long provenAt;
    @Nullable
    Throwable taker;

    /** A connection over a channel that is connected. */
    protected PooledConnection(Channel channel) {
        this.channel = channel;
    }

    /** What it goes over. */
    public final Channel channel() {
        return channel;
    }

    /** The other end; there once the pool has it. */
    public final Target target() {
        if (home == null) {
            throw new IllegalStateException("connection " + channel + " belongs to no pool yet");
        }
        return home.target;
    }

    /**
     * Whether it was idle before whoever has it took it, and nobody has given it back since. If it is lost now, with not a
     * byte of an answer, the other end had most likely closed it before: {@link PoolException#stale}.
     */
    public final boolean isUnproven() {
        return isUnproven;
    }

    /** Whether several requests may be under way on it; else whoever takes it has it alone. It never changes. */
    public abstract boolean isShared();

    /** How many requests its other end takes at once, where it is shared; {@code max-requests} holds beside it. Cheap. */
    public int maxRequests() {
        return Integer.MAX_VALUE;
    }

    /** Whether it takes another request: it is open, and neither end has said that it will close. Cheap. */
    public abstract boolean isUsable();

    /**
     * Asks the other end whether it is there, as the protocol can: PING; failed if not. The pool bounds its time. A
     * protocol that has no such question leaves it at this: done if the connection is usable.
     */
    public ShardFuture<?> validate() {
        ShardFuture<Boolean> answer = Objects.requireNonNull(Shard.current(), "asked on its shard only").newFuture();
        if (isUsable()) {
            answer.complete(true);
        } else {
            answer.completeExceptionally(new IOException("connection " + channel + " is not usable any more"));
        }
        return answer;
    }

    /** Finishes what is under way, takes nothing new, and closes. */
    public abstract void drain();
}
