package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands on sets do by chance, or in an order of their own. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class SetCommandsTest extends ClientTest {
    private Set<String> fill(String key, String prefix, int members) {
        Set<String> all = new HashSet<>();
        for (int from = 0; from < members; from += 100) {
            List<String> words = new ArrayList<>(List.of("SADD", key));
            for (int i = from; i < Math.min(members, from + 100); i++) {
                words.add(prefix + i);
            }
            assertThat(client.call(words.toArray(String[]::new))).isEqualTo(":" + (words.size() - 2));
            all.addAll(words.subList(2, words.size()));
        }
        return all;
    }

    @Test
    void aSetHoldsMembers() {
        assertThat(client.call("SADD", "s", "3", "1", "2", "3")).isEqualTo(":3");
        assertThat(client.call("SMEMBERS", "s")).isEqualTo("*3|$1|1|$1|2|$1|3");
        assertThat(client.call("SADD", "s", "x")).isEqualTo(":1");
        assertThat(client.call("SISMEMBER", "s", "x")).isEqualTo(":1");
        assertThat(client.call("SMISMEMBER", "s", "y", "2")).isEqualTo("*2|:0|:1");
        assertThat(client.call("SREM", "s", "1", "2", "3", "x", "y")).isEqualTo(":4");
        assertThat(client.call("EXISTS", "s")).isEqualTo(":0");
        client.call("SET", "t", "x");
        assertThat(client.call("SADD", "t", "1")).isEqualTo(WRONG_TYPE);
        client.call("SADD", "s", "1");
        assertThat(client.call("GET", "s")).isEqualTo(WRONG_TYPE);
        assertThat(client.call("HGET", "s", "a")).isEqualTo(WRONG_TYPE);
        client.call("HELLO", "3");
        assertThat(client.call("SMEMBERS", "s")).isEqualTo("~1|$1|1");
    }

    @Test
    void whatWasThereAlreadyIsMovedWithoutAChange() {
        for (String to : List.of("b", "{a}b", "c")) {
            client.call("DEL", "a", to);
            client.call("SADD", "a", "1", "2");
            client.call("SADD", to, "1");
            try (RespClient other = store.connect()) {
                other.call("WATCH", to);
                assertThat(client.call("SMOVE", "a", to, "1")).isEqualTo(":1");
                other.call("MULTI");
                other.call("SCARD", to);
                assertThat(other.call("EXEC")).isEqualTo("*1|:1");
                other.call("WATCH", to);
                assertThat(client.call("SMOVE", "a", to, "2")).isEqualTo(":1");
                other.call("MULTI");
                other.call("SCARD", to);
                assertThat(other.call("EXEC")).isEqualTo("*-1");
            }
        }
    }

    @Test
    void aSetIsKeptInTheFormThatRedisNames() {
        fill("s", "", 512);
        assertThat(client.call("OBJECT", "ENCODING", "s")).isEqualTo("$6|intset");
        client.call("SADD", "s", "512");
        assertThat(client.call("OBJECT", "ENCODING", "s")).isEqualTo("$9|hashtable");
        fill("t", "m", 128);
        assertThat(client.call("OBJECT", "ENCODING", "t")).isEqualTo("$8|listpack");
        client.call("SADD", "t", "x");
        assertThat(client.call("OBJECT", "ENCODING", "t")).isEqualTo("$9|hashtable");
    }

    @Test
    void whatSeveralSetsHaveInCommonOrNotIsFoundOnAnyShards() {
        Set<String> all = fill("a", "", 1000);
        fill("b", "", 300);
        fill("c", "", 600);
        fill("d", "m", 5);
        assertThat(members("SINTER", "a", "b", "c")).isEqualTo(members("SMEMBERS", "b"));
        assertThat(members("SINTER", "a", "b", "none")).isEmpty();
        assertThat(members("SUNION", "b", "c", "a", "none")).isEqualTo(all);
        assertThat(members("SDIFF", "c", "b")).hasSize(300).contains("300", "599").doesNotContain("299");
        assertThat(client.call("SUNIONSTORE", "e", "a", "d")).isEqualTo(":1005");
        assertThat(members("SMEMBERS", "e")).hasSize(1005).containsAll(all).contains("m4");
        assertThat(client.call("SDIFFSTORE", "e", "e", "a")).isEqualTo(":5");
        assertThat(members("SMEMBERS", "e")).isEqualTo(members("SMEMBERS", "d"));
        assertThat(client.call("SINTERSTORE", "e", "e", "a")).isEqualTo(":0");
        assertThat(client.call("EXISTS", "e")).isEqualTo(":0");
        client.call("SET", "s", "x");
        assertThat(client.call("SINTER", "a", "b", "s")).isEqualTo(WRONG_TYPE);
        assertThat(client.call("SUNIONSTORE", "e", "a", "s")).isEqualTo(WRONG_TYPE);
        assertThat(client.call("EXISTS", "e")).isEqualTo(":0");
    }

    private Set<String> members(String... command) {
        return new HashSet<>(HashCommandsTest.elements(client.call(command)));
    }

    @Test
    void aMemberIsMovedToAnyShard() {
        for (String target : List.of("b", "c", "d", "e")) {
            client.call("SADD", "a", "1", "2");
            assertThat(client.call("SMOVE", "a", target, "1")).isEqualTo(":1");
            assertThat(client.call("SMOVE", "a", target, "1")).isEqualTo(":0");
            assertThat(client.call("SMEMBERS", "a")).isEqualTo("*1|$1|2");
            assertThat(client.call("SMEMBERS", target)).isEqualTo("*1|$1|1");
        }
    }

    @Test
    void everyMemberIsPoppedOnce() {
        for (String prefix : List.of("", "m")) {
            for (int members : new int[]{1, 100, 2000}) {
                Set<String> left = fill("s", prefix, members);
                for (int i = 0; i < members / 2; i++) {
                    assertThat(left.remove(HashCommandsTest.elements("*1|" + client.call("SPOP", "s")).getFirst()))
                            .isTrue();
                }
                List<String> many = HashCommandsTest.elements(client.call("SPOP", "s", "10"));
                assertThat(many).hasSize(Math.min(10, left.size()));
                many.forEach(each -> assertThat(left.remove(each)).isTrue());
                assertThat(client.call("SCARD", "s")).isEqualTo(":" + left.size());
                List<String> rest = HashCommandsTest.elements(client.call("SPOP", "s", "100000"));
                assertThat(rest).containsExactlyInAnyOrderElementsOf(left);
                assertThat(client.call("EXISTS", "s")).isEqualTo(":0");
            }
        }
        assertThat(client.call("SPOP", "s")).isEqualTo("$-1");
    }

    @Test
    void membersAreDrawnByChance() {
        for (String prefix : List.of("", "m")) {
            for (int members : new int[]{1, 100, 2000}) {
                client.call("DEL", "s");
                Set<String> all = fill("s", prefix, members);
                for (int count : new int[]{1, members / 4, members - 1, members, members + 1}) {
                    List<String> drawn = HashCommandsTest
                            .elements(client.call("SRANDMEMBER", "s", Integer.toString(count)));
                    assertThat(drawn).hasSize(Math.min(count, members)).doesNotHaveDuplicates().isSubsetOf(all);
                }
                assertThat(HashCommandsTest.elements(client.call("SRANDMEMBER", "s", "-300"))).hasSize(300)
                        .isSubsetOf(all);
                assertThat(all).contains(HashCommandsTest.elements("*1|" + client.call("SRANDMEMBER", "s")).getFirst());
                assertThat(client.call("SCARD", "s")).isEqualTo(":" + members);
            }
        }
        assertThat(client.call("SRANDMEMBER", "s", "-1048577")).isEqualTo("-ERR value is out of range");
    }

    @Test
    void aScanTellsEveryMember() {
        for (String prefix : List.of("", "m")) {
            for (int members : new int[]{1, 100, 2000}) {
                client.call("DEL", "s");
                Set<String> all = fill("s", prefix, members);
                Set<String> seen = new HashSet<>();
                String cursor = "0";
                do {
                    String[] parts = client.call("SSCAN", "s", cursor, "COUNT", "50").split("\\|", 4);
                    cursor = parts[2];
                    seen.addAll(HashCommandsTest.elements(parts[3]));
                } while (!cursor.equals("0"));
                assertThat(seen).isEqualTo(all);
            }
        }
    }
}
