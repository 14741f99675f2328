package io.solaster.engine.mesh;

import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.Submission;

/**
 * What travels between shards. Reusable: the sender may send the same object again once the receiver has handed it back
 * by a message of its own; until then it belongs to the receiver. It runs in the scheduling group that sent it.
 */
public abstract class Message implements Abandonable {
    /** The number of the group that sent it. */
    int group;

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
        deliver();
    }

    /** Whether a full queue of its group may refuse it; it is a {@link Submission} then. */
    protected boolean mayBeRefused() {
        return false;
    }
}
