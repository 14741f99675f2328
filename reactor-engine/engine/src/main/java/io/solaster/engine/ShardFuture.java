package io.solaster.engine;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.env.Environment;
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
    /** Of who waits; null where that is no shard. */
    private final @Nullable SchedulingGroup group;
    /** What it is the answer to, if anything. */
    @Nullable
    Source source;

    /** What a future is the answer to. */
    @FunctionalInterface
    public interface Source {
        /**
         * Nobody waits for the answer any more: the future was cancelled, or failed by whomever, the source itself too.
         * On the thread that did so; perhaps more than once.
         */
        void giveUp();

        /** About to: before anybody hears that the future has failed, so that nothing begins after. On that thread. */
        default void givingUp() {}
    }

    ShardFuture(Executor home) {
        this.home = home;
        this.group = home instanceof Shard shard && shard == Shard.current() ? shard.scheduler().current() : null;
    }

    /**
     * Completes the future in the group that made it: at once if that is running, else as a task of that group. On the
     * home shard.
     */
    public void resolve(T value) {
        SchedulingGroup waits = othersTurn();
        if (waits == null || !later(waits, () -> complete(value))) {
            complete(value);
        }
    }

    /** As {@link #resolve}, with a failure. */
    public void fail(Throwable failure) {
        SchedulingGroup waits = othersTurn();
        if (waits == null || !later(waits, () -> completeExceptionally(failure))) {
            completeExceptionally(failure);
        }
    }

    private boolean later(SchedulingGroup waits, Runnable completion) {
        try {
            ((Shard) home).execute(waits, new HandedOver.Homecoming(completion));
            return true;
        } catch (RejectedExecutionException stopped) {
            return false;
        }
    }

    /** The group of who waits, if another is running. */
    private @Nullable SchedulingGroup othersTurn() {
        return home instanceof Shard shard && shard.scheduler().current() == group ? null : group;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        givingUp();
        boolean cancelled = super.cancel(mayInterruptIfRunning);
        giveUp();
        return cancelled;
    }

    @Override
    public boolean completeExceptionally(Throwable failure) {
        givingUp();
        boolean completed = super.completeExceptionally(failure);
        giveUp();
        return completed;
    }

    /** What a stage failed with, as it was thrown: without the wrapping that dependent stages put around it. */
    public static Throwable causeOf(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? cause : failure;
    }

    /** What a future failed with, or was cancelled by; null if neither. */
    static @Nullable Throwable failureOf(CompletableFuture<?> future) {
        if (!future.isCompletedExceptionally()) {
            return null;
        }
        return future.isCancelled() ? new CancellationException() : future.exceptionNow();
    }

    private void givingUp() {
        if (source != null && !isDone()) {
            source.givingUp();
        }
    }

    private void giveUp() {
        if (source != null) {
            source.giveUp();
        }
    }

    @Override
    public Executor defaultExecutor() {
        return home;
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
        return new ShardFuture<>(home);
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        refuseToBlock();
        beforeWait(Long.MAX_VALUE);
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        refuseToBlock();
        return super.get(beforeWait(unit.toNanos(timeout)), TimeUnit.NANOSECONDS);
    }

    @Override
    public T join() {
        refuseToBlock();
        beforeWait(Long.MAX_VALUE);
        return super.join();
    }

    private long beforeWait(long nanos) {
        if (isDone()) {
            return nanos;
        }
        Environment environment = home instanceof Shard shard ? shard.environment() : ((Offload) home).environment();
        return environment.threads().beforeWait(this, nanos);
    }

    @Override
    public CompletableFuture<T> orTimeout(long timeout, TimeUnit unit) {
        if (!(home instanceof Shard shard)) {
            return super.orTimeout(timeout, unit);
        }
        shard.unlessDone(this, Duration.of(timeout, unit.toChronoUnit()),
                () -> completeExceptionally(new TimeoutException()));
        return this;
    }

    @Override
    public CompletableFuture<T> completeOnTimeout(T value, long timeout, TimeUnit unit) {
        if (!(home instanceof Shard shard)) {
            return super.completeOnTimeout(value, timeout, unit);
        }
        shard.unlessDone(this, Duration.of(timeout, unit.toChronoUnit()), () -> complete(value));
        return this;
    }

    private void refuseToBlock() {
        if (!isDone()) {
            Shard.refuseToBlock("waiting for a future",
                    "continue with thenApply, whenComplete and the like, or wait in Shard.fork");
        }
    }
}
