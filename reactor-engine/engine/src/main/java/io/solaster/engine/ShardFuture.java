package io.solaster.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/**
 * A future that comes home: it is completed on the shard that asked, and its {@code ...Async} stages run there too. Asked
 * from outside of the shards it is completed on the shard that did the work, and asynchronous stages run on
 * {@link Offload}. Waiting for it on a shard's loop would stop that shard, so {@code get} and {@code join} throw there
 * while it is not done; on a virtual thread of a shard they park.
 */
public final class ShardFuture<T extends @Nullable Object> extends CompletableFuture<T> {
    private final Executor home;
    /** Null where another thread than the home shard made the future. */
    private final @Nullable SchedulingGroup group;

    ShardFuture(Executor home) {
        this(home, home instanceof Shard shard && Shard.current() == shard ? shard.currentGroup() : null);
    }

    private ShardFuture(Executor home, @Nullable SchedulingGroup group) {
        this.home = home;
        this.group = group;
    }

    /**
     * Completes the future in the group that made it: at once if that is running, else as a task of that group. On the
     * home shard.
     */
    @SuppressWarnings("NullAway") // a null value is one that T allows
    public void resolve(T value) {
        if (isItsTurn() || !later(() -> complete(value))) {
            complete(value);
        }
    }

    /** As {@link #resolve}, with a failure. */
    public void fail(Throwable failure) {
        if (isItsTurn() || !later(() -> completeExceptionally(failure))) {
            completeExceptionally(failure);
        }
    }

    private boolean isItsTurn() {
        return group == null || !(home instanceof Shard shard) || Shard.current() != shard
                || shard.currentGroup() == group;
    }

    private boolean later(Runnable completion) {
        if (group == null || !(home instanceof Shard shard)) {
            return false;
        }
        try {
            shard.execute(group, completion);
            return true;
        } catch (RejectedExecutionException stopped) {
            return false;
        }
    }

    @Override
    public Executor defaultExecutor() {
        return home;
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
        return new ShardFuture<>(home, group);
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        refuseToBlock();
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        refuseToBlock();
        return super.get(timeout, unit);
    }

    @Override
    public T join() {
        refuseToBlock();
        return super.join();
    }

    @Override
    public CompletableFuture<T> orTimeout(long timeout, TimeUnit unit) {
        return home instanceof Shard shard
                ? unlessDone(shard, timeout, unit, () -> completeExceptionally(new TimeoutException()))
                : super.orTimeout(timeout, unit);
    }

    @Override
    public CompletableFuture<T> completeOnTimeout(T value, long timeout, TimeUnit unit) {
        return home instanceof Shard shard
                ? unlessDone(shard, timeout, unit, () -> complete(value))
                : super.completeOnTimeout(value, timeout, unit);
    }

    /** On the shard's own timers, since the inherited methods complete the future on a thread of the JDK's. */
    private ShardFuture<T> unlessDone(Shard shard, long timeout, TimeUnit unit, Runnable completion) {
        if (!isDone()) {
            Future<?> timer = shard.schedule(completion, timeout, unit);
            whenComplete((result, failure) -> timer.cancel(false));
        }
        return this;
    }

    private void refuseToBlock() {
        Shard shard = isDone() ? null : Shard.current();
        if (shard != null && shard.inEventLoop()) {
            throw new IllegalStateException("waiting for a future would block shard " + shard.id()
                    + "; continue with thenApply, whenComplete and the like, or wait in Shard.fork");
        }
    }
}
