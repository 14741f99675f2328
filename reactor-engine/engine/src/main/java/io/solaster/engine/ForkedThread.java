package io.solaster.engine;

import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.GroupTask;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.thread.JdkThreads;
import io.solaster.engine.trace.Hop;
import io.solaster.engine.trace.Tracing;
import org.jspecify.annotations.Nullable;

/**
 * A virtual thread and its scheduler in one. Each time that the thread can go on, the JDK hands over its continuation,
 * always the same one, from whatever thread woke it; the fork remembers it and queues itself on the shard, so that a
 * wake-up allocates nothing and keeps its group.
 */
final class ForkedThread<T extends @Nullable Object> implements Fork<T>, Executor, GroupTask, Abandonable {
    private final ShardThreads threads;
    private final SchedulingGroup group;
    private final ShardFuture<T> future;
    private final @Nullable Shard home;
    private final @Nullable Scope scope;
    private final boolean logs;
    private final Callable<T> work;
    private final @Nullable Hop hop;
    private final Thread thread;
    /** Null until the thread is started. Written once, while the thread is started. */
    private volatile @Nullable Runnable continuation;
    private @Nullable T result;
    private @Nullable Throwable failure;
    /** The code has ended. On the shard, as all that follows. */
    private boolean ended;
    private boolean listed;
    private boolean settled;
    // The shard's list of living forks.
    @Nullable
    ForkedThread<?> previous;
    @Nullable
    ForkedThread<?> next;

    /**
     * @param home the shard that forks, where the future is completed; null where that is no shard
     * @param scope told when the thread has ended
     * @param logs whether what the code throws is logged too, since nobody may look at the future
     */
    ForkedThread(ShardThreads threads, SchedulingGroup group, ShardFuture<T> future, @Nullable Shard home,
            @Nullable Scope scope, boolean logs, Callable<T> work) {
        this.threads = threads;
        this.group = group;
        this.future = future;
        this.home = home;
        this.scope = scope;
        this.logs = logs;
        Tracing tracing = threads.shard.tracing();
        Hop traced = tracing == null ? null : tracing.hop(Hop.Kind.FORK, home, threads.shard, group);
        this.hop = traced;
        this.work = threads.shard.carryContext(traced == null ? work : () -> traced.call(work));
        this.thread = JdkThreads.unstarted(this, threads.nextName(), this::call);
    }

    @Override
    public ShardFuture<T> future() {
        return future;
    }

    @Override
    public Thread thread() {
        return thread;
    }

    @Override
    public void cancel() {
        thread.interrupt();
    }

    @Override
    public SchedulingGroup group() {
        return group;
    }

    /** Never starts it. */
    void abandonUnstarted() {
        CancellationException why = new CancellationException(thread.getName() + " was forked in a cancelled scope");
        future.completeExceptionally(why);
        if (hop != null) {
            hop.ended(why);
        }
    }

    /** By the JDK, from any thread: the thread, or one that it started, can go on. */
    @Override
    @SuppressWarnings("ReferenceEquality") // each thread has one continuation
    public void execute(Runnable next) {
        Runnable own = continuation;
        if (own == null) {
            continuation = next;
            // Where this is refused, so is the start.
            threads.shard.execute(group, this);
        } else {
            try {
                threads.shard.execute(group, next == own ? this : new Child(this, next));
            } catch (RejectedExecutionException stopped) {
                // Whoever wakes the thread is not to blame.
                abandon();
            }
        }
        if (threads.shard.isShuttingDown()) {
            // Netty drops what comes in late without a word.
            threads.shard.terminationFuture().addListener(stopped -> abandon());
        }
    }

    /** By the shard. */
    @Override
    @SuppressWarnings("NullAway") // the continuation came before its turn
    public void run() {
        if (!listed) {
            listed = true;
            threads.add(this);
        }
        threads.mount(thread);
        try {
            continuation.run();
        } finally {
            threads.mount(null);
        }
        if (!ended) {
            threads.shard.environment().threads().unmounted(thread);
        }
        if (ended && !settled) {
            settled = true;
            settle();
        }
    }

    /** On the virtual thread. */
    private void call() {
        try {
            threads.refuseWhenEnding();
            result = work.call();
        } catch (Throwable e) {
            failure = e;
        }
        ended = true;
    }

    /** On the loop itself rather than on the virtual thread, so that what follows on the future finds itself there. */
    private void settle() {
        threads.remove(this);
        if (failure != null && logs) {
            threads.log(this, failure);
        }
        if (home == null || home == threads.shard) {
            complete();
        } else {
            home.comeHome(this::complete);
        }
        if (scope != null) {
            scope.ended(this, failure);
        }
    }

    private void complete() {
        if (hop == null) {
            tell();
        } else {
            hop.ended(failure);
            hop.resume(this::tell);
        }
    }

    @SuppressWarnings("NullAway") // a null result is one that T allows
    private void tell() {
        if (failure != null) {
            future.fail(failure);
        } else {
            future.resolve(result);
        }
    }

    /** The thread cannot go on any more. Any thread. */
    @Override
    public void abandon() {
        if (future.isDone()) {
            return;
        }
        if (home == null || home == threads.shard) {
            stop();
        } else {
            home.comeHome(this::stop);
        }
    }

    private void stop() {
        if (!future.isDone()) {
            Exception stopped = threads.stopped();
            future.completeExceptionally(stopped);
            if (hop != null) {
                hop.ended(stopped);
            }
        }
    }

    /** A turn of a virtual thread that the fork's code started by itself: it inherits the scheduler. */
    record Child(ForkedThread<?> parent, Runnable continuation) implements GroupTask {

        @Override
        public SchedulingGroup group() {
            return parent.group;
        }

        @Override
        public void run() {
            parent.threads.mount(continuation);
            try {
                continuation.run();
            } finally {
                parent.threads.mount(null);
            }
        }
    }
}
