package io.solaster.testkit.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.Engine;
import io.solaster.engine.timer.ManualClock;
import io.solaster.testkit.junit.OnShard;
import io.solaster.testkit.junit.SolasterTest;
import io.solaster.testkit.junit.SolasterTest.Clock;
import io.solaster.testkit.junit.SolasterTest.Transport;
import org.junit.jupiter.api.Test;

@SolasterTest(shards = 2, clock = Clock.MANUAL, transport = Transport.ALL)
class ReminderTest {

    @Test
    @OnShard(1)
    void remindsAfterAnHour(Engine engine, ManualClock clock) {
        CompletableFuture<String> reminder = Reminder.in(Duration.ofHours(1), "tea");
        clock.advance(Duration.ofMinutes(59));
        assertThat(engine.submitTo(0, () -> reminder.isDone()).join()).isFalse();
        clock.advance(Duration.ofMinutes(1));
        assertThat(reminder.join()).isEqualTo("tea");
    }
}
