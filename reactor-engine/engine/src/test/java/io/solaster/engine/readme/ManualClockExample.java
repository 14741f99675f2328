package io.solaster.engine.readme;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.ManualClock;
import io.solaster.engine.timer.Timer;

/** A test of what takes an hour. */
final class ManualClockExample {

    private ManualClockExample() {}

    static String run() throws Exception {
        ManualClock clock = new ManualClock();
        try (Engine engine = Engine.start(EngineConfig.defaults(), clock)) {
            CompletableFuture<String> reminder = new CompletableFuture<>();
            engine.submitTo(0, () -> {
                Timer timer = Shard.current().timers().timer(() -> reminder.complete("an hour is over"));
                timer.arm(Duration.ofHours(1));
                return timer;
            }).get();

            clock.advance(Duration.ofMinutes(59));
            boolean early = reminder.isDone();
            clock.advance(Duration.ofMinutes(1)); // wakes the shards
            return early ? "too early" : reminder.get();
        }
    }
}
