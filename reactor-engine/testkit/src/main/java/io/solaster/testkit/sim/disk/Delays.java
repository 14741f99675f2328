package io.solaster.testkit.sim.disk;

/** The time that a simulated disk takes. */
public interface Delays {

    /** Nanoseconds since some fixed moment. */
    long nanoTime();

    /**
     * Has a task run after a while, on whatever thread, but not within this call.
     *
     * @param nanos 0 or more
     */
    void after(long nanos, Runnable task);
}
