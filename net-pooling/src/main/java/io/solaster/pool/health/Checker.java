package io.solaster.pool.health;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;

import io.solaster.config.pool.CheckConfig;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.Endpoint;
import org.jspecify.annotations.Nullable;

/** Checks one endpoint again and again: at once, and then after each interval. On one shard only. */
public final class Checker {
    private final Shard shard;
    private final Endpoint endpoint;
    private final HealthCheck check;
    private final CheckConfig config;
    private final Listener listener;
    private final Timer next;
    private final Timer patience;
    private @Nullable CompletableFuture<?> underWay;
    /** Of the check that is under way, or was last. */
    private int number;
    private boolean stopped;

    /** One that does not check yet. */
    public Checker(Shard shard, Endpoint endpoint, HealthCheck check, CheckConfig config, Listener listener) {
        this.shard = shard;
        this.endpoint = endpoint;
        this.check = check;
        this.config = config;
        this.listener = listener;
        this.next = shard.timers().timer(this::check);
        this.patience = shard.timers().timer(this::tooLate);
    }

    /** Begins; the first check goes out in the shard's next turn. */
    public void start() {
        next.arm(Duration.ZERO);
    }

    /** Ends; what is under way is cancelled, and nobody is told. */
    public void stop() {
        stopped = true;
        next.cancel();
        patience.cancel();
        if (underWay != null) {
            underWay.cancel(true);
        }
    }

    private void check() {
        CompletableFuture<?> asked;
        try {
            asked = check.check(shard, endpoint).toCompletableFuture();
        } catch (RuntimeException e) {
            asked = CompletableFuture.failedFuture(e);
        }
        underWay = asked;
        patience.arm(config.timeout());
        int which = ++number;
        asked.whenComplete((result, failure) -> {
            if (shard.inEventLoop()) {
                ended(which, failure);
            } else {
                shard.execute(() -> ended(which, failure));
            }
        });
    }

    private void tooLate() {
        CompletableFuture<?> late = underWay;
        if (late != null) {
            ended(number, new TimeoutException("no answer within " + config.timeout().toMillis() + " ms"));
            late.cancel(true);
        }
    }

    private void ended(int which, @Nullable Throwable failure) {
        if (which != number || underWay == null || stopped) {
            return;
        }
        underWay = null;
        patience.cancel();
        // Before who listens, which may stop this.
        long interval = config.interval().toNanos();
        next.arm(interval - interval / 10 + shard.environment().random().nextLong(interval / 5 + 1));
        listener.checked(failure == null ? null : ShardFuture.causeOf(failure));
    }

    /** Told of each check, on the shard. */
    @FunctionalInterface
    public interface Listener {
        /** One has ended: well if there is no failure. */
        void checked(@Nullable Throwable failure);
    }
}
