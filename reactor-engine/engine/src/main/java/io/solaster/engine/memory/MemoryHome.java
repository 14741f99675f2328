package io.solaster.engine.memory;

import io.solaster.config.Internal;

/** The shard that memory belongs to, as this room sees it. */
@Internal
@FunctionalInterface
public interface MemoryHome {

    /**
     * Guards what belongs to the shard. Any thread.
     *
     * @throws IllegalStateException if the calling thread is another, naming both and what to do
     */
    void assertOwner(String what);

    /** Runs a task on the shard, in a turn of its own; not where the shard has stopped. Any thread. */
    default void later(Runnable task) {
        task.run();
    }
}
