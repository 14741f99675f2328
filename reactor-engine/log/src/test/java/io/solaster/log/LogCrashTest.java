package io.solaster.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;

import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.config.log.LogConfig;
import io.solaster.config.log.RetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.file.ShardFiles;
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
        /** What is before it may be missing. */
        long keepFrom = 1;
        /** Its log has failed. */
        boolean sealed;
    }

    private static final class Run {
        final Simulation sim;
        final Machine machine;
        final LogConfig config;
        final List<Model> models = List.of(new Model(), new Model());
        /** Whether records are let go of as by snapshots. */
        boolean drops;

        Run(Simulation sim, String fsync) {
            this(sim, fsync, RetainConfig.everything());
        }

        Run(Simulation sim, String fsync, RetainConfig retain) {
            this.sim = sim;
            this.machine = sim.machine("a");
            this.config = Logs.small(DIRECTORY).withFsync(Fsync.valueOf(fsync)).withRetain(retain);
        }

        /** Opens the log and compares it with the model, which is what was found from then on. */
        Log open(Engine engine, boolean allThere) {
            Replay replay = new Replay(SHARDS);
            Log log = Log.open(engine, "test", config, replay);
            for (int shard = 0; shard < SHARDS; shard++) {
                Model model = models.get(shard);
                List<String> found = replay.of(shard);
                int end = (int) sim.await(engine.submitTo(shard, () -> log.local().next() - 1)).longValue();
                assertThat(end).as("records of shard %d, of %d", shard, model.appended.size())
                        .isBetween(found.size(), model.appended.size());
                if (allThere) {
                    assertThat(end).as("acknowledged records of shard %d", shard)
                            .isGreaterThanOrEqualTo(model.acknowledged);
                }
                int begin = end - found.size();
                assertThat(found).isEqualTo(model.appended.subList(begin, end));
                if (config.retain().size() == null) {
                    assertThat(begin + 1L).as("oldest record of shard %d", shard)
                            .isLessThanOrEqualTo(model.keepFrom);
                } else {
                    assertThat(begin == 0 || begin < end).as("records of shard %d are retained", shard).isTrue();
                }
                model.appended = new ArrayList<>(model.appended.subList(0, end));
                model.acknowledged = end;
                model.keepFrom = begin + 1;
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
                        if (drops && sim.random().nextInt(6) == 0) {
                            boolean all = sim.random().nextBoolean();
                            model.keepFrom = Math.max(model.keepFrom, all
                                    ? own.next()
                                    : 1 + sim.random().nextLong(own.next()));
                            own.dropBefore(model.keepFrom);
                            if (all && log.stats().get(id).segments.get() > 1) {
                                // Nothing follows: the segment that it begins stays empty.
                                return true;
                            }
                        }
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
        long gone;
    }

    private static void lives(Simulation sim, String fsync, End end, Totals totals) {
        lives(new Run(sim, fsync), fsync, end, totals);
    }

    private static void lives(Run run, String fsync, End end, Totals totals) {
        Simulation sim = run.sim;
        run.machine.disk().set(SLOW);
        for (int life = 0; life < LIVES; life++) {
            Engine engine = run.machine.start(ENGINE);
            if (life > 0 && sim.random().nextInt(run.drops ? 2 : 4) == 0) {
                // It ends while it opens: nothing must get worse.
                sim.thread("opening", () -> Log.open(engine, "test", run.config));
                sim.sleep(Duration.ofMillis(sim.random().nextInt(run.drops ? 120 : 40)));
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
        totals.gone += run.models.getFirst().keepFrom - 1;
    }

    private static Totals seeds(int count, String fsync, End end) {
        Totals totals = new Totals();
        for (long seed = 0; seed < count; seed++) {
            Simulation.run(seed, sim -> lives(sim, fsync, end, totals));
        }
        return totals;
    }

    /** What those after this one show with a few seeds. */
    @Tag("full")
    @Test
    void allThatHoldsForMoreSeedsToo() {
        for (String fsync : List.of("always", "20ms", "never")) {
            assertThat(seeds(fsync.equals("always") ? 12 : 8, fsync, End.CRASH).lost).isPositive();
            for (End end : List.of(End.KILL, End.ANY)) {
                assertThat(seeds(4, fsync, end).records).isPositive();
            }
        }
        Totals totals = new Totals();
        for (End end : List.of(End.CRASH, End.KILL)) {
            for (long seed = 0; seed < 12; seed++) {
                drops(seed, end, totals);
            }
        }
        assertThat(totals.gone).isPositive();
    }

    private static void drops(long seed, End end, Totals totals) {
        Simulation.run(seed, sim -> {
            Run run = new Run(sim, "always");
            run.drops = true;
            lives(run, "always", end, totals);
        });
    }

    @Test
    void whatWasAcknowledgedOutlivesThePower() {
        Totals totals = seeds(8, "always", End.CRASH);
        assertThat(totals.torn).isPositive();
        assertThat(totals.lost).isPositive();
        assertThat(totals.records).isPositive();
    }

    @Test
    void aCrashLeavesTheBeginningOfWhatWasWritten() {
        assertThat(seeds(4, "20ms", End.CRASH).lost).isPositive();
        assertThat(seeds(4, "never", End.CRASH).lost).isPositive();
    }

    @ParameterizedTest
    @EnumSource(value = End.class, names = {"KILL", "ANY"})
    void whatWasWrittenOutlivesTheProcess(End end) {
        for (String fsync : List.of("always", "20ms", "never")) {
            assertThat(seeds(2, fsync, end).records).isPositive();
        }
    }

    @Test
    void whatIsNeededOutlivesWhatIsLetGoOf() {
        Totals totals = new Totals();
        for (End end : List.of(End.CRASH, End.KILL)) {
            for (long seed = 0; seed < 5; seed++) {
                drops(seed, end, totals);
            }
        }
        assertThat(totals.gone).isPositive();
    }

    @Test
    void whatIsRetainedOutlivesThePower() {
        Totals totals = new Totals();
        for (long seed = 0; seed < 8; seed++) {
            Simulation.run(seed, sim -> lives(
                    new Run(sim, "always", new RetainConfig(new ByteSize(256 << 10), null)), "always", End.CRASH,
                    totals));
        }
        assertThat(totals.gone).isPositive();
    }

    @Test
    void anEmptySegmentIsThereUntilItsSuccessorIs() {
        Simulation.run(1, sim -> {
            Run run = new Run(sim, "always");
            Engine engine = run.machine.start(ENGINE);
            Log log = run.open(engine, true);
            Model model = run.models.getFirst();
            String text = "x".repeat(10_000);
            sim.await(engine.shard(0).fork(() -> {
                ShardLog own = log.local();
                while (log.stats().getFirst().segments.get() < 2) {
                    long sequence = own.append(5, Logs.KIND, Logs.bytes(text));
                    model.appended.add(sequence + "/5/7/" + text);
                    own.whenAcknowledged(sequence).join();
                }
                model.acknowledged = (int) own.acknowledged();
                model.keepFrom = own.next();
                own.dropBefore(model.keepFrom);
                return true;
            }).future(), Duration.ofMinutes(5));
            sim.until(() -> log.stats().getFirst().segments.get() == 1, Duration.ofMinutes(5));
            run.machine.kill();
            run.machine.disk().capacity(1);
            Engine second = run.machine.start(ENGINE);
            assertThatThrownBy(() -> Log.open(second, "test", run.config)).isInstanceOf(UncheckedIOException.class);
            run.machine.kill();
            run.machine.disk().capacity(1 << 30);
            for (int life = 0; life < 2; life++) {
                Engine later = run.machine.start(ENGINE);
                Log again = run.open(later, true);
                assertThat(sim.await(later.submitTo(0, () -> again.local().epoch()))).as("life %d", life).isEqualTo(5);
                run.machine.stop();
            }
            assertThat(model.acknowledged).isPositive();
        });
    }

    @Test
    void directoriesOfAKilledStartOutliveThePower() {
        // Whether the power takes what was not synced is drawn.
        for (long seed = 0; seed < 8; seed++) {
            Simulation.run(seed, LogCrashTest::inDirectoriesOfAKilledStart);
        }
    }

    private static void inDirectoriesOfAKilledStart(Simulation sim) {
        Run run = new Run(sim, "always");
        Engine first = run.machine.start(ENGINE);
        Path parent = DIRECTORY.getParent();
        sim.await(first.submitStageTo(0, CallOptions.DEFAULTS, () -> {
            ShardFiles files = first.shard(0).files();
            return files.createDirectories(parent).thenCompose(made -> files.syncDirectory(parent.getRoot()))
                    .thenCompose(synced -> files.createDirectories(DIRECTORY.resolve("shard-0")));
        }));
        run.machine.kill();
        Engine engine = run.machine.start(ENGINE);
        Log log = run.open(engine, true);
        sim.await(engine.submitStageTo(0, CallOptions.DEFAULTS,
                () -> log.local().whenAcknowledged(log.local().append(0, Logs.KIND, Logs.bytes("a")))));
        run.models.getFirst().appended.add("1/0/7/a");
        run.models.getFirst().acknowledged = 1;
        run.machine.crash();
        run.open(run.machine.start(ENGINE), true);
    }

    @Test
    void aLogThatClosesSlowlyKeepsItsDirectoryUntilItHas() {
        Simulation.run(1, sim -> {
            Run run = new Run(sim, "always");
            Engine engine = run.machine.start(ENGINE);
            Log log = run.open(engine, true);
            run.machine.disk().set(DiskFaults.NONE.delayed(Duration.ofSeconds(20)));
            log.close();
            run.machine.disk().set(DiskFaults.NONE);
            assertThatThrownBy(() -> Log.open(engine, "test", run.config)).isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("for itself");
            sim.sleep(Duration.ofMinutes(5));
            run.open(engine, true).close();
        });
    }

    @Test
    void whatAClockThatWasAheadHasStampedGoesWithWhatWasMadeNext() {
        Simulation.run(1, sim -> {
            Run run = new Run(sim, "never", new RetainConfig(null, Duration.ofHours(1)));
            Engine engine = run.machine.start(ENGINE);
            run.machine.jumpClock(Duration.ofDays(400));
            Log log = Log.open(engine, "test", run.config);
            fill(sim, engine, log, 300);
            run.machine.jumpClock(Duration.ofDays(-400));
            fill(sim, engine, log, 300);
            assertThat(sim.await(engine.submitTo(0, () -> log.local().oldest()))).isEqualTo(1);
            sim.sleep(Duration.ofHours(2));
            fill(sim, engine, log, 300);
            assertThat(sim.await(engine.submitTo(0, () -> log.local().oldest()))).isGreaterThan(300);
        });
    }

    /** Appends records of 1,000 bytes. */
    private static void fill(Simulation sim, Engine engine, Log log, int count) {
        sim.await(engine.shard(0).fork(() -> {
            for (int i = 0; i < count; i++) {
                while (!log.local().isWritable()) {
                    log.local().whenWritable().join();
                }
                log.local().append(0, Logs.KIND, Unpooled.wrappedBuffer(new byte[1_000]));
            }
            return log.local().whenAcknowledged(log.local().next() - 1).join();
        }).future());
    }

    @Test
    void anEngineThatStopsWhileALogIsOpenedLeavesNoLock() {
        Simulation.run(1, sim -> {
            Run run = new Run(sim, "always");
            run.machine.disk().set(DiskFaults.NONE.delayed(Duration.ofMillis(100)));
            Engine engine = run.machine.start(ENGINE);
            List<Throwable> refused = new ArrayList<>();
            sim.thread("opening", () -> {
                try {
                    Log.open(engine, "test", run.config);
                } catch (RuntimeException why) {
                    refused.add(why);
                }
                return true;
            });
            sim.sleep(Duration.ofMillis(50));
            run.machine.stop();
            sim.until(() -> !refused.isEmpty(), Duration.ofMinutes(5));
            run.open(run.machine.start(ENGINE), true).close();
        });
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
