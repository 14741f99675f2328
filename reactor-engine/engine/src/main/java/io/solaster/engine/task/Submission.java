package io.solaster.engine.task;

/** A task that may be refused: see {@link GroupScheduler#submit}. */
public interface Submission extends GroupTask, Abandonable {

    /**
     * Called on the shard instead of {@link #run()} when the group's queue had no room for the task.
     *
     * @param why a {@link java.util.concurrent.RejectedExecutionException}, or a
     *            {@link java.util.concurrent.TimeoutException} where the task has waited for room
     */
    void refused(Exception why);

    /** Whether nobody wants the task any more, so that it need not wait. */
    default boolean isCancelled() {
        return false;
    }
}
