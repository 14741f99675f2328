package io.solaster.testkit.left;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One thing that was left behind.
 *
 * @param kind its kind
 * @param name its name: of a thread, of a file, of a socket's ends
 * @param madeAt the stack that made it, innermost frame first; empty where that is not known
 */
public record Remnant(Left kind, String name, List<StackTraceElement> madeAt) {
    private static final List<String> MACHINERY = List.of("java.", "javax.", "jdk.", "sun.", "com.sun.", "io.netty.",
            "io.solaster.engine.", "org.junit.", "io.solaster.testkit.left.Origins",
            "io.solaster.testkit.left.EngineLeftovers",
            "io.solaster.testkit.junit.Solaster", "io.solaster.testkit.junit.TestBed");
    private static final List<String> REFLECTION = List.of("java.lang.reflect.", "jdk.internal.reflect.");

    public Remnant {
        madeAt = List.copyOf(madeAt);
    }

    static Remnant of(Left kind, String name, Throwable madeAt) {
        return new Remnant(kind, name, Arrays.asList(madeAt.getStackTrace()));
    }

    /** The line that made it: the first that belongs neither to the JDK nor to Netty, nor to the engine. */
    public Optional<StackTraceElement> line() {
        return madeAt.stream().filter(Remnant::isOwn).findFirst();
    }

    private static boolean isOwn(StackTraceElement frame) {
        return MACHINERY.stream().noneMatch(frame.getClassName()::startsWith);
    }

    /** The name and the line, and below them the stack as far as it leads to whoever called. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder().append(kind).append(' ').append(name);
        line().ifPresent(line -> text.append(", made at ").append(line));
        // What is outside the call by reflection is the framework that called the test.
        boolean seen = false;
        for (StackTraceElement frame : madeAt) {
            if (seen && REFLECTION.stream().anyMatch(frame.getClassName()::startsWith)) {
                break;
            }
            seen |= isOwn(frame);
            text.append("\n\t\tat ").append(frame);
        }
        return text.toString();
    }
}
