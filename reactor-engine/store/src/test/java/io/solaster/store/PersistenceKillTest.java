package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

import io.solaster.testkit.chaos.ChildJvm;
import io.solaster.testkit.chaos.Events;
import io.solaster.testkit.junit.Seed;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that serves a store is killed at some point: what it has answered is there, and nothing that was never asked for. */
@SolasterTest(shards = 1)
final class PersistenceKillTest {
    private static final int PIPELINE = 10;

    @TempDir
    Path directory;
    /** The last number that was pushed, and the last of those that were answered. */
    private int sent;
    private int answered;

    @BeforeEach
    void locksAreHadHere() throws IOException {
        Path tried = directory.resolve("tried");
        try (FileChannel channel = FileChannel.open(tried, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            assertThat(channel.tryLock()).isNotNull();
        } catch (IOException none) {
            assumeTrue(false, "no locks of files in " + directory + ": " + none.getMessage());
        }
        Files.delete(tried);
    }

    private void kill(Events events, Random random, String fsync, int times) throws Exception {
        for (int i = 0; i < times; i++) {
            int shards = 1 + random.nextInt(2);
            try (ChildJvm child = ChildJvm.of(KeptProcess.class, directory.toString(), fsync, Integer.toString(shards))
                    .start(events)) {
                try (RespClient client = new RespClient(child.number("port "))) {
                    int batches = 1 + random.nextInt(80);
                    for (int batch = 0; batch < batches; batch++) {
                        push(client);
                        if (random.nextInt(20) == 0) {
                            client.call("BGSAVE");
                        }
                    }
                    // And some of which nobody waits for the answer.
                    send(client);
                    child.kill();
                    readAnswers(client);
                }
            }
            check(1 + random.nextInt(2), i);
        }
    }

    private void send(RespClient client) {
        for (int i = 0; i < PIPELINE; i++) {
            sent++;
            client.send("RPUSH", "list", Integer.toString(sent));
            client.send("SET", "key" + sent, "x".repeat(sent * 37 % 700));
        }
    }

    private void push(RespClient client) {
        send(client);
        for (int i = 0; i < PIPELINE; i++) {
            client.reply();
            client.reply();
            answered++;
        }
    }

    private void readAnswers(RespClient client) {
        try {
            for (int i = 0; i < PIPELINE; i++) {
                client.reply();
                client.reply();
                answered++;
            }
        } catch (UncheckedIOException dead) {
            // What came was answered.
        }
    }

    private void check(int shards, int kill) {
        try (KeptStore store = KeptStore.open(shards, directory); RespClient client = store.connect()) {
            int found = Integer.parseInt(client.call("LLEN", "list").substring(1));
            assertThat(found).as("elements after kill %d", kill).isBetween(answered, sent);
            for (int i = 1; i <= found; i++) {
                client.send("LINDEX", "list", Integer.toString(i - 1));
            }
            for (int i = 1; i <= found; i++) {
                String digits = Integer.toString(i);
                assertThat(client.reply()).isEqualTo("$" + digits.length() + "|" + digits);
            }
            for (int i = 1; i <= sent; i++) {
                client.send("STRLEN", "key" + i);
            }
            for (int i = 1; i <= sent; i++) {
                String length = client.reply();
                if (i <= answered) {
                    assertThat(length).as("value %d after kill %d", i, kill).isEqualTo(":" + i * 37 % 700);
                }
            }
            // What was not answered may be there or not; from here on it is known.
            client.call("DEL", "list");
            sent = 0;
            answered = 0;
            client.call("FLUSHALL");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"always", "1s", "never"})
    void whatWasAnsweredIsThere(String fsync, Events events, @Seed long seed) throws Exception {
        kill(events, new Random(seed), fsync, 2);
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(strings = {"always", "1s", "never"})
    void whatWasAnsweredIsThereEachTime(String fsync, Events events, @Seed long seed) throws Exception {
        kill(events, new Random(seed), fsync, 4);
    }
}
