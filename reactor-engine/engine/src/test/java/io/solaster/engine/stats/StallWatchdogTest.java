package io.solaster.engine.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

import io.solaster.engine.Engines;
import io.solaster.engine.stats.Stall.Phase;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each rule by itself: the test is clock, machine, collector and shard. */
class StallWatchdogTest {
    private static final long MS = 1_000_000;
    private static final String NO_STEAL = "cpu 0 0 0 0 0 0 0 0\n";

    private final ShardStats stats = new ShardStats();
    private final List<Stall> stalls = new ArrayList<>();
    private long now = 1_000 * MS;
    private long collectors;
    private long runDelay;
    private String proc = NO_STEAL;
    private Thread carrier = Thread.currentThread();
    private Thread mounted;
    private final StallWatchdog watchdog = new StallWatchdog(Duration.ofMillis(25), () -> now, () -> collectors,
            InstantSource.system(), () -> StealTime.parse(proc), stalls::add);
    private long wake;

    @BeforeEach
    void watch() {
        stats.heartbeat.idle(now);
        watchdog.watch(new StallWatch(0, stats, carrier, () -> mounted, -1, () -> runDelay, () -> runDelay));
        wake = now + watchdog.look();
    }

    /** Time goes by, and the watchdog looks whenever it wants to. */
    private void pass(long nanos) {
        long end = now + nanos;
        while (wake <= end) {
            now = wake;
            wake = now + watchdog.look();
        }
        now = end;
    }

    private void begin() {
        stats.heartbeat.busy(now);
    }

    @Test
    void aTaskOverTheThresholdIsReportedWithTheShardsStack() {
        stats.addGroup(4, "reports", () -> 1, 0);
        stats.heartbeat.group(4);
        begin();
        pass(24 * MS);
        assertThat(stalls).isEmpty();
        pass(2 * MS);
        assertThat(stalls).singleElement().satisfies(stall -> {
            assertThat(stall.phase()).isEqualTo(Phase.BEGUN);
            assertThat(stall.group()).isEqualTo("reports");
            assertThat(stall.nanos()).isCloseTo(25 * MS, within(MS));
            assertThat(stall.stack()).contains("'" + carrier.getName() + "', RUNNABLE", "\tat ", "StallWatchdogTest");
        });
        assertThat(stats.stalls.get()).isEqualTo(1);
    }

    @Test
    void oneThatGoesOnIsReportedWheneverItHasBecomeTwiceAsLongAndAtItsEnd() {
        begin();
        pass(250 * MS);
        assertThat(stalls).extracting(stall -> Math.round((double) stall.nanos() / MS)).containsExactly(25L, 50L, 100L,
                200L);
        begin();
        pass(30 * MS);
        assertThat(stalls.get(4).phase()).isEqualTo(Phase.ENDED);
        assertThat(stalls.get(4).nanos()).isCloseTo(250 * MS, within(MS));
        assertThat(stalls.get(5).phase()).as("the next one").isEqualTo(Phase.BEGUN);
        assertThat(stats.stalls.get()).isEqualTo(2);
        assertThat(stats.longestStallNanos.get()).isCloseTo(250 * MS, within(MS));
    }

    @Test
    void manyTasksAreNoStall() {
        for (int i = 0; i < 50; i++) {
            begin();
            pass(20 * MS);
        }
        assertThat(stalls).isEmpty();
    }

    @Test
    void aShardThatSleepsDoesNotStall() {
        begin();
        pass(10 * MS);
        stats.heartbeat.idle(now);
        pass(10_000 * MS);
        assertThat(stalls).isEmpty();
    }

    @Test
    void dozesWhileAllSleepAndIsWokenByTheFirstThatWakes() {
        pass(1_000 * MS);
        assertThat(watchdog.look()).isEqualTo(250 * MS);
        stats.woke(now);
        long start = System.nanoTime();
        LockSupport.parkNanos(Engines.PATIENCE.toNanos());
        assertThat(System.nanoTime() - start).as("was unparked").isLessThan(Engines.PATIENCE.toNanos());
        assertThat(watchdog.look()).isEqualTo(25 * MS);
    }

    @Test
    void aTaskThatBeginsRightAfterALookIsFoundInTimeAllTheSame() {
        for (int i = 0; i < 25; i++) {
            pass(i * MS);
            begin();
            pass(26 * MS);
            assertThat(stats.stalls.get()).as("stalls").isEqualTo(i + 1);
            stats.heartbeat.idle(now);
            pass(60 * MS);
        }
    }

    @Test
    void doesNotAccuseAShardWhenTheWatchdogItselfWasDelayed() {
        begin();
        pass(10 * MS);
        now += 500 * MS;
        wake = now + watchdog.look();
        pass(14 * MS);
        assertThat(stalls).as("nobody knows what happened in the half second").isEmpty();
        pass(15 * MS);
        assertThat(stalls).as("what was seen since is the shard's own").hasSize(1);
        assertThat(stalls.get(0).nanos()).isLessThan(40 * MS);
    }

    @Test
    void doesNotAccuseAShardOfACollection() {
        begin();
        pass(5 * MS);
        now += 200 * MS;
        collectors += 200 * MS;
        wake = now + watchdog.look();
        assertThat(stalls).isEmpty();
        begin();
        pass(20 * MS);
        collectors += 10 * MS;
        pass(10 * MS);
        assertThat(stalls).as("a short one that did not delay the watchdog").isEmpty();
        pass(10 * MS);
        assertThat(stalls).hasSize(1);
    }

    @Test
    void doesNotAccuseAShardThatWasReadyAndDidNotRun() {
        begin();
        for (int i = 0; i < 1_000; i++) {
            pass(MS);
            runDelay += MS;
        }
        assertThat(stalls).isEmpty();
        pass(40 * MS);
        assertThat(stalls).hasSize(1);
    }

    @Test
    void chargesAShardThatRanForAPartOfTheTimeWithThatPart() {
        begin();
        for (int i = 0; i < 45; i++) {
            pass(MS);
            runDelay += MS / 2;
        }
        assertThat(stalls).isEmpty();
        for (int i = 0; i < 15; i++) {
            pass(MS);
            runDelay += MS / 2;
        }
        assertThat(stalls).hasSize(1);
    }

    @Test
    void doesNotAccuseAShardWhoseMachineWasTakenAway() {
        begin();
        pass(20 * MS);
        proc = "cpu 0 0 0 0 0 0 0 2\n";
        pass(10 * MS);
        assertThat(stalls).isEmpty();
        pass(30 * MS);
        assertThat(stalls).hasSize(1);
    }

    @Test
    void delaysOfLongAgoExcuseNothing() {
        begin();
        runDelay += 1_000 * MS;
        collectors += 1_000 * MS;
        proc = "cpu 0 0 0 0 0 0 0 100\n";
        pass(5 * MS);
        for (int i = 0; i < 600; i++) {
            begin();
            pass(10 * MS);
        }
        begin();
        pass(26 * MS);
        assertThat(stalls).hasSize(1);
    }

    @Test
    void aShardThatWaitsInTheSystemStalls() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Thread sleeper = Thread.ofPlatform().name("sleeper").start(() -> awaitQuietly(end));
        ShardStats asleep = new ShardStats();
        asleep.heartbeat.busy(now);
        watchdog.watch(new StallWatch(1, asleep, sleeper, () -> mounted, 0, () -> runDelay, () -> runDelay));
        wake = now;
        pass(30 * MS);
        end.countDown();
        assertThat(stalls).singleElement().satisfies(stall -> {
            assertThat(stall.shard()).isEqualTo(1);
            assertThat(stall.stack()).contains("'sleeper'");
        });
        sleeper.join();
        asleep.heartbeat.busy(now);
        pass(1_000 * MS);
        assertThat(asleep.stalls.get()).as("stalls of a shard that has ended").isEqualTo(1);
    }

    @Test
    void showsTheVirtualThreadThatTheShardCarries() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        mounted = Thread.ofVirtual().name("straight-line").start(() -> awaitQuietly(end));
        begin();
        pass(30 * MS);
        end.countDown();
        mounted.join();
        assertThat(stalls.get(0).stack()).startsWith("virtual thread 'straight-line', carried by")
                .contains("\n'" + carrier.getName() + "'");
    }

    @Test
    void itsThresholdCanBeChangedAtRunTime() {
        watchdog.threshold(Duration.ofMillis(100));
        begin();
        pass(90 * MS);
        assertThat(stalls).isEmpty();
        watchdog.threshold(Duration.ofMillis(5));
        pass(50 * MS);
        assertThat(stalls).isNotEmpty();
        assertThat(watchdog.threshold()).isEqualTo(Duration.ofMillis(5));
        assertThatIllegalArgumentException().isThrownBy(() -> watchdog.threshold(Duration.ofNanos(1)))
                .withMessageContaining("PT0.000000001S").withMessageContaining("at least 1ms");
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
