package io.solaster.testkit.left;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits until nothing is left, since much ends a moment after the test: a machine may be busy. */
final class Patience {
    private static final long FIRST_PAUSE = TimeUnit.MICROSECONDS.toNanos(50);
    private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(20);

    private Patience() {}

    /** What is left still when time is up; empty as soon as there is nothing. */
    static List<Remnant> until(Duration limit, Supplier<List<Remnant>> look) {
        long end = System.nanoTime() + limit.toNanos();
        long pause = FIRST_PAUSE;
        List<Remnant> left = look.get();
        while (!left.isEmpty() && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(pause);
            pause = Math.min(LONGEST_PAUSE, pause * 2);
            left = look.get();
        }
        return left;
    }
}
