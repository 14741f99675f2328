package io.solaster.pool.connect;

import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** Knows the want of file descriptors, which is no endpoint's fault, and says what can be done about it. */
@Internal
public final class Descriptors {
    private static final String ALL_IN_USE = "open files";

    private Descriptors() {}

    /** Whether a failure comes of it. */
    public static boolean areExhausted(@Nullable Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each.getMessage() != null && each.getMessage().contains(ALL_IN_USE)) {
                return true;
            }
        }
        return false;
    }

    /** Why a connect failed, for people. */
    public static String explain(Throwable failure) {
        String words = failure.getMessage() == null ? failure.toString() : failure.getMessage();
        if (!areExhausted(failure)) {
            return words;
        }
        return (words.contains(ALL_IN_USE) ? words : words + " (too many open files)")
                + "; raise the limit on open files (ulimit -n), or lower connections.max";
    }
}
