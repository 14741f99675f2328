package io.solaster.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.config.EngineConfig;
import io.solaster.config.log.LogConfig;
import io.solaster.config.value.Fsync;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.log.Logs.Replay;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.disk.DiskFaults;
import io.solaster.testkit.sim.disk.SimDisk.Effect;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A log on a disk that forgets, tears, fails and fills up: what it acknowledged is there after each crash, and nothing else. */
final class LogCrashTest {
    private static final int SHARDS = 2;
    private static final int LIVES = 4;
    private static final Path DIRECTORY = Path.of("/data/log");
    private static final EngineConfig ENGINE = EngineConfig.defaults().withShards(SHARDS);
    private static final DiskFaults SLOW = DiskFaults.NONE.delayed(Duration.ofMillis(1)).jittered(Duration.ofMillis(4));

    /** What ends a life. */
    private enum End {
        /** The power fails: what was not synced is lost, or not. */
        CRASH,
        /** The process is killed: what was written stays. */
        KILL,
        /** One of them, or the application stops. */
        ANY
    }

    /** What one shard's log is to hold. */
    private static final class Model {
        /** By sequence, from 1 on: those that were appended. */
        List<String> appended = new ArrayList<>();
        /** As many of them were acknowledged. */
        int acknowledged;
        /** Its log has failed. */
        boolean sealed;
    }

    private static final class Run {
        final Simulation sim;
        final Machine machine;
        final LogConfig config;
        final List<Model> models = List.of(new Model(), new Model());

        Run(Simulation sim, String fsync) {
            this.sim = sim;
            this.machine = sim.machine("a");
            this.config = Logs.small(DIRECTORY).withFsync(Fsync.valueOf(fsync));
        }

        /** Opens the log and compares it with the model, which is what was found from then on. */
        Log open(Engine engine, boolean allThere) {
            Replay replay = new Replay(SHARDS);
            Log log = Log.open(engine, "test", config, replay);
            for (int shard = 0; shard < SHARDS; shard++) {
                Model model = models.get(shard);
                List<String> found = replay.of(shard);
                assertThat(found.size()).as("records of shard %d, of %d", shard, model.appended.size())
                        .isLessThanOrEqualTo(model.appended.size());
                if (allThere) {
                    assertThat(found.size()).as("acknowledged records of shard %d", shard)
                            .isGreaterThanOrEqualTo(model.acknowledged);
                }
                assertThat(found).isEqualTo(model.appended.subList(0, found.size()));
                model.appended = new ArrayList<>(found);
                model.acknowledged = found.size();
                model.sealed = false;
            }
            return log;
        }

        /** Appends for as long as the machine lives. */
        void append(Engine engine, Log log, int life) {
            for (int shard = 0; shard < SHARDS; shard++) {
                Model model = models.get(shard);
                int id = shard;
                engine.shard(shard).fork(() -> {
                    ShardLog own = log.local();
                    for (int number = 0;; number++) {
                        int burst = 1 + sim.random().nextInt(20);
                        for (int i = 0; i < burst; i++) {
                            if (!own.isWritable()) {
                                own.whenWritable().join();
                            }
                            String text = life + "-" + id + "-" + number + "-" + i
                                    + "x".repeat(sim.random().nextInt(1_500));
                            long sequence = own.append(life, Logs.KIND, Logs.bytes(text));
                            assertThat(sequence).isEqualTo(model.appended.size() + 1);
                            model.appended.add(sequence + "/" + life + "/7/" + text);
                        }
                        try {
                            own.whenAcknowledged(own.next() - 1).join();
                        } catch (CompletionException sealed) {
                            model.sealed = true;
                            return false;
                        }
                        model.acknowledged = Math.max(model.acknowledged, (int) own.acknowledged());
                    }
                });
            }
        }

        void end(End how) {
            switch (how == End.ANY ? sim.random().nextInt(3) : how.ordinal()) {
                case 0 -> machine.crash();
                case 1 -> machine.kill();
                default -> machine.stop();
            }
        }
    }

    private static final class Totals {
        long torn;
        long lost;
        long records;
    }

    private static void lives(Simulation sim, String fsync, End end, Totals totals) {
        Run run = new Run(sim, fsync);
        run.machine.disk().set(SLOW);
        for (int life = 0; life < LIVES; life++) {
            Engine engine = run.machine.start(ENGINE);
            if (life > 0 && sim.random().nextInt(4) == 0) {
                // It ends while it opens: nothing must get worse.
                sim.thread("opening", () -> Log.open(engine, "test", run.config));
                sim.sleep(Duration.ofMillis(sim.random().nextInt(40)));
                run.end(end == End.ANY ? End.KILL : end);
                continue;
            }
            Log log = run.open(engine, fsync.equals("always") || end == End.KILL);
            run.append(engine, log, life);
            sim.sleep(Duration.ofMillis(sim.random().nextInt(300)));
            run.end(end);
        }
        run.open(run.machine.start(ENGINE), fsync.equals("always") || end == End.KILL);
        totals.torn += run.machine.disk().count(Effect.TORN_WRITES);
        totals.lost += run.machine.disk().count(Effect.LOST_WRITES);
        totals.records += run.models.getFirst().appended.size();
    }

    private static Totals seeds(int count, String fsync, End end) {
        Totals totals = new Totals();
        for (long seed = 0; seed < count; seed++) {
            Simulation.run(seed, sim -> lives(sim, fsync, end, totals));
        }
        return totals;
    }

    @Test
    void whatWasAcknowledgedOutlivesThePower() {
        Totals totals = seeds(12, "always", End.CRASH);
        assertThat(totals.torn).isPositive();
        assertThat(totals.lost).isPositive();
        assertThat(totals.records).isPositive();
    }

    @Test
    void aCrashLeavesTheBeginningOfWhatWasWritten() {
        assertThat(seeds(8, "20ms", End.CRASH).lost).isPositive();
        assertThat(seeds(8, "never", End.CRASH).lost).isPositive();
    }

    @ParameterizedTest
    @EnumSource(value = End.class, names = {"KILL", "ANY"})
    void whatWasWrittenOutlivesTheProcess(End end) {
        for (String fsync : List.of("always", "20ms", "never")) {
            assertThat(seeds(4, fsync, end).records).isPositive();
        }
    }

    @Test
    @Tag("full")
    void whatWasAcknowledgedOutlivesThePowerManyTimes() {
        seeds(60, "always", End.CRASH);
        seeds(30, "20ms", End.CRASH);
        seeds(30, "never", End.ANY);
    }

    private static void failures(Simulation sim, DiskFaults faults) {
        Run run = new Run(sim, "always");
        for (int life = 0; life < 2; life++) {
            run.machine.disk().set(SLOW);
            Engine engine = run.machine.start(ENGINE);
            Log log = run.open(engine, true);
            run.append(engine, log, life);
            sim.sleep(Duration.ofMillis(sim.random().nextInt(50)));
            run.machine.disk().set(faults);
            sim.until(() -> run.models.getFirst().sealed || run.models.getLast().sealed, Duration.ofMinutes(5));
            int sealed = run.models.getFirst().sealed ? 0 : 1;
            assertThat(log.failure()).isNotNull();
            assertThat(log.stats().get(sealed).sealed.get()).isEqualTo(1);
            assertThatThrownBy(() -> sim.await(engine.submitTo(sealed,
                    () -> log.local().append(9, 1, Logs.bytes("a"))))).hasStackTraceContaining("is sealed");
            sim.await(engine.submitStageTo(sealed, CallOptions.DEFAULTS, () -> log.local().whenWritable()));
            run.machine.crash();
        }
        run.machine.disk().set(DiskFaults.NONE);
        run.open(run.machine.start(ENGINE), true);
    }

    @Test
    void aFailedSyncIsTheEndAndLosesNothingThatWasAcknowledged() {
        for (long seed = 0; seed < 5; seed++) {
            Simulation.run(seed, sim -> failures(sim, SLOW.withSyncErrors(0.05)));
        }
    }

    @Test
    void aFailedWriteIsTheEndAndLosesNothingThatWasAcknowledged() {
        for (long seed = 0; seed < 5; seed++) {
            Simulation.run(seed, sim -> failures(sim, SLOW.withWriteErrors(0.05)));
        }
    }

    @Test
    void aFullDiskRefusesRecordsAndTheLogGoesOnOnceThereIsRoom() {
        Simulation.run(1, sim -> {
            Run run = new Run(sim, "always");
            run.machine.disk().capacity(1 << 20);
            Engine engine = run.machine.start(ENGINE);
            Log log = run.open(engine, true);
            String text = "x".repeat(10_000);
            long[] accepted = {0};
            Throwable full = sim.await(engine.shard(0).fork(() -> {
                ShardLog own = log.local();
                while (true) {
                    try {
                        accepted[0] = own.append(0, 1, Logs.bytes(text));
                        own.whenAcknowledged(accepted[0]).join();
                    } catch (RejectedExecutionException refused) {
                        if (own.noRoom() != null) {
                            return (Throwable) refused;
                        }
                        own.whenWritable().join();
                    }
                }
            }).future(), Duration.ofMinutes(5));
            assertThat(full).hasMessageContaining("no room on the disk");
            assertThat(log.noRoom()).isNotNull();
            assertThat(log.failure()).isNull();
            run.machine.disk().capacity(4 << 20);
            long sequence = sim.await(engine.submitStageTo(0, CallOptions.DEFAULTS, () -> log.local().whenWritable()
                    .thenCompose(room -> {
                        long next = log.local().append(0, 1, Logs.bytes(text));
                        return log.local().whenAcknowledged(next).thenApply(done -> next);
                    })), Duration.ofMinutes(5));
            assertThat(sequence).isEqualTo(accepted[0] + 1);
            assertThat(log.noRoom()).isNull();
        });
    }

    @Test
    void aSlowDiskHoldsUpWhoAppendsRatherThanLosingMore() {
        Simulation.run(1, sim -> {
            Run run = new Run(sim, "20ms");
            run.machine.disk().set(DiskFaults.NONE.delayed(Duration.ofMillis(200)));
            Engine engine = run.machine.start(ENGINE);
            Log log = run.open(engine, true);
            run.append(engine, log, 0);
            for (int i = 0; i < 20; i++) {
                sim.sleep(Duration.ofMillis(100));
                assertThat(log.stats().getFirst().unsynced.get()).isLessThan(200 << 10);
            }
            assertThat(log.stats().getFirst().syncs.get()).isPositive();
            run.machine.stop();
            run.open(run.machine.start(ENGINE), true);
        });
    }
}
