package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.engine.Engine;
import io.solaster.spring.reload.ConfigReloader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.ConfigDataApplicationContextInitializer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Who watches an engine goes by the configuration that is in force. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
final class LiveWatchTest {

    @Tag("full")
    @Test
    void a_shard_that_is_stuck_is_broken_after_the_time_that_is_in_force_now(@TempDir Path directory)
            throws IOException {
        Path file = Files.writeString(directory.resolve("application.yml"), "solaster.health.broken-after: 1h");
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterWatchAutoConfiguration.class))
                .withInitializer(new ConfigDataApplicationContextInitializer())
                .withPropertyValues("spring.config.location=" + file, "solaster.reload.enabled=false",
                        "solaster.engine.shards=1", "solaster.engine.pinning=never", "solaster.engine.transport=nio")
                .run(context -> {
                    EngineWatch watch = context.getBean(EngineWatch.class);
                    LoopWatch loops = context.getBean(LoopWatch.class);
                    Engine engine = context.getBean(Engine.class);
                    whileStuck(engine, () -> {
                        ThreeShards.until("stuck for more than a second", () -> loops.stuckFor(0).toMillis() > 1_000);
                        assertThat(watch.isBroken()).isFalse();
                    });
                    Files.writeString(file, "solaster.health.broken-after: 1s");
                    context.getBean(ConfigReloader.class).reload();
                    whileStuck(engine, () -> {
                        ThreeShards.until("broken", watch::isBroken);
                        assertThat(loops.stuckFor(0).toMillis()).isGreaterThanOrEqualTo(1_000);
                        assertThat(watch.problems()).singleElement().asString().contains("has not turned its loop");
                    });
                });
    }

    /** A change waits for the shards to take it, so that none is stuck between. */
    private static void whileStuck(Engine engine, Runnable check) {
        CountDownLatch stuck = new CountDownLatch(1);
        try {
            engine.shard(0).execute(() -> await(stuck));
            check.run();
        } finally {
            stuck.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
