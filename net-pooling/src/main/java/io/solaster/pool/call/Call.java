package io.solaster.pool.call;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.upstream.Outcome;
import io.solaster.pool.upstream.Target;
import org.jspecify.annotations.Nullable;

/**
 * One request under way, until it is answered, has failed for good, or nobody waits for it. It is its own first try where
 * a connection is ready and nothing is to be watched beside it, so that a request that goes well costs this object and
 * its future. Any other try is a {@link OneTry}. On the shard that asked.
 */
final class Call<C extends PooledConnection, R extends @Nullable Object> implements Try<R>, ShardFuture.Source {
    final ShardCaller<C> caller;
    final long key;
    final Request<C, R> request;
    private final ShardFuture<R> result;
    private final long began;
    private final long timeoutNanos;
    private final Deadlines deadlines;
    // In the hands of those.
    @Nullable
    Call<?, ?> earlier;
    @Nullable
    Call<?, ?> later;
    /** Where the request has a time of its own. */
    private @Nullable Timer deadline;
    /** Of the first try, while that is under way and no other object's. */
    private @Nullable C connection;
    private @Nullable OneTry<C, R> current;
    private @Nullable OneTry<C, R> hedge;
    /** Before a retry, or before a hedge. */
    private @Nullable Timer pause;
    /** Where it was tried last, if that is known here. */
    private @Nullable Target last;
    private int tries;
    private int retried;
    private boolean retriedStale;
    /** Read elsewhere by who cancels, where an old value does no harm. */
    private boolean over;
    /** The answer, while it needs somebody to take it: until it is known that who asked has it. */
    private @Nullable R untaken;

    Call(ShardCaller<C> caller, long key, Request<C, R> request) {
        this.caller = caller;
        this.key = key;
        this.request = request;
        this.result = caller.shard.newFuture(this);
        this.began = caller.timers.now();
        this.deadlines = caller.deadlines;
        long own = request.timeoutNanos();
        this.timeoutNanos = own > 0 ? own : deadlines.nanos;
    }

    ShardFuture<R> start(boolean plain) {
        if (timeoutNanos == deadlines.nanos) {
            deadlines.add(this);
        } else {
            Timer own = caller.timers.coarseTimer(this::late);
            own.arm(timeoutNanos);
            deadline = own;
        }
        C ready = plain ? caller.connections.tryTake(key) : null;
        if (ready == null) {
            begin();
            return result;
        }
        tries++;
        connection = ready;
        last = ready.target();
        last.begin();
        try {
            request.send(ready, this);
        } catch (RuntimeException e) {
            unsendable(e);
        }
        return result;
    }

    /** The request itself is wrong; what of it was written spoils the connection. */
    private void unsendable(RuntimeException e) {
        C used = connection;
        if (used != null) {
            connection = null;
            used.target().end(Outcome.CANCELLED, 0);
            caller.connections.discard(used, "a request could not be written: " + e);
        }
        failForGood(e);
    }

    long remaining(long now) {
        return timeoutNanos == Long.MAX_VALUE ? Long.MAX_VALUE : timeoutNanos - (now - began);
    }

    private void begin() {
        pause = null;
        tries++;
        OneTry<C, R> next = new OneTry<>(this);
        current = next;
        next.begin(last);
        if (!over && current == next && hedge == null && request.isIdempotent()) {
            long after = caller.hedgeAfter(caller.timers.now());
            if (after >= 0) {
                pause = caller.timers.timer(this::hedge);
                pause.arm(after);
            }
        }
    }

    private void hedge() {
        pause = null;
        OneTry<C, R> slow = current;
        if (slow == null) {
            return;
        }
        if (!caller.budget.tryWithdraw(caller.timers.now())) {
            caller.stats.budgetExhausted.increment();
            return;
        }
        caller.stats.hedges.increment();
        tries++;
        OneTry<C, R> beside = new OneTry<>(this);
        hedge = beside;
        beside.begin(slow.target() != null ? slow.target() : last);
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
        caller.connections.give(used);
        answered(answer, outcome, now);
    }

    @Override
    public void answer(R answer, long now) {
        throw new IllegalStateException("a request that is not streamed was answered as if it were: " + request);
    }

    @Override
    public void release() {}

    @Override
    public void fail(Throwable failure, long now) {
        C used = connection;
        if (used != null) {
            connection = null;
            used.target().end(outcome(request, failure), now - began);
            caller.connections.give(used);
            failed(failure, now);
        }
    }

    @Override
    public boolean isOver() {
        return connection == null;
    }

    static Outcome outcome(Request<?, ?> request, Throwable failure) {
        if (!(failure instanceof PoolException pool)) {
            return request.outcomeOf(failure);
        }
        // A server may close what has been idle, or each connection after an answer: that is no sign of sickness.
        return pool.isStale()
                ? Outcome.CANCELLED
                : switch (pool.reason()) {
                    case TIMEOUT -> Outcome.TIMEOUT;
                    case REFUSED -> Outcome.ERROR;
                    default -> Outcome.BROKEN;
                };
    }

    /** What came of a try; its connection is back in the pool, unless it is streamed. */
    void answered(OneTry<C, R> one, R answer, Outcome outcome, long now) {
        if (over) {
            request.discard(answer);
            return;
        }
        if (one == hedge) {
            caller.stats.hedgesWon.increment();
        }
        ended(one);
        answered(answer, outcome, now);
    }

    void failed(OneTry<C, R> one, Throwable failure, long now) {
        if (!over) {
            ended(one);
            failed(failure, now);
        }
    }

    private void ended(OneTry<C, R> one) {
        if (one.target() != null) {
            last = one.target();
        }
        if (one == hedge) {
            hedge = null;
        } else {
            current = null;
        }
    }

    private void answered(R answer, Outcome outcome, long now) {
        if (request.mayRetry(answer)
                && mayGoOn(caller.stats.retriesAnswer, request.retryAfterNanos(answer), now)) {
            request.discard(answer);
            return;
        }
        if (outcome == Outcome.SUCCESS) {
            caller.budget.deposit(now);
        }
        caller.stats.latency.record(now - began);
        end(false);
        if (request.isStreamed()) {
            untaken = answer;
        }
        result.resolve(answer);
    }

    private void failed(Throwable failure, long now) {
        if (failure instanceof PoolException lost) {
            if (lost.isStale() && (request.isIdempotent() || lost.reason().isUnsent()) && !retriedStale
                    && !isUnderWay()) {
                retriedStale = true;
                caller.stats.retriesStale.increment();
                stopPause();
                begin();
                return;
            }
            Counter retries = mayRetry(lost.reason());
            if (!mayGoOn(retries, 0, now)) {
                failForGood(lost);
            }
        } else if (!request.mayRetryAfter(failure) || !mayGoOn(caller.stats.retriesAnswer, 0, now)) {
            caller.stats.latency.record(now - began);
            end(false);
            result.fail(failure);
        }
    }

    /** What counts another try for that reason; null if there may be none. */
    private @Nullable Counter mayRetry(Reason reason) {
        return switch (reason) {
            case CONNECT_FAILED -> caller.stats.retriesUnreachable;
            case REFUSED -> caller.stats.retriesAnswer;
            case CONNECTION_LOST -> request.isIdempotent() ? caller.stats.retriesBroken : null;
            case TIMEOUT -> request.isIdempotent() ? caller.stats.retriesTimeout : null;
            // More of the same would make it worse, or help nobody.
            case NO_ENDPOINT, ACQUIRE_TIMEOUT, TOO_MANY_PENDING, CLOSED -> null;
        };
    }

    private boolean isUnderWay() {
        return current != null || hedge != null;
    }

    /** Whether another try is under way, or could be begun, or will be after a pause. */
    private boolean mayGoOn(@Nullable Counter counter, long retryAfterNanos, long now) {
        if (isUnderWay()) {
            return true;
        }
        if (counter == null || retried >= caller.retries) {
            return false;
        }
        long wait = Math.max(caller.backoff(retried), retryAfterNanos);
        if (wait >= remaining(now)) {
            return false;
        }
        if (!caller.budget.tryWithdraw(now)) {
            caller.stats.budgetExhausted.increment();
            return false;
        }
        retried++;
        counter.increment();
        stopPause();
        if (wait == 0) {
            begin();
        } else {
            pause = caller.timers.timer(this::begin);
            pause.arm(wait);
        }
        return true;
    }

    private void stopPause() {
        if (pause != null) {
            pause.cancel();
            pause = null;
        }
    }

    private void failForGood(Throwable failure) {
        if (over) {
            return;
        }
        caller.stats.failures.increment();
        end(false);
        result.fail(failure);
    }

    /** Nothing more comes of it; what is under way is given up. */
    private void end(boolean late) {
        over = true;
        if (deadline == null) {
            deadlines.remove(this);
        } else {
            deadline.cancel();
        }
        stopPause();
        caller.ended();
        C used = connection;
        if (used != null) {
            connection = null;
            used.target().end(late ? Outcome.TIMEOUT : Outcome.CANCELLED, caller.timers.now() - began);
            request.giveUp(used, this);
            caller.connections.give(used);
        }
        if (current != null) {
            current.giveUp(late);
        }
        if (hedge != null) {
            hedge.giveUp(late);
        }
    }

    /** The deadline. */
    void late() {
        if (over) {
            return;
        }
        Target lately = current != null && current.target() != null ? current.target() : last;
        caller.stats.failures.increment();
        caller.stats.timeouts.increment();
        end(true);
        result.fail(caller.failure(Reason.TIMEOUT, "no answer within " + Duration.ofNanos(timeoutNanos) + " and "
                + tries + (tries == 1 ? " try" : " tries") + (lately == null ? "" : ", the last one to " + lately)));
    }

    void stopped() {
        failForGood(caller.failure(Reason.CLOSED, "shard " + caller.shard.id() + " stops"));
    }

    /** The future was cancelled, or failed by somebody else. */
    @Override
    public void giveUp() {
        if (over && !request.isStreamed()) {
            return;
        }
        if (Shard.current() == caller.shard) {
            abandoned();
        } else {
            try {
                caller.shard.execute(this::abandoned);
            } catch (RejectedExecutionException stopped) {
                // With the shard all that was under way has ended.
            }
        }
    }

    private void abandoned() {
        if (!over) {
            caller.stats.cancelled.increment();
            end(false);
            return;
        }
        R answer = untaken;
        if (answer != null && result.isCompletedExceptionally()) {
            // It came while the one who asked was cancelling.
            untaken = null;
            request.discard(answer);
        }
    }

    @Override
    public String toString() {
        return "request through pool '" + caller.pool.name() + "'";
    }
}
