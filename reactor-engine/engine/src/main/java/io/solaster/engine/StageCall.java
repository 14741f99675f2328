package io.solaster.engine;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/** A call whose work answers later: brings home what its stage comes to, and cancels the stage when nobody waits. */
final class StageCall<T extends @Nullable Object> {
    private final @Nullable Shard home;
    private final Shard to;
    private final ShardFuture<T> answer;

    StageCall(@Nullable Shard home, Shard to, ShardFuture<T> answer) {
        this.home = home;
        this.to = to;
        this.answer = answer;
    }

    void begin(Engine engine, CallOptions options, Callable<? extends CompletionStage<T>> work) {
        ShardFuture<Boolean> begun = engine.submitTo(to.id(), new CallOptions(options.group(), null),
                () -> follow(work.call()));
        begun.whenComplete((yes, failure) -> {
            if (failure != null) {
                answer.completeExceptionally(failure);
            }
        });
        if (options.deadline() != null && !answer.isDone()) {
            Call.within(options.deadline(), answer, home, to.id());
        }
        answer.whenComplete((result, failure) -> {
            if (failure != null) {
                begun.cancel(false);
            }
        });
    }

    /** On the shard that was called. */
    private boolean follow(@Nullable CompletionStage<T> stage) {
        if (stage == null) {
            throw new NullPointerException("work on shard " + to.id() + " returned no stage");
        }
        stage.whenComplete(this::comeHome);
        answer.whenComplete((result, failure) -> {
            if (failure != null) {
                to.executeOrElse(() -> stage.toCompletableFuture().cancel(false), () -> {});
            }
        });
        return true;
    }

    private void comeHome(T result, @Nullable Throwable failure) {
        Runnable completion = failure == null ? () -> answer.resolve(result) : () -> answer.fail(named(failure));
        if (home == null || home == Shard.current()) {
            completion.run();
        } else {
            home.executeOrElse(completion, completion);
        }
    }

    private Throwable named(Throwable failure) {
        Throwable cause = failure instanceof CompletionException wrapped && wrapped.getCause() != null
                ? wrapped.getCause()
                : failure;
        return home == to ? cause : CalledShard.nameIn(cause, to.id(), home);
    }
}
