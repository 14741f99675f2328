package io.solaster.engine.task;

/** A task that knows its group wherever it is handed over. */
public interface GroupTask extends Runnable {

    /** The group that the task runs in. */
    SchedulingGroup group();
}
