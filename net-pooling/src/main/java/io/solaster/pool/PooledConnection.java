package io.solaster.pool;

import java.io.IOException;
import java.util.Objects;

import io.netty.channel.Channel;
import io.solaster.config.Internal;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * A connection of a pool: what the pool keeps of it, beside what its {@link Protocol} does with it. On the shard that
 * owns its channel only.
 */
public abstract class PooledConnection {
    private final Channel channel;

    private @Nullable Entry entry;

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
        Entry of = entry;
        if (of == null) {
            throw new IllegalStateException("connection " + channel + " belongs to no pool yet");
        }
        return of.target();
    }

    /**
     * Whether it was idle before whoever has it took it, and nobody has given it back since. If it is lost now, with not a
     * byte of an answer, the other end had most likely closed it before: {@link PoolException#stale}.
     */
    public final boolean isUnproven() {
        return entry != null && entry.isUnproven();
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

    /** What the pool that has it keeps of it; null before a pool has it. */
    @Internal
    public final @Nullable Entry entry() {
        return entry;
    }

    /** A pool has it from now on. */
    @Internal
    public final void enter(Entry newEntry) {
        entry = newEntry;
    }

    /** What a pool keeps of a connection. */
    @Internal
    public interface Entry {
        /** The other end. */
        Target target();

        /** As {@link PooledConnection#isUnproven}. */
        boolean isUnproven();
    }
}
