package io.solaster.engine.mesh;

import io.solaster.config.Internal;
import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.Submission;
import org.jspecify.annotations.Nullable;

/**
 * What travels between shards. Reusable: the sender may send the same object again once the receiver has handed it back
 * by a message of its own; until then it belongs to the receiver. It runs in the scheduling group that sent it.
 */
public abstract class Message implements Abandonable {
    /** No message's. */
    static final int NO_TAG = -1;
    private static final int GROUP_BITS = 6;
    private static final int GROUP_MASK = (1 << GROUP_BITS) - 1;

    /** The number of the group that sent it, and the credits that it has taken: one word, since calls are many. */
    int tag;
    /** Where its credits go back to while it waits in a queue of the receiver: a message that runs at once needs none. */
    @Nullable
    Flow queued;

    static int tag(int group, int credits) {
        return credits << GROUP_BITS | group;
    }

    static int groupIn(int tag) {
        return tag & GROUP_MASK;
    }

    static int creditsIn(int tag) {
        return tag >>> GROUP_BITS;
    }

    /** Receiver: it has left the queue. */
    void giveBack() {
        Flow taken = queued;
        if (taken != null) {
            queued = null;
            taken.giveBack(creditsIn(tag));
        }
    }

    /**
     * After the receiver has ended: it leaves the queue where it will have no turn.
     *
     * @return the shard that sent it and is to hear of its end; -1 where that is not known, as for a reply
     */
    @Internal
    public final int leave() {
        Flow taken = queued;
        queued = null;
        return taken == null ? -1 : taken.from;
    }

    /** Runs on the receiving shard's thread. What it throws is logged and stops nothing. */
    public abstract void deliver();

    /**
     * Called instead of {@link #deliver()} when the receiver has stopped. On the shard that sent it; on whatever thread
     * where that shard has ended too.
     */
    @Override
    public void abandon() {}

    /** The loop's: delivers it in its group's turn. */
    @Override
    public final void run() {
        Flow taken = queued;
        if (taken == null) {
            deliver();
            return;
        }
        // Before it is delivered, since it may belong to another shard after.
        int given = creditsIn(tag);
        queued = null;
        try {
            deliver();
        } finally {
            taken.giveBack(given);
        }
    }

    /** Whether a full queue of its group may refuse it; it is a {@link Submission} then. */
    protected boolean mayBeRefused() {
        return false;
    }
}
