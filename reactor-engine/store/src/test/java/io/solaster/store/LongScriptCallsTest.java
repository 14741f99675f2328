package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

import io.solaster.engine.stats.Counter;
import io.solaster.store.script.NeedsLua;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands of a script that have more to do than a turn has time for: others are served beside them, and see none of it. */
@NeedsLua
class LongScriptCallsTest {
    private static final int ELEMENTS = 1_500_000;
    private static final int AT_ONCE = 10_000;
    /** In one turn there would be some two or three. */
    private static final int PIECES = 20;

    private static StoreFixture fixture;

    private RespClient running;
    private RespClient other;

    @BeforeAll
    static void fill() {
        fixture = StoreFixture.patient(1);
        try (RespClient client = fixture.connect()) {
            for (int from = 0; from < ELEMENTS; from += AT_ONCE) {
                List<String> push = new ArrayList<>(List.of("RPUSH", "long"));
                for (int i = 0; i < AT_ONCE; i++) {
                    push.add(i == 5 ? "five" : "element-of-the-list:" + i);
                }
                client.call(push.toArray(String[]::new));
            }
        }
    }

    @AfterAll
    static void stop() {
        fixture.engine().close();
    }

    @BeforeEach
    void connect() {
        running = fixture.connect();
        other = fixture.connect();
    }

    @AfterEach
    void end() {
        running.close();
        other.close();
    }

    /** What a script answers that is run in so many tasks of its shard at least, between which others have theirs. */
    private String inPieces(String... script) {
        Counter tasks = fixture.engine().shard(0).stats().tasks;
        long before = tasks.get();
        String answer = running.call(script);
        assertThat(tasks.get() - before).as("pieces of %s, which was answered %s", script[1], answer)
                .isGreaterThanOrEqualTo(PIECES);
        return answer;
    }

    @Test
    void othersAreServedBesideOneThatWrites() {
        other.call("COPY", "long", "copy", "REPLACE");
        assertThat(inPieces("EVAL",
                "local n = redis.call('LREM', KEYS[1], 0, 'five') return n + redis.call('LLEN', KEYS[1])", "1", "copy"))
                .isEqualTo(":" + ELEMENTS);
        assertThat(other.call("LLEN", "copy")).isEqualTo(":" + (ELEMENTS - ELEMENTS / AT_ONCE));
        other.call("DEL", "copy");
    }

    @Test
    void othersAreServedBesideOneThatReads() {
        assertThat(inPieces("EVAL", "return redis.call('LPOS', KEYS[1], 'none', 'COUNT', 0)", "1", "long"))
                .isEqualTo("*0");
        // One that names no key begins anew with all of them.
        assertThat(inPieces("EVAL", "return redis.call('LPOS', 'long', 'none', 'COUNT', 0)", "0"))
                .isEqualTo("*0");
        assertThat(other.call("SET", "key", "1")).isEqualTo("+OK");
        assertThat(other.call("RPUSHX", "long", "last")).isEqualTo(":" + (ELEMENTS + 1));
        assertThat(other.call("RPOP", "long")).isEqualTo("$4|last");
    }

    private static void fillSets(RespClient client, int members) {
        for (int from = 0; from < members; from += AT_ONCE) {
            List<String> one = new ArrayList<>(List.of("SADD", "{s}one"));
            List<String> other = new ArrayList<>(List.of("SADD", "{s}other"));
            for (int i = from; i < from + AT_ONCE; i++) {
                one.add("member:" + i);
                other.add("member:" + (i + members / 2));
            }
            client.call(one.toArray(String[]::new));
            client.call(other.toArray(String[]::new));
        }
    }

    @Test
    void othersAreServedBesideOneOnSeveralKeys() {
        int members = 20 * AT_ONCE;
        fillSets(other, members);
        assertThat(inPieces("EVAL",
                "local n = redis.call('SUNIONSTORE', KEYS[3], KEYS[1], KEYS[2]) "
                        + "return {n, redis.call('SCARD', KEYS[3]), redis.call('SINTERCARD', 2, KEYS[1], KEYS[2])}",
                "3", "{s}one", "{s}other", "{s}all"))
                .isEqualTo("*3|:" + members / 2 * 3 + "|:" + members / 2 * 3 + "|:" + members / 2);
        assertThat(inPieces("EVAL", "return redis.call('SORT', KEYS[1], 'ALPHA', 'LIMIT', 0, 2)", "1", "long"))
                .isEqualTo("*2|$21|element-of-the-list:0|$21|element-of-the-list:0");
        assertThat(inPieces("EVAL",
                "redis.call('COPY', KEYS[1], KEYS[2]) return redis.call('SCARD', KEYS[2])", "2", "{s}all", "{s}copy"))
                .isEqualTo(":" + members / 2 * 3);
        assertThat(running.call("EVAL", "return redis.pcall('SUNIONSTORE', KEYS[1], KEYS[1], 'long')", "1", "{s}all"))
                .startsWith("-WRONGTYPE");
        assertThat(other.call("DEL", "{s}one", "{s}other", "{s}all", "{s}copy")).isEqualTo(":4");
    }

    @Test
    void whatItChangesInTurnsIsKept(@TempDir Path directory) {
        int members = 4 * AT_ONCE;
        try (KeptStore kept = KeptStore.open(1, directory); RespClient client = kept.connect()) {
            fillSets(client, members);
            assertThat(client.call("EVAL",
                    "redis.call('SET', KEYS[4], 'begun') redis.call('SUNIONSTORE', KEYS[3], KEYS[1], KEYS[2]) "
                            + "redis.call('SREM', KEYS[3], 'member:1') redis.call('SET', KEYS[4], 'ended') return 1",
                    "4", "{s}one", "{s}other", "{s}all", "{s}state")).isEqualTo(":1");
        }
        try (KeptStore kept = KeptStore.open(1, directory); RespClient client = kept.connect()) {
            assertThat(client.call("GET", "{s}state")).isEqualTo("$5|ended");
            assertThat(client.call("SCARD", "{s}all")).isEqualTo(":" + (members / 2 * 3 - 1));
        }
    }

    @Test
    void aReplyThatIsTooLongIsRefusedAsSoonAsItIs() {
        assertThat(inPieces("EVAL", "return redis.pcall('LRANGE', KEYS[1], 0, -1)", "1", "long"))
                .startsWith("-ERR not enough memory for a reply of more than ");
        assertThat(running.call("EVAL", "local all = redis.call('LRANGE', KEYS[1], 0, 99999) "
                + "return {#all, all[1], all[6], all[100000], #redis.call('LRANGE', KEYS[1], 0, 3000)}", "1", "long"))
                .isEqualTo("*5|:100000|$21|element-of-the-list:0|$4|five|$24|element-of-the-list:9999|:3001");
    }

    @Test
    void nobodySeesHalfOfIt() throws InterruptedException {
        other.call("COPY", "long", "copy", "REPLACE");
        AtomicReference<String> answer = new AtomicReference<>();
        Thread waits = Thread.ofPlatform().start(() -> answer.set(running.call("EVAL",
                "redis.call('RPUSH', KEYS[1], 'begun') redis.call('LREM', KEYS[1], 0, 'five') "
                        + "redis.call('RPUSH', KEYS[1], 'ended') return redis.call('LLEN', KEYS[1])",
                "1", "copy")));
        String whole = ":" + (ELEMENTS - ELEMENTS / AT_ONCE + 2);
        while (waits.isAlive()) {
            assertThat(other.call("LLEN", "copy")).isIn(":" + ELEMENTS, whole);
        }
        waits.join();
        assertThat(answer).hasValue(whole);
        other.call("DEL", "copy");
    }

    @Test
    void oneThatOnlyReadsIsKilledAmidIt() throws InterruptedException {
        assertThat(other.call("CONFIG", "SET", "busy-reply-threshold", "1")).isEqualTo("+OK");
        AtomicReference<String> answer = new AtomicReference<>();
        Thread waits = Thread.ofPlatform().start(() -> answer.set(running.call("EVAL",
                "while true do redis.call('LPOS', KEYS[1], 'none', 'COUNT', 0) end", "1", "long")));
        while (waits.isAlive()) {
            other.call("SCRIPT", "KILL");
        }
        waits.join();
        assertThat(answer.get()).startsWith("-ERR Script killed by user");
        while (!other.call("CONFIG", "SET", "busy-reply-threshold", "5000").equals("+OK")) {
            Thread.onSpinWait();
        }
        assertThat(other.call("RPUSHX", "long", "last")).isEqualTo(":" + (ELEMENTS + 1));
        other.call("RPOP", "long");
    }
}
