package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

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
    void locksAreHadHere() {
        KeptStore.assumeLocks(directory);
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

    /** A client that moves amounts between counters of both shards, over and over. */
    private static int move(int port, Random random) {
        int moved = 0;
        try (RespClient client = new RespClient(port)) {
            while (true) {
                String amount = Integer.toString(random.nextInt(100));
                client.send("MULTI").send("DECRBY", "account" + random.nextInt(8), amount)
                        .send("INCRBY", "account" + random.nextInt(8), amount).send("EXEC");
                for (int i = 0; i < 4; i++) {
                    client.reply();
                }
                moved++;
            }
        } catch (UncheckedIOException killed) {
            return moved;
        }
    }

    private void move(Events events, long seed, String fsync, int lives) throws Exception {
        for (int life = 0; life < lives; life++) {
            try (ChildJvm child = ChildJvm.of(KeptProcess.class, directory.toString(), fsync, "2").start(events)) {
                int port = child.number("port ");
                List<FutureTask<Integer>> clients = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    Random random = new Random(seed + i);
                    FutureTask<Integer> client = new FutureTask<>(() -> move(port, random));
                    clients.add(client);
                    Thread.ofVirtual().start(client);
                }
                try (RespClient observer = new RespClient(port)) {
                    for (int i = 0; i < 20; i++) {
                        observer.call(i % 8 == 5 ? "BGSAVE" : "DBSIZE");
                        observer.call("MSET", "account-a", "1", "account-b", "1");
                    }
                }
                child.kill();
                for (FutureTask<Integer> each : clients) {
                    assertThat(each.get(1, TimeUnit.MINUTES)).isNotNegative();
                }
            }
            try (KeptStore store = KeptStore.open(2 + life % 2, directory); RespClient client = store.connect()) {
                int sum = 0;
                for (int i = 0; i < 8; i++) {
                    String value = client.call("GET", "account" + i);
                    sum += value.equals("$-1") ? 0 : Integer.parseInt(value.substring(value.indexOf('|') + 1));
                }
                assertThat(sum).as("after kill %d", life).isZero();
            }
        }
    }

    /** Two lives, since the logs are read by as many shards as wrote them and by more. */
    @ParameterizedTest
    @ValueSource(strings = "always")
    void whatWasTakenFromOneShardWasGivenToTheOther(String fsync, Events events, @Seed long seed) throws Exception {
        move(events, seed, fsync, 2);
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(strings = {"always", "1s"})
    void whatWasTakenFromOneShardWasGivenToTheOtherEachTime(String fsync, Events events, @Seed long seed)
            throws Exception {
        move(events, seed, fsync, 3);
    }

    @ParameterizedTest
    @ValueSource(strings = "1s")
    void whatWasAnsweredIsThere(String fsync, Events events, @Seed long seed) throws Exception {
        kill(events, new Random(seed), fsync, 1);
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(strings = {"always", "1s", "never"})
    void whatWasAnsweredIsThereEachTime(String fsync, Events events, @Seed long seed) throws Exception {
        kill(events, new Random(seed), fsync, 4);
    }
}
