package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

import io.solaster.store.script.NeedsLua;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scripts as applications use them, and those that mean harm. */
@NeedsLua
class ScriptTest extends OwnStoreTest {
    private static final String LIMITER = """
            local key = KEYS[1]
            local limit = tonumber(ARGV[1])
            local window = tonumber(ARGV[2])
            local count = redis.call('INCR', key)
            if count == 1 then
                redis.call('PEXPIRE', key, window)
            end
            if count > limit then
                return {0, redis.call('PTTL', key) > 0 and 1 or 0}
            end
            return {1, limit - count}
            """;
    /** A lock that its owner may take again, held in a hash by how often. */
    private static final String LOCK = """
            if redis.call('exists', KEYS[1]) == 0 or redis.call('hexists', KEYS[1], ARGV[2]) == 1 then
                redis.call('hincrby', KEYS[1], ARGV[2], 1)
                redis.call('pexpire', KEYS[1], ARGV[1])
                return nil
            end
            return redis.call('pttl', KEYS[1])
            """;
    private static final String UNLOCK = """
            if redis.call('hexists', KEYS[1], ARGV[2]) == 0 then
                return nil
            end
            local counter = redis.call('hincrby', KEYS[1], ARGV[2], -1)
            if counter > 0 then
                redis.call('pexpire', KEYS[1], ARGV[1])
                return 0
            end
            redis.call('del', KEYS[1])
            return 1
            """;

    private RespClient client;

    @BeforeEach
    void connect() {
        client = fixture.connect();
        client.call("FLUSHALL");
    }

    @AfterEach
    void close() {
        client.close();
    }

    private String eval(String script, String... keysAndArguments) {
        String[] command = new String[keysAndArguments.length + 2];
        command[0] = "EVAL";
        command[1] = script;
        System.arraycopy(keysAndArguments, 0, command, 2, keysAndArguments.length);
        return client.call(command);
    }

    @Test
    void limitsARate() {
        for (String key : List.of("a", "b", "c", "d")) {
            assertThat(eval(LIMITER, "1", key, "2", "60000")).isEqualTo("*2|:1|:1");
            assertThat(eval(LIMITER, "1", key, "2", "60000")).isEqualTo("*2|:1|:0");
            assertThat(eval(LIMITER, "1", key, "2", "60000")).isEqualTo("*2|:0|:1");
        }
    }

    @Test
    void locksAsOftenAsItsOwnerAsks() {
        assertThat(eval(LOCK, "1", "lock", "60000", "me")).isEqualTo("$-1");
        assertThat(eval(LOCK, "1", "lock", "60000", "me")).isEqualTo("$-1");
        assertThat(eval(LOCK, "1", "lock", "60000", "you")).startsWith(":");
        assertThat(eval(UNLOCK, "1", "lock", "60000", "you")).isEqualTo("$-1");
        assertThat(eval(UNLOCK, "1", "lock", "60000", "me")).isEqualTo(":0");
        assertThat(eval(UNLOCK, "1", "lock", "60000", "me")).isEqualTo(":1");
        assertThat(eval(LOCK, "1", "lock", "60000", "you")).isEqualTo("$-1");
    }

    @Test
    void remembersAScriptOnAllShards() {
        String sha = client.call("SCRIPT", "LOAD", "return KEYS[1]").substring(4);
        for (String key : List.of("a", "b", "c", "d")) {
            assertThat(client.call("EVALSHA", sha, "1", key)).isEqualTo("$1|" + key);
        }
        assertThat(client.call("SCRIPT", "FLUSH")).isEqualTo("+OK");
        for (String key : List.of("a", "b", "c", "d")) {
            assertThat(client.call("EVALSHA", sha, "1", key)).startsWith("-NOSCRIPT");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"return #string.rep('x', 1000000000)", "local s = 'x' while true do s = s .. s end",
            "local s = 'x' for i = 1, 40 do s = s .. s .. s .. s end return #s",
            "local t = {} for i = 1, 1e9 do t[i] = i .. 'x' end", "local t = {} while true do t = {t} end",
            "return #table.concat({string.rep('x', 30000000), string.rep('y', 30000000), string.rep('z', 30000000)})",
            "local t = {} for i = 1, 25 do t = {t, t} end return cjson.encode(t)",
            "return #cjson.decode('[' .. string.rep('[],', 10000000) .. '1]')"})
    void refusesAScriptMoreMemoryThanItMayHave(String script) {
        assertThat(eval(script, "0")).startsWith("-ERR").contains("memory");
        assertThat(eval("return 1", "0")).isEqualTo(":1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"local function f() return 1 + f() end return f()",
            "local function f() return pcall(f) end return f()",
            "local function f() local t = setmetatable({}, {__index = function(t, k) return f() end}) return t.x end f()",
            "local function f() coroutine.wrap(f)() end f()",
            "return loadstring('return ' .. string.rep('(', 10000) .. '1' .. string.rep(')', 10000))()",
            "return string.find(string.rep('a', 100000), string.rep('a?', 100000))",
            "local t = {} t[1] = t return cjson.encode(t)", "return unpack({}, 1, 1e9)",
            "return string.format('%99999d', 1)", "local t = {} t[1] = t return t",
            "return cjson.decode(string.rep('[', 100000))", "return cmsgpack.unpack(string.rep('\\145', 1000000))",
            "return cmsgpack.unpack(string.rep('\\1', 1000000))"})
    void survivesAScriptThatGoesDeep(String script) {
        assertThat(eval(script, "0")).isNotEmpty();
        assertThat(eval("return 1", "0")).isEqualTo(":1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"string.byte = nil", "getmetatable('').__index = nil", "getmetatable(_G).__index = nil",
            "rawset(_G, 'x', 1)", "table.insert(redis, 1)", "table.sort(string)", "_G.x = 1",
            "local p = pairs(redis) p.call = 1", "setmetatable(string, {})", "setmetatable('', {})"})
    void letsNoScriptChangeWhatOthersUse(String script) {
        eval(script, "0");
        assertThat(eval(
                "return {string.byte('a'), ('a'):byte(), rawget(_G, 'x') == nil and 1 or 0, #redis, type(redis.call)}",
                "0")).isEqualTo("*5|:97|:97|:1|:0|$8|function");
    }

    @Test
    void namesTheKeyThatLiesElsewhereAndWasNotDeclared() {
        List<String> replies = List.of(eval("return redis.call('SET', ARGV[1], 'v')", "1", "a", "b"),
                eval("return redis.call('SET', ARGV[1], 'v')", "1", "a", "c"),
                eval("return redis.call('SET', ARGV[1], 'v')", "1", "a", "{a}b"));
        assertThat(replies.get(2)).isEqualTo("+OK");
        assertThat(replies.subList(0, 2))
                .anySatisfy(reply -> assertThat(reply).startsWith("-ERR Script attempted to access"
                        + " the key '").contains("declare"));
    }

    @Test
    void runsAScriptOverShardsAsOneStep() {
        String script = """
                local sum = 0
                for i, key in ipairs(KEYS) do
                    redis.call('SET', key, i)
                end
                local ok, problem = pcall(redis.call, 'INCR', KEYS[1], 'x')
                for i, value in ipairs(redis.call('MGET', unpack(KEYS))) do
                    sum = sum + tonumber(value)
                end
                local failed = redis.pcall('LPUSH', KEYS[2], 1)
                local nested = {pcall(function() return redis.call('GET', KEYS[3]) end)}
                return {sum, ok and 1 or 0, failed.err, nested[2], redis.call('DEL', unpack(KEYS))}
                """;
        for (int i = 0; i < 3; i++) {
            assertThat(eval(script, "4", "a", "b", "c", "d"))
                    .isEqualTo("*5|:10|:0|$65|WRONGTYPE Operation against a key"
                            + " holding the wrong kind of value|$1|3|:4");
        }
        assertThat(eval("redis.call('SET', KEYS[1], 'x') redis.call('SET', KEYS[2], 'x') redis.call('INCR', KEYS[2])"
                + " return 1", "4", "a", "b", "c", "d"))
                .matches("-ERR value is not an integer or out of range script: [0-9a-f]{40}, on @user_script:1\\.");
        assertThat(client.call("MGET", "a", "b")).isEqualTo("*2|$1|x|$1|x");
        assertThat(eval("return redis.call('GET', 'e{x}')", "2", "a", "b"))
                .startsWith("-ERR Script attempted to access");
        assertThat(client.call("DEL", "a", "b")).isEqualTo(":2");
    }

    @Test
    void findsAllKeysForAScriptThatNamesNone() {
        assertThat(eval("for i = 1, 20 do redis.call('SET', 'key' .. i, i) end return redis.call('DBSIZE')", "0"))
                .isEqualTo(":20");
        assertThat(eval("return redis.call('MGET', 'key1', 'key2', 'key3', 'none')", "0"))
                .isEqualTo("*4|$1|1|$1|2|$1|3|$-1");
        assertThat(eval("redis.call('FLUSHALL') return redis.call('DBSIZE')", "0")).isEqualTo(":0");
    }

    @Test
    void keepsItsOrderWithWhatStandsAroundIt() {
        for (int i = 0; i < 20; i++) {
            client.send("SET", "a" + i, "1").send("SET", "b" + i, "2")
                    .send("EVAL", "return {redis.call('GET', KEYS[1]), redis.call('GETDEL', KEYS[2])}", "2", "a" + i,
                            "b" + i)
                    .send("GET", "b" + i).send("EVAL", "return redis.call('INCR', KEYS[1])", "1", "a" + i)
                    .send("GET", "a" + i);
        }
        for (int i = 0; i < 20; i++) {
            assertThat(List.of(client.reply(), client.reply(), client.reply(), client.reply(), client.reply(),
                    client.reply())).containsExactly("+OK", "+OK", "*2|$1|1|$1|2", "$-1", ":2", "$1|2");
        }
    }

    @Test
    void tellsWhatScriptsTake() {
        client.call("SCRIPT", "FLUSH");
        for (int i = 0; i < 10; i++) {
            client.call("SCRIPT", "LOAD", "return " + i);
        }
        assertThat(client.call("INFO", "memory")).contains("number_of_cached_scripts:10|")
                .contains("|used_memory_lua:");
    }

    @Test
    void runsWithinATransaction() {
        String key = "k";
        client.call("MULTI");
        assertThat(eval("return redis.call('INCR', KEYS[1])", "1", key)).isEqualTo("+QUEUED");
        client.call("INCR", key);
        assertThat(eval("return redis.call('INCR', 'x')", "2", "a", "b")).isEqualTo("+QUEUED");
        assertThat(client.call("EXEC")).startsWith("*3|:1|:2|-");
    }

    @Test
    void keepsNothingOfAScriptForTheNext() {
        assertThat(eval("KEYS[1] = 'changed' return #ARGV", "1", "a", "x", "y")).isEqualTo(":2");
        assertThat(eval("return {#KEYS, #ARGV}", "0")).isEqualTo("*2|:0|:0");
    }

    @Test
    void tellsWhereAScriptHasFailed() {
        assertThat(eval("\n\nreturn redis.call('INCR', KEYS[1], 'x')", "1", "a"))
                .matches("-ERR Wrong number of args calling Redis command from script script: [0-9a-f]{40},"
                        + " on @user_script:3\\.");
        assertThat(eval("local t = nil\nreturn t.x", "0"))
                .contains("user_script:2: attempt to index local 't' (a nil value)");
    }
}
