package io.solaster.log;

import org.jspecify.annotations.Nullable;

/** A log is not as it was written, and no crash does that: the message names the file, the place in it, and what is wrong. */
public final class LogDamagedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** For who keeps files beside a log. */
    public LogDamagedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
