package io.solaster.store.server;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * Slows down who guesses passwords: a wrong one is answered after a while, which doubles with each, and the connection
 * ends with the last that is allowed. Only that connection waits, and no thread does. On the owning shard.
 */
final class LoginDelay {
    /** Wrong passwords of one connection, since it last gave the right one. */
    static final int ATTEMPTS = 8;
    private static final long FIRST_MILLIS = 50;

    private int attempts;
    private @Nullable CompletableFuture<@Nullable Void> waiting;
    private @Nullable ScheduledFuture<?> timer;

    /**
     * After a wrong password: completed when it may be answered.
     *
     * @param draining whether nobody may be kept waiting: it is answered at once, and is the last
     */
    CompletableFuture<@Nullable Void> wrong(EventExecutor executor, boolean draining) {
        if (draining) {
            attempts = ATTEMPTS;
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<@Nullable Void> answer = new CompletableFuture<>();
        waiting = answer;
        timer = executor.schedule(this::end, FIRST_MILLIS << attempts, TimeUnit.MILLISECONDS);
        attempts++;
        return answer;
    }

    /** Whether the connection is to end. */
    boolean isLast() {
        return attempts >= ATTEMPTS;
    }

    void right() {
        attempts = 0;
    }

    /** Lets a wrong password be answered now. */
    void end() {
        CompletableFuture<@Nullable Void> answer = waiting;
        if (answer != null) {
            waiting = null;
            if (timer != null) {
                timer.cancel(false);
                timer = null;
            }
            answer.complete(null);
        }
    }
}
