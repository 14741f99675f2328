package io.solaster.pool;

import io.netty.channel.Channel;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.upstream.Target;
import org.jspecify.annotations.Nullable;

/**
 * A connection of a pool: what the pool keeps of it, beside what its {@link Protocol} does with it. On the shard that
 * owns its channel only.
 */
public abstract class PooledConnection {
    private final Channel channel;
    private @Nullable Target target;

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
        if (target == null) {
            throw new IllegalStateException("connection " + channel + " belongs to no pool yet");
        }
        return target;
    }

    final void target(Target newTarget) {
        target = newTarget;
    }

    /** Whether several requests may be under way on it; else whoever takes it has it alone. */
    public abstract boolean isShared();

    /** Whether it takes another request: it is open, and neither end has said that it will close. Cheap. */
    public abstract boolean isUsable();

    /** Asks the other end whether it is there, as the protocol can: PING; failed if not. The pool bounds its time. */
    public abstract ShardFuture<?> validate();

    /** Finishes what is under way, takes nothing new, and closes. */
    public abstract void drain();
}
