package io.solaster.engine.sync;

import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * Permits, handed out first come first served: a request for many is never overtaken by later ones for few. What is to
 * be had at once costs no allocation.
 *
 * <p>
 * A wait ends with the permits, with its {@link Patience}, or with {@link #breakWith}. Cancelled in another way (say
 * {@code future.cancel} or {@code orTimeout}) it takes no permits, yet holds up those behind it until the next release:
 * prefer patience. A callback may use the semaphore again. All calls on the owning shard. After Seastar's
 * {@code semaphore}.
 */
public final class Semaphore extends ShardLocal {
    private final long maximum;
    private long available;
    private @Nullable Throwable broken;
    private final WaitList<Request> requests = new WaitList<>();
    private final Wakeups wakeups = new Wakeups();

    /** So many permits, and never more. On a shard. */
    public Semaphore(long permits) {
        this(permits, permits);
    }

    /** So many permits to begin with, and a maximum that releases may raise them to. On a shard. */
    public Semaphore(long permits, long maximum) {
        this("a semaphore", permits, maximum);
    }

    Semaphore(String what, long permits, long maximum) {
        super(what);
        if (permits < 0 || permits > maximum) {
            throw new IllegalArgumentException(
                    permits + " permits of a maximum of " + maximum + "; begin with 0 to maximum");
        }
        this.available = permits;
        this.maximum = maximum;
    }

    /** Acquires one permit, waiting for ever. */
    public ShardFuture<@Nullable Void> acquire() {
        return acquire(1, Patience.ENDLESS);
    }

    /** Acquires permits, waiting for ever. */
    public ShardFuture<@Nullable Void> acquire(long permits) {
        return acquire(permits, Patience.ENDLESS);
    }

    /**
     * Acquires permits; to be followed by {@link #release} of as many.
     *
     * @return completes with the permits; fails with what ended the patience, or with what broke the semaphore
     * @throws IllegalArgumentException for fewer than 0 permits, or more than the maximum
     */
    public ShardFuture<@Nullable Void> acquire(long permits, Patience patience) {
        if (tryAcquire(permits)) {
            return done();
        }
        if (broken != null) {
            return failed(broken);
        }
        Request request = new Request(shard, permits);
        requests.add(request, patience);
        return request.future;
    }

    /**
     * Acquires permits if nobody waits and so many are there.
     *
     * @return whether it did; false on a broken semaphore
     * @throws IllegalArgumentException for fewer than 0 permits, or more than the maximum
     */
    public boolean tryAcquire(long permits) {
        assertOwner();
        if (permits < 0 || permits > maximum) {
            throw new IllegalArgumentException(permits + " permits asked; ask for 0 to " + maximum);
        }
        if (permits > available || broken != null || requests.first() != null) {
            return false;
        }
        available -= permits;
        return true;
    }

    /** Acquires one permit, if {@link #tryAcquire(long)} can. */
    public boolean tryAcquire() {
        return tryAcquire(1);
    }

    /** Gives one permit back. */
    public void release() {
        release(1);
    }

    /**
     * Gives permits back, or adds new ones up to the maximum, and serves those who wait.
     *
     * @throws IllegalArgumentException for fewer than 0 permits
     * @throws IllegalStateException if it would be more than the maximum
     */
    public void release(long permits) {
        assertOwner();
        if (permits < 0) {
            throw new IllegalArgumentException(permits + " permits released; release 0 or more");
        }
        if (permits > maximum - available) {
            throw new IllegalStateException(permits + " permits released with " + available + " there of a maximum of "
                    + maximum + "; release what was acquired, once");
        }
        available += permits;
        serve();
    }

    /**
     * Acquires permits, to give them back on closing the hold: {@code try (var _ = semaphore.hold(2).join())}.
     * If the future is cancelled while it waits, they go back at once.
     */
    public ShardFuture<Hold> hold(long permits) {
        return hold(permits, Patience.ENDLESS);
    }

    /** As {@link #hold(long)}, with patience. */
    public ShardFuture<Hold> hold(long permits, Patience patience) {
        return holding(acquire(permits, patience), new Permits(this, permits));
    }

    /** Starts work with permits, and gives them back when its future is done. */
    public <T extends @Nullable Object> ShardFuture<T> with(long permits, Supplier<? extends CompletionStage<T>> work) {
        return with(permits, Patience.ENDLESS, work);
    }

    /**
     * As {@link #with(long, Supplier)}, with patience for the permits, not for the work.
     *
     * @return the work's result; failed as {@link #acquire(long, Patience)} fails
     */
    public <T extends @Nullable Object> ShardFuture<T> with(long permits, Patience patience,
            Supplier<? extends CompletionStage<T>> work) {
        return during(acquire(permits, patience), work, () -> release(permits));
    }

    /** Fails all who wait, and all who will, with a cause. The second time it changes nothing. */
    public void breakWith(Throwable cause) {
        assertOwner();
        Objects.requireNonNull(cause, "a semaphore breaks with a cause");
        if (broken == null) {
            broken = cause;
            wakeups.failAll(requests, cause);
            wakeups.run();
        }
    }

    /** Permits that are there. */
    public long available() {
        assertOwner();
        return available;
    }

    /** Requests that wait. */
    public int waiting() {
        assertOwner();
        return requests.size();
    }

    private void serve() {
        for (Request first = requests.first(); first != null && first.permits <= available; first = requests.first()) {
            available -= first.permits;
            wakeups.resolve(requests, first, null);
        }
        wakeups.run();
    }

    private final class Request extends Waiter<@Nullable Void> {
        private final long permits;

        Request(Shard shard, long permits) {
            super(shard);
            this.permits = permits;
        }

        @Override
        void gaveUp(Throwable why) {
            wakeups.fail(requests, this, why);
            // It may have been the only thing in the way of those behind it.
            serve();
        }
    }

    static final class Permits extends Hold {
        private final Semaphore semaphore;
        private final long permits;

        private Permits(Semaphore semaphore, long permits) {
            super(semaphore);
            this.semaphore = semaphore;
            this.permits = permits;
        }

        @Override
        void giveBack() {
            semaphore.release(permits);
        }
    }
}
