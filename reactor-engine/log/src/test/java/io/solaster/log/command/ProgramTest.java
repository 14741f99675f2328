package io.solaster.log.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import io.netty.buffer.Unpooled;
import io.solaster.config.log.LogConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.log.Log;
import io.solaster.log.LogDamagedException;
import io.solaster.testkit.junit.SolasterTest;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the command says of logs, and what it makes of damaged ones. */
@SolasterTest(shards = 1)
final class ProgramTest {
    @TempDir
    Path directory;
    private final Engine engine;
    private final ByteArrayOutputStream said = new ByteArrayOutputStream();

    ProgramTest(Engine engine) {
        this.engine = engine;
    }

    private LogConfig config(Path where) {
        return LogConfig.in(where.toString()).withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10));
    }

    private Path log() {
        return directory.resolve("log");
    }

    @BeforeEach
    void write() {
        for (int life = 0; life < 3; life++) {
            try (Log log = Log.open(engine, "test", config(log()))) {
                for (int i = 0; i < 4; i++) {
                    byte[] text = ("record " + i).getBytes(StandardCharsets.UTF_8);
                    engine.submitStageTo(0, CallOptions.DEFAULTS,
                            () -> log.local().whenAcknowledged(log.local().append(1, 2, Unpooled.wrappedBuffer(text))))
                            .join();
                }
            }
        }
    }

    private int run(String... arguments) {
        said.reset();
        PrintStream stream = new PrintStream(said, true, StandardCharsets.UTF_8);
        return new Program(stream, stream).run(arguments);
    }

    private String said() {
        return said.toString(StandardCharsets.UTF_8);
    }

    private List<Path> segments() throws Exception {
        try (Stream<Path> files = Files.list(log().resolve("shard-0"))) {
            return files.filter(each -> each.toString().endsWith(".log")).sorted().toList();
        }
    }

    private void flip(Path file, int at) throws Exception {
        byte[] bytes = Files.readAllBytes(file);
        bytes[at] ^= 1;
        Files.write(file, bytes);
    }

    @Test
    void saysWhatALogHolds() {
        assertThat(run("check", log().toString())).as(said()).isZero();
        assertThat(said()).contains("shard 0: whole; records 1 to 12 in 3 segments, 96 bytes of payload");
    }

    @Test
    void printsRecords() {
        assertThat(run("print", log().toString(), "--from=11", "--bytes=3")).isZero();
        assertThat(said().lines()).containsExactly("shard 0 record 11 epoch 1 kind 2 bytes 8 'rec'...",
                "shard 0 record 12 epoch 1 kind 2 bytes 8 'rec'...");
        assertThat(run("print", log().toString(), "--shard=3")).isZero();
        assertThat(said()).isEmpty();
    }

    @Test
    void namesDamageAndCopiesWhatIsBefore() throws Exception {
        // The mark before record 6.
        flip(segments().get(1), 4096 + 40 + 40 + 3);
        assertThat(run("check", log().toString())).isEqualTo(1);
        assertThat(said()).contains("shard 0: DAMAGED; before that records 1 to 5 in 2 segments")
                .contains(segments().get(1) + ", at byte ");
        Assertions.assertThatExceptionOfType(LogDamagedException.class)
                .isThrownBy(() -> Log.open(engine, "test", config(log())));

        Path copy = directory.resolve("copy");
        assertThat(run("repair", log().toString(), "--to=" + copy)).isEqualTo(1);
        assertThat(said()).contains("NOT in the copy: 7 whole records behind the damage");
        List<Long> found = new ArrayList<>();
        Log.open(engine, "test", config(copy), shard -> (sequence, epoch, kind, payload) -> found.add(sequence))
                .close();
        assertThat(found).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(run("check", log().toString())).as("the log itself is as it was").isEqualTo(1);
        assertThat(run("repair", log().toString(), "--to=" + copy)).isEqualTo(2);
        assertThat(said()).contains("is there already");
    }

    @Test
    void aWholeLogIsCopiedAsItIs() {
        Path copy = directory.resolve("copy");
        assertThat(run("repair", log().toString(), "--to=" + copy)).isZero();
        assertThat(run("check", copy.toString())).isZero();
        assertThat(said()).contains("records 1 to 12");
    }

    @Test
    void aMissingSegmentIsNamed() throws Exception {
        Files.delete(segments().get(1));
        assertThat(run("check", log().toString())).isEqualTo(1);
        assertThat(said()).contains("what is between is missing");
    }

    @Test
    void anOpenLogIsNotRepaired() {
        try (Log log = Log.open(engine, "test", config(log()))) {
            assertThat(run("check", log.directory().toString())).isZero();
            assertThat(said()).contains("A process has");
            assertThat(run("repair", log.directory().toString(), "--to=" + directory.resolve("copy"))).isEqualTo(2);
        }
        assertThat(run("check", log().toString())).isZero();
    }

    @Test
    void whatMakesNoSenseIsToldWithTheUsage() {
        assertThat(run()).isEqualTo(2);
        assertThat(said()).contains("java -jar solaster-log.jar check DIRECTORY");
        assertThat(run("check", directory.resolve("none").toString())).isEqualTo(2);
        assertThat(run("check", directory.toString())).isEqualTo(2);
        assertThat(said()).contains("holds no log");
        assertThat(run("repair", log().toString())).isEqualTo(2);
        assertThat(run("print", log().toString(), "--from=x")).isEqualTo(2);
        assertThat(run("check", log().toString(), "--from=1")).isEqualTo(2);
    }
}
