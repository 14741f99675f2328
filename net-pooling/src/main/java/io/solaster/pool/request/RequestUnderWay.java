package io.solaster.pool.request;

import java.time.Duration;

import io.solaster.engine.ShardFuture;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.Outcome;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.Target;
import org.jspecify.annotations.Nullable;

/**
 * One request under way, until it is answered, has failed for good, or nobody waits for it. It is its own first try where
 * a connection is ready and nothing is to be watched beside it, so that a request that goes well costs this object and
 * its future. Any other try is a {@link WatchedAttempt}. On the shard that asked.
 */
final class RequestUnderWay<C extends PooledConnection, R extends @Nullable Object>
        implements
            Attempt<R>,
            ShardFuture.Source {
    final ShardRequester<C> requester;
    final long key;
    final Request<C, R> request;
    private final ShardFuture<R> result;
    private final long began;
    private final long timeoutNanos;
    private final Deadlines deadlines;
    // In the hands of those.
    @Nullable
    RequestUnderWay<?, ?> earlier;
    @Nullable
    RequestUnderWay<?, ?> later;
    /** Where the request has a time of its own. */
    private @Nullable Timer deadline;
    /** Of the first try, while that is under way and no other object's. */
    private @Nullable C connection;
    private @Nullable WatchedAttempt<C, R> current;
    private @Nullable WatchedAttempt<C, R> hedge;
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

    RequestUnderWay(ShardRequester<C> requester, long key, Request<C, R> request) {
        this.requester = requester;
        this.key = key;
        this.request = request;
        this.result = requester.shard.newFuture(this);
        this.began = requester.timers.now();
        this.deadlines = requester.deadlines;
        long own = request.timeoutNanos();
        this.timeoutNanos = own > 0 ? own : deadlines.nanos;
    }

    ShardFuture<R> start(boolean plain) {
        if (timeoutNanos == deadlines.nanos) {
            deadlines.add(this);
        } else {
            Timer own = requester.timers.coarseTimer(this::late);
            own.arm(timeoutNanos);
            deadline = own;
        }
        C ready = plain ? requester.connections.tryTake(key) : null;
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
            requester.connections.discard(used, "a request could not be written: " + e);
        }
        failForGood(e);
    }

    long remaining(long now) {
        return timeoutNanos == Long.MAX_VALUE ? Long.MAX_VALUE : timeoutNanos - (now - began);
    }

    private void begin() {
        pause = null;
        tries++;
        WatchedAttempt<C, R> next = new WatchedAttempt<>(this);
        current = next;
        next.begin(last);
        if (!over && current == next && hedge == null && request.isIdempotent()) {
            long after = requester.hedgeAfter(requester.timers.now());
            if (after >= 0) {
                pause = requester.timers.timer(this::hedge);
                pause.arm(after);
            }
        }
    }

    private void hedge() {
        pause = null;
        WatchedAttempt<C, R> slow = current;
        if (slow == null) {
            return;
        }
        if (!requester.budget.tryWithdraw(requester.timers.now())) {
            requester.stats.budgetExhausted.increment();
            return;
        }
        requester.stats.hedges.increment();
        tries++;
        WatchedAttempt<C, R> beside = new WatchedAttempt<>(this);
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
        requester.connections.give(used);
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
            requester.connections.give(used);
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
    void answered(WatchedAttempt<C, R> one, R answer, Outcome outcome, long now) {
        if (over) {
            request.discard(answer);
            return;
        }
        if (one == hedge) {
            requester.stats.hedgesWon.increment();
        }
        ended(one);
        answered(answer, outcome, now);
    }

    void failed(WatchedAttempt<C, R> one, Throwable failure, long now) {
        if (!over) {
            ended(one);
            failed(failure, now);
        }
    }

    private void ended(WatchedAttempt<C, R> one) {
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
                && mayGoOn(requester.stats.retriesAnswer, request.retryAfterNanos(answer, requester.wallClock()),
                        now)) {
            request.discard(answer);
            return;
        }
        if (outcome == Outcome.SUCCESS) {
            requester.budget.deposit(now);
        }
        requester.stats.latency.record(now - began);
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
                requester.stats.retriesStale.increment();
                stopPause();
                begin();
                return;
            }
            Counter retries = mayRetry(lost.reason());
            if (!mayGoOn(retries, 0, now)) {
                failForGood(lost);
            }
        } else if (!request.mayRetryAfter(failure) || !mayGoOn(requester.stats.retriesAnswer, 0, now)) {
            requester.stats.latency.record(now - began);
            end(false);
            result.fail(failure);
        }
    }

    /** What counts another try for that reason; null if there may be none. */
    private @Nullable Counter mayRetry(Reason reason) {
        return switch (reason) {
            case CONNECT_FAILED -> requester.stats.retriesUnreachable;
            case REFUSED -> requester.stats.retriesAnswer;
            case CONNECTION_LOST -> request.isIdempotent() ? requester.stats.retriesBroken : null;
            case TIMEOUT -> request.isIdempotent() ? requester.stats.retriesTimeout : null;
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
        if (counter == null || retried >= requester.retries) {
            return false;
        }
        long wait = Math.max(requester.backoff(retried), retryAfterNanos);
        if (wait >= remaining(now)) {
            return false;
        }
        if (!requester.budget.tryWithdraw(now)) {
            requester.stats.budgetExhausted.increment();
            return false;
        }
        retried++;
        counter.increment();
        stopPause();
        if (wait == 0) {
            begin();
        } else {
            pause = requester.timers.timer(this::begin);
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
        requester.stats.failures.increment();
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
        requester.ended();
        C used = connection;
        if (used != null) {
            connection = null;
            used.target().end(late ? Outcome.TIMEOUT : Outcome.CANCELLED, requester.timers.now() - began);
            request.giveUp(used, this);
            requester.connections.give(used);
        }
        if (current != null) {
            current.giveUp(late);
        }
        if (hedge != null) {
            hedge.giveUp(late);
        }
        request.ended();
    }

    /** The deadline. */
    void late() {
        if (over) {
            return;
        }
        Target lately = current != null && current.target() != null ? current.target() : last;
        requester.stats.failures.increment();
        requester.stats.timeouts.increment();
        end(true);
        result.fail(requester.failure(Reason.TIMEOUT, "no answer within " + Duration.ofNanos(timeoutNanos) + " and "
                + tries + (tries == 1 ? " try" : " tries") + (lately == null ? "" : ", the last one to " + lately)));
    }

    void stopped() {
        failForGood(requester.failure(Reason.CLOSED, "shard " + requester.shard.id() + " stops"));
    }

    /** The future was cancelled, or failed by somebody else. */
    @Override
    public void giveUp() {
        if (over && !request.isStreamed()) {
            return;
        }
        // With the shard all that was under way has ended.
        requester.shard.hereOrElse(this::gaveUp, () -> {});
    }

    private void gaveUp() {
        if (!over) {
            requester.stats.cancelled.increment();
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
        return "request through pool '" + requester.pool.name() + "'";
    }
}
