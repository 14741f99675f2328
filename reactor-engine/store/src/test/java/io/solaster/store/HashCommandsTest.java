package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands on hashes do that redis-server 7.0 does not, does by chance, or does in an order of its own. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class HashCommandsTest extends ClientTest {
    /** The elements of an array, a set or a map, whose elements are strings. */
    static List<String> elements(String reply) {
        String[] parts = reply.split("\\|", -1);
        List<String> elements = new ArrayList<>();
        for (int i = 2; i < parts.length; i += 2) {
            elements.add(parts[i]);
        }
        return elements;
    }

    private void fill(String key, int fields) {
        for (int from = 0; from < fields; from += 100) {
            List<String> words = new ArrayList<>(List.of("HSET", key));
            for (int i = from; i < Math.min(fields, from + 100); i++) {
                words.add("f" + i);
                words.add("v" + i);
            }
            assertThat(client.call(words.toArray(String[]::new))).startsWith(":");
        }
    }

    @Test
    void aHashHoldsFieldsWithValues() {
        assertThat(client.call("HSET", "h", "a", "1", "b", "2", "a", "3")).isEqualTo(":2");
        assertThat(client.call("HGETALL", "h")).isEqualTo("*4|$1|a|$1|3|$1|b|$1|2");
        assertThat(client.call("HMGET", "h", "b", "c", "a")).isEqualTo("*3|$1|2|$-1|$1|3");
        assertThat(client.call("HINCRBY", "h", "a", "4")).isEqualTo(":7");
        assertThat(client.call("HINCRBYFLOAT", "h", "a", "0.1")).isEqualTo("$3|7.1");
        assertThat(client.call("HDEL", "h", "a", "b", "c")).isEqualTo(":2");
        assertThat(client.call("EXISTS", "h")).isEqualTo(":0");
        assertThat(client.call("TYPE", "h")).isEqualTo("+none");
        client.call("SET", "s", "x");
        assertThat(client.call("HSET", "s", "a", "1")).isEqualTo(WRONG_TYPE);
        client.call("HSET", "h", "a", "1");
        assertThat(client.call("GET", "h")).isEqualTo(WRONG_TYPE);
        client.call("HELLO", "3");
        assertThat(client.call("HGETALL", "h")).isEqualTo("%1|$1|a|$1|1");
        assertThat(client.call("HGETALL", "none")).isEqualTo("%0");
    }

    @Test
    void aLargeHashHasAllItsFields() {
        fill("h", 3000);
        assertThat(client.call("HLEN", "h")).isEqualTo(":3000");
        Map<String, String> all = new HashMap<>();
        List<String> elements = elements(client.call("HGETALL", "h"));
        for (int i = 0; i < elements.size(); i += 2) {
            all.put(elements.get(i), elements.get(i + 1));
        }
        assertThat(all).hasSize(3000).containsEntry("f0", "v0").containsEntry("f2999", "v2999");
        assertThat(new HashSet<>(elements(client.call("HKEYS", "h")))).isEqualTo(all.keySet());
        assertThat(new HashSet<>(elements(client.call("HVALS", "h")))).isEqualTo(new HashSet<>(all.values()));
        assertThat(scan("HSCAN", "h", 2)).isEqualTo(all.keySet());
        client.call("DEL", "h");
        assertThat(client.call("HLEN", "h")).isEqualTo(":0");
    }

    /** What a whole scan answers: of so many elements the first. */
    private Set<String> scan(String command, String key, int each, String... options) {
        Set<String> seen = new HashSet<>();
        String cursor = "0";
        do {
            List<String> words = new ArrayList<>(List.of(command, key, cursor));
            words.addAll(List.of(options));
            String reply = client.call(words.toArray(String[]::new));
            String[] parts = reply.split("\\|", 4);
            assertThat(parts[0]).isEqualTo("*2");
            cursor = parts[2];
            List<String> elements = elements(parts[3]);
            for (int i = 0; i < elements.size(); i += each) {
                seen.add(elements.get(i));
            }
        } while (!cursor.equals("0"));
        return seen;
    }

    @Test
    void aScanTellsWhatFits() {
        fill("h", 1000);
        assertThat(scan("HSCAN", "h", 1, "NOVALUES")).hasSize(1000).contains("f17").doesNotContain("v17");
        assertThat(scan("HSCAN", "h", 2, "MATCH", "f1?", "COUNT", "100"))
                .containsExactlyInAnyOrder("f10", "f11", "f12", "f13", "f14", "f15", "f16", "f17", "f18", "f19");
        client.call("HSET", "small", "a", "1", "b", "2");
        assertThat(client.call("HSCAN", "small", "0", "NOVALUES")).isEqualTo("*2|$1|0|*2|$1|a|$1|b");
        assertThat(client.call("HSCAN", "h", "18446744073709551615")).isEqualTo("*2|$1|0|*0");
    }

    @Test
    void fieldsAreDrawnByChance() {
        for (int fields : new int[]{1, 10, 128, 129, 2000}) {
            client.call("DEL", "h");
            fill("h", fields);
            assertThat(client.call("HRANDFIELD", "h")).matches("\\$\\d+\\|f\\d+");
            for (int count : new int[]{1, fields / 4, fields - 1, fields, fields + 1}) {
                List<String> drawn = elements(client.call("HRANDFIELD", "h", Integer.toString(count)));
                assertThat(drawn).hasSize(Math.min(count, fields)).doesNotHaveDuplicates();
            }
            assertThat(elements(client.call("HRANDFIELD", "h", "-500"))).hasSize(500);
            List<String> pairs = elements(client.call("HRANDFIELD", "h", "-3", "WITHVALUES"));
            assertThat(pairs).hasSize(6);
            assertThat(pairs.get(1)).isEqualTo(pairs.get(0).replace('f', 'v'));
        }
        client.call("HELLO", "3");
        assertThat(client.call("HRANDFIELD", "h", "2", "WITHVALUES"))
                .matches("\\*2\\|\\*2\\|\\$\\d+\\|f\\d+\\|\\$\\d+\\|v\\d+\\|\\*2\\|\\$\\d+\\|f\\d+\\|\\$\\d+\\|v\\d+");
        assertThat(client.call("HRANDFIELD", "h", "-1048577")).isEqualTo("-ERR value is out of range");
    }

    @Test
    void fieldsThatHaveExpiredAreNotDrawn() {
        fill("h", 3000);
        List<String> words = new ArrayList<>(List.of("HEXPIRE", "h", "10", "FIELDS", "2990"));
        for (int i = 10; i < 3000; i++) {
            words.add("f" + i);
        }
        client.call(words.toArray(String[]::new));
        store.advance(Duration.ofSeconds(11));
        assertThat(elements(client.call("HRANDFIELD", "h", "5"))).hasSize(5).doesNotHaveDuplicates()
                .allMatch(field -> field.length() == 2);
        assertThat(elements(client.call("HRANDFIELD", "h", "-500"))).hasSize(500)
                .allMatch(field -> field.length() == 2);
        assertThat(elements(client.call("HRANDFIELD", "h", "2000"))).hasSize(10).doesNotHaveDuplicates();
    }

    /** So many seconds are left to a field, or up to a minute less, which may have passed. */
    private void assertLeft(String field, long seconds) {
        String reply = client.call("HTTL", "h", "FIELDS", "1", field);
        assertThat(Long.parseLong(reply.substring("*1|:".length()))).isBetween(seconds - 60, seconds);
    }

    @Test
    void aFieldIsGoneOnceItsTimeHasCome() {
        client.call("HSET", "h", "a", "1", "b", "2", "c", "3");
        assertThat(client.call("HEXPIRE", "h", "1000", "FIELDS", "3", "a", "b", "x")).isEqualTo("*3|:1|:1|:-2");
        assertThat(client.call("HPEXPIRE", "h", "2000000", "FIELDS", "1", "b")).isEqualTo("*1|:1");
        store.advance(Duration.ofSeconds(600));
        assertThat(client.call("HTTL", "h", "FIELDS", "2", "c", "x")).isEqualTo("*2|:-1|:-2");
        assertLeft("a", 400);
        assertLeft("b", 1400);
        assertThat(client.call("HGET", "h", "a")).isEqualTo("$1|1");
        store.advance(Duration.ofSeconds(401));
        assertThat(client.call("HGET", "h", "a")).isEqualTo("$-1");
        assertThat(client.call("HEXISTS", "h", "a")).isEqualTo(":0");
        assertThat(client.call("HTTL", "h", "FIELDS", "1", "a")).isEqualTo("*1|:-2");
        assertThat(new HashSet<>(elements(client.call("HKEYS", "h")))).isEqualTo(Set.of("b", "c"));
        assertThat(scan("HSCAN", "h", 2)).isEqualTo(Set.of("b", "c"));
        assertThat(client.call("HSET", "h", "a", "4")).isEqualTo(":1");
        assertThat(client.call("HTTL", "h", "FIELDS", "1", "a")).isEqualTo("*1|:-1");
    }

    @Test
    void fieldsThatNobodyAsksForAreRemovedAndTheKeyWithTheLast() {
        fill("h", 1000);
        List<String> words = new ArrayList<>(List.of("HEXPIRE", "h", "10", "FIELDS", "1000"));
        for (int i = 0; i < 1000; i++) {
            words.add("f" + i);
        }
        client.call(words.toArray(String[]::new));
        client.call("HSET", "other", "a", "1", "b", "2");
        client.call("HEXPIRE", "other", "10", "FIELDS", "1", "a");
        store.advance(Duration.ofSeconds(11));
        StoreFixture.await("the fields are removed", () -> client.call("DBSIZE").equals(":1"));
        StoreFixture.await("the other hash's too", () -> client.call("HLEN", "other").equals(":1"));
        assertThat(client.call("HGETALL", "other")).isEqualTo("*2|$1|b|$1|2");
    }

    @Test
    void whatIsWrittenKeepsOrClearsTheTimeAsInRedis() {
        client.call("HSET", "h", "a", "1", "b", "2", "c", "3");
        client.call("HEXPIRE", "h", "1000", "FIELDS", "3", "a", "b", "c");
        client.call("HINCRBY", "h", "a", "1");
        client.call("HINCRBYFLOAT", "h", "b", "1");
        client.call("HSET", "h", "c", "4");
        assertLeft("a", 1000);
        assertLeft("b", 1000);
        assertThat(client.call("HTTL", "h", "FIELDS", "1", "c")).isEqualTo("*1|:-1");
        assertThat(client.call("HPERSIST", "h", "FIELDS", "3", "a", "c", "x")).isEqualTo("*3|:1|:-1|:-2");
        assertThat(client.call("HTTL", "h", "FIELDS", "1", "a")).isEqualTo("*1|:-1");
        assertThat(client.call("HEXPIREAT", "h", "33177117420", "FIELDS", "1", "a")).isEqualTo("*1|:1");
        assertThat(client.call("HEXPIRETIME", "h", "FIELDS", "1", "a")).isEqualTo("*1|:33177117420");
        assertThat(client.call("HPEXPIREAT", "h", "33177117420001", "FIELDS", "1", "a")).isEqualTo("*1|:1");
        assertThat(client.call("HPEXPIRETIME", "h", "FIELDS", "1", "a")).isEqualTo("*1|:33177117420001");
        assertThat(client.call("HEXPIRETIME", "h", "FIELDS", "1", "a")).isEqualTo("*1|:33177117421");
        assertThat(client.call("HPTTL", "h", "FIELDS", "1", "x")).isEqualTo("*1|:-2");
    }

    @Test
    void conditionsDecideWhetherAFieldExpires() {
        client.call("HSET", "h", "a", "1", "b", "2");
        assertThat(client.call("HEXPIRE", "h", "1000", "XX", "FIELDS", "1", "a")).isEqualTo("*1|:0");
        assertThat(client.call("HEXPIRE", "h", "1000", "GT", "FIELDS", "1", "a")).isEqualTo("*1|:0");
        assertThat(client.call("HEXPIRE", "h", "1000", "NX", "FIELDS", "1", "a")).isEqualTo("*1|:1");
        assertThat(client.call("HEXPIRE", "h", "2000", "NX", "FIELDS", "1", "a")).isEqualTo("*1|:0");
        assertThat(client.call("HEXPIRE", "h", "2000", "GT", "FIELDS", "1", "a")).isEqualTo("*1|:1");
        assertThat(client.call("HEXPIRE", "h", "3000", "LT", "FIELDS", "2", "a", "b")).isEqualTo("*2|:0|:1");
        assertLeft("a", 2000);
        assertLeft("b", 3000);
        assertThat(client.call("HEXPIRE", "h", "0", "FIELDS", "1", "a")).isEqualTo("*1|:2");
        assertThat(client.call("HPEXPIREAT", "h", "1", "FIELDS", "1", "b")).isEqualTo("*1|:2");
        assertThat(client.call("EXISTS", "h")).isEqualTo(":0");
    }

    @Test
    void wrongTimesAndCountsAreRefusedByName() {
        client.call("HSET", "h", "a", "1");
        assertThat(client.call("HEXPIRE", "h", "-1", "FIELDS", "1", "a"))
                .isEqualTo("-ERR invalid expire time, must be >= 0");
        assertThat(client.call("HEXPIRE", "h", "x", "FIELDS", "1", "a"))
                .isEqualTo("-ERR value is not an integer or out of range");
        assertThat(client.call("HEXPIRE", "h", "9223372036854775", "FIELDS", "1", "a"))
                .isEqualTo("-ERR invalid expire time in 'hexpire' command");
        assertThat(client.call("HPEXPIREAT", "h", "70368744177663", "FIELDS", "1", "a"))
                .isEqualTo("-ERR invalid expire time in 'hpexpireat' command");
        assertThat(client.call("HEXPIRE", "h", "1", "FIELD", "1", "a"))
                .isEqualTo("-ERR Mandatory argument FIELDS is missing or not at the right position");
        assertThat(client.call("HEXPIRE", "h", "1", "FIELDS", "0", "a"))
                .isEqualTo("-ERR Parameter `numFields` should be greater than 0");
        assertThat(client.call("HEXPIRE", "h", "1", "NX", "FIELDS", "1"))
                .isEqualTo("-ERR The `numfields` parameter must match the number of arguments");
        assertThat(client.call("HTTL", "h", "FIELDS", "2", "a"))
                .isEqualTo("-ERR The `numfields` parameter must match the number of arguments");
        assertThat(client.call("HPERSIST", "h", "FIELDS", "x", "a"))
                .isEqualTo("-ERR Number of fields must be a positive integer");
        assertThat(client.call("HTTL", "none", "FIELDS", "2", "a", "b")).isEqualTo("*2|:-2|:-2");
        assertThat(client.call("HEXPIRE", "none", "1", "FIELDS", "1", "a")).isEqualTo("*1|:-2");
        client.call("SET", "s", "x");
        assertThat(client.call("HTTL", "s", "FIELDS", "1", "a")).isEqualTo(WRONG_TYPE);
    }
}
