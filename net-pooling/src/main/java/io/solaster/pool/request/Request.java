package io.solaster.pool.request;

import java.time.InstantSource;

import io.solaster.pool.Outcome;
import io.solaster.pool.PooledConnection;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of an endpoint, however often it is tried. It does not change once a {@link Requester} has it: a try may run
 * on another shard than the next one.
 *
 * @param <C> the connections that it is sent on
 * @param <R> the answer
 */
public interface Request<C extends PooledConnection, R extends @Nullable Object> {

    /**
     * Sends it. On the shard that owns the connection.
     *
     * @param connection taken for it
     * @param attempt told once what came of it, perhaps before this returns
     */
    void send(C connection, Attempt<R> attempt);

    /**
     * Nobody waits for a try any more that {@link #send} began. An answer that still comes is left alone by the try; a
     * connection that can carry nothing else until then must be of no more use. On the shard that owns the connection.
     */
    default void giveUp(C connection, Attempt<R> attempt) {}

    /** No try of it is under way or will begin: lets go of what no try has taken. Once, on the shard that asked. */
    default void ended() {}

    /** Whether it may be acted upon twice: only then it is tried again after it may have arrived, or hedged. */
    default boolean isIdempotent() {
        return false;
    }

    /** How long it may take in all, in nanoseconds; 0 for what the pool's configuration says. */
    default long timeoutNanos() {
        return 0;
    }

    /**
     * Whether its answer holds the connection after it was given: see {@link Attempt#answer}. Such a request runs on the shard
     * that asks, and waits for a connection there.
     */
    default boolean isStreamed() {
        return false;
    }

    /** What an answer says about the endpoint. */
    default Outcome outcome(R answer) {
        return Outcome.SUCCESS;
    }

    /** What an answer says about the endpoint that is a failure to who asked; no {@link io.solaster.pool.PoolException}. */
    default Outcome outcomeOf(Throwable failure) {
        return Outcome.SUCCESS;
    }

    /** Whether an answer says that another try is worth it, and this request may be tried again after such an answer. */
    default boolean mayRetry(R answer) {
        return false;
    }

    /** As {@link #mayRetry}, for an answer that is a failure to who asked. */
    default boolean mayRetryAfter(Throwable failure) {
        return false;
    }

    /** How long an answer asks to wait before another try, in nanoseconds; 0 if it does not. */
    default long retryAfterNanos(R answer, InstantSource wallClock) {
        return 0;
    }

    /** An answer that nobody takes: lets go of what it holds. */
    default void discard(R answer) {}
}
