package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Slots;
import io.solaster.store.shard.Intent;
import io.solaster.store.shard.IntentLocks;
import io.solaster.testkit.check.History;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Model;
import io.solaster.testkit.check.Model.Step;
import io.solaster.testkit.check.Verdict;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands whose keys lie on several shards: nobody sees half of one, and none waits for ever. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 4})
class TransactionTest extends ManyClientsTest {
    private static final int CLIENTS = 6;

    private static String[] command(String name, List<String> rest) {
        List<String> all = new ArrayList<>(List.of(name));
        all.addAll(rest);
        return all.toArray(String[]::new);
    }

    private static List<String> keys(int count) {
        return IntStream.range(0, count).mapToObj(i -> "t" + i).toList();
    }

    private static List<String> withValue(List<String> keys, String value) {
        return keys.stream().flatMap(key -> List.of(key, value).stream()).toList();
    }

    @Test
    void nobodySeesHalfAnMset() throws InterruptedException {
        List<String> keys = keys(8);
        AtomicBoolean written = new AtomicBoolean();
        inParallel(CLIENTS, (client, random) -> {
            for (int i = 0; i < 300; i++) {
                if (random.nextInt(3) == 0) {
                    String value = "v" + random.nextInt(1000);
                    assertThat(client.call(command("MSET", withValue(keys, value)))).isEqualTo("+OK");
                    written.set(true);
                } else {
                    String[] parts = client.call(command("MGET", keys)).split("\\|");
                    Set<String> values = new LinkedHashSet<>(Arrays.asList(parts).subList(1, parts.length));
                    // One length, one value; or nothing at all.
                    assertThat(values).hasSizeLessThanOrEqualTo(2);
                }
            }
        });
        assertThat(written).isTrue();
    }

    @Test
    void nobodySeesHalfADelOrAFlush() throws InterruptedException {
        List<String> keys = keys(6);
        inParallel(CLIENTS, (client, random) -> {
            for (int i = 0; i < 200; i++) {
                switch (random.nextInt(5)) {
                    case 0 -> client.call(command("MSET", withValue(keys, "x")));
                    case 1 -> assertThat(client.call(command("DEL", keys))).isIn(":0", ":6");
                    case 2 -> assertThat(client.call("FLUSHALL")).isEqualTo("+OK");
                    case 3 -> assertThat(client.call("DBSIZE")).isIn(":0", ":6");
                    default -> assertThat(client.call(command("EXISTS", keys))).isIn(":0", ":6");
                }
            }
        });
    }

    @Test
    void whatMeetsEndsWhateverTheOrderOfTheKeys() throws InterruptedException {
        List<String> keys = keys(12);
        inParallel(2 * CLIENTS, (client, random) -> {
            for (int i = 0; i < 150; i++) {
                List<String> some = new ArrayList<>(keys);
                java.util.Collections.shuffle(some, random);
                some = some.subList(0, 2 + random.nextInt(5));
                ByteArrayOutputStream pipeline = new ByteArrayOutputStream();
                pipeline.writeBytes(RespClient.encode(command("MSET", withValue(some, "1"))));
                pipeline.writeBytes(RespClient.encode("INCR", some.getFirst()));
                pipeline.writeBytes(RespClient.encode(command("MGET", some)));
                pipeline.writeBytes(RespClient.encode(command("DEL", some.subList(0, 2))));
                client.send(pipeline.toByteArray());
                assertThat(client.reply()).isEqualTo("+OK");
                assertThat(client.reply()).startsWith(":");
                assertThat(client.reply()).startsWith("*" + some.size());
                assertThat(client.reply()).startsWith(":");
            }
        });
    }

    @Test
    void clientsThatAreGoneLeaveNothingHalfDone() throws InterruptedException {
        List<String> keys = keys(8);
        List<String> ids = new CopyOnWriteArrayList<>(List.of("LIST", "ID"));
        inParallel(CLIENTS, (client, random) -> {
            for (int i = 0; i < 60; i++) {
                try (RespClient gone = store.connect()) {
                    ids.add(gone.call("CLIENT", "ID").substring(1));
                    for (int j = 0; j < 5; j++) {
                        gone.send(command("MSET", withValue(keys, "v" + random.nextInt(1000))));
                    }
                } catch (UncheckedIOException closed) {
                    // It may be.
                }
                String[] parts = client.call(command("MGET", keys)).split("\\|");
                assertThat(new LinkedHashSet<>(Arrays.asList(parts).subList(1, parts.length)))
                        .hasSizeLessThanOrEqualTo(2);
            }
        });
        // What they have sent may be run still.
        try (RespClient client = store.connect()) {
            StoreFixture.await("they are gone", () -> client.call(command("CLIENT", ids)).equals("$0|"));
        }
    }

    @Test
    void aCommandMayHaveVeryManyKeys() throws InterruptedException {
        int count = 20_000;
        List<String> keys = keys(count);
        List<String> pairs = new ArrayList<>();
        StringBuilder expected = new StringBuilder("*" + count);
        for (int i = 0; i < count; i++) {
            pairs.add(keys.get(i));
            pairs.add("v" + i);
            expected.append("|$").append(("v" + i).length()).append("|v").append(i);
        }
        try (RespClient client = store.connect(); RespClient other = store.connect()) {
            client.send(command("MSET", pairs)).send(command("MGET", keys)).send(command("EXISTS", keys));
            assertThat(other.call("PING")).isEqualTo("+PONG");
            assertThat(client.reply()).isEqualTo("+OK");
            assertThat(client.reply()).isEqualTo(expected.toString());
            assertThat(client.reply()).isEqualTo(":" + count);
            assertThat(client.call(command("UNLINK", keys))).isEqualTo(":" + count);
            assertThat(client.call("DBSIZE")).isEqualTo(":0");
            pairs.removeLast();
            assertThat(client.call(command("MSET", pairs)))
                    .isEqualTo("-ERR wrong number of arguments for 'mset' command");
        }
    }

    /** What each shard has found would do alone. */
    @Test
    void whatAllShardsAnswerIsCountedTogether() {
        Assumptions.assumeTrue(shards > 1);
        ServerConfig config = StoreFixture.config();
        config = config.withLimits(config.limits().withOutputBuffer(new ByteSize(1 << 20)));
        List<String> all = new ArrayList<>(List.of("MGET"));
        Set<Integer> owners = new LinkedHashSet<>();
        for (int i = 0; owners.size() < shards; i++) {
            if (owners.add(store.engine().shardOf("k" + i))) {
                all.add("k" + i);
            }
        }
        try (StoreFixture.Server server = store.serve(config); RespClient client = server.connect()) {
            for (String key : all.subList(1, all.size())) {
                assertThat(client.call("SET", key, "x".repeat((1 << 20) / shards + 1000))).isEqualTo("+OK");
            }
            client.send(all.toArray(String[]::new));
            assertThat(client.rest()).doesNotContain("x", "still open");
        }
    }

    @Test
    void aClientSeesWhatItWroteAndKeysKeepTheirOrder() throws InterruptedException {
        inParallel(CLIENTS, (client, random) -> {
            Map<String, String> model = new TreeMap<>();
            String own = "c" + random.nextLong();
            List<String> keys = IntStream.range(0, 8).mapToObj(i -> own + i).toList();
            for (int round = 0; round < 60; round++) {
                ByteArrayOutputStream pipeline = new ByteArrayOutputStream();
                List<String> expected = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    String key = keys.get(random.nextInt(keys.size()));
                    String other = keys.get(random.nextInt(keys.size()));
                    String value = Integer.toString(random.nextInt(100));
                    switch (random.nextInt(5)) {
                        case 0 -> {
                            pipeline.writeBytes(RespClient.encode("SET", key, value));
                            model.put(key, value);
                            expected.add("+OK");
                        }
                        case 1 -> {
                            pipeline.writeBytes(RespClient.encode("MSET", key, value, other, value));
                            model.put(key, value);
                            model.put(other, value);
                            expected.add("+OK");
                        }
                        case 2 -> {
                            pipeline.writeBytes(RespClient.encode("DEL", key));
                            expected.add(model.remove(key) == null ? ":0" : ":1");
                        }
                        case 3 -> {
                            pipeline.writeBytes(RespClient.encode("MGET", key, other));
                            expected.add("*2|" + bulk(model.get(key)) + "|" + bulk(model.get(other)));
                        }
                        default -> {
                            pipeline.writeBytes(RespClient.encode("GET", key));
                            expected.add(bulk(model.get(key)));
                        }
                    }
                }
                client.send(pipeline.toByteArray());
                for (String each : expected) {
                    assertThat(client.reply()).isEqualTo(each);
                }
            }
        });
    }

    @Test
    void oneOfManyMsetnxWins() throws InterruptedException {
        Queue<String> winners = new ConcurrentLinkedQueue<>();
        List<String> keys = keys(5);
        inParallel(CLIENTS, (client, random) -> {
            for (int round = 0; round < 60; round++) {
                int from = random.nextInt(4);
                // Each needs a key that all others need.
                List<String> some = new ArrayList<>(List.of(keys.get(4) + round, keys.get(from) + round));
                java.util.Collections.shuffle(some, random);
                String value = random.nextInt(1_000_000) + "-" + round;
                if (client.call(command("MSETNX", withValue(some, value))).equals(":1")) {
                    winners.add(value);
                    String bulk = bulk(value);
                    assertThat(client.call(command("MGET", some))).isEqualTo("*2|" + bulk + "|" + bulk);
                }
            }
        });
        assertThat(winners).hasSize(60);
        assertThat(winners.stream().map(value -> value.substring(value.indexOf('-')))).doesNotHaveDuplicates();
    }

    @Test
    void aValueThatIsRenamedIsNeverThereTwiceNorGone() throws InterruptedException {
        List<String> keys = keys(6);
        try (RespClient client = store.connect()) {
            client.call("SET", keys.getFirst(), "treasure", "EX", "1000");
        }
        inParallel(CLIENTS, (client, random) -> {
            for (int i = 0; i < 150; i++) {
                if (random.nextBoolean()) {
                    String from = keys.get(random.nextInt(keys.size()));
                    String to = keys.get(random.nextInt(keys.size()));
                    assertThat(client.call(random.nextBoolean() ? "RENAME" : "RENAMENX", from, to))
                            .isIn("+OK", ":0", ":1", "-ERR no such key");
                } else {
                    assertThat(client.call(command("EXISTS", keys))).isEqualTo(":1");
                }
            }
        });
        try (RespClient client = store.connect()) {
            String holder = keys.stream().filter(key -> client.call("EXISTS", key).equals(":1")).findFirst()
                    .orElseThrow();
            assertThat(client.call("GET", holder)).isEqualTo("$8|treasure");
            assertThat(client.call("TTL", holder)).isNotEqualTo(":-1");
        }
    }

    @Test
    void whoNeedsAKeyThatIsInUseWaitsAndNobodyElseDoes() {
        String key = "used";
        int owner = store.engine().shardOf(key);
        Intent use = store.servers().on(owner, _ -> {
            Intent intent = new Intent(() -> {});
            intent.begin(true);
            intent.slot(Slots.of(key));
            assertThat(locks(owner).addHere(intent)).isTrue();
            return intent;
        }).join();
        List<RespClient> waiting = new ArrayList<>();
        try {
            // On whichever shards they are.
            for (int i = 0; i < 2 * shards; i++) {
                waiting.add(store.connect().send("INCR", key).send("PING"));
            }
            ShardFuture<byte @Nullable []> value = store.store().strings().get(key);
            try (RespClient other = store.connect()) {
                assertThat(other.call("SET", "unused", "1")).isEqualTo("+OK");
            }
            assertThat(value.isDone()).isFalse();
            store.servers().on(owner, _ -> {
                locks(owner).remove(use);
                return true;
            }).join();
            value.join();
            for (RespClient client : waiting) {
                assertThat(client.reply()).startsWith(":");
                assertThat(client.reply()).isEqualTo("+PONG");
            }
        } finally {
            waiting.forEach(RespClient::close);
        }
    }

    private IntentLocks locks(int shard) {
        return StoreFixture.parts(store.store()).part(shard).locks();
    }

    @Test
    void collectionsAreRenamedAndCopiedToo() {
        String[] many = new String[402];
        many[0] = "HSET";
        many[1] = "{h}big";
        for (int i = 2; i < many.length; i++) {
            many[i] = (i % 2 == 0 ? "f" : "v") + i / 2;
        }
        try (RespClient client = store.connect()) {
            client.call("HSET", "h", "f", "v");
            client.call("EXPIRE", "h", "1000");
            for (int i = 0; i < 10; i++) {
                String from = i == 0 ? "h" : "h" + i;
                assertThat(client.call("RENAME", from, "h" + (i + 1))).isEqualTo("+OK");
            }
            assertThat(client.call("HGETALL", "h10")).isEqualTo("*2|$1|f|$1|v");
            assertThat(client.call("TTL", "h10")).isNotEqualTo(":-1");
            for (int i = 0; i < 10; i++) {
                assertThat(client.call("COPY", "h10", "c" + i)).isEqualTo(":1");
                assertThat(client.call("HGET", "c" + i, "f")).isEqualTo("$1|v");
                assertThat(client.call("TYPE", "c" + i)).isEqualTo("+hash");
            }
            assertThat(client.call(many)).isEqualTo(":200");
            assertThat(client.call("RENAME", "{h}big", "{h}other")).isEqualTo("+OK");
            assertThat(client.call("EXISTS", "{h}big")).isEqualTo(":0");
            assertThat(client.call("HLEN", "{h}other")).isEqualTo(":200");
            assertThat(client.call("HGET", "{h}other", "f200")).isEqualTo("$4|v200");
            assertThat(client.call("COPY", "{h}other", "{h}copy")).isEqualTo(":1");
            assertThat(client.call("HLEN", "{h}copy")).isEqualTo(":200");
            assertThat(client.call("HDEL", "{h}other", "f1")).isEqualTo(":1");
            assertThat(client.call("DEL", "{h}other")).isEqualTo(":1");
        }
    }

    private static String bulk(@Nullable String value) {
        return value == null ? "$-1" : "$" + value.length() + "|" + value;
    }

    /** The store as one map, which commands change one after the other. */
    private static Step<Map<String, String>, Object> run(Map<String, String> before, List<String> command) {
        List<String> rest = command.subList(1, command.size());
        Map<String, String> state = new TreeMap<>(before);
        return switch (command.getFirst()) {
            case "MSET" -> {
                for (int i = 0; i < rest.size(); i += 2) {
                    state.put(rest.get(i), rest.get(i + 1));
                }
                yield new Step<>(state, "+OK");
            }
            case "DEL" -> new Step<>(state, ":" + rest.stream().filter(key -> state.remove(key) != null).count());
            case "GET" -> new Step<>(state, bulk(state.get(rest.getFirst())));
            case "SET" -> {
                state.put(rest.get(0), rest.get(1));
                yield new Step<>(state, "+OK");
            }
            case "FLUSHALL" -> new Step<>(new TreeMap<>(), "+OK");
            case "MGET" -> new Step<>(state, "*" + rest.size() + "|"
                    + String.join("|", rest.stream().map(key -> bulk(state.get(key))).toList()));
            default -> throw new IllegalArgumentException(command.toString());
        };
    }

    private static List<String> draw(Random random) {
        String one = "h" + random.nextInt(4);
        String two = "h" + random.nextInt(4);
        String value = Integer.toString(random.nextInt(50));
        return switch (random.nextInt(12)) {
            case 0, 1, 2 -> List.of("MSET", one, value, two, value);
            case 3, 4, 5 -> List.of("MGET", "h0", "h1", "h2", "h3");
            case 6 -> List.of("DEL", one, two);
            case 7, 8 -> List.of("SET", one, value);
            case 9 -> List.of("FLUSHALL");
            default -> List.of("GET", one);
        };
    }

    @Test
    void everyAnswerIsOneThatCommandsOneAfterTheOtherCouldHaveGiven() throws InterruptedException {
        History<List<String>, Object> history = new History<>();
        List<Recorder<List<String>, Object>> recorders = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            recorders.add(history.record("client " + i));
        }
        Queue<Recorder<List<String>, Object>> free = new ConcurrentLinkedQueue<>(recorders);
        inParallel(4, (client, random) -> {
            Recorder<List<String>, Object> recorder = free.remove();
            for (int i = 0; i < 150; i++) {
                List<String> command = draw(random);
                int call = recorder.call(command);
                recorder.answer(call, client.call(command.toArray(String[]::new)));
            }
        });
        Model<Map<String, String>, List<String>, Object> model = Model.of(new TreeMap<>(), TransactionTest::run);
        Verdict<List<String>, Object> verdict = Linearizability.of(model)
                .within(Duration.ofMinutes(4), 512L << 20).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
    }
}
