package io.solaster.engine.file;

import java.util.concurrent.RejectedExecutionException;

/** Threads that may wait for a disk. Any thread. */
@FunctionalInterface
public interface OffShard {

    /**
     * Has work run on one of them.
     *
     * @param otherwise is run in its place where the engine stops before its turn
     * @throws RejectedExecutionException if as much waits as may, or the engine has stopped; neither is run then
     */
    void execute(Runnable work, Runnable otherwise);
}
