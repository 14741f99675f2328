package io.solaster.engine.sync;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * How long one waits: until a timeout has passed, until an abort, or for ever. It governs the waiting only; work that
 * was begun goes on.
 *
 * <p>
 * It can be kept and used again: the timeout counts from each wait. With an abort source it belongs to that one's shard.
 *
 * @param timeout after it the wait fails with {@link java.util.concurrent.TimeoutException}; zero or less fails at once
 *        what cannot be had at once; null: never
 * @param abort when it is aborted the wait fails with its reason; null: never
 */
public record Patience(@Nullable Duration timeout, @Nullable AbortSource abort) {
    /** Waits for ever. */
    public static final Patience ENDLESS = new Patience(null, null);

    /** Waits for so long. */
    public static Patience of(Duration timeout) {
        return new Patience(timeout, null);
    }

    /** Waits until the abort. */
    public static Patience until(AbortSource abort) {
        return new Patience(null, abort);
    }

    /** Waits for so long, or until the abort if that comes first. */
    public static Patience of(Duration timeout, AbortSource abort) {
        return new Patience(timeout, abort);
    }
}
