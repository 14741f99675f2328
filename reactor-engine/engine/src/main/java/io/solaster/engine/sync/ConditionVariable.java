package io.solaster.engine.sync;

import java.util.Objects;
import java.util.function.BooleanSupplier;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * Lets work wait until another task says that something has changed. A signal that nobody waits for is forgotten.
 *
 * <p>
 * A wait with a predicate is over when a signal finds that it holds; until then it keeps its place, and the signal goes
 * to the next in line. Predicates are asked on every signal: they look, change nothing, and are short. Another task may
 * run between the signal and the callback, in another scheduling group: then look again. All calls on the owning shard.
 * After Seastar's {@code condition_variable}.
 */
public final class ConditionVariable extends ShardLocal {
    private final WaitList<Awaiter> awaiters = new WaitList<>();
    private final Wakeups wakeups = new Wakeups();
    private @Nullable Throwable broken;

    /** On a shard. */
    public ConditionVariable() {
        super("a condition variable");
    }

    /** Waits for a signal. */
    public ShardFuture<@Nullable Void> await() {
        return await(Patience.ENDLESS);
    }

    /**
     * Waits for a signal.
     *
     * @return completes at the signal; fails with what ended the patience, or with what broke the condition
     */
    public ShardFuture<@Nullable Void> await(Patience patience) {
        assertOwner();
        return begin(null, patience);
    }

    /** Waits until a predicate holds, looking now and at each signal. */
    public ShardFuture<@Nullable Void> await(BooleanSupplier predicate) {
        return await(predicate, Patience.ENDLESS);
    }

    /**
     * Waits until a predicate holds, looking now and at each signal.
     *
     * @return completes when it holds; fails with what the predicate throws, what ended the patience, or what broke the
     *         condition
     */
    public ShardFuture<@Nullable Void> await(BooleanSupplier predicate, Patience patience) {
        assertOwner();
        try {
            if (predicate.getAsBoolean()) {
                return done();
            }
        } catch (Throwable failure) {
            return failed(failure);
        }
        return begin(predicate, patience);
    }

    private ShardFuture<@Nullable Void> begin(@Nullable BooleanSupplier predicate, Patience patience) {
        if (broken != null) {
            return failed(broken);
        }
        Awaiter awaiter = new Awaiter(shard, predicate);
        awaiters.add(awaiter, patience);
        return awaiter.future;
    }

    /** Wakes the first that waits without a predicate, or with one that holds. */
    public void signal() {
        wake(1);
    }

    /** Wakes all that wait now without a predicate, or with one that holds, in the order they came. */
    public void signalAll() {
        wake(awaiters.size());
    }

    private void wake(int most) {
        assertOwner();
        int woken = 0;
        Awaiter awaiter = awaiters.first();
        while (awaiter != null && woken < most) {
            boolean holds = false;
            Throwable failure = null;
            try {
                holds = awaiter.holds();
            } catch (Throwable thrown) {
                failure = thrown;
            }
            Awaiter next = awaiters.after(awaiter);
            if (failure != null) {
                wakeups.fail(awaiters, awaiter, failure);
            } else if (awaiter.isGone()) {
                awaiters.unlink(awaiter);
            } else if (holds) {
                wakeups.resolve(awaiters, awaiter, null);
                woken++;
            }
            awaiter = next;
        }
        wakeups.run();
    }

    /** Fails all who wait, and all who will, with a cause. The second time it changes nothing. */
    public void breakWith(Throwable cause) {
        assertOwner();
        Objects.requireNonNull(cause, "a condition breaks with a cause");
        if (broken == null) {
            broken = cause;
            wakeups.failAll(awaiters, cause);
            wakeups.run();
        }
    }

    /** How many wait. */
    public int waiting() {
        assertOwner();
        return awaiters.size();
    }

    private final class Awaiter extends Waiter<@Nullable Void> {
        private final @Nullable BooleanSupplier predicate;

        Awaiter(Shard shard, @Nullable BooleanSupplier predicate) {
            super(shard);
            this.predicate = predicate;
        }

        boolean holds() {
            return predicate == null || predicate.getAsBoolean();
        }

        @Override
        void gaveUp(Throwable why) {
            wakeups.fail(awaiters, this, why);
            wakeups.run();
        }
    }
}
