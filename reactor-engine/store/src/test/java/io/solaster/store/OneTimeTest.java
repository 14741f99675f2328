package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.StoreConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Slots;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.script.NeedsLua;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A step over several shards has one time on all of them: here the clock goes on with each look at it. */
class OneTimeTest {
    private static final int SHARDS = 2;

    /** A class of its own, so that shards look at the clock before the test's class is initialized. */
    private static final class Ticking {
        static final AtomicLong time = new AtomicLong(1_900_000_000_000L);
        static volatile long step;

        static long now() {
            return time.addAndGet(step);
        }
    }

    private static final Engine engine = Engine.start(
            EngineConfig.defaults().withShards(SHARDS).withPinning(Pinning.NEVER));
    private static final Store store = Store.on(engine, StoreConfig.defaults(), Ticking::now);
    private static final TcpServer server = TcpServer.bind(engine, "test", StoreFixture.config(),
            new RespProtocol(store, StoreFixture.config()));
    /** Two keys of each shard, in turn. */
    private static final String[] KEYS = {key(0, 0), key(1, 0), key(0, 1), key(1, 1)};

    private static String key(int shard, int number) {
        return IntStream.range(0, 1000).mapToObj(i -> "k" + i)
                .filter(key -> Slots.shardOf(Slots.of(key.getBytes(java.nio.charset.StandardCharsets.US_ASCII)),
                        SHARDS) == shard)
                .skip(number).findFirst().orElseThrow();
    }

    @AfterAll
    static void close() {
        server.close();
        engine.close();
    }

    @BeforeEach
    void clear() {
        Ticking.step = 0;
        try (RespClient client = connect()) {
            client.call("FLUSHALL");
        }
    }

    private static RespClient connect() {
        return new RespClient(server.port());
    }

    private static String[] words(String first, String... rest) {
        List<String> all = new ArrayList<>(Arrays.asList(first.split(" ")));
        all.addAll(Arrays.asList(rest));
        return all.toArray(String[]::new);
    }

    private static String exec(RespClient client, String[]... commands) {
        assertThat(client.call("MULTI")).isEqualTo("+OK");
        for (String[] command : commands) {
            assertThat(client.call(command)).isEqualTo("+QUEUED");
        }
        return client.call("EXEC");
    }

    private static void areAllEqual(String reply, int count) {
        List<String> values = List.of(reply.split("\\|"));
        assertThat(values).hasSize(count + 1).first().isEqualTo("*" + count);
        assertThat(new HashSet<>(values.subList(1, values.size()))).as(reply).hasSize(1);
    }

    @Test
    void absoluteTimesOfExecAreChosenOnce() {
        try (RespClient client = connect()) {
            Ticking.step = 7;
            String[][] commands = new String[8][];
            for (int i = 0; i < 4; i++) {
                commands[i] = words("SET", KEYS[i], "v", "PX", "1000000");
                commands[4 + i] = words("PEXPIRETIME", KEYS[i]);
            }
            String reply = exec(client, commands);
            areAllEqual(reply.replace("+OK|", "").replace("*8", "*4"), 4);
        }
    }

    @Test
    @NeedsLua
    void absoluteTimesOfScriptsAreChosenOnce() {
        String script = "local t = {} for i, k in ipairs(KEYS) do redis.call('SET', k, 'v', 'PX', 1000000) end"
                + " for i, k in ipairs(KEYS) do t[i] = redis.call('PEXPIRETIME', k) end return t";
        try (RespClient client = connect()) {
            Ticking.step = 7;
            areAllEqual(client.call(words("EVAL", script, "4", KEYS[0], KEYS[1], KEYS[2], KEYS[3])), 4);
            areAllEqual(client.call(words("EVAL", script, "1", KEYS[0])), 1);
            String reply = exec(client, words("SET", KEYS[0], "v", "PX", "1000000"), words("PEXPIRETIME", KEYS[0]),
                    words("EVAL", script, "2", KEYS[1], KEYS[2]), words("EVAL", script, "1", KEYS[3]));
            areAllEqual(reply.replace("+OK|", "").replace("*4", "").replace("*2|", "").replace("*1|", "")
                    .replaceFirst("^\\|", "*4|"), 4);
        }
    }

    private void keysAreDueIn(RespClient client, int millis) {
        Ticking.step = 0;
        String at = Long.toString(Ticking.time.get() + millis);
        for (String key : KEYS) {
            client.call("SET", key, "v", "PXAT", at);
        }
        Ticking.step = 1;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void keysOfOneTimeAreDueTogether(boolean turned) {
        String[] keys = turned ? new String[]{KEYS[3], KEYS[2], KEYS[1], KEYS[0]} : KEYS;
        HashSet<String> seen = new HashSet<>();
        try (RespClient client = connect()) {
            for (int millis = 0; millis < 60; millis++) {
                keysAreDueIn(client, millis);
                String one = client.call(words("EXISTS", keys));
                assertThat(one).isIn(":0", ":4");
                seen.add(one);
                keysAreDueIn(client, millis);
                assertThat(client.call(words("MGET", keys)).replace("$1|v", "v").replace("$-1", "-"))
                        .isIn("*4|v|v|v|v", "*4|-|-|-|-");
                keysAreDueIn(client, millis);
                String[][] each = Arrays.stream(keys).map(key -> words("EXISTS", key)).toArray(String[][]::new);
                assertThat(exec(client, each)).isIn("*4|:0|:0|:0|:0", "*4|:1|:1|:1|:1");
            }
        }
        assertThat(seen).as("both are seen").hasSize(2);
    }

    @Test
    @NeedsLua
    void scriptsSeeKeysAtOneTime() {
        String script = "local t = {} for i, k in ipairs(KEYS) do t[i] = redis.call('EXISTS', k) end return t";
        try (RespClient client = connect()) {
            for (int millis = 0; millis < 60; millis++) {
                keysAreDueIn(client, millis);
                areAllEqual(client.call(words("EVAL", script, "4", KEYS[0], KEYS[1], KEYS[2], KEYS[3])), 4);
            }
        }
    }

    @Test
    void aWatchedKeyThatIsDueIsSeenByNoExec() {
        HashSet<String> seen = new HashSet<>();
        try (RespClient client = connect()) {
            for (int millis = 0; millis < 60; millis++) {
                for (String key : KEYS) {
                    keysAreDueIn(client, millis);
                    client.call(words("WATCH", KEYS));
                    String reply = exec(client, words("EXISTS", key), words("EXISTS", KEYS[0]));
                    // It may have been due before it was watched.
                    if (!reply.equals("*-1")) {
                        assertThat(reply).isIn("*2|:1|:1", "*2|:0|:0");
                    }
                    seen.add(reply);
                }
            }
        }
        assertThat(seen).contains("*-1", "*2|:1|:1");
    }

    @Test
    @NeedsLua
    void whatAScriptHasSeenIsThereToItsEnd() {
        String script = "local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end"
                + " local begun = now() local seen = {}"
                + " for i, k in ipairs(KEYS) do seen[i] = redis.call('EXISTS', k) end"
                + " while now() < begun + 500 do end"
                + " for i, k in ipairs(KEYS) do seen[#KEYS + i] = redis.call('EXISTS', k) end return seen";
        for (int keys : new int[]{1, 4}) {
            String reply = seenByScript(script, keys);
            // What was due before the script had its keys is not there for it, from its begin to its end.
            for (int tries = 1; tries < 50 && reply.equals("*" + 2 * keys + "|:0".repeat(2 * keys)); tries++) {
                reply = seenByScript(script, keys);
            }
            assertThat(reply).isEqualTo("*" + 2 * keys + "|:1".repeat(2 * keys));
        }
    }

    private String seenByScript(String script, int keys) {
        try (RespClient client = connect(); RespClient other = connect()) {
            keysAreDueIn(client, 10_000);
            Ticking.step = 0;
            other.call("SET", "other", "v", "PX", "10000");
            List<String> words = new ArrayList<>(List.of("EVAL", script, Integer.toString(keys)));
            words.addAll(List.of(KEYS).subList(0, keys));
            client.send(words.toArray(String[]::new));
            StoreFixture.await("the script holds its keys", () -> !StoreFixture.parts(store)
                    .part(0).parts().sharded().on(0, part -> part.locks().isFree()).join());
            Ticking.time.addAndGet(60_000);
            // On a slow machine the script ends before all that is due has gone, and its keys go too.
            StoreFixture.await("what is due goes", () -> Integer.parseInt(other.call("DBSIZE").substring(1)) <= keys);
            String reply = client.reply();
            assertThat(other.call("EXISTS", KEYS[0])).isEqualTo(":0");
            return reply;
        }
    }
}
