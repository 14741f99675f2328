package io.solaster.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;

import io.netty.buffer.Unpooled;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.log.LogConfig;
import io.solaster.config.log.RetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.log.Logs.Replay;
import io.solaster.testkit.junit.SolasterTest;
import io.solaster.testkit.junit.SolasterTest.Transport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A log on the machine's disk, over each transport. */
@SolasterTest(shards = 2, transport = Transport.ALL)
final class LogTest {
    @TempDir
    Path directory;
    private final Engine engine;

    LogTest(Engine engine) {
        this.engine = engine;
    }

    private List<Path> segments(int shard) throws Exception {
        try (Stream<Path> files = Files.list(directory.resolve("shard-" + shard))) {
            return files.filter(each -> each.toString().endsWith(".log")).sorted().toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "20ms", "never"})
    void whatWasAppendedIsThereAgain(String fsync) {
        LogConfig config = Logs.small(directory).withFsync(Fsync.valueOf(fsync));
        List<String> expected = new ArrayList<>();
        for (int life = 0; life < 3; life++) {
            Replay replay = new Replay(2);
            try (Log log = Log.open(engine, "test", config, replay)) {
                assertThat(replay.of(0)).isEqualTo(expected);
                assertThat(replay.of(1)).isEqualTo(expected);
                for (int i = 0; i < 5; i++) {
                    String text = "r" + life + i;
                    long sequence = Logs.append(engine, log, 0, text);
                    assertThat(Logs.append(engine, log, 1, text)).isEqualTo(sequence);
                    expected.add(sequence + "/0/7/" + text);
                }
            }
        }
        assertThat(expected.getLast()).startsWith("15/");
    }

    @Test
    void whatIsNotAcknowledgedYetIsWrittenWhenItIsClosed() {
        try (Log log = Log.open(engine, "test", Logs.small(directory))) {
            Logs.on(engine, 1, () -> log.local().append(3, 255, Logs.bytes("a")));
            Logs.on(engine, 1, () -> log.local().append(3, 1, Unpooled.EMPTY_BUFFER));
        }
        Replay replay = new Replay(2);
        Log.open(engine, "test", Logs.small(directory), replay).close();
        assertThat(replay.of(1)).containsExactly("1/3/255/a", "2/3/1/");
        assertThat(replay.of(0)).isEmpty();
    }

    /** Appends as fast as the log takes it, until it has so many records; the last one is acknowledged then. */
    private static void fill(Engine engine, Log log, int count, int bytes) {
        String text = "x".repeat(bytes);
        ShardFuture<?> done = engine.shard(0).fork(() -> {
            for (int i = 0; i < count; i++) {
                while (!log.local().isWritable()) {
                    log.local().whenWritable().join();
                }
                log.local().append(0, Logs.KIND, Logs.bytes(log.local().next() + text));
            }
            return log.local().whenAcknowledged(log.local().next() - 1).join();
        }).future();
        done.join();
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "20ms", "never"})
    void goesOnFromSegmentToSegment(String fsync) throws Exception {
        LogConfig config = Logs.small(directory).withFsync(Fsync.valueOf(fsync));
        try (Log log = Log.open(engine, "test", config)) {
            fill(engine, log, 700, 1_000);
            assertThat(log.stats().getFirst().segments.get()).isGreaterThan(4);
        }
        assertThat(segments(0)).hasSizeGreaterThan(4);
        Replay replay = new Replay(2);
        try (Log log = Log.open(engine, "test", config, replay)) {
            assertThat(replay.of(0)).hasSize(700);
            assertThat(replay.of(0).getLast()).startsWith("700/0/7/700x");
            assertThat(Logs.append(engine, log, 0, "next")).isEqualTo(701);
        }
    }

    @Test
    void keepsSoManyBytes() throws Exception {
        LogConfig config = Logs.small(directory)
                .withRetain(new RetainConfig(new ByteSize(256 << 10), Duration.ofDays(1)));
        try (Log log = Log.open(engine, "test", config)) {
            fill(engine, log, 700, 1_000);
            assertThat(log.stats().getFirst().segments.get()).isBetween(2L, 3L);
        }
        assertThat(segments(0)).hasSizeBetween(2, 3);
        Replay replay = new Replay(2);
        try (Log log = Log.open(engine, "test", config, replay)) {
            assertThat(replay.of(0)).hasSizeBetween(100, 400);
            assertThat(replay.of(0).getLast()).startsWith("700/");
        }
    }

    @Test
    void letsGoOfWhatProcessesThatWroteLittleHaveLeft() throws Exception {
        LogConfig config = Logs.small(directory).withRetain(new RetainConfig(new ByteSize(256 << 10), null));
        for (int process = 0; process < 20; process++) {
            try (Log log = Log.open(engine, "test", config)) {
                fill(engine, log, 40, 1_000);
            }
        }
        Replay replay = new Replay(2);
        try (Log log = Log.open(engine, "test", config, replay)) {
            assertThat(replay.of(0)).hasSizeBetween(100, 500);
            assertThat(replay.of(0).getLast()).startsWith("800/");
        }
    }

    @Test
    void keepsWhatIsHeld() throws Exception {
        LogConfig config = Logs.small(directory).withRetain(new RetainConfig(new ByteSize(256 << 10), null));
        try (Log log = Log.open(engine, "test", config)) {
            hold(log, 1);
            fill(engine, log, 700, 1_000);
            long all = log.stats().getFirst().segments.get();
            assertThat(all).isGreaterThan(4);
            hold(log, 700);
            fill(engine, log, 200, 1_000);
            assertThat(log.stats().getFirst().segments.get()).isBetween(2L, 3L);
        }
    }

    private void hold(Log log, long from) throws Exception {
        Logs.on(engine, 0, () -> {
            log.local().holdFrom(from);
            return true;
        });
    }

    @Test
    void letsGoOfWhatASnapshotHas() throws Exception {
        LogConfig config = Logs.small(directory);
        try (Log log = Log.open(engine, "test", config)) {
            fill(engine, log, 500, 1_000);
            int before = segments(0).size();
            Logs.on(engine, 0, () -> {
                log.local().dropBefore(400);
                return true;
            });
            fill(engine, log, 200, 1_000);
            assertThat(segments(0)).hasSizeLessThan(before);
        }
        Replay replay = new Replay(2);
        Log.open(engine, "test", config, replay).close();
        assertThat(replay.of(0)).hasSizeBetween(300, 600);
        assertThat(replay.of(0).getLast()).startsWith("700/");
    }

    @Test
    void aSecondOneInTheSameDirectoryIsRefused() {
        try (Log log = Log.open(engine, "test", Logs.small(directory))) {
            assertThatThrownBy(() -> Log.open(engine, "other", Logs.small(directory)))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("log 'other' needs " + directory + " for itself")
                    .hasMessageContaining("this process has locked it already");
            Logs.append(engine, log, 0, "a");
        }
        Log.open(engine, "other", Logs.small(directory)).close();
    }

    @Test
    void anotherNumberOfShardsIsRefused() throws Exception {
        Log.open(engine, "test", Logs.small(directory)).close();
        Files.createDirectory(directory.resolve("shard-2"));
        assertThatExceptionOfType(LogDamagedException.class)
                .isThrownBy(() -> Log.open(engine, "test", Logs.small(directory)))
                .withMessageContaining("written by 3 shards, and there are 2 now");
    }

    @Test
    void aRecordThatIsTooLargeIsRefusedByName() {
        try (Log log = Log.open(engine, "test", Logs.small(directory))) {
            int most = Logs.on(engine, 0, () -> log.local().mostPayload());
            assertThat(Logs.on(engine, 0,
                    () -> log.local().append(0, 1, Unpooled.wrappedBuffer(new byte[most])))).isEqualTo(1);
            assertThatThrownBy(() -> Logs.on(engine, 0,
                    () -> log.local().append(0, 1, Unpooled.wrappedBuffer(new byte[most + 1]))))
                    .hasCauseInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining((most + 1) + " bytes are too much for one record");
            for (int kind : new int[]{0, 256, -1}) {
                assertThatThrownBy(() -> Logs.on(engine, 0,
                        () -> log.local().append(0, kind, Unpooled.EMPTY_BUFFER)))
                        .hasMessageContaining("kind " + kind);
            }
            Logs.on(engine, 0, () -> log.local().append(5, 1, Unpooled.EMPTY_BUFFER));
            assertThatThrownBy(() -> Logs.on(engine, 0, () -> log.local().append(4, 1, Unpooled.EMPTY_BUFFER)))
                    .hasMessageContaining("epoch 4 after epoch 5");
            assertThatThrownBy(() -> Logs.on(engine, 0, () -> log.local().whenAcknowledged(9)))
                    .hasMessageContaining("record 9");
        }
    }

    @Test
    void whoAppendsTooMuchIsRefusedAndToldWhenToGoOn() {
        try (Log log = Log.open(engine, "test", Logs.small(directory).withBufferRecords(10))) {
            int appended = Logs.on(engine, 0, () -> {
                int count = 0;
                while (log.local().isWritable()) {
                    log.local().append(0, 1, Logs.bytes("a"));
                    count++;
                }
                assertThatExceptionOfType(RejectedExecutionException.class)
                        .isThrownBy(() -> log.local().append(0, 1, Logs.bytes("a")))
                        .withMessageContaining("whenWritable");
                return count;
            });
            assertThat(appended).isEqualTo(10);
            engine.submitStageTo(0, CallOptions.DEFAULTS, () -> log.local().whenWritable()).join();
            assertThat(Logs.append(engine, log, 0, "b")).isEqualTo(11);
            assertThat(log.stats().getFirst().refused.get()).isEqualTo(1);
        }
    }

    @Test
    void aClosedLogSaysSo() {
        Log log = Log.open(engine, "test", Logs.small(directory));
        Logs.append(engine, log, 0, "a");
        log.close();
        log.close();
        assertThatThrownBy(() -> Logs.on(engine, 0, () -> log.local().append(0, 1, Unpooled.EMPTY_BUFFER)))
                .isInstanceOf(CompletionException.class).hasMessageContaining("is closed");
        engine.submitStageTo(0, CallOptions.DEFAULTS, () -> log.local().whenWritable()).join();
        engine.submitStageTo(0, CallOptions.DEFAULTS, () -> log.local().whenAcknowledged(1)).join();
        assertThatThrownBy(log::local).hasMessageContaining("none of them");
    }

    @Test
    void theEngineClosesItWhenItStops() {
        Log log = Log.open(engine, "test", Logs.small(directory));
        Logs.on(engine, 1, () -> log.local().append(0, 1, Logs.bytes("last")));
        engine.close();
        assertThat(log.stats().get(1).acknowledged.get()).isEqualTo(1);
    }

    @Test
    void aConfigurationThatIsWrongIsRefusedByKey() {
        assertThatExceptionOfType(InvalidConfigException.class)
                .isThrownBy(() -> Log.open(engine, "test", LogConfig.in("")))
                .withMessageContaining("solaster.logs.test.directory");
    }

    @Test
    void aConsumerThatThrowsEndsTheOpening() {
        try (Log log = Log.open(engine, "test", Logs.small(directory))) {
            Logs.append(engine, log, 1, "a");
        }
        assertThatThrownBy(() -> Log.open(engine, "test", Logs.small(directory), shard -> (s, e, k, payload) -> {
            throw new IllegalStateException("no such order");
        })).hasMessageContaining("no such order");
        Log.open(engine, "test", Logs.small(directory)).close();
    }
}
