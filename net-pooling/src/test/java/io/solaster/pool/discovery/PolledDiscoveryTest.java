package io.solaster.pool.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.timer.ManualClock;
import io.solaster.pool.Endpoint;
import io.solaster.pool.discovery.PolledDiscovery.Answer;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When it asks, by a clock that stands still until it is moved. */
@SolasterTest(shards = 1, clock = SolasterTest.Clock.MANUAL, transport = SolasterTest.Transport.NIO)
class PolledDiscoveryTest {
    private static final DiscoveryConfig CONFIG = new DiscoveryConfig(DiscoveryConfig.Type.DNS, "orders",
            80,
            null, Duration.ofSeconds(30), Duration.ofSeconds(1));
    private static final List<Endpoint> ONE = List.of(Endpoint.of("a", 1));

    private final ManualClock clock;
    private final Engine engine;
    private final AtomicInteger asked = new AtomicInteger();
    private final Found found = new Found();
    private volatile CompletableFuture<Answer> answer;

    private final PolledDiscovery discovery;

    PolledDiscoveryTest(Engine engine, ManualClock clock) {
        this.engine = engine;
        this.clock = clock;
        discovery = new PolledDiscovery(engine, "test", CONFIG, () -> {
            asked.incrementAndGet();
            return answer;
        });
    }

    @AfterEach
    void stop() {
        discovery.close();
    }

    @ParameterizedTest
    @CsvSource({"PT5S, PT5S", "PT0S, PT1S", "PT1H, PT30S", ", PT30S"})
    void anAnswerHoldsAsLongAsItSaysWithinBounds(Duration says, Duration holds) {
        answer = CompletableFuture.completedFuture(new Answer(ONE, says));
        discovery.start(found);
        found.until("a:1");
        settle();
        advance(holds.minusMillis(10));
        assertThat(asked).hasValue(1);
        advance(Duration.ofMillis(20));
        found.until(() -> asked.get() == 2);
    }

    @Test
    void failuresAreAskedAboutEverLater() {
        answer = CompletableFuture.failedFuture(new IllegalStateException("down"));
        discovery.start(found);
        found.until(() -> found.failures.size() == 1);
        int[] seconds = {1, 2, 4, 8, 16, 30, 30};
        for (int i = 0; i < seconds.length; i++) {
            settle();
            advance(Duration.ofSeconds(seconds[i]).minusMillis(10));
            assertThat(asked).as("before %d s", seconds[i]).hasValue(i + 1);
            advance(Duration.ofMillis(20));
            int times = i + 2;
            found.until(() -> found.failures.size() == times);
        }
        answer = CompletableFuture.completedFuture(new Answer(ONE, null));
        discovery.refresh();
        found.until("a:1");
    }

    @Test
    void whatIsWantedWhileItAsksIsAskedAfterwards() {
        answer = new CompletableFuture<>();
        discovery.start(found);
        found.until(() -> asked.get() == 1);
        discovery.refresh();
        discovery.refresh();
        settle();
        assertThat(asked).hasValue(1);
        CompletableFuture<Answer> first = answer;
        answer = CompletableFuture.completedFuture(new Answer(List.of(Endpoint.of("b", 1)), Duration.ofHours(1)));
        first.complete(new Answer(ONE, Duration.ofHours(1)));
        settle();
        advance(Duration.ofMillis(2));
        found.until("b:1");
        assertThat(asked).hasValue(2);
    }

    @Test
    void aSourceThatThrowsHasFailed() {
        PolledDiscovery broken = new PolledDiscovery(engine, "broken", CONFIG, () -> {
            throw new IllegalStateException("no");
        });
        broken.start(found);
        found.until(() -> found.failures.size() == 1);
        assertThat(found.failures.getFirst()).hasMessage("no");
        broken.close();
    }

    /** All that was submitted before has run. */
    private void settle() {
        for (int i = 0; i < 2; i++) {
            engine.submitTo(0, () -> true).join();
        }
    }

    private void advance(Duration duration) {
        clock.advance(duration);
        settle();
    }
}
