package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What redis-server has dumped is restored here, and what was dumped here there: the same values, of every form. */
class DumpDifferentialTest {
    @RegisterExtension
    static final RedisComparison redis = new RedisComparison();

    private static final List<List<String>> QUESTIONS = List.of(List.of("GET", "v"), List.of("LRANGE", "v", "0", "-1"),
            List.of("SMEMBERS", "v"), List.of("ZRANGE", "v", "0", "-1", "WITHSCORES"), List.of("HGETALL", "v"));

    /** Fills the key "v" of a server. */
    private static void fill(RespClient client, String add, int elements, String filling) {
        client.call("DEL", "v");
        List<String> words = new ArrayList<>(List.of(add, "v"));
        for (int i = 0; i < elements; i++) {
            String element = i % 3 == 0 ? Integer.toString(i * 1_000 - 2_000) : filling + i;
            if (add.equals("ZADD")) {
                words.add(i % 2 == 0 ? Double.toString(i / 7.0) : Integer.toString(i));
            }
            words.add(element);
            if (add.equals("HSET")) {
                words.add(i % 5 == 0 ? "" : Integer.toString(-i));
            }
        }
        client.call(words.toArray(String[]::new));
    }

    private static List<String> question(String add) {
        return QUESTIONS.get(List.of("SET", "RPUSH", "SADD", "ZADD", "HSET").indexOf(add));
    }

    private static String restore(RespClient client, byte[] dump) {
        return client.call("RESTORE", "v", "0", new String(dump, java.nio.charset.StandardCharsets.ISO_8859_1),
                "REPLACE");
    }

    @ParameterizedTest(name = "{0} shard(s)")
    @ValueSource(ints = {1, 2})
    void valuesGoToAndFro(int shards) {
        List<String> sizes = List.of("hash-max-listpack-entries", "zset-max-listpack-entries",
                "set-max-intset-entries");
        try (RespClient theirs = redis.connect(); RespClient ours = StoreFixture.of(shards).connectEmpty()) {
            for (String add : List.of("RPUSH", "SADD", "ZADD", "HSET")) {
                for (int elements : new int[]{1, 5, 100, 600}) {
                    for (String most : List.of("1", "128", "1000")) {
                        // Where Redis keeps more in one piece, or less, it writes another form.
                        sizes.forEach(size -> theirs.call("CONFIG", "SET", size, most));
                        theirs.call("CONFIG", "SET", "list-compress-depth", most.equals("1") ? "1" : "0");
                        goToAndFro(theirs, ours, add, elements, elements == 5 ? "x".repeat(200) : "element:");
                    }
                }
            }
            sizes.forEach(size -> theirs.call("CONFIG", "SET", size, "128"));
        }
    }

    private static void goToAndFro(RespClient theirs, RespClient ours, String add, int elements, String filling) {
        String name = add + " of " + elements;
        List<String> ask = question(add);
        fill(theirs, add, elements, filling);
        List<String> content = RestoreTest.content(theirs, ask);
        assertThat(restore(ours, RestoreTest.dump(theirs, "v"))).as(name).isEqualTo("+OK");
        assertThat(RestoreTest.content(ours, ask)).as(name).isEqualTo(content);
        byte[] again = RestoreTest.dump(ours, "v");
        assertThat(restore(theirs, again)).as(name).isEqualTo("+OK");
        assertThat(RestoreTest.content(theirs, ask)).as(name).isEqualTo(content);
    }

    /** Where nothing is compressed, and elements are in an order, the bytes are the same. */
    @ParameterizedTest(name = "{0} shard(s)")
    @ValueSource(ints = {1, 2})
    void smallDumpsAreRedisToTheByte(int shards) {
        try (RespClient theirs = redis.connect(); RespClient ours = StoreFixture.of(shards).connectEmpty()) {
            theirs.call("CONFIG", "SET", "rdbcompression", "no");
            List<String> bytes = new ArrayList<>(List.of("a", "12", "4095", "-4096", "70000", "x".repeat(60)));
            for (int i = 1; i <= bytes.size(); i++) {
                for (String add : List.of("RPUSH", "ZADD", "HSET")) {
                    for (RespClient client : List.of(theirs, ours)) {
                        client.call("DEL", "v");
                        for (int e = 0; e < i; e++) {
                            if (add.equals("RPUSH")) {
                                client.call(add, "v", bytes.get(e));
                            } else if (add.equals("ZADD")) {
                                client.call(add, "v", e % 2 == 0 ? "1.1" : "" + e, bytes.get(e));
                            } else {
                                client.call(add, "v", bytes.get(e), bytes.get(bytes.size() - 1 - e));
                            }
                        }
                    }
                    assertThat(RestoreTest.dump(ours, "v")).as("%s of %s", add, i)
                            .isEqualTo(RestoreTest.dump(theirs, "v"));
                }
                for (RespClient client : List.of(theirs, ours)) {
                    client.call("DEL", "v");
                    client.call("SADD", "v", "1", "-5", "" + (i - 1) * 20_000L);
                }
                assertThat(RestoreTest.dump(ours, "v")).isEqualTo(RestoreTest.dump(theirs, "v"));
            }
            theirs.call("CONFIG", "SET", "rdbcompression", "yes");
        }
    }
}
