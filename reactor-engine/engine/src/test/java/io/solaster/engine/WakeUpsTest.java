package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.IdleConfig;
import io.solaster.engine.mesh.Message;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * Sleeps and wake-ups by the hundred thousand, and by the million in the soak: 10^6 for each of its minutes. A shard
 * sleeps until it is woken, however long, so that one lost wake-up stops a ball for ever.
 */
class WakeUpsTest {
    private static final int PAIRS = 3;
    private static final long SLEEPS = System.getProperty("soak.minutes") == null
            ? 100_000
            : (long) (Double.parseDouble(System.getProperty("soak.minutes")) * 1_000_000 / 3) + 1;

    private final AtomicBoolean enough = new AtomicBoolean();

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void noneIsLostBetweenShardsNorFromOutside(Transport transport) {
        EngineConfig config = EngineConfig.defaults().withTransport(transport)
                .withIdle(Changed.with(IdleConfig.defaults(), "lingerFor", Duration.ZERO));
        try (Engine engine = Engines.start(config, 2 * PAIRS)) {
            Ball[] balls = new Ball[PAIRS];
            for (int pair = 0; pair < PAIRS; pair++) {
                Ball ball = new Ball();
                balls[pair] = ball;
                Shard first = engine.shard(2 * pair);
                first.execute(() -> first.mesh().send(first.id() + 1, ball));
            }
            // And a thread that is no shard, whose wake-ups take another way.
            CompletableFuture<Long> outside = new CompletableFuture<>();
            Thread.ofPlatform().start(() -> {
                try {
                    long asked = 0;
                    for (; !enough.get(); asked++) {
                        Engines.get(engine.submitTo((int) (asked % engine.shards().size()), () -> true));
                    }
                    outside.complete(asked);
                } catch (Throwable lost) {
                    outside.completeExceptionally(lost);
                }
            });
            long before = -1;
            while (sleeps(engine) < SLEEPS) {
                long now = sleeps(engine);
                assertThat(now).as("sleeps, while none should be for ever").isGreaterThan(before);
                before = now;
                long least = now + Math.min(SLEEPS - now, 1_000);
                Engines.until("shards go on waking each other after " + now + " sleeps",
                        () -> sleeps(engine) >= least || outside.isDone());
                assertThat(outside).as("the thread outside").isNotDone();
            }
            enough.set(true);
            assertThat(Engines.get(outside)).isPositive();
            for (Ball ball : balls) {
                assertThat(Engines.get(ball.caught)).as("bounces of a ball").isPositive();
            }
            System.out.println("soak: " + transport + ": " + sleeps(engine) + " sleeps, each followed by its wake-up");
        }
    }

    private static long sleeps(Engine engine) {
        return engine.shards().stream().mapToLong(shard -> shard.stats().parks.get()).sum();
    }

    /** Flies between two shards that have nothing else to do. */
    private final class Ball extends Message {
        final CompletableFuture<Long> caught = new CompletableFuture<>();
        private long bounces;

        @Override
        public void deliver() {
            bounces++;
            if (enough.get()) {
                caught.complete(bounces);
            } else {
                Shard here = Shard.current();
                here.mesh().send(here.id() ^ 1, this);
            }
        }
    }
}
