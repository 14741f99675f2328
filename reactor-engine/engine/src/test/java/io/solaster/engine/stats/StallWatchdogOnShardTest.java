package io.solaster.engine.stats;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.StallConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.env.Environment;
import io.solaster.engine.os.CpuAffinity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Real shards that stall; the test says on the shard's behalf when it is busy. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class StallWatchdogOnShardTest {
    private static final StallConfig CONFIG = new StallConfig(true, Duration.ofMillis(25), 0, Duration.ZERO);

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void findsATaskThatBlocksItsShard(Transport transport) {
        ShardStats stats = new ShardStats();
        CountDownLatch end = new CountDownLatch(1);
        try (Engine engine = Engines.start(transport, 1);
                StallWatchdog watchdog = StallWatchdog.start(engine.name(), CONFIG, Environment.SYSTEM)) {
            Thread carrier = Engines.get(engine.submitTo(0, () -> {
                stats.begins(CpuAffinity.threadId(), System.nanoTime());
                stats.sleeps(System.nanoTime());
                return Thread.currentThread();
            }));
            watchdog.watch(0, stats, carrier, -1, () -> null);
            engine.shard(0).execute(() -> {
                stats.heartbeat.busy(System.nanoTime());
                awaitIgnoringTheRule(end);
                stats.sleeps(System.nanoTime());
            });
            Engines.until("the stall is counted", () -> stats.stalls.get() == 1);
            Engines.until("it has become longer",
                    () -> stats.longestStallNanos.get() >= Duration.ofMillis(100).toNanos());
            end.countDown();
            assertThat(Engines.get(engine.submitTo(0, () -> 7))).isEqualTo(7);
            assertThat(stats.stalls.get()).as("stalls").isEqualTo(1);
        } finally {
            end.countDown();
        }
    }

    @Test
    void makingInstancesIsNoStall() {
        // A busy machine brings about stalls of its own, though not in every engine.
        Engines.until("there is no stall as long as that", () -> {
            try (Engine engine = Engines.start(Transport.NIO, 1)) {
                engine.sharded(shard -> {
                    LockSupport.parkNanos(Duration.ofMillis(300).toNanos());
                    return shard;
                });
                return engine.shard(0).stats().longestStallNanos.get() < Duration.ofMillis(200).toNanos();
            }
        });
    }

    @Test
    void itsThreadIsADaemonThatEndsWithIt() {
        StallWatchdog watchdog = StallWatchdog.start("test-of-watchdog", CONFIG, Environment.SYSTEM);
        assertThat(Engines.threads("test-of-watchdog-")).singleElement().satisfies(thread -> {
            assertThat(thread.getName()).isEqualTo("test-of-watchdog-watchdog");
            assertThat(thread.isDaemon()).isTrue();
        });
        watchdog.close();
        Engines.until("it is gone", () -> Engines.threads("test-of-watchdog-").isEmpty());
        watchdog.close();
    }

    private static void awaitIgnoringTheRule(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
