package io.solaster.engine.sync;

/** What reads and writes of a closed pipe fail with. */
public final class PipeClosedException extends IllegalStateException {

    PipeClosedException(String by) {
        super("the pipe was closed by its " + by);
    }
}
