package io.solaster.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

import io.solaster.engine.thread.JdkThreads;
import io.solaster.engine.timer.Timer;
import org.jspecify.annotations.Nullable;

/**
 * Straight-line code that forks and does not leave before its forks have ended: they live between the scope's opening
 * and its close, on the same shard and in the group of the fork's time. Semantics after the JDK's
 * {@code StructuredTaskScope} (JEP 505). On the virtual thread that opened it.
 */
public final class Scope implements AutoCloseable {

    /** What becomes of the others when one fails. */
    public enum Policy {
        /** They are cancelled, and {@link #join} throws the failure. */
        FAIL_FAST,
        /** They go on; each has its outcome in its future. */
        WAIT_FOR_ALL
    }

    private final Shard shard = ShardThreads.straightLine("a scope");
    private final Thread owner = Thread.currentThread();
    private final Policy policy;
    private final @Nullable Duration deadline;
    private final @Nullable Timer timer;
    private final Set<ForkedThread<?>> running = new LinkedHashSet<>();
    private @Nullable Throwable failure;
    private boolean expired;
    private boolean cancelled;
    private boolean closed;

    private Scope(Policy policy, @Nullable Duration deadline) {
        this.policy = policy;
        this.deadline = deadline;
        if (deadline == null) {
            timer = null;
        } else {
            timer = shard.timers().timer(this::expire);
            timer.arm(deadline);
        }
    }

    /**
     * A scope without a deadline.
     *
     * @throws IllegalStateException on the loop itself, or off the shards
     */
    public static Scope open(Policy policy) {
        return new Scope(policy, null);
    }

    /**
     * A scope that cancels what has not ended in time.
     *
     * @param deadline counted from now
     * @throws IllegalStateException on the loop itself, or off the shards
     */
    public static Scope open(Policy policy, Duration deadline) {
        return new Scope(policy, deadline);
    }

    /**
     * Forks. In a scope that has been cancelled the code does not run and its future is cancelled.
     *
     * @throws io.solaster.engine.ShardStoppedException if the shard stops
     */
    public <T extends @Nullable Object> Fork<T> fork(Callable<T> work) {
        assertOwner();
        if (closed) {
            throw new IllegalStateException("this scope is closed; fork before close()");
        }
        ShardThreads threads = shard.threads();
        threads.refuseWhenEnding();
        ForkedThread<T> fork = new ForkedThread<>(threads, shard.currentGroup(), shard.newFuture(), shard, this, false,
                work);
        if (cancelled) {
            fork.abandonUnstarted();
        } else {
            JdkThreads.start(fork.thread());
            running.add(fork);
        }
        return fork;
    }

    /** Forks code that returns nothing: see {@link #fork(Callable)}. */
    public Fork<@Nullable Void> fork(Runnable work) {
        return fork(() -> {
            work.run();
            return null;
        });
    }

    /**
     * Waits until all forks have ended, those too that were cancelled. May be called again after further forks.
     *
     * @throws ExecutionException with the first failure as its cause, where the scope fails fast
     * @throws TimeoutException if the deadline came first
     * @throws InterruptedException if the waiting thread was interrupted; {@link #close} then cancels the forks
     */
    public void join() throws InterruptedException, ExecutionException, TimeoutException {
        assertOwner();
        while (!running.isEmpty()) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            LockSupport.park(this);
        }
        if (expired) {
            throw new TimeoutException("forks had not ended within " + deadline + " and were cancelled");
        }
        if (failure != null && policy == Policy.FAIL_FAST) {
            throw new ExecutionException(failure);
        }
    }

    /** Interrupts the forks that have not ended, and starts no further one. */
    public void cancel() {
        assertOwner();
        cancelAll();
    }

    /** Cancels what has not ended and waits for it, whatever interrupts. */
    @Override
    public void close() {
        assertOwner();
        closed = true;
        if (timer != null) {
            timer.cancel();
        }
        cancelAll();
        boolean interrupted = false;
        while (!running.isEmpty()) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            owner.interrupt();
        }
    }

    /** On the loop: a fork has ended. */
    void ended(ForkedThread<?> fork, @Nullable Throwable failure) {
        running.remove(fork);
        if (failure != null && this.failure == null) {
            this.failure = failure;
            if (policy == Policy.FAIL_FAST) {
                cancelAll();
            }
        }
        if (running.isEmpty()) {
            LockSupport.unpark(owner);
        }
    }

    /** On the loop: the deadline. */
    private void expire() {
        if (!closed) {
            expired = true;
            cancelAll();
        }
    }

    private void cancelAll() {
        if (!cancelled) {
            cancelled = true;
            // Waking one may run nothing here, yet a copy costs little beside what it saves us from.
            new ArrayList<>(running).forEach(ForkedThread::cancel);
        }
    }

    private void assertOwner() {
        if (!Thread.currentThread().equals(owner)) {
            throw new IllegalStateException("the scope of " + owner.getName() + " was used by "
                    + Thread.currentThread().getName() + "; each thread opens its own");
        }
    }
}
