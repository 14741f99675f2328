package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.StoreConfig;
import io.solaster.config.StoreConfig.Eviction;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A limit of memory that the keys of all shards have together. */
final class MaxMemoryTest {
    private static final long LIMIT = 4 << 20;
    private static final String VALUE = "x".repeat(1000);
    private static final String REFUSED = "-OOM command not allowed when used memory > 'maxmemory'.";

    private final Engine engine = Engine.start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER));
    private Store store = Store.on(engine);
    private TcpServer tcp = serve();
    private RespClient client = new RespClient(tcp.port());

    private TcpServer serve() {
        ServerConfig config = StoreFixture.config();
        return TcpServer.bind(engine, "kv", config, new RespProtocol(store, config));
    }

    private void configure(Eviction eviction) {
        client.close();
        tcp.close();
        store = Store.on(engine, StoreConfig.defaults().withMemory(new ByteSize(LIMIT), eviction, 5));
        tcp = serve();
        client = new RespClient(tcp.port());
    }

    @AfterEach
    void close() {
        client.close();
        tcp.close();
        engine.close();
    }

    private long held() {
        return StoreFixture.parts(store).sharded().onAll(part -> part.keyspace().heldBytes()).join().stream()
                .mapToLong(Long::longValue).sum();
    }

    private String info(String field) {
        String info = client.call("INFO");
        int at = info.indexOf("|" + field + ":") + field.length() + 2;
        return info.substring(at, info.indexOf('|', at));
    }

    @Test
    void writesAreRefusedWhereNothingMayGo() {
        configure(Eviction.NOEVICTION);
        int keys = 0;
        String reply = "+OK";
        while (reply.equals("+OK") && keys < 100_000) {
            reply = client.call("SET", "k" + keys++, VALUE);
        }
        assertThat(reply).isEqualTo(REFUSED);
        assertThat(keys).isGreaterThan(3000);
        assertThat(client.call("GET", "k0")).endsWith(VALUE);
        assertThat(client.call("INCR", "k")).isEqualTo(REFUSED);
        assertThat(client.call("EXPIRE", "k0", "100")).isEqualTo(":1");
        for (int i = 0; i < 10; i++) {
            assertThat(client.call("DEL", "k" + i)).isEqualTo(":1");
        }
        // A shard that has not worked since tells of it in the background.
        StoreFixture.await("there is room", () -> client.call("SET", "k", "v").equals("+OK"));
        assertThat(info("evicted_keys")).isEqualTo("0");
    }

    private void setExpiring(int keys) {
        int pipeline = 100;
        for (int i = 0; i < keys; i += pipeline) {
            for (int k = i; k < i + pipeline; k++) {
                client.send("SET", "k" + k, VALUE, "EX", "1000");
            }
            for (int k = 0; k < pipeline; k++) {
                assertThat(client.reply()).isEqualTo("+OK");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Eviction.class, mode = EnumSource.Mode.EXCLUDE, names = "NOEVICTION")
    void writesGoOnWhereKeysMayGo(Eviction eviction) {
        configure(eviction);
        setExpiring(15_000);
        StoreFixture.await("the limit is kept", () -> held() <= LIMIT);
        assertThat(store.size()).isBetween(2500L, 4200L);
        StoreFixture.await("all are counted",
                () -> Long.parseLong(info("evicted_keys")) == 15_000 - store.size());
        assertThat(info("maxmemory")).isEqualTo(Long.toString(LIMIT));
        assertThat(info("maxmemory_policy")).isEqualTo(eviction.toString());
    }

    @Test
    void keysWithoutAnExpiryStayWhereOnlyOthersMayGo() {
        configure(Eviction.VOLATILE_LRU);
        for (int i = 0; i < 1000; i++) {
            client.call("SET", "stays" + i, VALUE);
        }
        setExpiring(10_000);
        for (int i = 0; i < 1000; i++) {
            assertThat(client.call("EXISTS", "stays" + i)).isEqualTo(":1");
        }
        String reply = "+OK";
        for (int i = 0; i < 20_000 && reply.equals("+OK"); i++) {
            reply = client.call("SET", "more" + i, VALUE);
        }
        assertThat(reply).as("all are such").isEqualTo(REFUSED);
        assertThat(client.call("EXISTS", "stays0")).isEqualTo(":1");
    }

    @Test
    void oneShardMayTakeWhatTheOthersDoNot() {
        configure(Eviction.NOEVICTION);
        int keys = 0;
        while (keys < 100_000 && client.call("SET", "{tag}" + keys, VALUE).equals("+OK")) {
            keys++;
        }
        assertThat(keys).isGreaterThan(3000);
        assertThat(held()).isGreaterThan(LIMIT - (LIMIT >> 4));
    }

    @Test
    void aShardThatHoldsLittleDrivesOutTheKeysOfTheOther() {
        configure(Eviction.ALLKEYS_LRU);
        String mine = "{a}";
        int owner = engine.shardOf("a");
        String other = engine.shardOf("b") == owner ? "{c}" : "{b}";
        for (int i = 0; i < 6_000; i++) {
            assertThat(client.call("SET", mine + i, VALUE)).isEqualTo("+OK");
        }
        // While the shard that holds most has no CPU, the other one evicts keys of its own.
        StoreFixture.await("most of the other one's are there", () -> {
            for (int i = 0; i < 1_000; i++) {
                assertThat(client.call("SET", other + i, VALUE)).isEqualTo("+OK");
            }
            int there = 0;
            for (int i = 0; i < 1_000; i++) {
                there += client.call("EXISTS", other + i).equals(":1") ? 1 : 0;
            }
            return there > 500;
        });
        StoreFixture.await("the limit is kept", () -> held() <= LIMIT + (LIMIT >> 5));
    }

    @Test
    void noMoreKeysGoThanIsNeededWhereTheirValuesTakeLongToFree() {
        configure(Eviction.ALLKEYS_LRU);
        client.call("CONFIG", "SET", "maxmemory", "0");
        for (int key = 0; key < 20; key++) {
            String[] words = new String[2 + 5_000];
            words[0] = "SADD";
            words[1] = "{tag}" + key;
            for (int i = 2; i < words.length; i++) {
                words[i] = "member" + i;
            }
            assertThat(client.call(words)).isEqualTo(":5000");
        }
        long limit = held() * 39 / 40;
        client.call("CONFIG", "SET", "maxmemory", Long.toString(limit));
        StoreFixture.await("the limit is kept", () -> held() <= limit);
        assertThat(store.size()).isBetween(18L, 19L);
    }

    @Test
    void settingsChangeWhileItRuns() {
        for (int i = 0; i < 5_000; i++) {
            client.call("SET", "k" + i, VALUE);
        }
        assertThat(client.call("CONFIG", "SET", "maxmemory", "2mb")).isEqualTo("+OK");
        assertThat(client.call("CONFIG", "GET", "maxmemory")).contains("2097152");
        assertThat(client.call("SET", "k", "v")).isEqualTo(REFUSED);
        assertThat(client.call("CONFIG", "SET", "maxmemory-policy", "nope"))
                .contains("argument(s) must be one of the following: volatile-lru, volatile-lfu");
        assertThat(client.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu", "maxmemory-samples", "10"))
                .isEqualTo("+OK");
        assertThat(client.call("CONFIG", "GET", "maxmemory-samples")).contains("10");
        StoreFixture.await("keys go in the background", () -> held() <= 2 << 20);
        StoreFixture.await("keys are taken again", () -> client.call("SET", "k", "v").equals("+OK"));
        assertThat(client.call("CONFIG", "SET", "maxmemory", "0")).isEqualTo("+OK");
        assertThat(client.call("SET", "k", "v")).isEqualTo("+OK");
    }

    @Test
    void tellsHowKeysAreUsed() {
        client.call("SET", "k", "v");
        assertThat(client.call("OBJECT", "IDLETIME", "k")).matches(":\\d+");
        assertThat(client.call("OBJECT", "IDLETIME", "none")).isEqualTo("$-1");
        assertThat(client.call("OBJECT", "FREQ", "none")).isEqualTo("$-1");
        assertThat(client.call("OBJECT", "FREQ", "k"))
                .startsWith("-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note");
        client.call("CONFIG", "SET", "maxmemory-policy", "volatile-lfu", "lfu-decay-time", "0");
        assertThat(client.call("OBJECT", "IDLETIME", "k"))
                .startsWith("-ERR An LFU maxmemory policy is selected, idle time not tracked. Please note");
        client.call("SET", "fresh", "v");
        assertThat(client.call("OBJECT", "FREQ", "fresh")).isEqualTo(":5");
        for (int i = 0; i < 1000; i++) {
            client.call("GET", "fresh");
        }
        assertThat(Integer.parseInt(client.call("OBJECT", "FREQ", "fresh").substring(1))).isBetween(6, 60);
    }
}
