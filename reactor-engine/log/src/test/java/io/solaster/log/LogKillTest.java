package io.solaster.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import io.netty.channel.epoll.Epoll;
import io.solaster.engine.Engine;
import io.solaster.testkit.chaos.ChildJvm;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.junit.Seed;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Another process that appends is killed at some point: what it told to be acknowledged is there. */
@SolasterTest(shards = 1)
final class LogKillTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final List<String> TRANSPORTS = Epoll.isAvailable()
            ? List.of("nio", "epoll", "auto")
            : List.of("nio", "auto");

    @TempDir
    Path directory;
    private final Engine engine;

    LogKillTest(Engine engine) {
        this.engine = engine;
    }

    @BeforeEach
    void locksAreHadHere() throws IOException {
        try (FileChannel channel = FileChannel.open(directory.resolve("tried"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            assertThat(channel.tryLock()).isNotNull();
        } catch (IOException none) {
            assumeTrue(false, "no locks of files in " + directory + ": " + none.getMessage());
        }
        Files.delete(directory.resolve("tried"));
    }

    private ChildJvm start(Events events, String fsync, String transport) throws Exception {
        return ChildJvm.of(Appender.class, directory.toString(), fsync, transport).start(events);
    }

    private static long last(String output) {
        long last = 0;
        for (String line : output.lines().toList()) {
            // The last line may be torn.
            if (line.startsWith("acknowledged ") && output.contains(line + "\n")) {
                last = Math.max(last, Long.parseLong(line.substring("acknowledged ".length())));
            }
        }
        return last;
    }

    private void kill(Events events, Random random, String fsync, int first, int times) throws Exception {
        for (int i = 0; i < times; i++) {
            long acknowledged;
            try (ChildJvm child = start(events, fsync, TRANSPORTS.get((first + i) % TRANSPORTS.size()))) {
                int lines = 1 + random.nextInt(60);
                for (int line = 0; line < lines; line++) {
                    child.line("acknowledged", PATIENCE);
                }
                child.kill();
                acknowledged = last(child.output());
            }
            List<String> found = new ArrayList<>();
            Log.open(engine, "killed", Logs.small(directory), shard -> (sequence, epoch, kind, payload) -> {
                assertThat(sequence).isEqualTo(found.size() + 1);
                found.add(Logs.text(payload));
            }).close();
            assertThat(found.size()).as("records after kill %d", i).isGreaterThanOrEqualTo((int) acknowledged);
            for (int record = 0; record < found.size(); record++) {
                assertThat(found.get(record)).startsWith(record + 1 + "-").hasSize(
                        String.valueOf(record + 1).length() + 1 + (record + 1) * 37 % 700);
            }
        }
    }

    /** Each transport once. */
    @ParameterizedTest
    @CsvSource({"always, 0", "1s, 1", "never, 2"})
    void whatWasAcknowledgedIsThere(String fsync, int first, Events events, @Seed long seed) throws Exception {
        kill(events, new Random(seed), fsync, first, 1);
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(strings = {"always", "1s", "never"})
    void whatWasAcknowledgedIsThereEachTime(String fsync, Events events, @Seed long seed) throws Exception {
        kill(events, new Random(seed), fsync, 0, 6);
    }

    @Tag("full")
    @Test
    void anotherProcessThatHasItIsNamed(Events events) throws Exception {
        try (ChildJvm child = start(events, "never", "nio")) {
            child.line("acknowledged", PATIENCE);
            assertThatThrownBy(() -> Log.open(engine, "second", Logs.small(directory)))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("process " + child.pid() + " has locked it");
        }
        Log.open(engine, "second", Logs.small(directory)).close();
    }
}
