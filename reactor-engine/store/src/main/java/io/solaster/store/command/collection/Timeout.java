package io.solaster.store.command.collection;

import io.solaster.store.shard.CommandCall;
import org.jspecify.annotations.Nullable;

/** For how long a command waits: seconds with a fraction, in Redis's words where they are none. */
final class Timeout {
    private static final String NO_NUMBER = "ERR timeout is not a float or out of range";
    private static final String NEGATIVE = "ERR timeout is negative";

    private Timeout() {}

    /** What is wrong with it; null for nothing. */
    static @Nullable String wrong(CommandCall call, int argument) {
        double seconds = Floats.parse(call, argument);
        if (Double.isNaN(seconds)) {
            return NO_NUMBER;
        }
        double millis = Math.ceil(seconds * 1000);
        // As in Redis, where what is too large for a long turns negative.
        return millis < 0 || millis >= 0x1p63 ? NEGATIVE : null;
    }

    /** Milliseconds, rounded up; 0 for ever. */
    static long millis(CommandCall call, int argument) {
        return (long) Math.ceil(Floats.parse(call, argument) * 1000);
    }
}
