package io.solaster.engine.env;

/** A monotonic clock. Any thread. */
@FunctionalInterface
public interface TimeSource {

    /** The machine's. */
    TimeSource SYSTEM = System::nanoTime;

    /** Nanoseconds since some fixed moment. */
    long nanoTime();
}
