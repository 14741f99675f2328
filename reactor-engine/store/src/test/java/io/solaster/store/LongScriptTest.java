package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.function.Predicate;

import io.solaster.store.script.NeedsLua;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scripts that take long, or never end: others are served beside them, and refused once that is too much. */
@NeedsLua
class LongScriptTest extends OwnStoreTest {
    private static final String BUSY = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

    private RespClient running;
    private RespClient other;

    @BeforeEach
    void connect() {
        running = fixture.connect();
        other = fixture.connect();
        other.call("FLUSHALL");
    }

    @AfterEach
    void end() {
        until(reply -> !reply.equals(BUSY), "CONFIG", "SET", "busy-reply-threshold", "5000");
        running.close();
        other.close();
    }

    private String until(Predicate<String> condition, String... command) {
        long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        String last = other.call(command);
        while (!condition.test(last)) {
            assertThat(System.nanoTime() - end).as("in time, after %s", last).isNegative();
            Thread.onSpinWait();
            last = other.call(command);
        }
        return last;
    }

    @ParameterizedTest
    @ValueSource(strings = {"while true do end", "while true do redis.call('PING') end",
            "local f = function() while 1 do redis.call('ping') end end while 1 do pcall(f) end",
            "while true do pcall(error, 'x') end", "coroutine.wrap(function() while true do end end)()",
            "local function f() pcall(f) while true do end end f()", "while true do redis.call('GET', KEYS[1]) end"})
    void isKilled(String script) {
        assertThat(other.call("CONFIG", "SET", "busy-reply-threshold", "10")).isEqualTo("+OK");
        running.send("EVAL", script, "1", "key");
        until(BUSY::equals, "PING");
        assertThat(other.call("GET", "other")).isEqualTo(BUSY);
        assertThat(other.call("SCRIPT", "KILL")).isEqualTo("+OK");
        assertThat(running.reply()).startsWith("-ERR Script killed by user with SCRIPT KILL...");
        assertThat(until(reply -> !reply.equals(BUSY), "PING")).isEqualTo("+PONG");
        assertThat(other.call("SCRIPT", "KILL")).isEqualTo("-NOTBUSY No scripts in execution right now.");
        assertThat(other.call("SET", "key", "1")).isEqualTo("+OK");
    }

    @Test
    void isKilledOverShards() {
        assertThat(other.call("CONFIG", "SET", "lua-time-limit", "10")).isEqualTo("+OK");
        running.send("EVAL", "while true do for i = 1, #KEYS do redis.call('GET', KEYS[i]) end end", "4", "a", "b", "c",
                "d");
        until(BUSY::equals, "PING");
        assertThat(other.call("SCRIPT", "KILL")).isEqualTo("+OK");
        assertThat(running.reply()).startsWith("-ERR Script killed by user");
        until(reply -> !reply.equals(BUSY), "PING");
        assertThat(other.call("MSET", "a", "1", "b", "2", "c", "3", "d", "4")).isEqualTo("+OK");
    }

    @Test
    void isNotKilledOnceItHasWritten() {
        assertThat(other.call("CONFIG", "SET", "busy-reply-threshold", "10")).isEqualTo("+OK");
        try (RespClient subscriber = fixture.connect()) {
            subscriber.call("PSUBSCRIBE", "until*");
            // It goes on until the subscriber is gone.
            running.send("EVAL", "redis.call('SET', KEYS[1], 'begun') "
                    + "while redis.call('PUBSUB', 'NUMPAT') > 0 do end "
                    + "redis.call('SET', KEYS[1], 'ended') return redis.call('GET', KEYS[1])", "1", "key");
            until(BUSY::equals, "PING");
            assertThat(other.call("SCRIPT", "KILL")).startsWith("-UNKILLABLE");
        }
        assertThat(running.reply()).isEqualTo("$5|ended");
        until(reply -> !reply.equals(BUSY), "PING");
        assertThat(other.call("GET", "key")).isEqualTo("$5|ended");
    }

    @Test
    void isOneStepForThoseBesideIt() {
        running.send("EVAL",
                "redis.call('SET', KEYS[1], 'half') for i = 1, 3e6 do end redis.call('SET', KEYS[1], 'whole')"
                        + " return 'done'",
                "1", "key");
        assertThat(until(reply -> !reply.equals("$-1"), "GET", "key")).isEqualTo("$5|whole");
        assertThat(running.reply()).isEqualTo("$4|done");
    }

    @Test
    void goesOnWithoutItsClient() {
        running.send("EVAL",
                "redis.call('SET', KEYS[1], 'half') for i = 1, 3e6 do end redis.call('SET', KEYS[1], 'whole')",
                "1", "key");
        running.close();
        assertThat(until(reply -> !reply.equals("$-1"), "GET", "key")).isEqualTo("$5|whole");
    }

    @ParameterizedTest
    @ValueSource(strings = {"table.sort({3, 1, 2}, function() while true do end end)",
            "string.gsub('abc', '.', function() while true do end end)",
            "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
            "for x in function() while true do end end do end",
            "string.gsub('abc', '.', function() while true do pcall(function() while true do end end) end end)"})
    void isStoppedWhereItCannotLeaveOff(String script) {
        assertThat(other.call("CONFIG", "SET", "busy-reply-threshold", "50")).isEqualTo("+OK");
        assertThat(running.call("EVAL", script, "0")).startsWith("-ERR script stopped after 50 ms");
        assertThat(until(reply -> !reply.equals(BUSY), "PING")).isEqualTo("+PONG");
    }
}
