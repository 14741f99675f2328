package io.solaster.engine.sync;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.Unfinished;
import org.jspecify.annotations.Nullable;

/**
 * Counts work under way, so that what the work uses can be taken down after the last of it: close the gate, and it lets
 * nothing in and tells when all have left. Entering never waits and allocates nothing.
 *
 * <p>
 * All calls on the owning shard. After Seastar's {@code gate}.
 */
public final class Gate extends ShardLocal {
    private long count;
    private @Nullable ShardFuture<@Nullable Void> closing;
    private final Unfinished end = new Unfinished() {
        @Override
        protected void abandon(RejectedExecutionException why) {
            if (closing != null) {
                closing.fail(why);
            }
        }
    };

    /** An open gate. On a shard. */
    public Gate() {
        super("a gate");
    }

    /**
     * Enters; to be followed by one {@link #leave}.
     *
     * @throws GateClosedException if the gate is closed
     */
    public void enter() {
        if (!tryEnter()) {
            throw new GateClosedException();
        }
    }

    /** Enters, if the gate is open; otherwise answers false. */
    public boolean tryEnter() {
        assertOwner();
        if (closing != null) {
            return false;
        }
        count++;
        return true;
    }

    /**
     * Leaves. The last to leave a closed gate completes what {@link #close} answered.
     *
     * @throws IllegalStateException if nobody is inside
     */
    public void leave() {
        assertOwner();
        if (count == 0) {
            throw new IllegalStateException("left a gate that nobody is in; leave once for each enter");
        }
        if (--count == 0 && closing != null) {
            shard.unfinished().remove(end);
            closing.resolve(null);
        }
    }

    /**
     * Enters, to leave on closing the hold: {@code try (var _ = gate.hold())}.
     *
     * @throws GateClosedException if the gate is closed
     */
    public Hold hold() {
        enter();
        return new Entry(this);
    }

    /**
     * Enters, starts work, and leaves when its future is done.
     *
     * @return the work's result; failed with {@link GateClosedException} if the gate is closed
     */
    public <T extends @Nullable Object> ShardFuture<T> with(Supplier<? extends CompletionStage<T>> work) {
        return tryEnter() ? during(done(), work, this::leave) : failed(new GateClosedException());
    }

    /**
     * Closes the gate for good.
     *
     * @return completes when nobody is inside
     * @throws IllegalStateException the second time
     */
    public ShardFuture<@Nullable Void> close() {
        assertOwner();
        if (closing != null) {
            throw new IllegalStateException("the gate is closed already; close it once and keep the future");
        }
        ShardFuture<@Nullable Void> empty = shard.newFuture();
        closing = empty;
        if (count == 0) {
            empty.resolve(null);
        } else {
            shard.unfinished().add(end);
        }
        return empty;
    }

    /** How many are inside. */
    public long count() {
        assertOwner();
        return count;
    }

    /** Whether it was closed. */
    public boolean isClosed() {
        assertOwner();
        return closing != null;
    }

    static final class Entry extends Hold {
        private final Gate gate;

        private Entry(Gate gate) {
            super(gate);
            this.gate = gate;
        }

        @Override
        void giveBack() {
            gate.leave();
        }
    }
}
