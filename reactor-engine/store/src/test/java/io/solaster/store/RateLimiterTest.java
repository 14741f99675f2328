package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.StoreConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.store.RateLimiter.Decision;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RateLimiterTest {
    private final AtomicLong millis = new AtomicLong(1_800_000_000_000L);
    private Engine engine;
    private Store store;

    @BeforeEach
    void start() {
        engine = Engine.start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER));
        store = Store.on(engine, StoreConfig.defaults(), millis::get);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    @Test
    void givesABurstAndThenTheRate() {
        RateLimiter limiter = store.rateLimiter("api:", new RateLimit(10, Duration.ofSeconds(1), 3));
        for (int i = 2; i >= 0; i--) {
            assertThat(limiter.acquire("ann").join())
                    .isEqualTo(new Decision(true, i, Duration.ZERO, Duration.ofMillis(100L * (3 - i))));
        }
        assertThat(limiter.acquire("ann").join())
                .isEqualTo(new Decision(false, 0, Duration.ofMillis(100), Duration.ofMillis(300)));
        assertThat(limiter.acquire("bob").join().isAllowed()).as("others are counted for themselves").isTrue();
        millis.addAndGet(99);
        assertThat(limiter.acquire("ann").join().isAllowed()).isFalse();
        millis.addAndGet(1);
        assertThat(limiter.acquire("ann").join().isAllowed()).isTrue();
        millis.addAndGet(10_000);
        assertThat(limiter.acquire("ann", 3).join().isAllowed()).as("it has rested").isTrue();
    }

    @Test
    void givesAllPermitsOrNone() {
        RateLimiter limiter = store.rateLimiter("", RateLimit.of(10, Duration.ofSeconds(1)));
        assertThat(limiter.acquire("x", 8).join().remaining()).isEqualTo(2);
        Decision refused = limiter.acquire("x", 4).join();
        assertThat(refused).isEqualTo(new Decision(false, 2, Duration.ofMillis(200), Duration.ofMillis(800)));
        millis.addAndGet(refused.retryAfter().toMillis());
        assertThat(limiter.acquire("x", 4).join().isAllowed()).isTrue();
        assertThatThrownBy(() -> limiter.acquire("x", 11)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("11 permits at once");
    }

    @Test
    void manyAtOnceGetNoMoreThanThereIs() {
        RateLimiter limiter = store.rateLimiter("api:", RateLimit.of(100, Duration.ofHours(1)));
        List<ShardFuture<Decision>> asked = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            asked.add(limiter.acquire("one"));
        }
        assertThat(asked.stream().filter(each -> each.join().isAllowed()).count()).isEqualTo(100);
    }

    @Test
    void aNameThatHasRestedLeavesNoKey() {
        RateLimiter limiter = store.rateLimiter("api:", RateLimit.of(1, Duration.ofSeconds(1)));
        limiter.acquire("ann").join();
        assertThat(store.strings().get("api:ann").join()).asString().isEqualTo("1800000001000000");
        millis.addAndGet(1002);
        assertThat(store.strings().get("api:ann").join()).isNull();
    }

    @Test
    void aClockThatWasSetBackKeepsNobodyOutForLonger() {
        RateLimiter limiter = store.rateLimiter("", new RateLimit(1, Duration.ofSeconds(1), 2));
        limiter.acquire("x", 2).join();
        millis.addAndGet(-3_600_000);
        assertThat(limiter.acquire("x").join().retryAfter()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void limitsThatMakeNoSenseAreNamed() {
        assertThatThrownBy(() -> RateLimit.of(0, Duration.ofSeconds(1))).hasMessageContaining("0 permits");
        assertThatThrownBy(() -> RateLimit.of(1, Duration.ZERO)).hasMessageContaining("PT0S");
        assertThatThrownBy(() -> RateLimit.of(Long.MAX_VALUE, Duration.ofSeconds(1)))
                .hasMessageContaining("one a microsecond");
        assertThatThrownBy(() -> new RateLimit(1, Duration.ofDays(1), 1_000)).hasMessageContaining("a burst of 1000");
    }

    @Test
    void anotherValueUnderItsKeyIsTold() {
        store.hash("x").put("a", new byte[0]).join();
        RateLimiter limiter = store.rateLimiter("", RateLimit.of(1, Duration.ofSeconds(1)));
        assertThatThrownBy(() -> limiter.acquire("x").join()).hasCauseInstanceOf(StoreException.class)
                .hasMessageContaining("WRONGTYPE");
    }
}
