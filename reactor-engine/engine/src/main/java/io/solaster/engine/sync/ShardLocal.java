package io.solaster.engine.sync;

import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/** Something that belongs to the shard it was made on, and is unsynchronised for that reason. */
abstract class ShardLocal {
    final Shard shard;
    private final String what;
    private @Nullable ShardFuture<@Nullable Void> done;
    private @Nullable SchedulingGroup doneIn;

    /**
     * @param what names it in errors
     * @throws IllegalStateException on a thread that is no shard
     */
    ShardLocal(String what) {
        this.what = what;
        Shard current = Shard.current();
        if (current == null) {
            throw new IllegalStateException(what + " belongs to a shard, and thread " + Thread.currentThread().getName()
                    + " is none; make it on its shard, with Engine.submitTo or Engine.sharded");
        }
        shard = current;
    }

    final void assertOwner() {
        shard.assertOwner(what);
    }

    /** Done already. One for all, since a future that is done keeps nothing of who looks at it. */
    final ShardFuture<@Nullable Void> done() {
        ShardFuture<@Nullable Void> last = done;
        SchedulingGroup group = shard.currentGroup();
        // A future's asynchronous stages run in the group that made it.
        if (last == null || doneIn != group) {
            last = shard.newFuture();
            last.resolve(null);
            done = last;
            doneIn = group;
        }
        return last;
    }

    final <T extends @Nullable Object> ShardFuture<T> failed(Throwable failure) {
        ShardFuture<T> future = shard.newFuture();
        future.fail(failure);
        return future;
    }

    /** Runs work once something is held, and lets go of it when the work's future is done. */
    final <T extends @Nullable Object> ShardFuture<T> during(ShardFuture<@Nullable Void> held,
            Supplier<? extends CompletionStage<T>> work, Runnable letGo) {
        ShardFuture<T> result = shard.newFuture();
        held.whenComplete((nothing, refusal) -> {
            if (refusal != null) {
                result.fail(ShardFuture.causeOf(refusal));
            } else if (result.isDone()) {
                // Cancelled before it was its turn.
                letGo.run();
            } else {
                Stages.whenDone(shard, Stages.start(work), (value, failure) -> {
                    letGo.run();
                    if (failure != null) {
                        result.fail(failure);
                    } else {
                        result.resolve(value);
                    }
                }, () -> result.completeExceptionally(shard.stopped()));
            }
        });
        return result;
    }

    /** Answers with a hold once what it stands for is held. */
    final ShardFuture<Hold> holding(ShardFuture<@Nullable Void> held, Hold hold) {
        ShardFuture<Hold> result = shard.newFuture();
        held.whenComplete((nothing, refusal) -> {
            if (refusal != null) {
                result.fail(ShardFuture.causeOf(refusal));
            } else if (result.isDone()) {
                hold.close();
            } else {
                result.resolve(hold);
            }
        });
        return result;
    }

    @Override
    public String toString() {
        return what + " of shard " + shard.id();
    }
}
