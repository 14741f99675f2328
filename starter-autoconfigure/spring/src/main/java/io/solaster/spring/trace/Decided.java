package io.solaster.spring.trace;

/** Whether the calling thread begins a trace that is sampled already, so that no sampler of the tracer decides again. */
public final class Decided {
    private static final ThreadLocal<Boolean> HERE = new ThreadLocal<>();

    private Decided() {}

    /** Any thread. */
    public static boolean isHere() {
        return HERE.get() != null;
    }

    static void run(Runnable begin) {
        HERE.set(true);
        try {
            begin.run();
        } finally {
            HERE.remove();
        }
    }
}
