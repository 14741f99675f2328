package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import io.solaster.store.script.NeedsLua;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What scripts may not exceed, and what one does not leave to the next. */
@NeedsLua
class ScriptBoundsTest extends OwnStoreTest {
    private RespClient client;

    @BeforeEach
    void connect() {
        client = fixture.connect();
    }

    @AfterEach
    void close() {
        client.close();
    }

    private String eval(String script) {
        return client.call("EVAL", script, "0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"local t = {} for i = 1, 40 do t = {t, t} end return t",
            "local s, t = string.rep('x', 1e6), {} for i = 1, 100 do t[i] = s end return t",
            "local t = {1} for i = 1, 40 do t = {map = {a = t, b = t}} end return t"})
    void refusesAReplyThatIsTooLong(String script) {
        assertThat(eval(script)).startsWith("-ERR the reply of the script is too long");
        assertThat(eval("return {1, {2}}")).isEqualTo("*2|:1|*1|:2");
    }

    @Test
    void leavesNoResultsToTheNextScript() {
        assertThat(client.call("CONFIG", "SET", "busy-reply-threshold", "10")).isEqualTo("+OK");
        String endless = "pcall(function() table.sort({3, 1, 2}, function() while true do end end) end) return 'mine'";
        assertThat(client.call("EVAL", endless, "1", "key")).startsWith("-ERR script stopped after 10 ms");
        assertThat(client.call("CONFIG", "SET", "busy-reply-threshold", "5000")).isEqualTo("+OK");
        assertThat(client.call("EVAL", "return 'other'", "1", "key")).isEqualTo("$5|other");
    }

    @Test
    void runsAnyNumberOfScripts() {
        String first = "return {KEYS[1], 0}";
        assertThat(client.call("EVAL", first, "1", "key")).isEqualTo("*2|$3|key|:0");
        int batch = 500;
        for (int from = 0; from < 10_500; from += batch) {
            for (int i = from; i < from + batch; i++) {
                client.send("EVAL", "return " + i, "1", "key");
            }
            for (int i = from; i < from + batch; i++) {
                assertThat(client.reply()).isEqualTo(":" + i);
            }
        }
        assertThat(client.call("EVAL", first, "1", "key")).isEqualTo("*2|$3|key|:0");
        assertThat(client.call("SCRIPT", "FLUSH")).isEqualTo("+OK");
    }

    @Test
    void publishesOnce() {
        try (RespClient subscriber = fixture.connect()) {
            subscriber.call("SUBSCRIBE", "once");
            // How many it told counts only where the channel is at home on the shard of the script.
            assertThat(eval("redis.call('PUBLISH', 'once', 'a') "
                    + "for i = 1, 20 do redis.call('GET', 'key' .. i) end return 'told'")).isEqualTo("$4|told");
            assertThat(client.call("PUBLISH", "once", "b")).isEqualTo(":1");
            assertThat(subscriber.reply()).endsWith("|a");
            assertThat(subscriber.reply()).endsWith("|b");
        }
    }

    @Test
    void callsOtherShardsWithinAPcallThatHasYielded() {
        String script = """
                local c = coroutine.wrap(function()
                    local ok, sum = pcall(function()
                        coroutine.yield('begun')
                        for i = 1, #KEYS do redis.call('SET', KEYS[i], i) end
                        coroutine.yield('set')
                        local sum = 0
                        for i = 1, #KEYS do sum = sum + redis.call('GET', KEYS[i]) end
                        return sum
                    end)
                    return sum
                end)
                return {c(), c(), c()}
                """;
        assertThat(client.call("EVAL", script, "4", "a", "b", "c", "d"))
                .isEqualTo("*3|$5|begun|$3|set|:10");
    }

    @Test
    void protectsTheTableThatProtectsOthers() {
        assertThat(eval("local m = getmetatable(getmetatable('')) m.__index = 1 return 1"))
                .contains("Attempt to modify a readonly table");
        assertThat(eval("return rawset(getmetatable(getmetatable('')), 'x', 1)"))
                .contains("Attempt to modify a readonly table");
    }

    /** It leaves off thousands of times, each time from within threads that wait for one another. */
    @Test
    void goesOnWithinPcallHoweverOftenItHasLeftOff() {
        String script = """
                local function inner()
                    local n = 0
                    for i = 1, 1500 do
                        n = n + #redis.call('GET', KEYS[i % #KEYS + 1])
                    end
                    return n
                end
                local function outer()
                    local ok, n = pcall(inner)
                    if not ok then error(n) end
                    return n
                end
                local sum = 0
                for i = 1, 4 do
                    local ok, n = pcall(coroutine.wrap(outer))
                    if not ok then return n end
                    sum = sum + n
                end
                return sum
                """;
        assertThat(client.call("MSET", "a", "x", "b", "x", "c", "x", "d", "x")).isEqualTo("+OK");
        assertThat(client.call("EVAL", script, "4", "a", "b", "c", "d")).isEqualTo(":6000");
    }

    /** Each has a thread of its own, and more than a few of those are not kept. */
    @Test
    void keepsNothingOfScriptsThatRanBesideOthers() {
        List<String> keys = IntStream.range(0, 1000).mapToObj(i -> "key" + i)
                .filter(key -> fixture.engine().shardOf(key) == 0).limit(40).toList();
        String waits = "redis.call('PUBLISH', 'begun', '') while redis.call('PUBSUB', 'NUMSUB', 'go')[2] == 0 do end";
        String kilobytes = "collectgarbage() return math.floor(collectgarbage('count'))";
        List<RespClient> many = new ArrayList<>();
        try (RespClient told = fixture.connect(); RespClient go = fixture.connect()) {
            told.call("SUBSCRIBE", "begun");
            keys.forEach(_ -> many.add(fixture.connect()));
            long first = 0;
            for (int round = 0; round < 30; round++) {
                for (int i = 0; i < many.size(); i++) {
                    many.get(i).send("EVAL", waits, "1", keys.get(i));
                }
                keys.forEach(_ -> assertThat(told.reply()).contains("begun"));
                go.call("SUBSCRIBE", "go");
                many.forEach(each -> assertThat(each.reply()).isEqualTo("$-1"));
                go.call("UNSUBSCRIBE", "go");
                long now = Long.parseLong(client.call("EVAL", kilobytes, "1", keys.getFirst()).substring(1));
                first = round == 0 ? now : first;
                assertThat(now).as("kilobytes after round %s", round).isLessThan(first + 600);
            }
        } finally {
            many.forEach(RespClient::close);
        }
    }

    @Test
    void writesALargeReply() {
        client.send("EVAL", "local t = {} for i = 1, 10000 do t[i] = i end return {#t, t}", "0");
        assertThat(client.reply()).startsWith("*2|:10000|*10000|:1|:2");
    }
}
