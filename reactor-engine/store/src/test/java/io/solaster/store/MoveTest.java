package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.memory.SystemMemory;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.StoreShard;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Large collections get another name, and are copied, wherever the keys lie. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 4})
class MoveTest extends ClientTest {
    private static final int ELEMENTS = 8_000;
    private static final List<String> ADDS = List.of("RPUSH", "SADD", "HSET", "ZADD");

    /** Keys of which some lie on other shards than the first one. */
    private static final List<String> KEYS = IntStream.range(0, 6).mapToObj(i -> "key" + i).toList();

    private static void fill(RespClient client, String add, String key, int elements) {
        for (int from = 0; from < elements; from += 1_000) {
            List<String> words = new ArrayList<>(List.of(add, key));
            for (int i = from; i < Math.min(elements, from + 1_000); i++) {
                if (add.equals("ZADD")) {
                    words.add(Integer.toString(i % 100));
                }
                words.add("element:" + i);
                if (add.equals("HSET")) {
                    words.add(i + "x".repeat(20));
                }
            }
            assertThat(client.call(words.toArray(String[]::new))).startsWith(":");
        }
    }

    private static List<String> content(RespClient client, String add, String key) {
        return RestoreTest.content(client, switch (add) {
            case "RPUSH" -> List.of("LRANGE", key, "0", "-1");
            case "SADD" -> List.of("SMEMBERS", key);
            case "HSET" -> List.of("HGETALL", key);
            default -> List.of("ZRANGE", key, "0", "-1", "WITHSCORES");
        });
    }

    @Test
    void largeCollectionsAreCopiedToAnyKey() {
        for (String add : ADDS) {
            client.call("FLUSHALL");
            fill(client, add, "key0", ELEMENTS);
            client.call("PEXPIREAT", "key0", "4000000000000");
            List<String> content = content(client, add, "key0");
            for (String key : KEYS.subList(1, KEYS.size())) {
                assertThat(client.call("COPY", "key0", key)).as("%s to %s", add, key).isEqualTo(":1");
                assertThat(content(client, add, key)).as("%s to %s", add, key).isEqualTo(content);
                assertThat(client.call("PEXPIRETIME", key)).isEqualTo(":4000000000000");
                assertThat(client.call("COPY", "key0", key)).isEqualTo(":0");
            }
            client.call("SET", "key1", "v");
            assertThat(client.call("COPY", "key0", "key1")).isEqualTo(":0");
            assertThat(client.call("COPY", "key0", "key1", "REPLACE")).isEqualTo(":1");
            assertThat(content(client, add, "key1")).isEqualTo(content);
            assertThat(client.call("COPY", "key0", "key0")).startsWith("-ERR source and dest");
            // Each is a value of its own.
            assertThat(client.call("DEL", "key0")).isEqualTo(":1");
            assertThat(content(client, add, "key2")).isEqualTo(content);
        }
    }

    @Test
    void largeCollectionsAreRenamedToAnyKey() {
        for (String add : ADDS) {
            client.call("FLUSHALL");
            fill(client, add, "key0", ELEMENTS);
            List<String> content = content(client, add, "key0");
            for (int i = 1; i < KEYS.size(); i++) {
                client.call("SET", KEYS.get(i), "taken");
                assertThat(client.call("RENAMENX", KEYS.get(i - 1), KEYS.get(i))).isEqualTo(":0");
                if (i % 2 == 0) {
                    client.call("DEL", KEYS.get(i));
                    assertThat(client.call("RENAMENX", KEYS.get(i - 1), KEYS.get(i))).isEqualTo(":1");
                } else {
                    assertThat(client.call("RENAME", KEYS.get(i - 1), KEYS.get(i))).isEqualTo("+OK");
                }
                assertThat(client.call("EXISTS", KEYS.get(i - 1))).isEqualTo(":0");
                assertThat(content(client, add, KEYS.get(i))).as("%s to %s", add, KEYS.get(i)).isEqualTo(content);
            }
            assertThat(client.call("RENAME", "key0", "key1")).isEqualTo("-ERR no such key");
            assertThat(client.call("DBSIZE")).isEqualTo(":1");
        }
    }

    @Test
    void fieldsThatExpireDoSoAtTheirNewKey() {
        for (String to : KEYS.subList(1, KEYS.size())) {
            client.call("FLUSHALL");
            fill(client, "HSET", "key0", 2_000);
            client.call("HPEXPIREAT", "key0", "4000000000000", "FIELDS", "1", "element:7");
            client.call("HPEXPIRE", "key0", "50000", "FIELDS", "1", "element:8");
            assertThat(client.call("COPY", "key0", to)).isEqualTo(":1");
            assertThat(client.call("RENAME", "key0", "{" + to + "}")).isEqualTo("+OK");
            store.advance(Duration.ofMinutes(2));
            for (String key : List.of(to, "{" + to + "}")) {
                assertThat(client.call("HPEXPIRETIME", key, "FIELDS", "2", "element:7", "element:9"))
                        .isEqualTo("*2|:4000000000000|:-1");
                assertThat(client.call("HGET", key, "element:8")).isEqualTo("$-1");
                StoreFixture.await("it is removed", () -> client.call("HLEN", key).equals(":1999"));
            }
            store.resetClock();
        }
    }

    @Test
    void othersAreServedMeanwhileAndSeeAllOrNothing() {
        fill(client, "SADD", "key0", 40_000);
        try (RespClient other = store.connect(); RespClient third = store.connect()) {
            for (int i = 1; i < KEYS.size(); i++) {
                client.send("RENAME", KEYS.get(i - 1), KEYS.get(i));
                for (int look = 0; look < 20; look++) {
                    assertThat(third.call("SET", "{other}" + look, "v")).isEqualTo("+OK");
                    assertThat(other.call("EXISTS", KEYS.get(i - 1), KEYS.get(i))).isEqualTo(":1");
                }
                assertThat(client.reply()).isEqualTo("+OK");
                assertThat(client.call("SCARD", KEYS.get(i))).isEqualTo(":40000");
            }
        }
    }

    @Test
    void aClientThatIsGoneLeavesNothingHalfDone() {
        fill(client, "ZADD", "key0", 20_000);
        for (int i = 1; i < KEYS.size(); i++) {
            String id;
            try (RespClient leaving = store.connect()) {
                id = leaving.call("CLIENT", "ID").substring(1);
                leaving.send("RENAME", KEYS.get(i - 1), KEYS.get(i));
            }
            // It was done, or is not read yet.
            client.call("RENAMENX", KEYS.get(i - 1), KEYS.get(i));
            assertThat(client.call("ZCARD", KEYS.get(i))).isEqualTo(":20000");
            StoreFixture.await("it is gone", () -> client.call("CLIENT", "LIST", "ID", id).equals("$0|"));
        }
    }

    @Test
    void whereMemoryIsRefusedNothingIsLost() {
        AtomicReference<String> refused = new AtomicReference<>("");
        Store frail = store.newStore(() -> refusing(
                Keyspace.create(SystemMemory.SYSTEM, new SplittableRandom(1), StoreTypes.all()), refused));
        ServerConfig server = StoreFixture.config();
        Logger logger = (Logger) LoggerFactory.getLogger(StoreShard.class);
        logger.setLevel(Level.OFF);
        try (TcpServer tcp = TcpServer.bind(store.engine(), "frail", server, new RespProtocol(frail, server));
                RespClient client = new RespClient(tcp.port())) {
            for (String add : ADDS) {
                client.call("FLUSHALL");
                fill(client, add, "key0", 5_000);
                List<String> content = content(client, add, "key0");
                byte[] dump = RestoreTest.dump(client, "key0");
                client.call("MSET", "key1", "1", "key2", "2", "key3", "3");
                long before = used(frail);
                // At the beginning, as a small value becomes a large one, and as a key is given it.
                for (String method : List.of("create", "resizeValue", "take")) {
                    for (String key : List.of("key1", "key2", "key3")) {
                        refused.set(method);
                        assertThat(client.call("COPY", "key0", key, "REPLACE")).as(method).startsWith("-OOM");
                        assertThat(client.call("RESTORE", key, "0", RestoreTest.text(dump), "REPLACE")).as(method)
                                .startsWith("-OOM");
                        boolean moves = store.engine().shardOf("key0") != store.engine().shardOf(key);
                        if (moves) {
                            assertThat(client.call("RENAME", "key0", key)).as(method).startsWith("-OOM");
                        }
                        refused.set("");
                        assertThat(client.call("MGET", "key1", "key2", "key3")).isEqualTo("*3|$1|1|$1|2|$1|3");
                        assertThat(content(client, add, "key0")).isEqualTo(content);
                    }
                }
                StoreFixture.await("what was begun is gone", () -> used(frail) <= before);
                assertThat(client.call("RENAME", "key0", "key1")).isEqualTo("+OK");
                assertThat(content(client, add, "key1")).isEqualTo(content);
            }
        } finally {
            logger.setLevel(null);
        }
    }

    /** Bytes of entries and nodes. */
    private static long used(Store store) {
        return StoreFixture.parts(store).sharded().onAll(part -> part.keyspace().liveBytes()).join().stream()
                .mapToLong(Long::longValue).sum();
    }

    /** A keyspace one of whose methods, and that of the keyspace aside, has no memory while that is asked of it. */
    private static Keyspace refusing(Keyspace keys, AtomicReference<String> refused) {
        AtomicReference<Keyspace> aside = new AtomicReference<>();
        return (Keyspace) Proxy.newProxyInstance(Keyspace.class.getClassLoader(), new Class<?>[]{Keyspace.class},
                (proxy, method, arguments) -> {
                    if (refused.get().equals(method.getName())) {
                        throw new OutOfMemoryError("for the test");
                    }
                    if (method.getName().equals("aside")) {
                        if (aside.get() == null) {
                            aside.set(refusing(keys.aside(), refused));
                        }
                        return aside.get();
                    }
                    return method.invoke(keys, arguments);
                });
    }
}
