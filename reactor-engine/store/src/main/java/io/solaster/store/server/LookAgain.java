package io.solaster.store.server;

import java.time.Duration;

import io.solaster.engine.timer.Timer;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.waiting.Waiter;
import org.jspecify.annotations.Nullable;

/** Has a waiter offered its keys at a time at which there may be something though nobody has written. On the keys' shard. */
final class LookAgain {
    private final StoreShard part;
    private final Waiter waiter;
    private @Nullable Timer timer;
    private long at = CommandCall.Wanted.NEVER;

    LookAgain(StoreShard part, Waiter waiter) {
        this.part = part;
        this.waiter = waiter;
    }

    /** Looks at a time, Unix milliseconds, unless it looks before that. */
    void at(long millis) {
        if (millis >= at) {
            return;
        }
        at = millis;
        Timer its = timer;
        if (its == null) {
            its = part.shard().timers().timer(this::look);
            timer = its;
        }
        long left = Math.max(1, millis - part.now());
        its.arm(Duration.ofMillis(Math.min(left, BlockedCommand.LONGEST_MILLIS)));
    }

    private void look() {
        at = CommandCall.Wanted.NEVER;
        if (waiter.isWaiting()) {
            part.waiting().look(waiter);
            part.serveWaiting();
        }
    }

    void cancel() {
        at = CommandCall.Wanted.NEVER;
        if (timer != null) {
            timer.cancel();
        }
    }
}
