package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.ManualClock;
import io.solaster.engine.timer.Timer;
import io.solaster.testkit.junit.OnShard;
import io.solaster.testkit.junit.SolasterTest;
import io.solaster.testkit.junit.SolasterTest.Clock;
import org.junit.jupiter.api.Test;

/** The first of the guide's three tests: time stands until the test lets it go on. */
@SolasterTest(clock = Clock.MANUAL)
final class ShardNewsTest {

    @Test
    @OnShard(1)
    void comes_at_once_and_then_once_a_second(Engine engine, @OnShard(1) Shard shard, ManualClock clock) {
        List<Duration> times = new ArrayList<>();
        Timer timer = ShardNews.tell(engine, shard, news -> {
            assertThat(news).startsWith("shard 1 of 2: ");
            times.add(Duration.ofNanos(clock.nanoTime()));
        });
        for (int tenth = 0; tenth < 25; tenth++) {
            clock.advance(Duration.ofMillis(100));
            // Away and back: the shard does meanwhile what has become due.
            engine.submitTo(0, () -> true).join();
            engine.submitTo(0, () -> true).join();
        }
        timer.cancel();
        assertThat(times).containsExactly(Duration.ofMillis(100), Duration.ofMillis(1200), Duration.ofMillis(2300));
    }
}
