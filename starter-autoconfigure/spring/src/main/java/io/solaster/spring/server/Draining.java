package io.solaster.spring.server;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.Function;

import io.solaster.config.Internal;

/** How what a context started ends with it: threads of their own wait, not the thread that stops the context. Any thread may call. */
@Internal
public final class Draining {

    private Draining() {}

    /** Begins a stop and waits until it is done, or until the thread is interrupted, which it stays. */
    public static void await(Consumer<Runnable> stop) {
        CountDownLatch done = new CountDownLatch(1);
        stop.accept(done::countDown);
        try {
            done.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Drains each on a thread of its own. Returns at once.
     *
     * @param thread begins the names of the threads
     * @param name of one, which ends the name of its thread
     * @param after runs when all are done
     */
    static <T> void start(String thread, List<T> draining, Function<T, String> name, Consumer<T> drain,
            Runnable after) {
        List<Thread> threads = draining.stream().map(
                each -> Thread.ofPlatform().name(thread + "-" + name.apply(each)).start(() -> drain.accept(each)))
                .toList();
        Thread.ofPlatform().name(thread).start(() -> {
            try {
                for (Thread each : threads) {
                    each.join();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                after.run();
            }
        });
    }
}
