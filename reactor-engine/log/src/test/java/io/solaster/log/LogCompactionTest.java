package io.solaster.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import io.solaster.config.EngineConfig;
import io.solaster.config.log.LogConfig;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.log.Logs.Replay;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.disk.DiskFaults;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left out of full segments is gone, and nothing else is: over readers, restarts and crashes. */
final class LogCompactionTest {
    private static final String TEXT = "x".repeat(1_000);
    private static final RecordFilter EACH_TENTH = (sequence, kind, payload) -> sequence % 10 == 0;

    @TempDir
    Path directory;
    private Engine engine;

    @BeforeEach
    void start() {
        engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(EngineConfig.Pinning.NEVER));
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private static LogConfig config(Path directory) {
        return Logs.small(directory).withFsync(Fsync.NEVER);
    }

    private static void append(ShardLog own, int count) {
        for (int i = 0; i < count; i++) {
            while (!own.isWritable() && !own.isEnded()) {
                own.whenWritable().join();
            }
            own.append(0, Logs.KIND, Logs.bytes(own.next() + TEXT));
        }
        own.whenAcknowledged(own.next() - 1).join();
    }

    private static List<Long> read(LogReader reader, ShardLog own) throws IOException {
        List<Long> found = new ArrayList<>();
        while (reader.next() < own.next()) {
            reader.read((sequence, epoch, kind, payload) -> {
                assertThat(Logs.text(payload)).isEqualTo(sequence + TEXT);
                found.add(sequence);
            }, 5_000);
        }
        return found;
    }

    private static List<Long> expected(long full, long next) {
        return Stream.iterate(1L, each -> each + 1).limit(next - 1).filter(each -> each >= full || each % 10 == 0)
                .toList();
    }

    @Test
    void whatIsLeftOutIsGoneForReadersAndAfterARestart() throws Exception {
        Log log = Log.open(engine, "test", config(directory));
        long full = engine.shard(0).fork(() -> {
            ShardLog own = log.local();
            append(own, 1_000);
            int segments = (int) own.stats().segments.get();
            assertThat(segments).isGreaterThan(6);
            LogReader within = own.reader(1);
            assertThat(within.read((sequence, epoch, kind, payload) -> {}, 1_000)).isPositive();
            long from = within.next();
            long bytes = own.compact(own.fullBefore(), EACH_TENTH);
            assertThat(bytes).isGreaterThan(500 << 10);
            assertThat(own.stats().segments.get()).as("small ones are put together").isLessThan(5);
            assertThat(read(own.reader(1), own)).isEqualTo(expected(own.fullBefore(), own.next()));
            assertThat(read(own.reader(55), own).getFirst()).isEqualTo(60);
            List<Long> rest = read(within, own);
            assertThat(rest).as("of a reader that had the old file open").isSorted()
                    .isEqualTo(expected(own.fullBefore(), own.next()).stream().filter(each -> each >= from).toList());
            within.close();
            assertThat(own.compact(own.fullBefore(), EACH_TENTH)).as("nothing is left to do").isZero();
            append(own, 300);
            long before = own.fullBefore();
            own.compact(before, EACH_TENTH);
            assertThat(read(own.reader(1), own)).isEqualTo(expected(before, own.next()));
            return before;
        }).future().join();
        log.close();
        Replay replay = new Replay(1);
        Log again = Log.open(engine, "test", config(directory), replay);
        assertThat(replay.of(0).stream().map(each -> Long.parseLong(each.substring(0, each.indexOf('/')))))
                .containsExactlyElementsOf(expected(full, 1_301));
        engine.shard(0).fork(() -> {
            ShardLog own = again.local();
            assertThat(own.next()).isEqualTo(1_301);
            append(own, 10);
            assertThat(read(own.reader(1), own)).hasSize(expected(full, 1_311).size());
            return true;
        }).future().join();
        again.close();
    }

    @Test
    void whatIsDamagedOrMissingInSuchASegmentIsNoticed() throws Exception {
        Log log = Log.open(engine, "test", config(directory));
        int records = engine.shard(0).fork(() -> {
            append(log.local(), 500);
            log.local().compact(log.local().fullBefore(), EACH_TENTH);
            return expected(log.local().fullBefore(), 501).size();
        }).future().join();
        log.close();
        Path first;
        try (Stream<Path> files = Files.list(directory.resolve("shard-0"))) {
            first = files.filter(each -> each.toString().endsWith(".log")).sorted().findFirst().orElseThrow();
        }
        byte[] whole = Files.readAllBytes(first);
        int damaged = 0;
        for (int length : new int[]{whole.length - 48, whole.length - 1_500, 4_096}) {
            Files.write(first, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> Log.open(engine, "test", config(directory))).isInstanceOf(
                    LogDamagedException.class);
        }
        for (int at = 4_100; at < whole.length; at += 997) {
            byte[] other = whole.clone();
            other[at] ^= 4;
            Files.write(first, other);
            Replay replay = new Replay(1);
            try {
                Log.open(engine, "test", config(directory), replay).close();
                assertThat(replay.of(0)).as("byte %d fills a record up", at).hasSize(records);
            } catch (LogDamagedException noticed) {
                assertThat(noticed).hasMessageContaining("at byte");
                damaged++;
            }
        }
        assertThat(damaged).isPositive();
        Files.write(first, whole);
        Log.open(engine, "test", config(directory)).close();
    }

    private static void crash(Simulation sim, boolean power) {
        Machine machine = sim.machine("a");
        machine.disk().set(DiskFaults.NONE.delayed(Duration.ofMillis(1)).jittered(Duration.ofMillis(3)));
        LogConfig config = config(Path.of("/data/log")).withFsync(Fsync.ALWAYS);
        long[] acknowledged = {0};
        long[] full = {1};
        for (int life = 0; life < 4; life++) {
            Engine running = machine.start(EngineConfig.defaults().withShards(1));
            Replay replay = new Replay(1);
            Log log = Log.open(running, "test", config, replay);
            List<Long> found = replay.of(0).stream().map(each -> Long.parseLong(each.substring(0, each.indexOf('/'))))
                    .toList();
            assertThat(found).isSorted().doesNotHaveDuplicates();
            long end = found.isEmpty() ? 0 : found.getLast();
            assertThat(end).isGreaterThanOrEqualTo(acknowledged[0]);
            for (long each = 1; each <= end; each++) {
                if (each % 10 == 0 || each >= full[0]) {
                    assertThat(found).contains(each);
                }
            }
            int mine = life;
            boolean[] over = {false};
            running.shard(0).fork(() -> {
                ShardLog own = log.local();
                while (!over[0]) {
                    append(own, 1 + sim.random().nextInt(20));
                    acknowledged[0] = own.acknowledged();
                }
                return mine;
            });
            running.shard(0).fork(running.groups().maintenance(), () -> {
                ShardLog own = log.local();
                while (!over[0]) {
                    full[0] = Math.max(full[0], own.fullBefore());
                    own.compact(own.fullBefore(), EACH_TENTH);
                    Shard.sleep(Duration.ofMillis(5)).join();
                }
                return mine;
            });
            sim.sleep(Duration.ofMillis(sim.random().nextInt(600)));
            over[0] = true;
            if (power) {
                machine.crash();
            } else {
                machine.kill();
            }
        }
        assertThat(acknowledged[0]).isPositive();
    }

    @Test
    void whatIsAppendedAmidCompactionIsThereThoughTheLogIsClosed() {
        for (long seed = 0; seed < 8; seed++) {
            Simulation.run(seed, sim -> {
                Machine machine = sim.machine("a");
                LogConfig config = config(Path.of("/data/log")).withFsync(Fsync.ALWAYS);
                Engine running = machine.start(EngineConfig.defaults().withShards(1));
                Log log = Log.open(running, "test", config);
                running.shard(0).fork(() -> {
                    append(log.local(), 600);
                    return null;
                }).future().join();
                machine.disk().set(DiskFaults.NONE.delayed(Duration.ofMillis(1)).jittered(Duration.ofMillis(3)));
                long[] appended = {0};
                running.shard(0).fork(() -> log.local().compact(log.local().fullBefore(), EACH_TENTH));
                running.shard(0).fork(() -> {
                    while (!log.local().isEnded()) {
                        if (log.local().isWritable()) {
                            appended[0] = log.local().append(0, Logs.KIND, Logs.bytes(log.local().next() + TEXT));
                        }
                        Shard.sleep(Duration.ofMillis(1)).join();
                    }
                    return null;
                });
                sim.sleep(Duration.ofMillis(sim.random().nextInt(40)));
                log.close();
                Replay replay = new Replay(1);
                Log.open(running, "test", config, replay);
                assertThat(replay.of(0).getLast()).startsWith(appended[0] + "/");
            });
        }
    }

    @Test
    void aCrashAmidCompactionLosesNothing() {
        for (long seed = 0; seed < 4; seed++) {
            boolean power = seed % 2 == 0;
            Simulation.run(seed, sim -> crash(sim, power));
        }
    }

    @Tag("full")
    @Test
    void aCrashAmidCompactionLosesNothingManyTimes() {
        for (long seed = 100; seed < 140; seed++) {
            boolean power = seed % 2 == 0;
            Simulation.run(seed, sim -> crash(sim, power));
        }
    }
}
