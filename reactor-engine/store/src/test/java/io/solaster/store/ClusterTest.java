package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;

import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.solaster.config.StoreConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Ownership;
import io.solaster.engine.Slots;
import io.solaster.engine.net.TcpServer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisCluster;

/** What clients of Redis Cluster are answered: by a process that is alone, and by one of two. */
final class ClusterTest {
    private static final String ME = "a".repeat(40);
    private static final String OTHER = "b".repeat(40);
    private static final int HALF = Slots.COUNT / 2;

    private StoreFixture fixture = StoreFixture.of(2);
    private @Nullable TcpServer server;

    @AfterEach
    void close() {
        if (server != null) {
            server.close();
        }
    }

    private RespClient connect(Store store) {
        ServerConfig config = StoreFixture.config();
        server = TcpServer.bind(fixture.engine(), "cluster", config, new RespProtocol(store, config));
        return new RespClient(server.port());
    }

    private RespClient alone() {
        return connect(Store.on(fixture.engine(), StoreConfig.defaults().withCluster(true)));
    }

    /** A cluster of this process, another one, and for the last slots nobody; of the other's slots this one keeps some copies. */
    private static final class Two implements Ownership {
        private final Node self = new Node(ME, "10.0.0.1", 7001);
        private final Node other = new Node(OTHER, "10.0.0.2", 7002);

        @Override
        public long epoch() {
            return 7;
        }

        @Override
        public Node self() {
            return self;
        }

        @Override
        public List<Node> nodes() {
            return List.of(self, other);
        }

        @Override
        public @Nullable Node owner(int slot) {
            return slot < HALF ? self : slot < Slots.COUNT - 100 ? other : null;
        }

        @Override
        public List<Node> replicas(int slot) {
            return slot >= HALF && slot < HALF + 4000 ? List.of(self) : List.of();
        }
    }

    private RespClient ofTwo() {
        return connect(Store.on(fixture.engine(), StoreConfig.defaults(), new Two()));
    }

    /** A key whose slot lies within a range; another one for each number. */
    private static String key(int from, int to, int number) {
        for (int i = 0, found = 0;; i++) {
            int slot = Slots.of("k" + i);
            if (slot >= from && slot < to && found++ == number) {
                return "k" + i;
            }
        }
    }

    private static String moved(String key) {
        return "-MOVED " + Slots.of(key) + " 10.0.0.2:7002";
    }

    @Test
    void withoutAClusterTheCommandsAreRefusedByName() {
        try (RespClient client = fixture.connect()) {
            for (String each : List.of("CLUSTER INFO", "CLUSTER SLOTS", "CLUSTER HELP", "READONLY", "READWRITE",
                    "ASKING")) {
                assertThat(client.call(each.split(" "))).startsWith("-ERR This instance has cluster support disabled")
                        .contains("solaster.store.cluster");
            }
            assertThat(client.call("CONFIG", "GET", "cluster-enabled")).endsWith("no");
            assertThat(client.call("INFO", "cluster")).contains("cluster_enabled:0");
            assertThat(client.call("WAIT", "1", "0")).isEqualTo(":0");
            assertThat(client.call("WAIT", "x", "0")).isEqualTo("-ERR value is not an integer or out of range");
            assertThat(client.call("WAIT", "1", "-1")).isEqualTo("-ERR timeout is negative");
        }
    }

    @Test
    void aProcessAloneIsTheOneNode() {
        try (RespClient client = alone()) {
            String id = client.call("CLUSTER", "MYID").substring("$40|".length());
            assertThat(id).hasSize(40);
            int port = server().port();
            assertThat(client.call("CLUSTER", "SLOTS"))
                    .isEqualTo("*1|*3|:0|:16383|*4|$9|127.0.0.1|:" + port + "|$40|" + id + "|*0");
            assertThat(client.call("CLUSTER", "NODES")).endsWith("|" + id + " 127.0.0.1:" + port + "@" + (port + 10_000)
                    + " myself,master - 0 0 0 connected 0-16383\n");
            assertThat(client.call("CLUSTER", "INFO")).contains("cluster_state:ok", "cluster_slots_assigned:16384",
                    "cluster_size:1");
            assertThat(client.call("CLUSTER", "SHARDS")).contains("|slots|*2|:0|:16383|$5|nodes|", "|role|$6|master",
                    "|health|$6|online");
            assertThat(client.call("CLUSTER", "REPLICAS", id)).isEqualTo("*0");
            assertThat(client.call("CLUSTER", "REPLICAS", "x")).isEqualTo("-ERR Unknown node x");
            assertThat(client.call("CLUSTER", "LINKS")).isEqualTo("*0");
            assertThat(client.call("CLUSTER", "KEYSLOT", "{user}:1")).isEqualTo(":" + Slots.of("user"));
            assertThat(client.call("CLUSTER", "MEET", "10.0.0.1", "1")).startsWith("-ERR unknown subcommand 'MEET'");
            assertThat(client.call("CONFIG", "GET", "cluster-enabled")).endsWith("yes");
            assertThat(client.call("INFO", "cluster")).contains("cluster_enabled:1");
            assertThat(client.call("SELECT", "0")).isEqualTo("+OK");
            assertThat(client.call("SELECT", "1")).isEqualTo("-ERR SELECT is not allowed in cluster mode");
            assertThat(client.call("MSET", "a", "1", "b", "2", "c", "3")).isEqualTo("+OK");
        }
    }

    private TcpServer server() {
        TcpServer its = server;
        assertThat(its).isNotNull();
        return its;
    }

    @Test
    void keysAreFoundBySlot() {
        try (RespClient client = alone()) {
            int slot = Slots.of("tag");
            TreeSet<String> expected = new TreeSet<>();
            for (int i = 0; i < 1200; i++) {
                client.send("SET", i % 100 == 0 ? "{tag}" + i : "k" + i, "v");
                if (i % 100 == 0) {
                    expected.add("{tag}" + i);
                }
            }
            for (int i = 0; i < 1200; i++) {
                assertThat(client.reply()).isEqualTo("+OK");
            }
            int others = (int) IntStream.range(0, 1200)
                    .filter(i -> i % 100 != 0 && Slots.of("k" + i) == slot).count();
            assertThat(client.call("CLUSTER", "COUNTKEYSINSLOT", "" + slot))
                    .isEqualTo(":" + (expected.size() + others));
            TreeSet<String> found = new TreeSet<>();
            for (String each : client.call("CLUSTER", "GETKEYSINSLOT", "" + slot, "1000").split("\\|")) {
                if (each.startsWith("{tag}")) {
                    found.add(each);
                }
            }
            assertThat(found).isEqualTo(expected);
            assertThat(client.call("CLUSTER", "GETKEYSINSLOT", "" + slot, "3")).startsWith("*3|");
            assertThat(client.call("CLUSTER", "GETKEYSINSLOT", "" + slot, "0")).isEqualTo("*0");
            assertThat(client.call("CLUSTER", "GETKEYSINSLOT", "" + slot, "-1"))
                    .isEqualTo("-ERR Invalid number of keys");
            assertThat(client.call("CLUSTER", "COUNTKEYSINSLOT", "16384"))
                    .isEqualTo("-ERR Invalid or out of range slot");
            client.send("MULTI").send("CLUSTER", "COUNTKEYSINSLOT", "" + slot).send("EXEC");
            assertThat(client.reply()).isEqualTo("+OK");
            assertThat(client.reply()).isEqualTo("+QUEUED");
            assertThat(client.reply()).isEqualTo("*1|:" + (expected.size() + others));
        }
    }

    @Test
    void lettuceFindsTheOneNode() {
        try (RespClient client = alone()) {
            RedisClusterClient cluster = RedisClusterClient
                    .create(RedisURI.builder().withHost("127.0.0.1").withPort(server().port()).build());
            try (StatefulRedisClusterConnection<String, String> connection = cluster.connect()) {
                assertThat(connection.getPartitions()).hasSize(1);
                Map<String, String> values = new HashMap<>();
                for (int i = 0; i < 50; i++) {
                    values.put("key" + i, "value" + i);
                }
                assertThat(connection.sync().mset(values)).isEqualTo("OK");
                assertThat(connection.sync().get("key7")).isEqualTo("value7");
                assertThat(connection.sync().dbsize()).isEqualTo(50);
            } finally {
                cluster.shutdown();
            }
            assertThat(client.call("GET", "key7")).isEqualTo("$6|value7");
        }
    }

    @Test
    void jedisFindsTheOneNode() {
        try (RespClient client = alone();
                JedisCluster cluster = new JedisCluster(new HostAndPort("127.0.0.1", server().port()))) {
            for (int i = 0; i < 50; i++) {
                cluster.set("key" + i, "value" + i);
            }
            assertThat(cluster.get("key7")).isEqualTo("value7");
            assertThat(client.call("DBSIZE")).isEqualTo(":50");
        }
    }

    @Test
    void keysOfAnotherNodeAreFoundThere() {
        String mine = key(0, HALF, 0);
        String theirs = key(HALF, Slots.COUNT - 100, 0);
        String nobodys = key(Slots.COUNT - 100, Slots.COUNT, 0);
        try (RespClient client = ofTwo()) {
            assertThat(client.call("SET", mine, "1")).isEqualTo("+OK");
            assertThat(client.call("GET", theirs)).isEqualTo(moved(theirs));
            assertThat(client.call("BLPOP", theirs, "0")).isEqualTo(moved(theirs));
            assertThat(client.call("GET", nobodys)).isEqualTo("-CLUSTERDOWN Hash slot not served");
            assertThat(client.call("MGET", mine, theirs)).startsWith("-CROSSSLOT ");
            assertThat(client.call("MGET", mine, key(0, HALF, 1))).isEqualTo("*2|$1|1|$-1");
            assertThat(client.call("MSET", theirs, "1")).isEqualTo(moved(theirs));
            assertThat(client.call("CLUSTER", "SLOTS")).isEqualTo("*3|*3|:0|:8191|*4|$8|10.0.0.1|:7001|$40|" + ME
                    + "|*0|*4|:8192|:12191|*4|$8|10.0.0.2|:7002|$40|" + OTHER + "|*0|*4|$8|10.0.0.1|:7001|$40|" + ME
                    + "|*0|*3|:12192|:16283|*4|$8|10.0.0.2|:7002|$40|" + OTHER + "|*0");
            assertThat(client.call("CLUSTER", "INFO")).contains("cluster_state:fail", "cluster_slots_assigned:16284",
                    "cluster_size:2", "cluster_my_epoch:7");
            assertThat(client.call("CLUSTER", "REPLICAS", OTHER)).contains("|" + ME + " 10.0.0.1:7001@17001 ");
        }
    }

    @Test
    void aTransactionWithKeysOfAnotherNodeIsAborted() {
        String mine = key(0, HALF, 0);
        String theirs = key(HALF, Slots.COUNT - 100, 0);
        try (RespClient client = ofTwo()) {
            assertThat(client.call("MULTI")).isEqualTo("+OK");
            assertThat(client.call("SET", mine, "1")).isEqualTo("+QUEUED");
            assertThat(client.call("SET", theirs, "1")).isEqualTo(moved(theirs));
            assertThat(client.call("EXEC")).startsWith("-EXECABORT");
            assertThat(client.call("GET", mine)).isEqualTo("$-1");
            assertThat(client.call("WATCH", theirs)).isEqualTo(moved(theirs));
        }
    }

    @Test
    void aScriptReachesKeysOfThisNodeOnly() {
        String mine = key(0, HALF, 0);
        String theirs = key(HALF, Slots.COUNT - 100, 0);
        // Of two, another shard would have the key, and say so.
        fixture = StoreFixture.of(1);
        try (RespClient client = ofTwo()) {
            assertThat(client.call("EVAL", "return redis.call('SET', KEYS[1], 'v')", "1", mine)).isEqualTo("+OK");
            assertThat(client.call("EVAL", "return redis.call('GET', KEYS[1])", "1", theirs)).isEqualTo(moved(theirs));
            assertThat(client.call("EVAL", "return redis.call('GET', ARGV[1])", "1", mine, theirs))
                    .contains("attempted to access a non local key in a cluster node");
        }
    }

    @Test
    void copiesAreReadByWhomeverWantsThem() {
        String copied = key(HALF, HALF + 4000, 0);
        String theirs = key(HALF + 4000, Slots.COUNT - 100, 0);
        try (RespClient client = ofTwo()) {
            assertThat(client.call("GET", copied)).isEqualTo(moved(copied));
            assertThat(client.call("READONLY")).isEqualTo("+OK");
            assertThat(client.call("CLIENT", "INFO")).contains(" flags=r ");
            assertThat(client.call("GET", copied)).isEqualTo("$-1");
            assertThat(client.call("SET", copied, "1")).isEqualTo(moved(copied));
            assertThat(client.call("GET", theirs)).isEqualTo(moved(theirs));
            assertThat(client.call("ASKING")).isEqualTo("+OK");
            assertThat(client.call("READWRITE")).isEqualTo("+OK");
            assertThat(client.call("GET", copied)).isEqualTo(moved(copied));
        }
    }
}
