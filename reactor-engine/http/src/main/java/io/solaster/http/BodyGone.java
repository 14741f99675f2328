package io.solaster.http;

import java.io.IOException;

import io.solaster.config.Internal;

/** The response has ended, and whoever still waits for the request's body waits in vain. Tells of no fault. */
@Internal
public final class BodyGone extends IOException {
    private static final long serialVersionUID = 1;

    public BodyGone() {
        super("the response has ended, and the rest of the body is skipped");
    }

    /** Whether something failed for this reason alone. */
    public static boolean isBehind(Throwable failure) {
        return failure instanceof BodyGone || failure.getCause() instanceof BodyGone;
    }

    /** None: where the response was ended is not where this is made. */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
