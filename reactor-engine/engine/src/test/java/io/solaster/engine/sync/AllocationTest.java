package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;

import com.sun.management.ThreadMXBean;
import org.junit.jupiter.api.Test;

/** What can be had at once costs no memory. */
class AllocationTest extends OnShard {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int ROUNDS = 200_000;

    @Test
    void uncontendedUseAllocatesNothing() {
        onShard(() -> {
            Semaphore semaphore = new Semaphore(2);
            Gate gate = new Gate();
            RwLock lock = new RwLock();
            Pipe<String> pipe = new Pipe<>(4);
            assertAllocatesNothing("a semaphore", () -> {
                semaphore.acquire(2);
                semaphore.release(2);
            });
            assertAllocatesNothing("a gate", () -> {
                gate.enter();
                gate.leave();
            });
            assertAllocatesNothing("a lock", () -> {
                lock.acquireRead();
                lock.releaseRead();
                lock.acquireWrite();
                lock.releaseWrite();
            });
            assertAllocatesNothing("a pipe", () -> {
                pipe.write("item");
                pipe.tryRead();
            });
        });
    }

    private static void assertAllocatesNothing(String what, Runnable use) {
        for (int i = 0; i < 1_000; i++) {
            use.run();
        }
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            use.run();
        }
        long perRound = (THREADS.getCurrentThreadAllocatedBytes() - before) / ROUNDS;
        assertThat(perRound).as("bytes for a use of " + what).isZero();
    }
}
