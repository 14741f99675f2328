package io.solaster.engine.sync;

import java.util.concurrent.CompletionStage;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * One result that many wait for, each with patience of its own: who gives up or cancels harms neither the others nor the
 * work. For things that are made once and asked for by many, such as a connection or an entry of a cache.
 *
 * <p>
 * Who waits is served in the order of coming. A failure that nobody waits for is kept for who comes later. All calls on
 * the owning shard. After Seastar's {@code shared_future} and {@code shared_promise}.
 */
public final class SharedFuture<T extends @Nullable Object> extends ShardLocal {
    private final WaitList<Awaiter> awaiters = new WaitList<>();
    private final Wakeups wakeups = new Wakeups();
    private boolean done;
    private @Nullable T value;
    private @Nullable Throwable failure;

    /** Without a result yet. On a shard. */
    public SharedFuture() {
        super("a shared future");
    }

    /** The result of a stage, which may be completed on any thread. On a shard. */
    public static <T extends @Nullable Object> SharedFuture<T> of(CompletionStage<T> stage) {
        SharedFuture<T> shared = new SharedFuture<>();
        Stages.whenDone(shared.shard, stage, (value, failure) -> {
            if (failure != null) {
                shared.fail(failure);
            } else {
                shared.resolve(value);
            }
        }, () -> {
            // Those who wait hear of the shard's end from the list that they are on.
        });
        return shared;
    }

    /** A future of one's own for the result. */
    public ShardFuture<T> await() {
        return await(Patience.ENDLESS);
    }

    /**
     * A future of one's own for the result.
     *
     * @return completes with the result; fails with its failure, or with what ended the patience
     */
    @SuppressWarnings("NullAway") // a null value is one that T allows
    public ShardFuture<T> await(Patience patience) {
        assertOwner();
        if (failure != null) {
            return failed(failure);
        }
        if (done) {
            ShardFuture<T> future = shard.newFuture();
            future.resolve(value);
            return future;
        }
        Awaiter awaiter = new Awaiter(shard);
        awaiters.add(awaiter, patience);
        return awaiter.future;
    }

    /**
     * The result is there: serves all who wait.
     *
     * @throws IllegalStateException if there is a result already
     */
    public void resolve(T value) {
        finish(value, null);
    }

    /**
     * There will be no result: serves all who wait.
     *
     * @throws IllegalStateException if there is a result already
     */
    public void fail(Throwable failure) {
        finish(null, failure);
    }

    @SuppressWarnings("NullAway") // a null value is one that T allows
    private void finish(@Nullable T value, @Nullable Throwable failure) {
        assertOwner();
        if (done) {
            throw new IllegalStateException("the shared future has a result already; give it one once");
        }
        done = true;
        this.value = value;
        this.failure = failure;
        if (failure != null) {
            wakeups.failAll(awaiters, failure);
        } else {
            for (Awaiter first = awaiters.first(); first != null; first = awaiters.first()) {
                wakeups.resolve(awaiters, first, value);
            }
        }
        wakeups.run();
    }

    /** Whether there is a result. */
    public boolean isDone() {
        assertOwner();
        return done;
    }

    /** How many wait. */
    public int waiting() {
        assertOwner();
        return awaiters.size();
    }

    private final class Awaiter extends Waiter<T> {

        Awaiter(Shard shard) {
            super(shard);
        }

        @Override
        void gaveUp(Throwable why) {
            wakeups.fail(awaiters, this, why);
            wakeups.run();
        }
    }
}
