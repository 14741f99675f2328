package io.solaster.engine.mesh;

import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.Submission;
import org.jspecify.annotations.Nullable;

/**
 * What travels between shards. Reusable: the sender may send the same object again once the receiver has handed it back
 * by a message of its own; until then it belongs to the receiver. It runs in the scheduling group that sent it.
 */
public abstract class Message implements Abandonable {
    /** Where its credits go back to; null while it is not under way, or where it did not come through the mesh. */
    @Nullable
    Flow flow;
    /** The credits that it has taken; none if it is a reply. */
    int credits;

    /** Runs on the receiving shard's thread. What it throws is logged and stops nothing. */
    public abstract void deliver();

    /**
     * Called instead of {@link #deliver()} when the receiver has stopped. Runs on whatever thread stops the engine,
     * after every shard has ended.
     */
    @Override
    public void abandon() {}

    /** The loop's: delivers it in its group's turn. */
    @Override
    public final void run() {
        Flow taken = flow;
        if (taken == null) {
            deliver();
            return;
        }
        // Before it is delivered, since it may belong to another shard after.
        int given = credits;
        flow = null;
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
