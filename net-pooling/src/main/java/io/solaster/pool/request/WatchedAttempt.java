package io.solaster.pool.request;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.Outcome;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.Target;
import org.jspecify.annotations.Nullable;

/**
 * A try that waits for a connection, or is watched: a retry, a hedge, one with a timeout of its own, which it is itself.
 * It sends on a connection that it takes here, or on another shard's where the pool forwards it there.
 */
final class WatchedAttempt<C extends PooledConnection, R extends @Nullable Object> extends Timer
        implements
            Attempt<R>,
            Function<C, CompletionStage<R>>,
            ShardFuture.Source {
    private final RequestUnderWay<C, R> whole;
    private final ShardRequester<C> requester;
    private final Request<C, R> request;
    /** At home: what the pool has been asked for. */
    private @Nullable ShardFuture<?> asked;
    /** At home: nobody wants to hear of it. */
    private boolean over;
    /** It took too long. Written at home before the word of it goes out. */
    private volatile boolean late;

    // On the shard that owns the connection.
    private @Nullable C connection;
    /** While the answer that was given still needs it. */
    private @Nullable C held;
    private long began;
    /** What the pool waits for to take the connection back; null where it is given back here. */
    private @Nullable ShardFuture<R> stage;
    /** Where it was sent, if that was here. */
    private @Nullable Target target;

    WatchedAttempt(RequestUnderWay<C, R> whole) {
        super(whole.requester.timers);
        this.whole = whole;
        this.requester = whole.requester;
        this.request = whole.request;
    }

    /** At home: where it was sent, if that is known. */
    @Nullable
    Target target() {
        return target;
    }

    void begin(@Nullable Target except) {
        if (requester.tryTimeoutNanos != Long.MAX_VALUE) {
            arm(requester.tryTimeoutNanos);
        }
        Duration patience = Duration.ofNanos(Math.max(1,
                Math.min(requester.acquireNanos, whole.remaining(requester.timers.now()))));
        if (request.isStreamed()) {
            ShardFuture<C> taken = requester.connections.take(whole.key, except, patience);
            asked = taken;
            taken.whenComplete(this::taken);
        } else {
            ShardFuture<R> used = requester.pool.use(whole.key, except, patience, this);
            asked = used;
            used.whenComplete(this::used);
        }
    }

    private void taken(@Nullable C ready, @Nullable Throwable failure) {
        if (over) {
            if (ready != null) {
                requester.connections.give(ready);
            }
        } else if (ready != null) {
            send(ready);
        } else {
            failedAtHome(failure, requester.timers.now());
        }
    }

    private void used(R answer, @Nullable Throwable failure) {
        if (over) {
            if (failure == null) {
                request.discard(answer);
            }
        } else if (failure == null) {
            finish();
            whole.answered(this, answer, request.outcome(answer), requester.timers.now());
        } else {
            failedAtHome(failure, requester.timers.now());
        }
    }

    private void failedAtHome(@Nullable Throwable failure, long now) {
        finish();
        whole.failed(this, failure == null
                ? new IllegalStateException("a pool gave neither a connection nor a failure")
                : ShardFuture.causeOf(failure), now);
    }

    private void finish() {
        over = true;
        cancel();
    }

    /** By the pool, on the shard that owns the connection. */
    @Override
    public CompletionStage<R> apply(C ready) {
        ShardFuture<R> answer = here().newFuture(this);
        stage = answer;
        if (late) {
            // Given up on its way here.
            answer.cancel(false);
        } else {
            send(ready);
        }
        return answer;
    }

    private static Shard here() {
        return Objects.requireNonNull(Shard.current(), "a pool's work runs on a shard");
    }

    private void send(C ready) {
        Shard here = here();
        connection = ready;
        began = here.timers().now();
        Target to = ready.target();
        if (here == requester.shard) {
            target = to;
        }
        to.begin();
        try {
            request.send(ready, this);
        } catch (RuntimeException e) {
            unsendable(e);
        }
    }

    private void unsendable(RuntimeException e) {
        C used = connection;
        if (used == null) {
            return;
        }
        connection = null;
        used.target().end(Outcome.CANCELLED, 0);
        used.channel().close();
        if (stage != null) {
            stage.completeExceptionally(e);
        } else {
            requester.connections.discard(used, "a request could not be written: " + e);
            failedAtHome(e, requester.timers.now());
        }
    }

    @Override
    public void succeed(R answer, long now) {
        C used = connection;
        if (used == null) {
            request.discard(answer);
            return;
        }
        connection = null;
        Outcome outcome = request.outcome(answer);
        used.target().end(outcome, now - began);
        if (stage != null) {
            stage.complete(answer);
            return;
        }
        requester.connections.give(used);
        finish();
        whole.answered(this, answer, outcome, now);
    }

    @Override
    public void answer(R answer, long now) {
        C used = connection;
        if (used == null || stage != null) {
            request.discard(answer);
            return;
        }
        connection = null;
        held = used;
        Outcome outcome = request.outcome(answer);
        used.target().end(outcome, now - began);
        finish();
        whole.answered(this, answer, outcome, now);
    }

    @Override
    public void release() {
        C used = held;
        if (used != null) {
            held = null;
            requester.connections.give(used);
        }
    }

    @Override
    public void fail(Throwable failure, long now) {
        C used = connection;
        if (used == null) {
            release();
            return;
        }
        connection = null;
        used.target().end(RequestUnderWay.outcome(request, failure), now - began);
        if (stage != null) {
            stage.completeExceptionally(failure);
            return;
        }
        requester.connections.give(used);
        failedAtHome(failure, now);
    }

    @Override
    public boolean isOver() {
        return connection == null;
    }

    @Override
    public Object request() {
        return whole;
    }

    /** At home: nobody waits for it any more. */
    void giveUp(boolean tooLate) {
        late = tooLate;
        finish();
        if (asked != null && !asked.isDone()) {
            asked.cancel(false);
        }
        // Where the connection is another shard's, the pool brings the word there: see giveUp().
        if (target != null) {
            stop();
        }
    }

    /** The pool, or who sent it, does not wait for the stage any more. */
    @Override
    public void giveUp() {
        stop();
    }

    private void stop() {
        C used = connection;
        if (used == null) {
            return;
        }
        connection = null;
        used.target().end(late ? Outcome.TIMEOUT : Outcome.CANCELLED, here().timers().now() - began);
        request.giveUp(used, this);
        if (stage == null) {
            requester.connections.give(used);
        } else {
            stage.cancel(false);
        }
    }

    /** The timeout of this one try. */
    @Override
    protected void fire() {
        if (over) {
            return;
        }
        Target to = target;
        giveUp(true);
        whole.failed(this, requester.failure(Reason.TIMEOUT, "no answer within "
                + Duration.ofNanos(requester.tryTimeoutNanos) + (to == null ? "" : " from " + to)
                + " (requests.try-timeout)"), requester.timers.now());
    }

    @Override
    public String toString() {
        return "one try of a " + whole;
    }
}
