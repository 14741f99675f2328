package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.solaster.config.EngineConfig;
import io.solaster.config.StoreConfig;
import io.solaster.config.StorePersistenceConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.store.persist.KeptStats;
import io.solaster.store.persist.Persistence;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.disk.DiskFaults;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A store on a machine whose power fails, and on a disk that fails and fills up, in orders that a seed draws. */
final class PersistenceCrashTest {
    private static final int KEYS = 12;
    private static final int LIVES = 5;
    /** Machines that are taken down after they died tell of all that never ended there. */
    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.solaster");

    @BeforeAll
    static void silence() {
        LOGGER.setLevel(Level.OFF);
    }

    @AfterAll
    static void speak() {
        LOGGER.setLevel(null);
    }

    /** What is known of each key: the last version that was asked for, and the last that was answered. */
    private static final class Run {
        final Simulation sim;
        final Machine machine;
        final StorePersistenceConfig config;
        final int[] asked = new int[KEYS];
        final int[] answered = new int[KEYS];

        Run(Simulation sim, String fsync) {
            this(sim, fsync, 0);
        }

        Run(Simulation sim, String fsync, long snapshotAfter) {
            this.sim = sim;
            this.machine = sim.machine("a");
            this.config = StorePersistenceConfig.in("/data/kv").withFsync(Fsync.valueOf(fsync))
                    .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(snapshotAfter));
        }

        Store open() {
            return open(1 + sim.random().nextInt(2));
        }

        Store open(int shards) {
            return Store.on(machine.start(EngineConfig.defaults().withShards(shards)),
                    StoreConfig.defaults().withPersistence(config));
        }

        /** Compares what is there with what is known. */
        void check(Store store, boolean allThere) {
            for (int key = 0; key < KEYS; key++) {
                byte[] value = sim.await(store.strings().get("key" + key));
                int found = value == null ? 0 : Integer.parseInt(text(value).split("-")[0]);
                assertThat(found).as("version of key %d", key).isBetween(allThere ? answered[key] : 0, asked[key]);
                assertThat(value == null ? null : text(value)).isEqualTo(found == 0 ? null : value(found));
                asked[key] = found;
                answered[key] = found;
            }
        }

        private static String text(byte[] value) {
            return new String(value, StandardCharsets.UTF_8);
        }

        private static String value(int version) {
            return version + "-" + "x".repeat(version * 97 % 3_000);
        }

        CompletableFuture<?> set(Store store, int key) {
            int version = ++asked[key];
            return store.strings().set("key" + key, value(version).getBytes(StandardCharsets.UTF_8))
                    .thenRun(() -> answered[key] = Math.max(answered[key], version));
        }

        /** Writes for as long as the machine lives. */
        boolean write(Store store) {
            Persistence persistence = persistence(store);
            while (true) {
                List<CompletableFuture<?>> all = new ArrayList<>();
                for (int key = 0; key < KEYS; key++) {
                    if (sim.random().nextBoolean()) {
                        all.add(set(store, key));
                    }
                }
                if (sim.random().nextInt(10) == 0) {
                    persistence.snapshotUnheard();
                }
                try {
                    for (CompletableFuture<?> each : all) {
                        sim.await(each);
                    }
                } catch (CompletionException ended) {
                    return true;
                }
            }
        }
    }

    private static int lives(long seed, String fsync, boolean crash) {
        int[] answered = new int[1];
        Simulation.run(seed, sim -> {
            Run run = new Run(sim, fsync);
            run.machine.disk().set(DiskFaults.NONE.jittered(Duration.ofMillis(2)));
            for (int life = 0; life < LIVES; life++) {
                Store store = run.open();
                run.check(store, fsync.equals("always") || !crash);
                sim.thread("writer" + life, () -> run.write(store));
                sim.sleep(Duration.ofMillis(20 + sim.random().nextInt(300)));
                if (crash) {
                    run.machine.crash();
                } else {
                    run.machine.kill();
                }
            }
            run.check(run.open(), fsync.equals("always") || !crash);
            for (int each : run.answered) {
                answered[0] += each;
            }
        });
        return answered[0];
    }

    @Test
    void whatWasAnsweredOutlivesThePowerIfItIsSyncedAlways() {
        int answered = 0;
        for (long seed = 0; seed < 2; seed++) {
            answered += lives(seed, "always", true);
        }
        assertThat(answered).isPositive();
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(strings = {"always", "20ms"})
    void noCrashOfMoreLosesWhatItMayNot(String fsync) {
        for (long seed = 2; seed < 8; seed++) {
            lives(seed, fsync, true);
        }
    }

    @Test
    void whatWasAnsweredOutlivesTheProcess() {
        for (String fsync : List.of("20ms", "never")) {
            assertThat(lives(0, fsync, false)).isPositive();
        }
    }

    @Test
    void aCrashLeavesSomeVersionOfEachKey() {
        assertThat(lives(0, "20ms", true)).isGreaterThanOrEqualTo(0);
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(strings = {"always", "20ms", "never"})
    void whatWasAnsweredOutlivesTheProcessEachTime(String fsync) {
        for (long seed = 100; seed < 115; seed++) {
            lives(seed, fsync, false);
        }
    }

    /** Amid each of its steps, and until it has its name. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSnapshotThatIsInterruptedLeavesTheOneBefore(boolean crash) {
        int[] outcomes = new int[2];
        for (int moment = 0; moment < 16; moment++) {
            Duration until = Duration.ofMillis(moment * 1000L + 500);
            Simulation.run(moment, sim -> {
                Run run = new Run(sim, "always");
                Store store = run.open(1);
                sim.await(run.set(store, 1));
                sim.await(persistence(store).snapshot());
                long before = persistence(store).stats().getFirst().lastSnapshotAt.get();
                assertThat(before).isPositive();
                sim.sleep(Duration.ofSeconds(1));
                sim.await(run.set(store, 1));
                sim.await(run.set(store, 2));
                run.machine.disk().set(DiskFaults.NONE.delayed(Duration.ofSeconds(1)));
                persistence(store).snapshotUnheard();
                sim.sleep(until);
                if (crash) {
                    run.machine.crash();
                } else {
                    run.machine.kill();
                }
                run.machine.disk().set(DiskFaults.NONE);
                Store again = run.open(1);
                run.check(again, true);
                long now = persistence(again).stats().getFirst().lastSnapshotAt.get();
                assertThat(now).isGreaterThanOrEqualTo(before);
                outcomes[now == before ? 0 : 1]++;
                sim.await(persistence(again).snapshot());
            });
        }
        assertThat(outcomes[0]).as("left the one before").isPositive();
        assertThat(outcomes[1]).as("took its place").isPositive();
    }

    @Test
    void aSnapshotThatFailsLeavesTheOneBeforeAndNoMemory() {
        Simulation.run(5, sim -> {
            Run run = new Run(sim, "always");
            Store store = run.open(1);
            sim.await(run.set(store, 1));
            sim.await(persistence(store).snapshot());
            long before = persistence(store).stats().getFirst().lastSnapshotAt.get();
            run.machine.disk().set(DiskFaults.NONE.withWriteErrors(1));
            long used = fail(sim, store, 10);
            // Each has a buffer of 256 KiB.
            assertThat(fail(sim, store, 200) - used).isLessThan(16 << 20);
            run.machine.disk().set(DiskFaults.NONE);
            assertThat(run.machine.disk().openFiles()).isLessThan(10);
            run.machine.crash();
            Store again = run.open(1);
            run.check(again, true);
            assertThat(persistence(again).stats().getFirst().lastSnapshotAt.get()).isEqualTo(before);
        });
    }

    /** Bytes of direct memory that are in use after so many snapshots that failed. */
    private static long fail(Simulation sim, Store store, int times) {
        for (int i = 0; i < times; i++) {
            assertThatThrownBy(() -> sim.await(persistence(store).snapshot())).hasMessageContaining("Input/output");
        }
        return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric().usedDirectMemory();
    }

    @Test
    void aSnapshotThatFailsIsNotTriedAtOnceAgain() {
        Simulation.run(6, sim -> {
            Run run = new Run(sim, "always", 1);
            Store store = run.open(1);
            KeptStats stats = persistence(store).stats().getFirst();
            run.machine.disk().set(DiskFaults.NONE);
            sim.await(run.set(store, 1));
            sim.sleep(Duration.ofSeconds(5));
            assertThat(stats.snapshots.get()).isEqualTo(1);
            sim.await(run.set(store, 2));
            sim.await(run.set(store, 3));
            run.machine.disk().set(DiskFaults.NONE.withWriteErrors(1));
            sim.sleep(Duration.ofSeconds(50));
            assertThat(stats.snapshotsFailed.get()).isEqualTo(1);
            sim.sleep(Duration.ofMinutes(1));
            assertThat(stats.snapshotsFailed.get()).isEqualTo(2);
            run.machine.disk().set(DiskFaults.NONE);
            sim.sleep(Duration.ofMinutes(1));
            assertThat(stats.snapshots.get()).isEqualTo(2);
            assertThat(stats.lastSnapshotFailed.get()).isZero();
        });
    }

    private static Persistence persistence(Store store) {
        return java.util.Objects.requireNonNull(store.parts().persistence());
    }

    @Test
    void aFailedSyncSealsTheLogAndReadsGoOn() {
        Simulation.run(3, sim -> {
            Run run = new Run(sim, "always");
            Store store = run.open();
            sim.await(run.set(store, 1));
            run.machine.disk().set(new DiskFaults(Duration.ZERO, Duration.ZERO, 0, 0, 0, 1, 0));
            assertThatThrownBy(() -> sim.await(run.set(store, 1))).isInstanceOf(CompletionException.class);
            assertThatThrownBy(() -> sim.await(run.set(store, 1))).hasMessageContaining("MISCONF");
            assertThat(sim.await(store.strings().get("key1"))).isNotNull();
            assertThat(persistence(store).failure()).isNotNull();
            run.machine.disk().set(DiskFaults.NONE);
            run.machine.crash();
            run.check(run.open(), true);
        });
    }

    @Test
    void aFullDiskRefusesWritesUntilThereIsRoom() {
        Simulation.run(4, sim -> {
            Run run = new Run(sim, "always");
            Store store = run.open();
            sim.await(run.set(store, 1));
            run.machine.disk().capacity(1);
            boolean refused = false;
            for (int i = 0; i < 2_000 && !refused; i++) {
                try {
                    sim.await(run.set(store, 1));
                } catch (CompletionException full) {
                    refused = true;
                    assertThat(full).hasMessageContaining("MISCONF");
                }
            }
            assertThat(refused).isTrue();
            assertThat(sim.await(store.strings().get("key1"))).isNotNull();
            run.machine.disk().capacity(Long.MAX_VALUE);
            sim.sleep(Duration.ofSeconds(3));
            sim.await(run.set(store, 1));
            run.machine.crash();
            run.check(run.open(), true);
        });
    }
}
