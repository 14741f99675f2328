package io.solaster.store.server;

import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * Slows down who guesses passwords: a wrong one is answered after a while, which doubles with each of the connection or of its
 * address ({@link FailedLogins}), and the connection ends with the last that is allowed. Only that connection waits, and no
 * thread does. On the owning shard.
 */
final class LoginDelay {
    /** Wrong passwords of one connection, since it last gave the right one. */
    static final int ATTEMPTS = 8;
    private static final long FIRST_MILLIS = 50;

    private final FailedLogins ofAddress;
    private int attempts;
    private @Nullable CompletableFuture<@Nullable Void> waiting;
    private @Nullable ScheduledFuture<?> timer;

    LoginDelay(FailedLogins ofAddress) {
        this.ofAddress = ofAddress;
    }

    /**
     * After a wrong password: completed when it may be answered.
     *
     * @param client where it comes from
     * @param nowMillis the shard's clock
     * @param draining whether nobody may be kept waiting: it is answered at once, and is the last
     */
    CompletableFuture<@Nullable Void> wrong(EventExecutor executor, @Nullable SocketAddress client, long nowMillis,
            boolean draining) {
        int before = Math.max(attempts, ofAddress.count(client, nowMillis));
        ofAddress.add(client, nowMillis);
        if (draining) {
            attempts = ATTEMPTS;
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<@Nullable Void> answer = new CompletableFuture<>();
        waiting = answer;
        timer = executor.schedule(this::end, FIRST_MILLIS << before, TimeUnit.MILLISECONDS);
        attempts++;
        return answer;
    }

    /** Whether the connection is to end. */
    boolean isLast() {
        return attempts >= ATTEMPTS;
    }

    /** Who gives the right password has not guessed. */
    void right(@Nullable SocketAddress client) {
        if (attempts > 0) {
            ofAddress.takeBack(client, attempts);
            attempts = 0;
        }
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
