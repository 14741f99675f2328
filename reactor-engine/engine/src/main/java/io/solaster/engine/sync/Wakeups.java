package io.solaster.engine.sync;

import org.jspecify.annotations.Nullable;

/**
 * Waiters whose wait is over and whose futures are to be completed. What a callback wakes through the same primitive
 * is completed after it, by the call that is under way: so callbacks never nest, however many wake each other, and a
 * primitive has always finished its own changes when foreign code runs.
 */
final class Wakeups {
    private @Nullable Waiter<?> head;
    private @Nullable Waiter<?> tail;
    /** Not a flag: a virtual thread may park in a callback, and others must then be able to go on. */
    private @Nullable Thread runner;

    /** Ends a wait with a value. */
    <T extends @Nullable Object> void resolve(WaitList<?> list, Waiter<T> waiter, T value) {
        list.unlink(waiter);
        waiter.settle(value, null);
        add(waiter);
    }

    /** Ends a wait with a failure. */
    void fail(WaitList<?> list, Waiter<?> waiter, Throwable failure) {
        list.unlink(waiter);
        waiter.settle(null, failure);
        add(waiter);
    }

    /** Ends all waits with a failure. */
    void failAll(WaitList<? extends Waiter<?>> list, Throwable failure) {
        for (Waiter<?> waiter = list.first(); waiter != null; waiter = list.first()) {
            fail(list, waiter, failure);
        }
    }

    private void add(Waiter<?> waiter) {
        if (tail == null) {
            head = waiter;
        } else {
            tail.nextWoken = waiter;
        }
        tail = waiter;
    }

    /** Completes the futures, and so runs callbacks: the last thing that an operation does. */
    @SuppressWarnings("ReferenceEquality") // a thread is itself
    void run() {
        Thread current = Thread.currentThread();
        if (head == null || runner == current) {
            return;
        }
        runner = current;
        try {
            for (Waiter<?> waiter = head; waiter != null; waiter = head) {
                head = waiter.nextWoken;
                if (head == null) {
                    tail = null;
                }
                waiter.nextWoken = null;
                waiter.complete();
            }
        } finally {
            runner = null;
        }
    }
}
