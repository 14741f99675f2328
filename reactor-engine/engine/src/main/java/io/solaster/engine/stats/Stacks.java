package io.solaster.engine.stats;

import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** Stacks of threads as text, a line per frame. Any thread. */
@Internal
public final class Stacks {

    private Stacks() {}

    /** Where a shard's thread is and, before it, the virtual thread that it carries. */
    public static String of(Thread carrier, @Nullable Thread mounted) {
        StringBuilder text = new StringBuilder();
        if (mounted != null) {
            append(text, "virtual thread '" + mounted.getName() + "', carried by", mounted);
        }
        append(text, "'" + carrier.getName() + "', " + carrier.getState(), carrier);
        return text.toString();
    }

    private static void append(StringBuilder text, String title, Thread thread) {
        text.append(text.isEmpty() ? "" : "\n").append(title);
        for (StackTraceElement frame : thread.getStackTrace()) {
            text.append("\n\tat ").append(frame);
        }
    }
}
