package io.solaster.engine.sync;

import java.util.concurrent.CancellationException;

/** The reason of an abort that was given none. A future that fails with it counts as cancelled. */
public final class AbortedException extends CancellationException {

    public AbortedException() {
        super("aborted");
    }

    public AbortedException(String why) {
        super(why);
    }
}
