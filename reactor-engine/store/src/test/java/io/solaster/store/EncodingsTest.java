package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Up to which sizes values are kept small is for CONFIG SET to say. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class EncodingsTest extends ClientTest {
    private static final List<String> LIMITS = List.of("hash-max-listpack-entries", "128", "hash-max-listpack-value",
            "64", "set-max-intset-entries", "512", "set-max-listpack-entries", "128", "set-max-listpack-value", "64",
            "zset-max-listpack-entries", "128", "zset-max-listpack-value", "64", "hll-sparse-max-bytes", "3000",
            "list-max-listpack-size", "-2");

    @AfterEach
    void setBack() {
        List<String> words = new ArrayList<>(List.of("CONFIG", "SET"));
        words.addAll(LIMITS);
        assertThat(client.call(words.toArray(String[]::new))).isEqualTo("+OK");
    }

    private void set(String name, String value) {
        assertThat(client.call("CONFIG", "SET", name, value)).isEqualTo("+OK");
        assertThat(client.call("CONFIG", "GET", name))
                .isEqualTo("*2|$" + name.length() + "|" + name + "|$" + value.length() + "|" + value);
    }

    private String encoding(String key) {
        String reply = client.call("OBJECT", "ENCODING", key);
        return reply.substring(reply.indexOf('|') + 1);
    }

    private void fill(String command, String key, int count) {
        List<String> words = new ArrayList<>(List.of(command, key));
        for (int i = 0; i < count; i++) {
            if (!command.equals("SADD")) {
                words.add(Integer.toString(i));
            }
            words.add("m" + i);
        }
        client.call(words.toArray(String[]::new));
    }

    @Test
    void sizesAreSetAndObeyedFromThenOn() {
        for (int i = 0; i < LIMITS.size(); i += 2) {
            assertThat(client.call("CONFIG", "GET", LIMITS.get(i))).endsWith("|" + LIMITS.get(i + 1));
        }
        set("hash-max-listpack-entries", "2");
        set("zset-max-listpack-entries", "0");
        set("set-max-intset-entries", "3");
        for (String key : List.of("a", "b")) {
            fill("HSET", "h" + key, 2);
            assertThat(encoding("h" + key)).isEqualTo("listpack");
            fill("HSET", "h" + key, 3);
            assertThat(encoding("h" + key)).isEqualTo("hashtable");
            fill("ZADD", "z" + key, 1);
            assertThat(encoding("z" + key)).isEqualTo("skiplist");
            client.call("SADD", "s" + key, "1", "2", "3");
            assertThat(encoding("s" + key)).isEqualTo("intset");
            client.call("SADD", "s" + key, "4");
            assertThat(encoding("s" + key)).isEqualTo("hashtable");
        }
        assertThat(client.call("ZUNIONSTORE", "zd", "2", "za", "zb")).isEqualTo(":1");
        assertThat(encoding("zd")).isEqualTo("skiplist");
    }

    @Test
    void largeSizesHaveNoPowerOverTheShard() {
        set("hash-max-ziplist-entries", "1000000000");
        set("hash-max-ziplist-value", "1000000000");
        set("set-max-intset-entries", "100000");
        set("set-max-listpack-entries", "100000");
        set("zset-max-ziplist-entries", "9223372036854775807");
        set("hll-sparse-max-bytes", "1000000");
        assertThat(client.call("CONFIG", "GET", "hash-max-listpack-entries")).endsWith("|1000000000");
        client.call("HSET", "h", "f", "x".repeat(1 << 16));
        assertThat(encoding("h")).isEqualTo("listpack");
        client.call("HSET", "h", "g", "x".repeat((1 << 16) + 1));
        assertThat(encoding("h")).isEqualTo("hashtable");
        List<String> words = new ArrayList<>(List.of("SADD", "s"));
        for (int i = 0; i < 1000; i++) {
            words.add(Integer.toString(i));
        }
        client.call(words.toArray(String[]::new));
        assertThat(encoding("s")).isEqualTo("intset");
        client.call("SADD", "s", "x");
        assertThat(encoding("s")).isEqualTo("listpack");
        assertThat(client.call("SCARD", "s")).isEqualTo(":1001");
        assertThat(client.call("SISMEMBER", "s", "999")).isEqualTo(":1");
        fill("ZADD", "z", 1025);
        assertThat(encoding("z")).isEqualTo("skiplist");
        for (int i = 0; i < 5000; i += 100) {
            words = new ArrayList<>(List.of("PFADD", "p"));
            for (int j = i; j < i + 100; j++) {
                words.add("e" + j);
            }
            client.call(words.toArray(String[]::new));
        }
        client.call("PFMERGE", "q", "p");
        assertThat(client.call("PFCOUNT", "q")).isEqualTo(client.call("PFCOUNT", "p"));
    }

    @Test
    void aHyperLogLogShowsItself() {
        assertThat(client.call("PFSELFTEST")).isEqualTo("+OK");
        assertThat(client.call("PFDEBUG", "ENCODING", "p")).isEqualTo("-ERR The specified key does not exist");
        client.call("PFADD", "p", "a", "b", "c");
        assertThat(client.call("PFDEBUG", "ENCODING", "p")).isEqualTo("+sparse");
        assertThat(client.call("PFDEBUG", "TODENSE", "p")).isEqualTo(":1");
        assertThat(client.call("PFDEBUG", "TODENSE", "p")).isEqualTo(":0");
        assertThat(client.call("PFDEBUG", "ENCODING", "p")).isEqualTo("+dense");
        assertThat(client.call("PFCOUNT", "p")).isEqualTo(":3");
        assertThat(client.call("PFDEBUG", "GETREG", "p")).startsWith("*16384|:");
        assertThat(client.call("PFDEBUG", "x", "p")).isEqualTo("-ERR Unknown PFDEBUG subcommand 'x'");
        set("hll-sparse-max-bytes", "30");
        List<String> words = new ArrayList<>(List.of("PFADD", "q"));
        for (int i = 0; i < 50; i++) {
            words.add("e" + i);
        }
        client.call(words.toArray(String[]::new));
        assertThat(client.call("PFDEBUG", "ENCODING", "q")).isEqualTo("+dense");
    }

    @Test
    void whatIsNoSizeIsRefused() {
        for (String value : List.of("-1", "x", "")) {
            assertThat(client.call("CONFIG", "SET", "hash-max-listpack-entries", value))
                    .startsWith("-ERR CONFIG SET failed");
        }
        assertThat(client.call("CONFIG", "SET", "list-max-listpack-size", "-3")).isEqualTo("+OK");
        assertThat(client.call("CONFIG", "SET", "hll-sparse-max-bytes", "2kb")).isEqualTo("+OK");
        assertThat(client.call("CONFIG", "GET", "hll-sparse-max-bytes")).endsWith("|2048");
    }
}
