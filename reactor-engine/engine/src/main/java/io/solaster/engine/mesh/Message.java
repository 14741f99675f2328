package io.solaster.engine.mesh;

/**
 * What travels between shards. Reusable: the sender may send the same object again once the receiver has handed it back
 * by a message of its own; until then it belongs to the receiver.
 */
public interface Message {

    /** Runs on the receiving shard's thread. What it throws is logged and stops nothing. */
    void deliver();

    /**
     * Called instead of {@link #deliver()} when the receiver has stopped. Runs on whatever thread stops the engine,
     * after every shard has ended.
     */
    default void abandon() {}
}
