package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import io.solaster.config.EngineConfig;
import io.solaster.config.StoreConfig;
import io.solaster.config.StorePersistenceConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.store.persist.Persistence;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.disk.DiskFaults;
import org.junit.jupiter.api.Test;

/** A store on a machine whose power fails, and on a disk that fails and fills up, in orders that a seed draws. */
final class PersistenceCrashTest {
    private static final int KEYS = 12;
    private static final int LIVES = 5;

    /** What is known of each key: the last version that was asked for, and the last that was answered. */
    private static final class Run {
        final Simulation sim;
        final Machine machine;
        final StorePersistenceConfig config;
        final int[] asked = new int[KEYS];
        final int[] answered = new int[KEYS];

        Run(Simulation sim, String fsync) {
            this.sim = sim;
            this.machine = sim.machine("a");
            this.config = StorePersistenceConfig.in("/data/kv").withFsync(Fsync.valueOf(fsync))
                    .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(0));
        }

        Store open() {
            int shards = 1 + sim.random().nextInt(2);
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
            Persistence persistence = java.util.Objects.requireNonNull(store.parts().persistence());
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
        for (long seed = 0; seed < 6; seed++) {
            answered += lives(seed, "always", true);
        }
        assertThat(answered).isPositive();
    }

    @Test
    void whatWasAnsweredOutlivesTheProcess() {
        for (String fsync : List.of("20ms", "never")) {
            for (long seed = 0; seed < 3; seed++) {
                assertThat(lives(seed, fsync, false)).isPositive();
            }
        }
    }

    @Test
    void aCrashLeavesSomeVersionOfEachKey() {
        for (long seed = 0; seed < 3; seed++) {
            assertThat(lives(seed, "20ms", true)).isGreaterThanOrEqualTo(0);
        }
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
            assertThat(java.util.Objects.requireNonNull(store.parts().persistence()).failure()).isNotNull();
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
