package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.StoreConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.collection.Workspace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands on several large sets, and those that sort, which take more than a turn and more memory than there may be. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class AlgebraCommandsTest extends ClientTest {
    private static final int MEMBERS = 20_000;

    private static void fill(RespClient client, String command, String key, int from, int to) {
        for (int i = from; i < to; i += 1000) {
            List<String> words = new ArrayList<>(List.of(command, key));
            for (int member = i; member < Math.min(to, i + 1000); member++) {
                if (command.equals("ZADD")) {
                    words.add(Integer.toString(member));
                }
                words.add("m" + member);
            }
            client.call(words.toArray(String[]::new));
        }
    }

    private long gathered() {
        return StoreFixture.parts(store.store()).sharded()
                .onAll(part -> part.shard().memory().budget().account(Workspace.ACCOUNT).used()).join().stream()
                .mapToLong(Long::longValue).sum();
    }

    private void assertNothingIsGathered() {
        StoreFixture.await("all memory is given back", () -> gathered() == 0);
    }

    @Test
    void largeSetsAreCombined() {
        fill(client, "SADD", "a", 0, MEMBERS);
        fill(client, "SADD", "b", MEMBERS / 2, 2 * MEMBERS);
        assertThat(client.call("SINTERCARD", "2", "a", "b")).isEqualTo(":" + MEMBERS / 2);
        assertThat(client.call("SUNIONSTORE", "d", "a", "b")).isEqualTo(":" + 2 * MEMBERS);
        assertThat(client.call("SCARD", "d")).isEqualTo(":" + 2 * MEMBERS);
        assertThat(client.call("SDIFFSTORE", "d", "a", "b")).isEqualTo(":" + MEMBERS / 2);
        assertThat(client.call("SISMEMBER", "d", "m1")).isEqualTo(":1");
        assertThat(client.call("SISMEMBER", "d", "m" + (MEMBERS - 1))).isEqualTo(":0");
        assertThat(client.call("SINTERSTORE", "a", "a", "b")).isEqualTo(":" + MEMBERS / 2);
        assertThat(client.call("SUNION", "a", "b")).startsWith("*" + 3 * MEMBERS / 2 + "|");
        assertNothingIsGathered();
    }

    @Test
    void largeSortedSetsAreCombined() {
        fill(client, "ZADD", "a", 0, MEMBERS);
        fill(client, "ZADD", "b", MEMBERS / 2, 2 * MEMBERS);
        assertThat(client.call("ZINTERCARD", "2", "a", "b", "LIMIT", "5000")).isEqualTo(":5000");
        assertThat(client.call("ZUNIONSTORE", "d", "2", "a", "b", "WEIGHTS", "1", "2")).isEqualTo(":" + 2 * MEMBERS);
        assertThat(client.call("ZSCORE", "d", "m15000")).isEqualTo("$5|45000");
        assertThat(client.call("ZRANGE", "d", "0", "1")).isEqualTo("*2|$2|m0|$2|m1");
        assertThat(client.call("ZDIFFSTORE", "d", "2", "a", "b")).isEqualTo(":" + MEMBERS / 2);
        assertThat(client.call("ZINTER", "2", "a", "b", "WITHSCORES"))
                .startsWith("*" + MEMBERS + "|$6|m10000|$5|20000|$6|m10001|$5|20002|");
        assertThat(client.call("ZRANGESTORE", "d", "b", "0", "-1", "REV")).isEqualTo(":" + 3 * MEMBERS / 2);
        assertThat(client.call("ZRANGE", "d", "-1", "-1")).isEqualTo("*1|$6|m39999");
        assertNothingIsGathered();
    }

    @Test
    void manyElementsAreSorted() {
        for (int from = 0; from < MEMBERS; from += 1000) {
            List<String> words = new ArrayList<>(List.of("RPUSH", "l"));
            List<String> weights = new ArrayList<>(List.of("MSET"));
            for (int i = from; i < from + 1000; i++) {
                words.add(Integer.toString(i * 7919 % MEMBERS));
                weights.addAll(List.of("w" + i, Integer.toString(-i)));
            }
            client.call(words.toArray(String[]::new));
            client.call(weights.toArray(String[]::new));
        }
        assertThat(client.call("SORT", "l", "LIMIT", "12345", "3")).isEqualTo("*3|$5|12345|$5|12346|$5|12347");
        assertThat(client.call("SORT", "l", "BY", "w*", "LIMIT", "0", "2", "GET", "#", "GET", "w*"))
                .isEqualTo("*4|$5|19999|$6|-19999|$5|19998|$6|-19998");
        assertThat(client.call("SORT", "l", "BY", "w*", "GET", "w*", "STORE", "d")).isEqualTo(":" + MEMBERS);
        assertThat(client.call("LRANGE", "d", "-2", "-1")).isEqualTo("*2|$2|-1|$1|0");
        assertThat(client.call("SORT", "l", "DESC")).startsWith("*" + MEMBERS + "|$5|19999|$5|19998|");
        assertNothingIsGathered();
    }

    /** Sorting leaves off too, once all members are there. */
    @Test
    void manyMembersAreSorted() {
        fill(client, "SADD", "s", 0, MEMBERS);
        fill(client, "ZADD", "z", 0, MEMBERS);
        for (String key : List.of("s", "z")) {
            assertThat(client.call("SORT", key, "ALPHA", "LIMIT", "0", "3")).isEqualTo("*3|$2|m0|$2|m1|$3|m10");
            assertThat(client.call("SORT", key, "ALPHA", "STORE", "d")).isEqualTo(":" + MEMBERS);
            assertThat(client.call("LRANGE", "d", "-1", "-1")).isEqualTo("*1|$5|m9999");
        }
        assertNothingIsGathered();
    }

    @Test
    void whatGathersTooMuchIsRefusedAndChangesNothing() {
        StoreConfig config = StoreConfig.defaults().withMaxGathered(ByteSize.valueOf("100KB"));
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(shards).withPinning(Pinning.NEVER))) {
            Store small = Store.on(engine, config);
            try (TcpServer server = TcpServer.bind(engine, "kv", StoreFixture.config(),
                    new RespProtocol(small, StoreFixture.config()));
                    RespClient other = new RespClient(server.port())) {
                fill(other, "SADD", "a", 0, MEMBERS);
                fill(other, "SADD", "b", 0, 10);
                fill(other, "ZADD", "z", 0, MEMBERS);
                other.call("SET", "d", "v");
                for (String[] command : new String[][]{{"SUNIONSTORE", "d", "a", "b"}, {"SUNION", "a", "b"},
                        {"ZUNIONSTORE", "d", "2", "a", "z"}, {"ZRANGESTORE", "d", "z", "0", "-1"},
                        {"SDIFFSTORE", "d", "a", "b"}, {"SORT", "a", "ALPHA", "STORE", "d"}}) {
                    assertThat(other.call(command)).as(command[0])
                            .startsWith(
                                    "-OOM command not allowed: it would gather more than 102400 bytes on one shard");
                }
                assertThat(other.call("GET", "d")).isEqualTo("$1|v");
                // What is asked of few members is done.
                assertThat(other.call("SINTERSTORE", "d", "b", "b")).isEqualTo(":10");
            }
        }
    }
}
