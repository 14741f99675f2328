package io.solaster.engine;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.engine.task.Unfinished;
import io.solaster.engine.trace.Hop;
import org.jspecify.annotations.Nullable;

/** A call whose work answers later: brings home what its stage comes to, and cancels the stage when nobody waits. */
final class StageCall<T extends @Nullable Object> extends Unfinished {
    private final @Nullable Shard home;
    private final Shard to;
    private final ShardFuture<T> answer;
    private final @Nullable Hop hop;

    /** @param hop told of the call, the stage included; null where it is not traced */
    StageCall(@Nullable Shard home, Shard to, ShardFuture<T> answer, @Nullable Hop hop) {
        this.home = home;
        this.to = to;
        this.answer = answer;
        this.hop = hop;
    }

    void begin(Calls calls, CallOptions options, Callable<? extends CompletionStage<T>> work) {
        ShardFuture<Boolean> begun = calls.submit(to.id(), new CallOptions(options.group(), null),
                () -> follow(work.call()), null);
        begun.whenComplete((yes, failure) -> {
            if (failure != null) {
                complete(failure, () -> answer.completeExceptionally(failure));
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
        to.unfinished().add(this);
        stage.whenComplete((result, failure) -> {
            leave();
            comeHome(result, failure);
        });
        answer.whenComplete((result, failure) -> {
            if (failure != null) {
                to.executeOrElse(() -> stage.toCompletableFuture().cancel(false), () -> {});
            }
        });
        return true;
    }

    private void leave() {
        if (Shard.current() == to) {
            to.unfinished().remove(this);
            return;
        }
        try {
            // Nobody waits for it, so it is not worth waking the shard.
            to.lazyExecute(() -> to.unfinished().remove(this));
        } catch (RejectedExecutionException stopped) {
            // It has left with its shard.
        }
    }

    @Override
    @SuppressWarnings("NullAway") // there is no result beside a failure
    protected void abandon(RejectedExecutionException why) {
        comeHome(null, why);
    }

    private void comeHome(T result, @Nullable Throwable failure) {
        Runnable completion = () -> complete(failure,
                failure == null ? () -> answer.resolve(result) : () -> answer.fail(named(failure)));
        if (home == null || home == Shard.current()) {
            completion.run();
        } else {
            home.comeHome(completion);
        }
    }

    private void complete(@Nullable Throwable failure, Runnable completion) {
        if (hop == null) {
            completion.run();
        } else {
            Throwable givenUp = ShardFuture.failureOf(answer);
            hop.ended(givenUp != null || failure == null ? givenUp : ShardFuture.causeOf(failure));
            hop.resume(completion);
        }
    }

    private Throwable named(Throwable failure) {
        Throwable cause = ShardFuture.causeOf(failure);
        return home == to ? cause : CalledShard.nameIn(cause, to.id(), home);
    }
}
