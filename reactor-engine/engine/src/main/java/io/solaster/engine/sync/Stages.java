package io.solaster.engine.sync;

import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/** Futures of callers, which may throw instead of answering and be completed on any thread. */
final class Stages {

    private Stages() {}

    /** Starts work; a throw becomes a failed future. */
    static <T extends @Nullable Object> CompletionStage<T> start(Supplier<? extends CompletionStage<T>> work) {
        try {
            return Objects.requireNonNull(work.get(), "the work answered null and no future");
        } catch (Throwable failure) {
            return CompletableFuture.failedFuture(failure);
        }
    }

    /**
     * Calls back on the shard, in the group that asks now, whichever thread completes the stage.
     *
     * @param stopped called instead where the shard has ended, on whatever thread
     */
    @SuppressWarnings("NullAway") // a null value is one that T allows
    static <T extends @Nullable Object> void whenDone(Shard shard, CompletionStage<T> stage,
            BiConsumer<? super T, ? super @Nullable Throwable> then, Runnable stopped) {
        SchedulingGroup group = shard.currentGroup();
        stage.whenComplete((value, failure) -> {
            Throwable cause = failure == null ? null : ShardFuture.causeOf(failure);
            if (Shard.current() == shard && shard.currentGroup() == group) {
                then.accept(value, cause);
            } else {
                shard.executeOrElse(group, () -> then.accept(value, cause), stopped);
            }
        });
    }
}
