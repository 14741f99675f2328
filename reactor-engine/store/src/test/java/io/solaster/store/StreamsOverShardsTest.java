package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** XREAD and XREADGROUP of streams that lie on any shard, and what several groups of a stream need. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 3})
class StreamsOverShardsTest extends ClientTest {
    private static final String KEYS = "a b c d e f";
    private static final String NEW = "> > > > > >";

    private final List<RespClient> others = new ArrayList<>();

    @AfterEach
    void nobodyIsLeft() {
        others.forEach(RespClient::close);
        StoreFixture.await("nobody waits", () -> client.call("INFO", "clients").contains("blocked_clients:0"));
    }

    private RespClient blocked(String command) {
        RespClient other = store.connect();
        int before = others.size();
        others.add(other);
        other.send(command.split(" ", -1));
        StoreFixture.await(command + " waits",
                () -> client.call("INFO", "clients").contains("blocked_clients:" + (before + 1)));
        return other;
    }

    private void ended(RespClient other) {
        others.remove(other);
        other.close();
    }

    private String call(String command) {
        return client.call(command.split(" ", -1));
    }

    private static String entry(String key, String id) {
        return "*2|$1|" + key + "|*1|*2|$3|" + id + "|*2|$1|f|$1|v";
    }

    private void groups() {
        for (String key : KEYS.split(" ")) {
            assertThat(call("XGROUP CREATE " + key + " g $ MKSTREAM")).isEqualTo("+OK");
        }
    }

    @Test
    void streamsAreAnsweredInTheOrderOfTheRequest() {
        assertThat(call("XREAD STREAMS " + KEYS + " 0 0 0 0 0 0")).isEqualTo("*-1");
        for (String key : List.of("f", "b", "d")) {
            call("XADD " + key + " 1-1 f v");
        }
        call("XADD d 2-1 f v");
        assertThat(call("XREAD COUNT 1 STREAMS " + KEYS + " 0 0 0 0 0 0"))
                .isEqualTo("*3|" + entry("b", "1-1") + "|" + entry("d", "1-1") + "|" + entry("f", "1-1"));
        assertThat(call("XREAD COUNT 9 STREAMS " + KEYS + " 0 1-1 0 1-1 0 $")).isEqualTo("*1|" + entry("d", "2-1"));
    }

    @Test
    void theErrorOfTheFirstKeyIsAnsweredAndNothingIsDelivered() {
        groups();
        call("XADD a 1-1 f v");
        call("XGROUP DESTROY d g");
        call("DEL f");
        call("SET f x");
        assertThat(call("XREADGROUP GROUP g c STREAMS " + KEYS + " " + NEW)).startsWith("-NOGROUP No such key 'd'");
        assertThat(call("XREADGROUP GROUP g c STREAMS f e d c b a " + NEW)).startsWith("-WRONGTYPE");
        assertThat(call("XREADGROUP GROUP g c STREAMS a b c d e f > > x > > >")).startsWith("-ERR Invalid stream ID");
        assertThat(call("XREAD STREAMS a b c 0 0")).startsWith("-ERR Unbalanced");
        assertThat(call("XPENDING a g")).startsWith("*4|:0");
    }

    @Test
    void aConsumerGetsWhatIsNewOfAllStreams() {
        groups();
        call("XADD a 1-1 f v");
        call("XADD e 1-1 f v");
        assertThat(call("XREADGROUP GROUP g c STREAMS " + KEYS + " " + NEW))
                .isEqualTo("*2|" + entry("a", "1-1") + "|" + entry("e", "1-1"));
        assertThat(call("XREADGROUP GROUP g c STREAMS " + KEYS + " " + NEW)).isEqualTo("*-1");
        call("XDEL e 1-1");
        assertThat(call("XREADGROUP GROUP g c STREAMS a e f 0 0 >"))
                .isEqualTo("*2|" + entry("a", "1-1") + "|*2|$1|e|*1|*2|$3|1-1|*-1");
        assertThat(call("XPENDING e g")).startsWith("*4|:1");
    }

    @Test
    void whoWaitsGetsWhatCameSinceOfWhicheverStream() {
        call("XADD e 1-1 f v");
        RespClient all = blocked("XREAD COUNT 1 BLOCK 60000 STREAMS " + KEYS + " $ $ $ $ $ $");
        RespClient later = blocked("XREAD BLOCK 0 STREAMS " + KEYS + " 0 0 0 0 3-1 0");
        call("MULTI");
        call("XADD e 2-1 f v");
        call("XADD e 3-1 f v");
        call("EXEC");
        assertThat(all.reply()).isEqualTo("*1|" + entry("e", "2-1"));
        call("XADD b 1-1 f v");
        assertThat(later.reply()).isEqualTo("*1|" + entry("b", "1-1"));
        assertThat(later.call("PING")).isEqualTo("+PONG");
    }

    @Test
    void anEntryWakesOneOfTheGroup() {
        groups();
        RespClient first = blocked("XREADGROUP GROUP g one COUNT 1 BLOCK 0 STREAMS " + KEYS + " " + NEW);
        RespClient second = blocked("XREADGROUP GROUP g two COUNT 1 BLOCK 0 STREAMS " + KEYS + " " + NEW);
        call("XADD c 1-1 f v");
        assertThat(first.reply()).isEqualTo("*1|" + entry("c", "1-1"));
        call("XADD f 1-1 f v");
        assertThat(second.reply()).isEqualTo("*1|" + entry("f", "1-1"));
        assertThat(call("XPENDING c g")).isEqualTo("*4|:1|$3|1-1|$3|1-1|*1|*2|$3|one|$1|1");
        assertThat(call("XPENDING f g")).isEqualTo("*4|:1|$3|1-1|$3|1-1|*1|*2|$3|two|$1|1");
    }

    @Test
    void whoWaitsForAGroupThatIsGoneIsTold() {
        for (String end : List.of("DEL e", "XGROUP DESTROY e g", "FLUSHALL")) {
            groups();
            RespClient waits = blocked("XREADGROUP GROUP g c BLOCK 0 STREAMS " + KEYS + " " + NEW);
            call(end);
            assertThat(waits.reply()).as(end).matches("-(NOGROUP|UNBLOCKED).*");
            ended(waits);
            call("FLUSHALL");
        }
    }

    @Test
    void aWakeUpInVainIsNotAnsweredAndTheTimeoutStays() {
        RespClient waits = blocked("XREAD BLOCK 300 STREAMS " + KEYS + " 9-9 9-9 9-9 9-9 9-9 9-9");
        long begun = System.nanoTime();
        while (System.nanoTime() - begun < 250_000_000L) {
            call("XADD e 1-1 a b");
            call("DEL e");
        }
        assertThat(waits.reply()).isEqualTo("*-1");
        assertThat(System.nanoTime() - begun).isLessThan(20_000_000_000L);
    }

    @Test
    void nobodyWaitsWithinATransaction() {
        call("XADD a 1-1 f v");
        call("MULTI");
        call("XADD f 1-1 f v");
        call("XREAD BLOCK 0 STREAMS a f $ $");
        call("XREAD BLOCK 0 STREAMS a f 0 0");
        assertThat(call("EXEC")).isEqualTo("*3|$3|1-1|*-1|*2|" + entry("a", "1-1") + "|" + entry("f", "1-1"));
    }

    @Test
    void manyEntriesOfSeveralStreamsAreAnsweredWhole() {
        for (String key : List.of("a", "b", "c")) {
            call("XGROUP CREATE " + key + " g 0 MKSTREAM");
            for (int i = 1; i <= 3000; i++) {
                client.send("XADD", key, i + "-1", "f", "v");
            }
            for (int i = 1; i <= 3000; i++) {
                client.reply();
            }
        }
        assertThat(call("XREAD STREAMS a b c 0 0 0").split("[|]f[|]", -1)).hasSize(9001);
        assertThat(call("XREADGROUP GROUP g x COUNT 2900 STREAMS a b c > > >").split("[|]f[|]", -1)).hasSize(8701);
        assertThat(call("XREADGROUP GROUP g x STREAMS a b c 0 0 0").split("[|]f[|]", -1)).hasSize(8701);
        assertThat(call("XREADGROUP GROUP g x STREAMS a 0").split("[|]f[|]", -1)).hasSize(2901);
        assertThat(call("XREADGROUP GROUP g x STREAMS a b > >").split("[|]f[|]", -1)).hasSize(201);
        assertThat(call("XPENDING c g")).startsWith("*4|:2900|$3|1-1|$6|2900-1");
        assertThat(call("XINFO GROUPS a")).endsWith("|$3|lag|:0");
    }

    // ---- CLAIM

    @Test
    void whatIsIdleIsClaimedBeforeWhatIsNew() {
        for (String key : List.of("a", "b")) {
            call("XGROUP CREATE " + key + " g 0 MKSTREAM");
            call("XADD " + key + " 1-1 f v");
            call("XADD " + key + " 1-2 f v");
            call("XREADGROUP GROUP g dead STREAMS " + key + " >");
            call("XADD " + key + " 1-3 f v");
        }
        call("XCLAIM a g dead 0 1-2 IDLE 50000");
        call("XCLAIM a g dead 0 1-1 IDLE 40000");
        call("XCLAIM b g dead 0 1-1 IDLE 40000");
        String first = call("XREADGROUP GROUP g c COUNT 2 CLAIM 30000 STREAMS a b > >");
        assertThat(first)
                .matches("[*]2[|][*]2[|]\\$1[|]a[|][*]2[|][*]4[|]\\$3[|]1-2[|][*]2[|]\\$1[|]f[|]\\$1[|]v[|]:5....[|]:2"
                        + "[|][*]4[|]\\$3[|]1-1[|][*]2[|]\\$1[|]f[|]\\$1[|]v[|]:4....[|]:2"
                        + "[|][*]2[|]\\$1[|]b[|][*]2[|][*]4[|]\\$3[|]1-1[|][*]2[|]\\$1[|]f[|]\\$1[|]v[|]:4....[|]:2"
                        + "[|][*]4[|]\\$3[|]1-3[|][*]2[|]\\$1[|]f[|]\\$1[|]v[|]:0[|]:0");
        assertThat(call("XREADGROUP GROUP g c CLAIM 30000 STREAMS a >"))
                .isEqualTo("*1|*2|$1|a|*1|*4|$3|1-3|*2|$1|f|$1|v|:0|:0");
        assertThat(call("XREADGROUP GROUP g c CLAIM 30000 STREAMS a >")).isEqualTo("*-1");
        assertThat(call("XREADGROUP GROUP g c CLAIM 30000 STREAMS b 1-1")).isEqualTo("*1|" + entry("b", "1-3"));
        assertThat(call("XPENDING b g")).endsWith("*2|*2|$1|c|$1|2|*2|$4|dead|$1|1");
        call("XDEL a 1-1");
        assertThat(call("XREADGROUP GROUP g c CLAIM 0 NOACK STREAMS a >")).startsWith("*1|*2|$1|a|*2|*4|$3|1-");
        assertThat(call("XPENDING a g")).startsWith("*4|:2|$3|1-2|$3|1-3");
        assertThat(call("XREADGROUP GROUP g c CLAIM -1 STREAMS a >")).startsWith("-ERR min-idle-time");
        assertThat(call("XREADGROUP GROUP g c CLAIM x STREAMS a >")).startsWith("-ERR min-idle-time");
        assertThat(call("XREAD CLAIM 1 STREAMS a 0")).startsWith("-ERR The CLAIM option is only supported");
    }

    @Test
    void whoWaitsClaimsWhatIsIdleForLongEnough() {
        for (String keys : List.of("a", KEYS)) {
            groups();
            RespClient claims = blocked(
                    "XREADGROUP GROUP g c BLOCK 0 CLAIM 300 STREAMS " + keys + NEW.substring(0, keys.length())
                            .replaceAll("^", " "));
            call("XADD a 1-1 f v");
            assertThat(claims.reply()).endsWith("*4|$3|1-1|*2|$1|f|$1|v|:0|:0");
            ended(claims);
            claims = blocked("XREADGROUP GROUP g d BLOCK 60000 CLAIM 300 STREAMS " + keys + " "
                    + NEW.substring(0, keys.length()));
            assertThat(claims.reply())
                    .matches(".*[|][*]4[|]\\$3[|]1-1[|][*]2[|]\\$1[|]f[|]\\$1[|]v[|]:[1-9][0-9]+[|]:1");
            ended(claims);
            call("FLUSHALL");
        }
    }

    // ---- XDELEX, XACKDEL, and what is trimmed

    private void twoGroups() {
        call("DEL s");
        for (int i = 1; i <= 5; i++) {
            call("XADD s 1-" + i + " f v");
        }
        call("XGROUP CREATE s g 0");
        call("XGROUP CREATE s h 0");
        call("XREADGROUP GROUP g c COUNT 4 STREAMS s >");
        call("XREADGROUP GROUP h c COUNT 3 STREAMS s >");
    }

    @Test
    void entriesAreDeletedWithWhatIsPendingOrOnlyOnceNothingIs() {
        twoGroups();
        assertThat(call("XDELEX s IDS 2 1-1 9-9")).isEqualTo("*2|:1|:-1");
        assertThat(call("XPENDING s g")).startsWith("*4|:4|$3|1-1");
        assertThat(call("XDELEX s DELREF IDS 2 1-1 1-2")).isEqualTo("*2|:-1|:1");
        assertThat(call("XPENDING s g")).startsWith("*4|:2|$3|1-3");
        assertThat(call("XPENDING s h")).startsWith("*4|:1|$3|1-3");
        call("XACK s g 1-3 1-4");
        assertThat(call("XDELEX s IDS 3 1-3 1-4 1-5 ACKED")).isEqualTo("*3|:2|:2|:2");
        call("XACK s h 1-3");
        assertThat(call("XDELEX s ACKED IDS 3 1-3 1-4 1-5")).isEqualTo("*3|:1|:2|:2");
        assertThat(call("XLEN s")).isEqualTo(":2");
        assertThat(call("XDELEX none IDS 2 1 2")).isEqualTo("*2|:-1|:-1");
        assertThat(call("XDELEX none DELREF IDS 2 1")).startsWith("-ERR The `numids`");
        assertThat(call("XDELEX none DELREF IDS 1 1 2")).startsWith("-ERR The `numids`");
        assertThat(call("XDELEX none DELREF IDS 0 1")).startsWith("-ERR Number of IDs");
        assertThat(call("XDELEX none DELREF IDS 1 x")).startsWith("-ERR Invalid stream ID");
        assertThat(call("XDELEX none DELREF ACKED 1 1")).startsWith("-ERR syntax");
        call("SET k v");
        assertThat(call("XDELEX k IDS 1 1")).startsWith("-WRONGTYPE");
    }

    @Test
    void whatIsAcknowledgedIsDeletedAtOnce() {
        twoGroups();
        assertThat(call("XACKDEL s g IDS 3 1-1 1-5 9-9")).isEqualTo("*3|:1|:-1|:-1");
        assertThat(call("XPENDING s h")).startsWith("*4|:3|$3|1-1");
        assertThat(call("XACKDEL s g DELREF IDS 1 1-2")).isEqualTo("*1|:1");
        assertThat(call("XPENDING s h")).startsWith("*4|:2|$3|1-1");
        assertThat(call("XACKDEL s g ACKED IDS 2 1-3 1-4")).isEqualTo("*2|:2|:2");
        assertThat(call("XACKDEL s h ACKED IDS 2 1-3 1-4")).isEqualTo("*2|:1|:-1");
        assertThat(call("XRANGE s - +").split("[|]f[|]", -1)).hasSize(3);
        assertThat(call("XPENDING s g")).startsWith("*4|:0");
        assertThat(call("XACKDEL s nope IDS 1 1-5")).isEqualTo("*1|:-1");
        assertThat(call("XACKDEL none g IDS 1 1-5")).isEqualTo("*1|:-1");
        List<String> many = new ArrayList<>(List.of("XACKDEL", "s", "g", "IDS", "1000"));
        for (int i = 0; i < 1000; i++) {
            many.add("7-" + i);
        }
        assertThat(client.call(many.toArray(String[]::new))).startsWith("*1000|:-1|");
    }

    @Test
    void whatIsTrimmedIsPendingOrNotAsItIsToBe() {
        twoGroups();
        assertThat(call("XTRIM s MAXLEN 4")).isEqualTo(":1");
        assertThat(call("XPENDING s g")).startsWith("*4|:4");
        assertThat(call("XTRIM s MAXLEN 3 DELREF")).isEqualTo(":1");
        assertThat(call("XPENDING s g")).startsWith("*4|:3|$3|1-1");
        call("XACK s g 1-4 1-3");
        assertThat(call("XTRIM s ACKED MAXLEN 0")).isEqualTo(":0");
        call("XACK s h 1-3");
        assertThat(call("XTRIM s ACKED MAXLEN 0")).isEqualTo(":1");
        call("XREADGROUP GROUP h c COUNT 1 STREAMS s >");
        call("XACK s h 1-4");
        assertThat(call("XADD s ACKED MINID 1-9 1-9 f v")).isEqualTo("$3|1-9");
        assertThat(call("XRANGE s - + COUNT 1")).contains("|1-5|");
        assertThat(call("XTRIM s MAXLEN 1 ACKED DELREF")).startsWith("-ERR syntax");
        call("XADD t 1-1 f v");
        assertThat(call("XTRIM t MAXLEN 0 ACKED")).isEqualTo(":1");
    }
}
