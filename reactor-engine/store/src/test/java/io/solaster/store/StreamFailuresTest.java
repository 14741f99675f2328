package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams whose clients, groups and clocks fail. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class StreamFailuresTest extends ClientTest {
    private static final int BATCH = 1000;

    private String call(String command) {
        return client.call(command.split(" ", -1));
    }

    private void fill(String key, int entries) {
        for (int done = 0; done < entries; done += BATCH) {
            for (int i = 0; i < BATCH; i++) {
                client.send("XADD", key, "*", "f", "v");
            }
            for (int i = 0; i < BATCH; i++) {
                client.reply();
            }
        }
    }

    @Test
    void whatAKilledConsumerHadIsClaimedByAnother() {
        call("XGROUP CREATE s g $ MKSTREAM");
        for (String keys : new String[]{"s", "s t u v"}) {
            for (String key : keys.split(" ")) {
                call("XGROUP CREATE " + key + " g $ MKSTREAM");
            }
            String ids = " >".repeat(keys.split(" ").length);
            RespClient killed = store.connect();
            killed.send(("XREADGROUP GROUP g killed BLOCK 0 STREAMS " + keys + ids).split(" "));
            StoreFixture.await("it waits", () -> call("INFO clients").contains("blocked_clients:1"));
            call("XADD s * f one");
            assertThat(killed.reply()).contains("|one");
            // It waits again, and its end is not noticed before the next entry.
            killed.send(("XREADGROUP GROUP g killed BLOCK 0 STREAMS " + keys + ids).split(" "));
            StoreFixture.await("it waits", () -> call("INFO clients").contains("blocked_clients:1"));
            killed.close();
            StoreFixture.await("nobody waits", () -> call("INFO clients").contains("blocked_clients:0"));
            call("XADD s * f two");
            assertThat(call("XREADGROUP GROUP g alive COUNT 10 STREAMS s >")).contains("|two").doesNotContain("|one");
            assertThat(call("XAUTOCLAIM s g alive 0 0")).contains("|one").contains("|two");
            assertThat(call("XPENDING s g")).startsWith("*4|:2|").endsWith("|*1|*2|$5|alive|$1|2");
            call("DEL s");
        }
    }

    @Test
    void idsGoOnWhenTheClockIsSetBack() {
        store.advance(Duration.ofHours(10));
        String before = call("XADD s * f v").split("[|]")[1];
        store.resetClock();
        String after = call("XADD s * f v").split("[|]")[1];
        assertThat(after).isEqualTo(before.substring(0, before.indexOf('-') + 1)
                + (Long.parseLong(before.substring(before.indexOf('-') + 1)) + 1));
        call("XGROUP CREATE s g 0");
        assertThat(call("XREADGROUP GROUP g c STREAMS s >")).contains(before).contains(after);
        assertThat(call("XINFO GROUPS s")).endsWith("lag|:0");
    }

    @Test
    void deletedEntriesLeaveWhatIsPendingWhenTheyAreClaimed() {
        for (int i = 1; i <= 1000; i++) {
            call("XADD s " + i + " f v");
        }
        call("XGROUP CREATE s g 0");
        call("XREADGROUP GROUP g c COUNT 1000 STREAMS s >");
        call("XTRIM s MAXLEN 10");
        String from = "0-0";
        do {
            from = call("XAUTOCLAIM s g d 0 " + from + " COUNT 100 JUSTID").split("[|]")[2];
        } while (!from.equals("0-0"));
        assertThat(call("XPENDING s g")).startsWith("*4|:10|$5|991-0|$6|1000-0");
    }

    @Test
    void lagIsKnownAfterDeletions() {
        for (int i = 1; i <= 6; i++) {
            call("XADD s " + i + " f v");
        }
        call("XGROUP CREATE s g 0");
        call("XREADGROUP GROUP g c COUNT 2 STREAMS s >");
        call("XDEL s 1 2");
        assertThat(call("XINFO GROUPS s")).endsWith("lag|:4");
        call("XTRIM s MAXLEN 2");
        assertThat(call("XINFO GROUPS s")).endsWith("lag|:2");
        call("XTRIM s MAXLEN 0");
        assertThat(call("XINFO GROUPS s")).endsWith("lag|:0");
    }

    @Test
    void trimsWithReferencesOverVeryManyPendingEntriesWhileOthersAreServed() {
        for (String references : new String[]{"DELREF", "ACKED"}) {
            fill("s", 50_000);
            for (int group = 0; group < 8; group++) {
                call("XGROUP CREATE s g" + group + " 0");
                call("XREADGROUP GROUP g" + group + " c COUNT 50000 NOACK STREAMS s >");
            }
            call("XGROUP CREATE s g 0");
            call("XREADGROUP GROUP g c COUNT 50000 STREAMS s >");
            try (RespClient other = store.connect()) {
                // Of ACKED nothing goes: all is pending.
                other.send("XTRIM", "s", "MAXLEN", "100", references);
                for (int i = 0; i < 20; i++) {
                    assertThat(call("PING")).isEqualTo("+PONG");
                }
                boolean all = references.equals("DELREF");
                assertThat(other.reply()).isEqualTo(all ? ":49900" : ":0");
                assertThat(call("XLEN s")).isEqualTo(all ? ":100" : ":50000");
                assertThat(call("XPENDING s g")).startsWith(all ? "*4|:100|" : "*4|:50000|");
            }
            call("DEL s");
        }
    }

    @Test
    void deletesManyEntriesWithReferencesAsOneStep() {
        int entries = 2_000;
        for (int i = 1; i <= entries; i++) {
            client.send("XADD", "s", i + "-0", "f", "v");
        }
        for (int i = 1; i <= entries; i++) {
            client.reply();
        }
        for (int group = 0; group < 50; group++) {
            call("XGROUP CREATE s g" + group + " 0");
            call("XREADGROUP GROUP g" + group + " c COUNT 2000 STREAMS s >");
        }
        StringBuilder ids = new StringBuilder();
        for (int i = 1; i <= entries; i += 2) {
            ids.append(' ').append(i).append("-0");
        }
        String half = "*" + entries / 2 + "|:1".repeat(entries / 2);
        assertThat(call("XDELEX s DELREF IDS " + entries / 2 + ids)).isEqualTo(half);
        assertThat(call("XDELEX s DELREF IDS " + entries / 2 + ids)).isEqualTo(half.replace("|:1", "|:-1"));
        for (int group = 0; group < 50; group++) {
            assertThat(call("XPENDING s g" + group)).startsWith("*4|:1000|");
        }
    }

    @Test
    void aRangeThatTakesTooMuchIsRefusedByName() {
        String value = "x".repeat(1 << 20);
        for (int i = 0; i < 65; i++) {
            client.call("XADD", "s", "*", "f", value);
        }
        assertThat(call("XRANGE s - +")).startsWith("-ERR the entries of the range take more than 67108864 bytes;");
        assertThat(call("XRANGE s - + COUNT 3")).hasSizeGreaterThan(3 << 20);
    }

    @Test
    void whatWasIdleForLongestIsClaimedFirstOfThoseThatAreLookedAt() {
        for (int i = 1; i <= 12_000; i++) {
            client.send("XADD", "s", i + "-0", "f", "v");
        }
        for (int i = 1; i <= 12_000; i++) {
            client.reply();
        }
        call("XGROUP CREATE s g 0");
        call("XREADGROUP GROUP g c COUNT 12000 STREAMS s >");
        store.advance(Duration.ofSeconds(10));
        call("XCLAIM s g c 0 5-0 7-0 JUSTID");
        store.advance(Duration.ofSeconds(10));
        call("XCLAIM s g c 0 3-0 JUSTID");
        assertThat(call("XREADGROUP GROUP g d COUNT 3 CLAIM 0 STREAMS s >")).contains("|1-0|").contains("|2-0|")
                .contains("|4-0|").doesNotContain("|3-0|").doesNotContain("|5-0|");
        assertThat(call("XREADGROUP GROUP g e COUNT 12000 CLAIM 5000 STREAMS s >")).contains("|10000-0|")
                .doesNotContain("|10001-0|").doesNotContain("|3-0|").contains("|5-0|");
        store.resetClock();
    }

    @Test
    void veryManyOldEntriesAreReadWhileOthersAreServedAndWithinABound() {
        fill("s", 100_000);
        try (RespClient other = store.connect()) {
            other.send("XREAD", "STREAMS", "s", "0");
            for (int i = 0; i < 20; i++) {
                assertThat(call("PING")).isEqualTo("+PONG");
            }
            assertThat(other.reply().length()).isGreaterThan(3_000_000);
        }
        String limit = call("CONFIG GET client-output-buffer-limit").split("[|]")[4];
        client.call("CONFIG", "SET", "client-output-buffer-limit", "normal 1000000 0 0");
        try (RespClient other = store.connect()) {
            other.send("XREAD", "STREAMS", "s", "none", "0", "0");
            assertThat(org.assertj.core.api.Assertions.catchThrowable(other::reply)).as("it is disconnected")
                    .isNotNull();
        } finally {
            client.call("CONFIG", "SET", "client-output-buffer-limit", limit);
        }
        assertThat(call("XLEN s")).isEqualTo(":100000");
    }

    @Test
    @Tag("full")
    void aMillionIdleStreamsTakeLessThanAKibibyteEach() {
        int streams = 1_000_000;
        long before = used();
        for (int round = 0; round < 2; round++) {
            for (int done = 0; done < streams; done += BATCH) {
                StringBuilder batch = new StringBuilder();
                for (int i = 0; i < BATCH; i++) {
                    batch.append(new String(RespClient.encode("XADD", "stream:" + (done + i), "*", "field", "value"),
                            java.nio.charset.StandardCharsets.ISO_8859_1));
                }
                client.send(RespClient.latin1(batch.toString()));
                for (int i = 0; i < BATCH; i++) {
                    assertThat(client.reply()).startsWith("$");
                }
            }
            assertThat((used() - before) / streams).as("bytes a stream").isLessThan(1024);
        }
        assertThat(call("DBSIZE")).isEqualTo(":" + streams);
        assertThat(call("XLEN stream:77")).isEqualTo(":2");
    }

    private long used() {
        return Long.parseLong(call("INFO memory").replaceAll("(?s)^.*used_memory:([0-9]+).*$", "$1"));
    }
}
