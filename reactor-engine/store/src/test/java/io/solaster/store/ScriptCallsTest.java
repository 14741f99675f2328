package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.solaster.store.command.CommandTable;
import io.solaster.store.script.NeedsLua;
import io.solaster.store.shard.Command;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What scripts call that asks all shards, or tells others something. */
@NeedsLua
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class ScriptCallsTest {
    private static final String CALL = "local r = redis.pcall(unpack(ARGV)) if type(r) == 'table' and r.err then"
            + " return r.err end return 'fine'";
    private static StoreFixture[] fixtures = {};

    @Parameter
    int shards;

    private StoreFixture store;
    private RespClient client;

    @BeforeAll
    static void start() {
        fixtures = new StoreFixture[]{StoreFixture.patient(1), StoreFixture.patient(2)};
    }

    @AfterAll
    static void stop() {
        Arrays.stream(fixtures).forEach(fixture -> fixture.engine().close());
    }

    @BeforeEach
    void connect() {
        store = fixtures[shards - 1];
        client = store.connectEmpty();
    }

    @AfterEach
    void close() {
        client.close();
    }

    private static List<String> words(Command command) {
        List<String> words = new ArrayList<>(List.of(command.name().split("\\|")));
        while (words.size() < Math.abs(command.arity())) {
            words.add("1");
        }
        return words;
    }

    private static String[] eval(List<String> called, String... keys) {
        List<String> words = new ArrayList<>(List.of("EVAL", CALL, Integer.toString(keys.length)));
        words.addAll(List.of(keys));
        words.addAll(called);
        return words.toArray(String[]::new);
    }

    /** Where it cannot be run the script is told why, by name. */
    @Test
    void everyCommandAnswers() {
        for (Command command : CommandTable.all()) {
            if (!command.has(Command.Flag.NOSCRIPT) && command.subcommands().isEmpty()) {
                List<String> words = words(command);
                assertThat(client.call(eval(words))).as("%s", words).doesNotContain("internal error");
                assertThat(client.call(eval(words, "1"))).as("%s with a key", words).doesNotContain("internal error");
                client.call("MULTI");
                client.call(eval(words));
                client.call(eval(words, "1"));
                assertThat(client.call("EXEC")).as("%s within MULTI", words).doesNotContain("internal error")
                        .startsWith("*2|");
            }
        }
        assertThat(store.store().total(stats -> stats.failures.get())).isZero();
    }

    private String script(String script, String... keysAndArguments) {
        List<String> words = new ArrayList<>(List.of("EVAL", script, Integer.toString(keysAndArguments.length)));
        words.addAll(List.of(keysAndArguments));
        return client.call(words.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "key", "a b c d"})
    void whatAllShardsAreAskedIsAnswered(String keys) {
        String[] named = keys.isEmpty() ? new String[0] : keys.split(" ");
        client.call("MSET", "a", "1", "b", "2", "c", "3");
        try (RespClient subscriber = store.connect()) {
            subscriber.call("SUBSCRIBE", "news");
            assertThat(script("return redis.call('PUBSUB', 'NUMSUB', 'news', 'other')", named))
                    .isEqualTo("*4|$4|news|:1|$5|other|:0");
            assertThat(script("return redis.call('PUBSUB', 'CHANNELS')", named)).isEqualTo("*1|$4|news");
        }
        assertThat(script("return redis.call('INFO', 'server')", named)).contains("redis_version");
        assertThat(script("return redis.call('INFO')", named)).contains("# Clients").contains("# Keyspace");
        assertThat(script("return type(redis.call('SLOWLOG', 'LEN'))", named)).isEqualTo("$6|number");
        assertThat(script("local t = redis.call('KEYS', '*') table.sort(t) return t", named))
                .isEqualTo("*3|$1|a|$1|b|$1|c");
        assertThat(script("local c, n = '0', 0 repeat local r = redis.call('SCAN', c) c, n = r[1], n + #r[2]"
                + " until c == '0' return n", named)).isEqualTo(":3");
        assertThat(script("return #redis.call('RANDOMKEY')", named)).isEqualTo(":1");
        assertThat(
                script("local ok, n = pcall(function() return redis.call('PUBSUB', 'NUMPAT') + #redis.call('KEYS', 'a')"
                        + " end) return n", named))
                .isEqualTo(":1");
    }

    @Test
    void keysAreRemovedByAPattern() {
        for (int i = 0; i < 3000; i++) {
            client.send("SET", (i % 3 == 0 ? "other" : "session") + i, "x");
        }
        for (int i = 0; i < 3000; i++) {
            assertThat(client.reply()).isEqualTo("+OK");
        }
        assertThat(script("local n = 0 for _, key in ipairs(redis.call('KEYS', 'session*')) do"
                + " n = n + redis.call('DEL', key) end return n")).isEqualTo(":2000");
        assertThat(client.call("DBSIZE")).isEqualTo(":1000");
    }

    /** It leaves off amid that, as it takes several turns. */
    @Test
    void aScriptWritesManyKeysThatItDoesNotName() {
        assertThat(script("for i = 1, 20000 do redis.call('SET', 'k' .. i, i) end return redis.call('DBSIZE')"))
                .isEqualTo(":20000");
    }

    @Test
    void whatCannotBeWaitedForSaysSo() {
        client.call("SET", "a", "1");
        String iterator = "for n in function() return redis.pcall('KEYS', '*') end do"
                + " return n.err or 'there' end";
        assertThat(script(iterator, "a")).satisfiesAnyOf(
                answer -> assertThat(answer).contains("'keys' asks all shards, and cannot be called here"),
                answer -> assertThat(answer).isEqualTo("$5|there"));
    }

    @Test
    void setsAreSortedWhereTheirOrderIsAskedFor() {
        script("return redis.call('SADD', KEYS[1], 'b', 'c', 'aa', 'a', 'd')", "set");
        assertThat(script("return redis.call('SORT', KEYS[1], 'BY', '_')", "set"))
                .isEqualTo("*5|$1|a|$2|aa|$1|b|$1|c|$1|d");
    }
}
