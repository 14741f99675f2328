package io.solaster.engine.readme;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;

/** Timers of a shard, and what is made of them. */
final class TimersExample {

    private TimersExample() {}

    /** On a shard. */
    static CompletableFuture<String> run(Engine engine, List<String> events) {
        Timers timers = Shard.current().timers();

        // Once. A timer is a handle: armed anew it is put off, cancelled it never fires.
        Timer session = timers.timer(() -> events.add("session is over"));
        session.arm(Duration.ofMinutes(30));
        session.arm(Duration.ofMillis(5));

        // Again and again. Periods that were missed are left out; armWithFixedDelay counts from the last time.
        Timer beat = timers.timer(() -> events.add("beat"));
        beat.armAtFixedRate(Duration.ZERO, Duration.ofMillis(1));

        // Late by up to 2^20 ns, so that many share a wake-up: for timeouts, which are cancelled mostly.
        Timer idle = timers.coarseTimer(() -> events.add("client is idle"));
        idle.arm(Duration.ofMinutes(5));
        idle.cancel();

        // An answer, or a TimeoutException; what it stands for goes on.
        ShardFuture<String> answer = Shard.timeout(engine.submitTo(1, () -> "answered"), Duration.ofSeconds(30));
        return Shard.sleep(Duration.ofMillis(20)).thenCompose(slept -> {
            beat.cancel();
            return answer;
        });
    }
}
