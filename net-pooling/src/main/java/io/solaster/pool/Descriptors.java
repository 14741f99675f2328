package io.solaster.pool;

import org.jspecify.annotations.Nullable;

/** Knows the want of file descriptors, which is no endpoint's fault. */
final class Descriptors {

    private Descriptors() {}

    static boolean areExhausted(@Nullable Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each.getMessage() != null && each.getMessage().contains("open files")) {
                return true;
            }
        }
        return false;
    }
}
