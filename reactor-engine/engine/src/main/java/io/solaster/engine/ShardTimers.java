package io.solaster.engine;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;
import org.jspecify.annotations.Nullable;

/** Futures of one shard that a timer ends, even where the shard stops before. Any thread, unless a method says otherwise. */
final class ShardTimers {
    private final Shard shard;
    private final Timers timers;

    ShardTimers(Shard shard, Timers timers) {
        this.shard = shard;
        this.timers = timers;
    }

    /** Does something to a future after a while, unless it is done by then. */
    void unlessDone(CompletableFuture<?> future, Duration patience, Runnable action) {
        if (future.isDone()) {
            return;
        }
        if (shard.isHere()) {
            Timer timer = new Ending(future, action);
            timer.arm(patience);
            future.whenComplete((result, failure) -> cancelHere(timer));
        } else {
            shard.executeOrElse(() -> unlessDone(future, patience, action),
                    () -> future.completeExceptionally(shard.stopped()));
        }
    }

    /** {@link Shard#sleep}. On the shard. */
    ShardFuture<@Nullable Void> sleep(Duration duration) {
        ShardFuture<@Nullable Void> future = shard.newFuture();
        Timer timer = new Ending(future, () -> future.complete(null));
        timer.arm(duration);
        future.whenComplete((done, failure) -> cancelHere(timer));
        return future;
    }

    /** {@link Shard#timeout}. On the shard. */
    <T extends @Nullable Object> ShardFuture<T> timeout(CompletionStage<T> stage, Duration patience) {
        ShardFuture<T> future = shard.newFuture();
        stage.whenComplete((result, failure) -> {
            Runnable completion = () -> {
                if (failure == null) {
                    future.resolve(result);
                } else {
                    future.fail(ShardFuture.causeOf(failure));
                }
            };
            shard.hereOrElse(completion, completion);
        });
        unlessDone(future, patience,
                () -> future.completeExceptionally(new TimeoutException("not done within " + patience)));
        return future;
    }

    private void cancelHere(Timer timer) {
        if (shard.isHere()) {
            timer.cancel();
        } else if (!shard.isShuttingDown()) {
            shard.execute(timer::cancel);
        }
    }

    /** Does what it is for after a while; fails the future where the shard stops before. */
    private final class Ending extends Timer {
        private final CompletableFuture<?> future;
        private final Runnable action;

        Ending(CompletableFuture<?> future, Runnable action) {
            super(timers);
            this.future = future;
            this.action = action;
        }

        @Override
        protected void fire() {
            action.run();
        }

        @Override
        protected void abandoned() {
            future.completeExceptionally(shard.stopped());
        }
    }
}
