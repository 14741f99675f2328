package io.solaster.pool.core;

import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import io.solaster.engine.CallOptions;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.PooledConnection;
import org.jspecify.annotations.Nullable;

/**
 * One request from {@link ConnectionPool#use}: it runs with a connection of this shard, or where another one has lent it
 * one. On the shard that asked.
 */
final class Borrowing<C extends PooledConnection, R extends @Nullable Object>
        implements
            ShardFuture.Source,
            Waiter.Forward<C> {
    private final DefaultShardPool<C> pool;
    private final Function<? super C, ? extends CompletionStage<R>> work;
    final ShardFuture<R> result;
    private final SchedulingGroup group;
    /** What it waits for now: a connection, or the result itself. */
    private @Nullable CompletionStage<?> pending;
    /** The work was cancelled while it had a connection. */
    private boolean cancelled;

    Borrowing(DefaultShardPool<C> pool, Function<? super C, ? extends CompletionStage<R>> work) {
        this.pool = pool;
        this.work = work;
        this.group = pool.shard.currentGroup();
        this.result = pool.shard.newFuture(this);
    }

    void waitsFor(ShardFuture<C> taken) {
        pending = taken;
        taken.whenComplete((connection, failure) -> {
            if (connection != null) {
                run(connection);
            } else if (!result.isDone()) {
                result.fail(ShardFuture.causeOf(failure));
            }
        });
    }

    void run(C connection) {
        if (result.isDone()) {
            pool.give(connection);
            return;
        }
        CompletionStage<R> stage;
        try {
            stage = Objects.requireNonNull(work.apply(connection), "the work returned no stage");
        } catch (Throwable failure) {
            pool.give(connection);
            result.fail(failure);
            return;
        }
        pending = stage;
        stage.whenComplete((value, failure) -> {
            if (Shard.current() == pool.shard) {
                // No object for what is so by far the most.
                ended(connection, value, failure);
            } else {
                pool.shard.executeOrElse(() -> ended(connection, value, failure),
                        () -> result.completeExceptionally(pool.failures.closed()));
            }
        });
    }

    private void ended(C connection, R value, @Nullable Throwable failure) {
        if (cancelled && !connection.isShared()) {
            // Nobody knows what the work has left behind on it, or whether it has heard.
            pool.discard(connection, "the work that had it was cancelled");
        } else {
            pool.give(connection);
        }
        if (failure == null) {
            result.resolve(value);
        } else {
            result.fail(ShardFuture.causeOf(failure));
        }
    }

    @Override
    public void to(int lender, C connection) {
        pool.stats.forwarded.increment();
        ShardFuture<R> answer = pool.whole.runOn(lender, CallOptions.in(group), connection, work);
        pending = answer;
        answer.whenComplete((value, failure) -> {
            if (failure == null) {
                result.resolve(value);
            } else {
                result.fail(ShardFuture.causeOf(failure));
            }
        });
    }

    /** Whoever waited has cancelled, or it has failed. */
    @Override
    public void giveUp() {
        // What is pending is the shard's to read: elsewhere it may look as if nothing were.
        pool.shard.hereOrElse(this::cancel, () -> {});
    }

    private void cancel() {
        CompletionStage<?> now = pending;
        pending = null;
        if (now != null && result.isCompletedExceptionally()) {
            cancelled = true;
            now.toCompletableFuture().cancel(false);
        }
    }
}
