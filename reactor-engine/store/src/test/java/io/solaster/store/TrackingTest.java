package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import io.solaster.config.server.LimitsConfig;
import io.solaster.config.value.ByteSize;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients hear of changes of keys that they have read, wherever the keys are. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class TrackingTest {
    @Parameter
    int shards;

    private RespClient connect() {
        return StoreFixture.of(shards).connect();
    }

    private RespClient tracking(String... options) {
        RespClient client = connect();
        client.call("HELLO", "3");
        String[] command = new String[3 + options.length];
        command[0] = "CLIENT";
        command[1] = "TRACKING";
        command[2] = "ON";
        System.arraycopy(options, 0, command, 3, options.length);
        assertThat(client.call(command)).isEqualTo("+OK");
        return client;
    }

    private static String changed(String key) {
        return ">2|$10|invalidate|*1|$" + key.length() + "|" + key;
    }

    private static final String ALL = ">2|$10|invalidate|_";

    @BeforeEach
    void nobodyTracks() {
        try (RespClient client = StoreFixture.of(shards).connectEmpty()) {
            StoreFixture.await("those who have left are forgotten",
                    () -> client.call("INFO", "stats").contains("tracking_total_items:0|")
                            && client.call("INFO", "clients").contains("tracking_clients:0|"));
        }
    }

    @Test
    void aChangeIsToldOnceForEachTimeThatAKeyWasRead() {
        try (RespClient client = tracking(); RespClient other = connect()) {
            for (int i = 0; i < 8; i++) {
                String key = "key" + i;
                assertThat(client.call("GET", key)).isEqualTo("_");
                other.call("SET", key, "1");
                assertThat(client.reply()).isEqualTo(changed(key));
                other.call("SET", key, "2");
            }
            assertThat(client.call("PING")).isEqualTo("+PONG");
        }
    }

    @Test
    void keysOfSeveralShardsAreTracked() {
        try (RespClient client = tracking(); RespClient other = connect()) {
            other.call("MSET", "a", "1", "b", "2", "c", "3");
            client.call("MGET", "a", "b", "c");
            other.call("DEL", "a", "b", "c");
            assertThat(List.of(client.reply(), client.reply(), client.reply()))
                    .containsExactlyInAnyOrder(changed("a"), changed("b"), changed("c"));
        }
    }

    @Test
    void whatATransactionOrAScriptReadsIsTracked() {
        try (RespClient client = tracking(); RespClient other = connect()) {
            other.call("MSET", "a", "1", "b", "2", "c", "3");
            client.call("MULTI");
            client.call("GET", "a");
            client.call("GET", "b");
            other.call("SET", "a", "0");
            assertThat(client.call("EXEC")).isEqualTo("*2|$1|0|$1|2");
            client.call("EVAL", "return redis.call('get', KEYS[1])", "1", "c");
            other.call("MSET", "a", "4", "b", "5", "c", "6");
            assertThat(List.of(client.reply(), client.reply(), client.reply()))
                    .containsExactlyInAnyOrder(changed("a"), changed("b"), changed("c"));
        }
    }

    @Test
    void oneIsToldOfOnesOwnWritesBehindTheirRepliesUnlessNotWanted() {
        try (RespClient client = tracking(); RespClient silent = tracking("NOLOOP")) {
            for (int i = 0; i < 8; i++) {
                String key = "key" + i;
                client.call("GET", key);
                silent.call("GET", key);
                assertThat(client.call("SET", key, "1")).isEqualTo("+OK");
                assertThat(client.reply()).isEqualTo(changed(key));
                assertThat(silent.reply()).isEqualTo(changed(key));
                silent.call("GET", key);
                assertThat(silent.call("MSET", key, "2", "other" + i, "1")).isEqualTo("+OK");
                silent.call("GET", key);
                assertThat(silent.call("INCR", key)).isEqualTo(":3");
                silent.call("GET", key);
                silent.call("EVAL", "return redis.call('set', KEYS[1], '4')", "1", key);
                assertThat(silent.call("PING")).isEqualTo("+PONG");
            }
        }
    }

    @Test
    void nobodyIsToldOfOnesOwnWriteThatTakesManyTurns() {
        String[] push = new String[50_002];
        Arrays.fill(push, "x");
        push[0] = "RPUSH";
        push[1] = "long";
        try (RespClient other = connect()) {
            other.call("DEL", "long");
            for (int i = 0; i < 4; i++) {
                other.call(push);
            }
        }
        try (RespClient client = tracking("BCAST", "NOLOOP", "PREFIX", "long")) {
            assertThat(client.call("LREM", "long", "0", "x")).isEqualTo(":200000");
            assertThat(client.call("PING")).isEqualTo("+PONG");
        }
    }

    @Test
    void thereIsNoClientZero() {
        try (RespClient client = connect()) {
            assertThat(client.call("CLIENT", "TRACKING", "ON", "REDIRECT", "0")).startsWith("-ERR The client ID");
        }
    }

    @Test
    void flushesAreToldAsAllKeys() {
        try (RespClient client = tracking(); RespClient other = connect()) {
            for (String flush : List.of("FLUSHALL", "FLUSHDB")) {
                other.call("MSET", "a", "1", "b", "2");
                client.call("MGET", "a", "b");
                other.call(flush);
                assertThat(client.reply()).isEqualTo(ALL);
            }
            client.call("GET", "a");
            other.call("SWAPDB", "0", "1");
            assertThat(client.reply()).isEqualTo(ALL);
            assertThat(other.call("INFO", "stats")).contains("tracking_total_keys:0|");
        }
    }

    @Test
    void keysThatExpireHaveChanged() {
        try (RespClient client = tracking(); RespClient other = connect()) {
            other.call("SET", "a", "1", "PX", "20");
            client.call("GET", "a");
            assertThat(client.reply()).isEqualTo(changed("a"));
        }
    }

    @Test
    void onlyWhatIsOptedForIsTracked() {
        try (RespClient in = tracking("OPTIN"); RespClient out = tracking("OPTOUT"); RespClient other = connect()) {
            in.call("GET", "a");
            assertThat(in.call("CLIENT", "CACHING", "YES")).isEqualTo("+OK");
            in.call("GET", "b");
            in.call("GET", "c");
            assertThat(out.call("CLIENT", "CACHING", "NO")).isEqualTo("+OK");
            out.call("GET", "a");
            out.call("GET", "b");
            assertThat(in.call("CLIENT", "CACHING", "YES")).isEqualTo("+OK");
            in.call("MULTI");
            in.call("GET", "d");
            in.call("GET", "e");
            in.call("EXEC");
            other.call("SET", "a", "1");
            other.call("SET", "b", "1");
            assertThat(in.reply()).isEqualTo(changed("b"));
            assertThat(out.reply()).isEqualTo(changed("b"));
            other.call("SET", "c", "1");
            other.call("MSET", "d", "1", "e", "1");
            assertThat(List.of(in.reply(), in.reply())).containsExactlyInAnyOrder(changed("d"), changed("e"));
        }
    }

    @Test
    void beginningsOfKeysAreBroadcast() {
        try (RespClient client = tracking("BCAST", "PREFIX", "{u}a", "PREFIX", "{u}b"); RespClient other = connect()) {
            other.call("MSET", "{u}a1", "1", "{u}c", "1");
            assertThat(client.reply()).isEqualTo(changed("{u}a1"));
            assertThat(other.call("INFO", "stats")).contains("tracking_total_prefixes:2|");
            other.call("MSET", "{u}a1", "1", "{u}b1", "1", "{u}b2", "2");
            assertThat(List.of(client.reply(), client.reply())).containsExactlyInAnyOrder(changed("{u}a1"),
                    ">2|$10|invalidate|*2|$5|{u}b1|$5|{u}b2");
            assertThat(client.call("CLIENT", "TRACKING", "OFF")).isEqualTo("+OK");
            assertThat(other.call("INFO", "stats")).contains("tracking_total_prefixes:");
        }
    }

    @Test
    void anotherClientIsTold() {
        try (RespClient to = connect(); RespClient client = connect(); RespClient other = connect()) {
            String id = to.call("CLIENT", "ID").substring(1);
            to.call("SUBSCRIBE", "__redis__:invalidate");
            assertThat(client.call("CLIENT", "TRACKING", "ON", "REDIRECT", id)).isEqualTo("+OK");
            assertThat(client.call("CLIENT", "GETREDIR")).isEqualTo(":" + id);
            client.call("GET", "a");
            other.call("SET", "a", "1");
            assertThat(to.reply()).isEqualTo("*3|$7|message|$20|__redis__:invalidate|*1|$1|a");
            client.call("GET", "a");
            other.call("FLUSHALL");
            assertThat(to.reply()).isEqualTo("*3|$7|message|$20|__redis__:invalidate|$-1");
        }
    }

    @Test
    void oneHearsThatWhomItIsToldToIsGone() {
        try (RespClient client = connect(); RespClient other = connect()) {
            client.call("HELLO", "3");
            String id;
            try (RespClient to = connect()) {
                id = to.call("CLIENT", "ID").substring(1);
                assertThat(client.call("CLIENT", "TRACKING", "ON", "REDIRECT", id)).isEqualTo("+OK");
            }
            StoreFixture.await("it is gone", () -> !other.call("CLIENT", "LIST").contains("id=" + id + " "));
            client.call("GET", "a");
            other.call("SET", "a", "1");
            assertThat(client.reply()).isEqualTo(">2|$21|tracking-redir-broken|:" + id);
            assertThat(client.call("CLIENT", "TRACKINGINFO")).contains("broken_redirect");
            assertThat(client.call("CLIENT", "INFO")).contains("flags=tR").contains("redir=" + id);
            assertThat(client.call("CLIENT", "TRACKING", "ON", "REDIRECT", id)).contains("does not exist");
        }
    }

    @Test
    void whoQuitsIsGoneThoughItDoesNotClose() {
        try (RespClient client = connect(); RespClient to = connect(); RespClient other = connect()) {
            client.call("HELLO", "3");
            String id = to.call("CLIENT", "ID").substring(1);
            assertThat(client.call("CLIENT", "TRACKING", "ON", "REDIRECT", id)).isEqualTo("+OK");
            client.call("GET", "a");
            assertThat(to.call("QUIT")).isEqualTo("+OK");
            other.call("SET", "a", "1");
            assertThat(client.reply()).isEqualTo(">2|$21|tracking-redir-broken|:" + id);
            assertThat(other.call("CLIENT", "LIST")).doesNotContain("id=" + id + " ");
        }
    }

    @Test
    void whoLeavesOrResetsLeavesNothing() {
        try (RespClient other = connect()) {
            for (int i = 0; i < 20; i++) {
                try (RespClient client = tracking(); RespClient bcast = tracking("BCAST", "PREFIX", "x" + i)) {
                    for (int k = 0; k < 10; k++) {
                        client.call("GET", "key" + k);
                    }
                    if (i % 2 == 0) {
                        client.call("RESET");
                        bcast.call("RESET");
                    }
                }
            }
            StoreFixture.await("nothing is left", () -> {
                String stats = other.call("INFO", "stats");
                return stats.contains("tracking_total_keys:0|") && stats.contains("tracking_total_items:0|")
                        && stats.contains("tracking_total_prefixes:0|");
            });
        }
    }

    @Test
    void beyondTheLimitKeysCountAsChanged() {
        try (RespClient client = tracking(); RespClient other = connect()) {
            other.call("CONFIG", "SET", "tracking-table-max-keys", "10");
            try {
                for (int i = 0; i < 50; i++) {
                    client.send("GET", "key" + i);
                }
                int replies = 0;
                int told = 0;
                // Of each shard's keys at most five are remembered, so forty others count as changed.
                while (replies < 50 || told < 40) {
                    if (client.reply().startsWith(">")) {
                        told++;
                    } else {
                        replies++;
                    }
                }
                assertThat(other.call("INFO", "stats")).containsPattern("tracking_total_keys:([0-9]|10)\\|");
            } finally {
                other.call("CONFIG", "SET", "tracking-table-max-keys", "1000000");
            }
        }
    }

    @Test
    void whoNeverReadsIsEndedAndLeavesNothing() {
        LimitsConfig limits = StoreFixture.config().limits().withOutputBuffer(ByteSize.valueOf("64KB"));
        try (StoreFixture.Server server = StoreFixture.of(shards).serve(StoreFixture.config().withLimits(limits));
                RespClient other = connect()) {
            RespClient client = server.connect();
            client.call("HELLO", "3");
            String id = client.call("CLIENT", "ID").substring(1);
            assertThat(client.call("CLIENT", "TRACKING", "ON", "BCAST")).isEqualTo("+OK");
            String name = "x".repeat(1000);
            StoreFixture.await("it is ended", () -> {
                for (int i = 0; i < 1000; i++) {
                    other.send("SET", name + i, "1");
                }
                for (int i = 0; i < 1000; i++) {
                    other.reply();
                }
                return !other.call("CLIENT", "LIST").contains("id=" + id + " ");
            });
            client.close();
            StoreFixture.await("nothing is left",
                    () -> other.call("INFO", "stats").contains("tracking_total_prefixes:0|"));
        }
    }

    @Test
    void tenThousandKeysOfOneWhoIsGoneAreForgotten() {
        try (RespClient other = connect()) {
            try (RespClient client = tracking()) {
                for (int i = 0; i < 10_000; i++) {
                    client.send("EXISTS", "key" + i);
                }
                for (int i = 0; i < 10_000; i++) {
                    client.reply();
                }
                assertThat(other.call("INFO", "stats")).contains("tracking_total_items:10000|");
            }
            StoreFixture.await("nothing is left",
                    () -> other.call("INFO", "stats").contains("tracking_total_items:0|tracking_total_prefixes:0|"));
        }
    }

    /** Whatever happens in which order: what a client has cached and was not told of is what is there. */
    @Test
    void nobodyKeepsWhatHasChanged() {
        Random chance = new Random(shards);
        try (RespClient one = connect(); RespClient two = connect()) {
            List<Cache> caches = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                caches.add(new Cache(tracking(i == 3 ? new String[]{"NOLOOP"} : new String[0])));
            }
            for (int step = 0; step < 600; step++) {
                Cache cache = caches.get(chance.nextInt(4));
                String key = "k" + chance.nextInt(6);
                RespClient writer = chance.nextBoolean() ? one : two;
                switch (chance.nextInt(8)) {
                    case 0 -> writer.call("SET", key, "v" + step);
                    case 1 -> writer.call("MSET", key, "v" + step, "k0", "w" + step);
                    case 2 -> writer.call("DEL", key);
                    case 3 -> {
                        if (step % 7 == 0) {
                            writer.call("FLUSHALL");
                        }
                    }
                    case 4 -> {
                        // Both on their way at once.
                        writer.send("SET", key, "x" + step);
                        cache.get(key);
                        assertThat(writer.reply()).isEqualTo("+OK");
                    }
                    case 5 -> cache.getBoth(key, "k0");
                    default -> cache.get(key);
                }
            }
            for (Cache cache : caches) {
                StoreFixture.await("what is cached is what is there", () -> {
                    cache.client.send("PING");
                    cache.readUntilReply();
                    return cache.values.entrySet().stream()
                            .allMatch(
                                    each -> one.call("GET", each.getKey()).replace("$-1", "_").equals(each.getValue()));
                });
                cache.client.close();
            }
        }
    }

    private record Cache(RespClient client, Map<String, String> values) {
        Cache(RespClient client) {
            this(client, new HashMap<>());
        }

        void get(String key) {
            client.send("GET", key);
            values.put(key, readUntilReply());
        }

        void getBoth(String one, String other) {
            client.send("MULTI").send("GET", one).send("GET", other).send("EXEC");
            readUntilReply();
            readUntilReply();
            readUntilReply();
            // What both are is looked at by what was told of them.
            assertThat(readUntilReply()).startsWith("*2");
        }

        String readUntilReply() {
            while (true) {
                String reply = client.reply();
                if (!reply.startsWith(">")) {
                    return reply;
                }
                if (reply.endsWith("|_")) {
                    values.clear();
                } else {
                    values.remove(reply.substring(reply.lastIndexOf('|') + 1));
                }
            }
        }
    }
}
