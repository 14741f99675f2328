package io.solaster.pool.request;

import org.jspecify.annotations.Nullable;

/**
 * One try of a {@link Request}: who sends it tells here what came of it. What comes after the try is over, or nobody waits
 * for it, is left alone. On the shard that owns the connection.
 *
 * @param <R> the answer
 */
public interface Attempt<R extends @Nullable Object> {

    /**
     * The answer is there, whole, and the connection is free for another request.
     *
     * @param now the shard's {@link io.solaster.engine.timer.Timers#now}
     */
    void succeed(R answer, long now);

    /** As {@link #succeed}, but the answer holds the connection until {@link #release}. */
    void answer(R answer, long now);

    /** An answer that was given before holds the connection no more. */
    void release();

    /**
     * It failed: by a {@link io.solaster.pool.PoolException} if there was no answer, by any other exception if that is what
     * the answer is to who asked.
     */
    void fail(Throwable failure, long now);

    /** Whether nobody waits for the answer any more. */
    boolean isOver();

    /** What tells tries of one request from those of another: the same object for all of them. */
    default Object request() {
        return this;
    }
}
