package io.solaster.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;

import io.solaster.config.log.LogConfig;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.log.format.LogNames;
import io.solaster.testkit.junit.SolasterTest;
import io.solaster.testkit.junit.SolasterTest.Transport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who reads a log that is open, over each transport. */
@SolasterTest(shards = 1, transport = Transport.ALL)
final class LogReaderTest {
    private static final int MOST = 4 << 10;

    @TempDir
    Path directory;
    private final Engine engine;

    LogReaderTest(Engine engine) {
        this.engine = engine;
    }

    private interface Body {
        void run(ShardLog log) throws Exception;
    }

    /** Runs on a virtual thread of the shard, with a log of small segments. */
    private void withLog(String fsync, Body body) {
        LogConfig config = Logs.small(directory).withFsync(Fsync.valueOf(fsync));
        try (Log log = Log.open(engine, "test", config)) {
            fork(() -> {
                body.run(log.local());
                return null;
            }).join();
        }
    }

    private <T extends @Nullable Object> ShardFuture<T> fork(Callable<T> work) {
        return engine.shard(0).fork(work).future();
    }

    /** Appends a text, waiting for room and not for its acknowledgement. */
    private static void append(ShardLog log, String text) {
        while (!log.isWritable()) {
            log.whenWritable().join();
        }
        log.append(0, Logs.KIND, Logs.bytes(text));
    }

    private static void fill(ShardLog log, int from, int count, int bytes) {
        for (int i = from; i < from + count; i++) {
            append(log, i + "x".repeat(bytes));
        }
        log.whenAcknowledged(log.next() - 1).join();
    }

    private static List<String> read(LogReader reader, int most) throws IOException {
        List<String> told = new ArrayList<>();
        int count = reader.read((sequence, epoch, kind, payload) -> {
            String text = Logs.text(payload);
            told.add(sequence + "/" + text.substring(0, text.indexOf('x')));
        }, most);
        assertThat(count).isEqualTo(told.size());
        return told;
    }

    private static List<String> all(LogReader reader) throws IOException {
        List<String> told = new ArrayList<>();
        for (List<String> some = read(reader, MOST); !some.isEmpty(); some = read(reader, MOST)) {
            told.addAll(some);
        }
        return told;
    }

    @Test
    void whoKeepsUpReadsNoFile() {
        Path own = directory.resolve(LogNames.shard(0));
        Path away = directory.resolve("away");
        withLog("never", log -> {
            fill(log, 1, 20, 100);
            try (LogReader reader = log.reader(21)) {
                fill(log, 21, 10, 100);
                Files.move(own, away);
                for (int round = 3; round < 20; round++) {
                    assertThat(all(reader)).hasSize(10).startsWith(round * 10 - 9 + "/" + (round * 10 - 9));
                    fill(log, round * 10 + 1, 10, 100 + round);
                }
                reader.seek(log.next() - 3);
                assertThat(all(reader)).as("a batch that is there still").hasSize(3);
                reader.seek(1);
                assertThatThrownBy(() -> all(reader)).as("what is not in memory").isInstanceOf(IOException.class);
                Files.move(away, own);
                reader.seek(1);
                assertThat(all(reader)).hasSize((int) log.next() - 1);
            }
        });
    }

    @Test
    void whatIsInMemoryIsAsWhatIsInTheFileWhateverSizesThereAre() {
        Random random = new Random(3);
        withLog("never", log -> {
            try (LogReader reader = log.reader(1)) {
                int next = 1;
                for (int round = 0; round < 200; round++) {
                    int count = 1 + random.nextInt(30);
                    fill(log, next, count, 1 + random.nextInt(random.nextInt(10) == 0 ? 6_000 : 300));
                    next += count;
                    if (random.nextInt(3) > 0) {
                        long from = reader.next();
                        List<String> told = all(reader);
                        assertThat(told).hasSize((int) (next - from)).startsWith(from + "/" + from)
                                .endsWith(next - 1 + "/" + (next - 1));
                    }
                }
            }
        });
    }

    @Test
    void aReaderGoesThroughAllSegmentsFromAnywhere() {
        withLog("never", log -> {
            fill(log, 1, 600, 1000);
            for (int from : new int[]{1, 2, 77, 300, 599, 600}) {
                try (LogReader reader = log.reader(from)) {
                    List<String> told = all(reader);
                    assertThat(told).hasSize(601 - from).startsWith(from + "/" + from).endsWith("600/600");
                    reader.seek(from);
                    assertThat(read(reader, 1)).containsExactly(from + "/" + from);
                    assertThat(reader.next()).isEqualTo(from + 1);
                }
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "never"})
    void readersFollowWhoAppends(String fsync) {
        withLog(fsync, log -> {
            int count = 1000;
            List<ShardFuture<Boolean>> readers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int most = 1 + i * 3000;
                readers.add(fork(() -> follow(log, count, most)));
            }
            Random random = new Random(7);
            for (int i = 1; i <= count; i++) {
                append(log, i + "x".repeat(1 + random.nextInt(random.nextInt(50) == 0 ? 12_000 : 300)));
                if (random.nextInt(20) == 0) {
                    Shard.yield();
                }
            }
            for (ShardFuture<Boolean> each : readers) {
                assertThat(each.join()).isTrue();
            }
        });
    }

    private static boolean follow(ShardLog log, int count, int most) throws IOException {
        try (LogReader reader = log.reader(1)) {
            for (long expected = 1; expected <= count;) {
                for (String each : read(reader, most)) {
                    assertThat(each).isEqualTo(expected + "/" + expected);
                    expected++;
                }
                assertThat(reader.next()).isEqualTo(expected).isLessThanOrEqualTo(log.acknowledged() + 1);
                if (expected <= count) {
                    reader.whenReadable().join();
                }
            }
            return true;
        }
    }

    @Test
    void whatIsNotAcknowledgedIsNotTold() {
        withLog("always", log -> {
            try (LogReader reader = log.reader(1)) {
                append(log, "ax");
                assertThat(read(reader, MOST)).isEmpty();
                ShardFuture<?> readable = reader.whenReadable();
                assertThat(readable).isNotDone().isSameAs(reader.whenReadable());
                readable.join();
                assertThat(log.acknowledged()).isOne();
                assertThat(read(reader, MOST)).containsExactly("1/a");
            }
        });
    }

    @Test
    void whoIsWithinASegmentThatGoesReadsItToItsEnd() {
        withLog("never", log -> {
            fill(log, 1, 600, 1000);
            LogReader reader = log.reader(1);
            assertThat(read(reader, 1)).containsExactly("1/1");
            LogReader late = log.reader(2);
            log.dropBefore(500);
            fill(log, 601, 1, 10);
            while (log.oldest() == 1) {
                fill(log, 602, 1, 10);
            }
            long oldest = log.oldest();
            assertThat(oldest).isBetween(300L, 500L);
            assertThatExceptionOfType(RecordsDroppedException.class).isThrownBy(() -> all(late))
                    .withMessageContaining("record 2 of").satisfies(why -> assertThat(why.oldest()).isEqualTo(oldest));
            List<String> told = new ArrayList<>();
            assertThatExceptionOfType(RecordsDroppedException.class).isThrownBy(() -> {
                while (true) {
                    told.addAll(read(reader, 1));
                }
            });
            assertThat(told).hasSizeBetween(50, 300).startsWith("2/2");
            reader.seek(oldest);
            assertThat(all(reader)).startsWith(oldest + "/" + oldest).hasSize((int) (log.next() - oldest));
        });
    }

    @Test
    void aRecordWhoseConsumerFailsIsToldAgain() {
        withLog("never", log -> {
            fill(log, 1, 3, 1);
            try (LogReader reader = log.reader(2)) {
                assertThatThrownBy(() -> reader.read((sequence, epoch, kind, payload) -> {
                    throw new Exception("not now");
                }, MOST)).isInstanceOf(IOException.class).hasMessageContaining("record 2 failed: not now");
                assertThat(all(reader)).containsExactly("2/2", "3/3");
            }
        });
    }

    @Test
    void aReaderThatIsClosedTellsNothingMore() {
        withLog("never", log -> {
            fill(log, 1, 5, 1);
            LogReader reader = log.reader(6);
            ShardFuture<?> readable = reader.whenReadable();
            reader.close();
            reader.close();
            assertThatThrownBy(readable::join).hasCauseInstanceOf(IllegalStateException.class);
            assertThatThrownBy(reader.whenReadable()::join).hasCauseInstanceOf(IllegalStateException.class);
            assertThatIllegalStateException().isThrownBy(() -> read(reader, 1)).withMessageContaining("is closed");
            LogReader other = log.reader(1);
            assertThat(other.read((sequence, epoch, kind, payload) -> other.close(), MOST)).isOne();
        });
    }

    @Test
    void oneReadsAtATime() {
        withLog("never", log -> {
            fill(log, 1, 2, 1);
            LogReader reader = log.reader(1);
            reader.read((sequence, epoch, kind, payload) -> {
                assertThatIllegalStateException().isThrownBy(() -> read(reader, 1)).withMessageContaining("already");
                assertThatIllegalStateException().isThrownBy(() -> reader.seek(1));
            }, MOST);
            assertThatIllegalArgumentException().isThrownBy(() -> reader.seek(4)).withMessageContaining("1 to 3");
            assertThatIllegalArgumentException().isThrownBy(() -> log.reader(0));
        });
    }

    @Test
    void whoeverWaitsHearsThatTheLogIsClosed() {
        Log log = Log.open(engine, "test", Logs.small(directory));
        ShardFuture<?> readable = fork(() -> log.local().reader(1).whenReadable()).join();
        log.close();
        assertThatExceptionOfType(CompletionException.class).isThrownBy(readable::join)
                .withCauseInstanceOf(IllegalStateException.class).withMessageContaining("is closed");
    }

    @Test
    void aDiskThatHasChangedIsTold() {
        withLog("never", log -> {
            fill(log, 1, 5, 100);
            try (FileChannel file = FileChannel.open(directory.resolve("shard-0/" + LogNames.segment(1)),
                    StandardOpenOption.WRITE)) {
                file.write(ByteBuffer.allocate(1), 4096 + 200);
            }
            assertThatThrownBy(() -> all(log.reader(1))).isInstanceOf(LogDamagedException.class)
                    .hasMessageContaining("no whole record");
        });
    }
}
