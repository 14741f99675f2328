package io.solaster.engine;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

import io.solaster.engine.env.Threads;
import org.jspecify.annotations.Nullable;

/**
 * The threads of one purpose of {@link Offload}, and what waits for one of them. Any thread may call.
 *
 * <p>
 * No lock is on the way of a call: the queue is lock-free, and its bound is a number beside it. Work that is given up
 * leaves its place behind, empty; once as many are empty as may be taken, all of them are removed, so that each costs a
 * fixed time, and no more memory than the queue itself.
 */
final class OffloadThreads {
    static final String STOPPED = "the engine has stopped";

    private final String purpose;
    private final int capacity;
    private final BlockingQueue<Runnable> queue;
    private final ThreadPoolExecutor threads;
    private final Threads environment;
    private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicInteger empty = new AtomicInteger();
    private final AtomicBoolean sweeping = new AtomicBoolean();
    private final LongAdder rejected = new LongAdder();

    /**
     * None runs before {@link #start}.
     *
     * @param namePrefix of the threads
     * @param purpose names them in errors
     * @param environment makes them
     */
    OffloadThreads(String namePrefix, String purpose, int count, int capacity, Threads environment) {
        if (capacity < 1) {
            throw new IllegalArgumentException(
                    "solaster.engine.offload.queue-capacity: " + capacity + "; let 1 call or more wait");
        }
        this.purpose = purpose;
        this.capacity = capacity;
        this.environment = environment;
        queue = environment.queue();
        threads = new ThreadPoolExecutor(count, count, 0, TimeUnit.SECONDS, queue, environment.factory(namePrefix)) {
            @Override
            protected void terminated() {
                ended.complete(null);
            }
        };
    }

    /** Starts all threads, so that none inherits the CPU of the shard that first needs it. */
    void start() {
        threads.prestartAllCoreThreads();
    }

    /**
     * Runs work once a thread is free.
     *
     * @return its place, by which it can be given up until it begins
     * @throws RejectedExecutionException if as many wait as may, or the engine has stopped
     */
    Place execute(Runnable work) {
        if (waiting.incrementAndGet() > capacity) {
            throw refuse("solaster.engine.offload.queue-capacity: " + capacity
                    + " calls wait for a thread already; those for " + purpose + " are full", null);
        }
        Place place = new Place(work);
        try {
            threads.execute(place);
        } catch (RejectedExecutionException e) {
            throw refuse(STOPPED, e);
        }
        return place;
    }

    private RejectedExecutionException refuse(String why, @Nullable Throwable cause) {
        waiting.decrementAndGet();
        rejected.increment();
        return new RejectedExecutionException(why, cause);
    }

    /** What stands in a place whose work was given up. */
    private enum Empty implements Runnable {
        PLACE;

        @Override
        public void run() {
            throw new IllegalStateException("an empty place was run");
        }
    }

    /** A place in the queue. Its work is taken once: by a thread that runs it, or by whoever gives it up. */
    final class Place extends AtomicReference<@Nullable Runnable> implements Runnable {
        private static final long serialVersionUID = 1;

        Place(Runnable work) {
            super(work);
        }

        /** By a thread of ours. */
        @Override
        public void run() {
            Runnable work = getAndSet(null);
            if (work instanceof Empty) {
                empty.decrementAndGet();
            } else if (work != null) {
                waiting.decrementAndGet();
                work.run();
            }
        }

        /**
         * Leaves the queue. Any thread.
         *
         * @return whether the work had not begun; it will not
         */
        boolean giveUp() {
            Runnable work = get();
            if (work == null || work instanceof Empty || !compareAndSet(work, Empty.PLACE)) {
                return false;
            }
            waiting.decrementAndGet();
            if (empty.incrementAndGet() > capacity) {
                sweep();
            }
            return true;
        }
    }

    private void sweep() {
        if (sweeping.compareAndSet(false, true)) {
            try {
                queue.removeIf(task -> {
                    boolean gone = task instanceof Place place && place.compareAndSet(Empty.PLACE, null);
                    if (gone) {
                        empty.decrementAndGet();
                    }
                    return gone;
                });
            } finally {
                sweeping.set(false);
            }
        }
    }

    /** Places in the queue, the empty ones included. For tests. */
    int places() {
        return queue.size();
    }

    int waiting() {
        return waiting.get();
    }

    int active() {
        return threads.getActiveCount();
    }

    long rejected() {
        return rejected.sum();
    }

    /** Takes no more work, and lets what was accepted finish. */
    void shutdown() {
        threads.shutdown();
    }

    /** Whether all has finished by then. */
    boolean awaitEnd(Duration patience) {
        try {
            return environment.await(ended, patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Interrupts what runs; returns the work that has not begun, and will not. */
    List<Runnable> shutdownNow() {
        return threads.shutdownNow().stream()
                .map(task -> task instanceof Place place ? place.getAndSet(null) : null)
                .<Runnable>mapMulti((work, some) -> {
                    if (work != null && !(work instanceof Empty)) {
                        waiting.decrementAndGet();
                        some.accept(work);
                    }
                }).toList();
    }
}
