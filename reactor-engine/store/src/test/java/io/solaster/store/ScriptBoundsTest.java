package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What scripts may not exceed, and what one does not leave to the next. */
class ScriptBoundsTest {
    private static StoreFixture fixture;

    private RespClient client;

    @BeforeAll
    static void start() {
        fixture = StoreFixture.patient(2);
    }

    @AfterAll
    static void stop() {
        fixture.engine().close();
    }

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
    void writesALargeReply() {
        client.send("EVAL", "local t = {} for i = 1, 10000 do t[i] = i end return {#t, t}", "0");
        assertThat(client.reply()).startsWith("*2|:10000|*10000|:1|:2");
    }
}
