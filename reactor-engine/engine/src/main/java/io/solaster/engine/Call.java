package io.solaster.engine;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.mesh.Message;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.Submission;
import io.solaster.engine.trace.Hop;
import org.jspecify.annotations.Nullable;

/** A call on its way to a shard and back. It runs in one group here and there. */
final class Call<T extends @Nullable Object> extends Message implements Submission, ShardFuture.Source {
    private final @Nullable Shard home;
    private final Shard to;
    private final SchedulingGroup group;
    private final Callable<T> work;
    private final ShardFuture<T> future;
    /** What the work came to: the result, or the failure if it {@link #failed}. One field, so that a call is 56 bytes. */
    private @Nullable Object outcome;
    private boolean failed;
    private boolean answered;
    private boolean begun;
    /** Not the future's own state: to read that from here would take it out of the home shard's cache. */
    private volatile boolean givenUp;
    @Nullable
    MeshPermits permits;
    /** Null where the call is not traced, as most are not. */
    private final @Nullable Hop hop;

    /** @param home the shard that asked; null where that is no shard */
    Call(@Nullable Shard home, Shard to, SchedulingGroup group, Callable<T> work, ShardFuture<T> future,
            @Nullable Hop hop) {
        this.home = home;
        this.to = to;
        this.group = group;
        this.work = work;
        this.future = future;
        this.hop = hop;
        future.source = this;
    }

    @Override
    public SchedulingGroup group() {
        return group;
    }

    ShardFuture<T> future() {
        return future;
    }

    @Override
    protected boolean mayBeRefused() {
        return !answered;
    }

    /** Whoever asked has given up: by cancelling the future, or by a deadline. */
    @Override
    public boolean isCancelled() {
        return givenUp;
    }

    /** Any thread. */
    @Override
    public void givingUp() {
        givenUp = true;
    }

    @Override
    public void giveUp() {
        // It knows already.
    }

    void within(Duration deadline) {
        within(deadline, future, home, to.id());
    }

    static void within(Duration deadline, ShardFuture<?> future, @Nullable Shard home, int to) {
        Runnable late = () -> future.completeExceptionally(new TimeoutException(
                "a call to shard " + to + " was not answered within " + deadline));
        if (home == null) {
            CompletableFuture<Boolean> timer = new CompletableFuture<Boolean>()
                    .completeOnTimeout(true, deadline.toNanos(), TimeUnit.NANOSECONDS);
            timer.thenRun(late);
            future.whenComplete((answer, failed) -> timer.cancel(false));
        } else {
            home.unlessDone(future, deadline, late);
        }
    }

    /** By the mesh or the scheduler: first there, then back. */
    @Override
    public void deliver() {
        if (answered) {
            complete();
            return;
        }
        if (!givenUp) {
            begun = true;
            try {
                outcome = work.call();
            } catch (Throwable e) {
                fail(e);
            }
        }
        answer();
    }

    private void answer() {
        answered = true;
        if (home == null || home == to) {
            complete();
        } else if (home.isPeerOf(to)) {
            to.mesh().sendFree(home.id(), group, this);
        } else {
            // Not as itself: the group is one of the engine that was called.
            home.comeHome(this::complete);
        }
    }

    private void complete() {
        if (permits != null) {
            permits.release();
            permits = null;
        }
        if (hop == null) {
            tell();
        } else {
            hop.ended(failed || !givenUp ? failure() : ShardFuture.failureOf(future));
            hop.resume(this::tell);
        }
    }

    private void fail(Throwable why) {
        outcome = why;
        failed = true;
    }

    private @Nullable Throwable failure() {
        return failed ? (Throwable) outcome : null;
    }

    @SuppressWarnings({"NullAway", "unchecked"}) // a null result is one that T allows
    private void tell() {
        boolean fromOtherEngine = home != null && !home.isPeerOf(to);
        Throwable failure = failure();
        if (failure == null && !begun) {
            // Who gave up is about to fail the future.
            return;
        }
        if (failure == null) {
            if (fromOtherEngine) {
                future.resolve((T) outcome);
            } else {
                future.complete((T) outcome);
            }
            return;
        }
        Throwable named = home == to ? failure : CalledShard.nameIn(failure, to.id(), home);
        if (fromOtherEngine) {
            future.fail(named);
        } else {
            future.completeExceptionally(named);
        }
    }

    @Override
    public void refused(Exception why) {
        fail(why);
        answer();
    }

    @Override
    public void abandon() {
        MeshPermits held = permits;
        permits = null;
        // Where home has ended, nobody is left to hand it on to.
        if (held != null && home != null && home.isHere()) {
            held.release();
        }
        if (answered) {
            complete();
        } else {
            future.completeExceptionally(new ShardStoppedException(to.engineName(), to.id()));
            abandonHop();
        }
    }

    /** Ends the span of a call that was not sent, or that nobody will take any more. */
    void abandonHop() {
        if (hop != null) {
            hop.ended(ShardFuture.failureOf(future));
        }
    }
}
