package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands on sorted sets do by chance, in an order of their own, or as later versions of Redis do it. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class SortedSetCommandsTest extends ClientTest {
    private static final Pattern MEMBER = Pattern.compile("\\|m(\\d+)");

    private void fill(int members) {
        for (int from = 0; from < members; from += 100) {
            List<String> words = new ArrayList<>(List.of("ZADD", "z"));
            for (int i = from; i < Math.min(members, from + 100); i++) {
                words.add(Integer.toString(i));
                words.add("m" + i);
            }
            client.call(words.toArray(String[]::new));
        }
    }

    private static List<String> members(String reply) {
        List<String> members = new ArrayList<>();
        Matcher matcher = MEMBER.matcher(reply);
        while (matcher.find()) {
            members.add(matcher.group(1));
        }
        return members;
    }

    @Test
    void membersStandInTheOrderOfTheirScores() {
        assertThat(client.call("ZADD", "z", "2", "b", "1", "a", "2.5", "c", "2", "7")).isEqualTo(":4");
        assertThat(client.call("ZRANGE", "z", "0", "-1", "WITHSCORES"))
                .isEqualTo("*8|$1|a|$1|1|$1|7|$1|2|$1|b|$1|2|$1|c|$3|2.5");
        assertThat(client.call("TYPE", "z")).isEqualTo("+zset");
        assertThat(client.call("ZADD", "z", "XX", "CH", "9", "a")).isEqualTo(":1");
        assertThat(client.call("ZINCRBY", "z", "1.1", "b")).isEqualTo("$18|3.1000000000000001");
        assertThat(client.call("ZREVRANGEBYSCORE", "z", "+inf", "(2.5", "LIMIT", "0", "2")).isEqualTo("*2|$1|a|$1|b");
        assertThat(client.call("ZCOUNT", "z", "2", "3")).isEqualTo(":2");
        assertThat(client.call("ZPOPMIN", "z")).isEqualTo("*2|$1|7|$1|2");
        assertThat(client.call("ZREM", "z", "a", "b", "c")).isEqualTo(":3");
        assertThat(client.call("EXISTS", "z")).isEqualTo(":0");
        client.call("SET", "s", "x");
        assertThat(client.call("ZADD", "s", "1", "a"))
                .isEqualTo("-WRONGTYPE Operation against a key holding the wrong kind of value");
    }

    @Test
    void rangesWithoutMembersAreEmptyHoweverLargeTheirNumbersAre() {
        String most = Long.toString(Long.MAX_VALUE);
        String least = Long.toString(Long.MIN_VALUE);
        for (int members : new int[]{5, 3000}) {
            client.call("DEL", "z");
            fill(members);
            for (String offset : List.of("0", "1", most)) {
                String[] limit = {"LIMIT", offset, "100000"};
                assertEmpty(limit, "ZRANGEBYSCORE", "z", "10000", "-1");
                assertEmpty(limit, "ZREVRANGEBYSCORE", "z", "-1", "10000");
                assertEmpty(limit, "ZRANGE", "z", "10000", "-1", "BYSCORE");
                assertEmpty(limit, "ZRANGE", "z", "-1", "10000", "BYSCORE", "REV");
                assertEmpty(limit, "ZRANGEBYLEX", "z", "+", "-");
                assertEmpty(limit, "ZREVRANGEBYLEX", "z", "-", "+");
                assertEmpty(limit, "ZRANGE", "z", "+", "-", "BYLEX");
                assertEmpty(limit, "ZRANGE", "z", "-", "+", "BYLEX", "REV");
            }
            assertEmpty(new String[]{"LIMIT", most, most}, "ZRANGEBYSCORE", "z", "-inf", "+inf");
            assertEmpty(new String[0], "ZRANGE", "z", most, least);
            assertEmpty(new String[0], "ZREVRANGE", "z", most, least);
            assertThat(client.call("ZREMRANGEBYRANK", "z", most, least)).isEqualTo(":0");
            assertThat(client.call("ZCARD", "z")).isEqualTo(":" + members);
        }
    }

    private void assertEmpty(String[] options, String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of(options));
        assertThat(client.call(all.toArray(String[]::new))).as(all.toString()).isEqualTo("*0");
    }

    @Test
    void ranksAreAnsweredWithScoresToo() {
        client.call("ZADD", "z", "1", "a", "2.5", "b");
        assertThat(client.call("ZRANK", "z", "b", "WITHSCORE")).isEqualTo("*2|:1|$3|2.5");
        assertThat(client.call("ZREVRANK", "z", "b", "withscore")).isEqualTo("*2|:0|$3|2.5");
        assertThat(client.call("ZRANK", "z", "x", "WITHSCORE")).isEqualTo("*-1");
        assertThat(client.call("ZRANK", "z", "b", "foo")).isEqualTo("-ERR syntax error");
        assertThat(client.call("ZRANK", "z", "b", "WITHSCORE", "x"))
                .isEqualTo("-ERR wrong number of arguments for 'zrank' command");
    }

    @Test
    void membersAreDrawnByChance() {
        for (int members : new int[]{20, 1000}) {
            client.call("DEL", "z");
            fill(members);
            Set<String> seen = new HashSet<>();
            for (int i = 0; i < 50; i++) {
                seen.addAll(members(client.call("ZRANDMEMBER", "z")));
            }
            assertThat(seen).hasSizeGreaterThan(3);
            for (int count : new int[]{5, 15}) {
                assertThat(members(client.call("ZRANDMEMBER", "z", Integer.toString(count)))).hasSize(count)
                        .doesNotHaveDuplicates();
            }
            assertThat(members(client.call("ZRANDMEMBER", "z", "-2000"))).hasSize(2000);
            assertThat(members(client.call("ZRANDMEMBER", "z", "10", "WITHSCORES"))).hasSize(10);
            assertThat(members(client.call("ZRANDMEMBER", "z", "100000"))).hasSize(members).doesNotHaveDuplicates();
        }
    }

    @Test
    void everyMemberIsScanned() {
        for (int members : new int[]{20, 1000}) {
            client.call("DEL", "z");
            fill(members);
            Set<String> seen = new HashSet<>();
            String cursor = "0";
            do {
                String reply = client.call("ZSCAN", "z", cursor, "COUNT", "7");
                seen.addAll(members(reply));
                cursor = reply.split("\\|", -1)[2];
            } while (!cursor.equals("0"));
            assertThat(seen).hasSize(members);
        }
    }

    @Test
    void aLargeSetIsTakenApart() {
        fill(3000);
        assertThat(client.call("ZRANGE", "z", "1500", "1501")).isEqualTo("*2|$5|m1500|$5|m1501");
        assertThat(client.call("ZRANK", "z", "m2345")).isEqualTo(":2345");
        assertThat(client.call("ZREMRANGEBYSCORE", "z", "(999", "1999")).isEqualTo(":1000");
        assertThat(client.call("ZREMRANGEBYRANK", "z", "0", "-3")).isEqualTo(":1998");
        assertThat(client.call("ZPOPMAX", "z", "5")).isEqualTo("*4|$5|m2999|$4|2999|$5|m2998|$4|2998");
        assertThat(client.call("EXISTS", "z")).isEqualTo(":0");
    }
}
