package io.solaster.engine.task;

/** A task that somebody waits for, and so must hear of its end even where it never runs. */
public interface Abandonable extends Runnable {

    /** Called instead of {@link #run()} when the shard has ended. Runs on whatever thread stops the engine. */
    void abandon();
}
