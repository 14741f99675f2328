package io.solaster.engine.timer;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

import io.solaster.engine.env.TimeSource;

/** A clock for tests, that stands until it is told to go on. Any thread. */
public final class ManualClock implements TimeSource {
    private final AtomicLong now = new AtomicLong();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    @Override
    public long nanoTime() {
        return now.get();
    }

    /**
     * Goes on, and then calls who listens.
     *
     * @throws IllegalArgumentException if the duration is negative
     */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("advance by " + duration + "; a clock goes forward only");
        }
        now.addAndGet(duration.toNanos());
        listeners.forEach(Runnable::run);
    }

    /** Calls the listener after each {@link #advance}, on the thread that advances: an engine wakes its shards. */
    public void onAdvance(Runnable listener) {
        listeners.add(listener);
    }

    /** Ends {@link #onAdvance}. */
    public void forget(Runnable listener) {
        listeners.remove(listener);
    }
}
