package io.solaster.engine.sync;

import java.util.concurrent.RejectedExecutionException;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/** One that waits for a value, through a future. */
abstract class Waiter<T extends @Nullable Object> extends WaitNode {
    final ShardFuture<T> future;
    private @Nullable T value;
    private @Nullable Throwable failure;
    @Nullable
    Waiter<?> nextWoken;

    Waiter(Shard shard) {
        super(shard);
        future = shard.newFuture();
    }

    /** Whoever holds the future may have cancelled it. */
    @Override
    final boolean isGone() {
        return future.isDone();
    }

    final void settle(@Nullable T value, @Nullable Throwable failure) {
        this.value = value;
        this.failure = failure;
    }

    @SuppressWarnings("NullAway") // a null value is one that T allows
    final void complete() {
        try {
            if (failure != null) {
                future.fail(failure);
            } else {
                future.resolve(value);
            }
        } catch (RejectedExecutionException full) {
            // Its group takes no more tasks, or the shard stops: better in another's time than never.
            if (failure != null) {
                future.completeExceptionally(failure);
            } else {
                future.complete(value);
            }
        }
    }
}
