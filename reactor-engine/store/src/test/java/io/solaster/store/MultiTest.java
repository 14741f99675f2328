package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.store.script.NeedsLua;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** MULTI, EXEC, DISCARD, WATCH and UNWATCH, beyond what is compared with Redis. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 4})
class MultiTest {
    private static final List<String> KEYS = List.of("a", "b", "c", "d");

    @Parameter
    int shards;

    private StoreFixture store;
    private RespClient client;
    private RespClient other;

    @BeforeEach
    void connect() {
        store = StoreFixture.of(shards);
        client = store.connectEmpty();
        other = store.connect();
    }

    @AfterEach
    void nothingIsLeft() {
        client.close();
        other.close();
        store.resetClock();
        for (int shard = 0; shard < shards; shard++) {
            int each = shard;
            StoreFixture.await("no key is watched or locked", () -> store.servers().on(each, _ -> {
                var part = StoreFixture.parts(store.store()).part(each);
                return part.watches().count() == 0 && part.locks().isFree();
            }).join());
        }
    }

    private List<String> run(String... lines) {
        List<String> replies = new ArrayList<>();
        for (String line : lines) {
            replies.add(client.call(line.split(" ", -1)));
        }
        return replies;
    }

    @Test
    void commandsOfAllShardsRunAsOneStep() {
        assertThat(run("MULTI", "SET a 1", "SET b 2", "INCR a", "MGET a b c", "DBSIZE", "PING", "LPUSH a x", "EXEC"))
                .containsExactly("+OK", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED",
                        "*7|+OK|+OK|:2|*3|$1|2|$1|2|$-1|:2|+PONG|"
                                + "-WRONGTYPE Operation against a key holding the wrong kind of value");
        assertThat(run("EXEC", "DISCARD")).containsExactly("-ERR EXEC without MULTI", "-ERR DISCARD without MULTI");
    }

    @Test
    void aPipelineOfThemIsAnsweredInOrder() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            String key = "k" + i % 7;
            for (String line : List.of("SET " + key + " " + i, "MULTI", "INCR " + key, "GET " + key, "EXEC",
                    "GET " + key)) {
                bytes.writeBytes(RespClient.encode(line.split(" ", -1)));
            }
            String next = Integer.toString(i + 1);
            String got = "$" + next.length() + "|" + next;
            expected.addAll(List.of("+OK", "+OK", "+QUEUED", "+QUEUED", "*2|:" + next + "|" + got, got));
        }
        client.send(bytes.toByteArray());
        assertThat(expected).allSatisfy(each -> assertThat(client.reply()).isEqualTo(each));
    }

    /** Whatever changes a key that is watched, wherever it lies. */
    @Test
    void aChangeOfAWatchedKeyUndoesExec() {
        for (String key : KEYS) {
            for (String change : List.of("SET # 2", "SET # 1", "DEL #", "EXPIRE # 100", "APPEND # x", "FLUSHALL",
                    "RENAME # other", "INCR #", "GETDEL #", "SETRANGE # 0 1", "GETEX # EX 10", "COPY c0 # REPLACE")) {
                client.call("SET", "c0", "x");
                client.call("SET", key, "1");
                run("WATCH none " + key, "MULTI", "SET result " + change);
                assertThat(other.call(change.replace("#", key).split(" ", -1))).doesNotStartWith("-");
                assertThat(client.call("EXEC")).as(change + " of " + key).isEqualTo("*-1");
                assertThat(client.call("EXISTS", "result")).isEqualTo(":0");
            }
        }
    }

    @Test
    void whatLeavesAKeyAsItIsDoesNot() {
        for (String key : KEYS) {
            for (String type : List.of("SET # 1", "HSET # f 1", "SADD # 1", "ZADD # 1 1", "RPUSH # 1")) {
                client.call(type.replace("#", key).split(" ", -1));
                for (String no : List.of("SET # 2 NX", "HSETNX # f 2", "HDEL # g", "SADD # 1", "SREM # 2",
                        "ZADD # 1 1", "ZADD # NX 7 1", "ZREM # 2", "LREM # 0 7", "LTRIM # 0 -1", "GETEX #", "PERSIST #",
                        "EXPIRE # 100 XX", "DEL none", "LPUSHX none 1", "SETNX # 2", "EXPIRE none 10", "GET #",
                        "INCR # x", "SMOVE # none 2", "COPY none #", "MSETNX # 3 none 4")) {
                    if (no.startsWith("L") && !type.startsWith("RPUSH") || no.startsWith("LTRIM")) {
                        continue;
                    }
                    run("WATCH none " + key, "MULTI", "PING");
                    other.call(no.replace("#", key).split(" ", -1));
                    assertThat(client.call("EXEC")).as(no + " of " + type).isEqualTo("*1|+PONG");
                }
                client.call("DEL", key);
            }
        }
    }

    @Test
    void codeOfTheProcessChangesWatchedKeysToo() {
        for (String key : KEYS) {
            run("WATCH " + key, "MULTI", "PING");
            store.store().strings().set(key, "x".getBytes(StandardCharsets.UTF_8)).join();
            assertThat(client.call("EXEC")).isEqualTo("*-1");
            run("WATCH " + key, "MULTI", "PING");
            store.store().strings().remove(key).join();
            assertThat(client.call("EXEC")).isEqualTo("*-1");
        }
    }

    @Test
    void aKeyThatExpiresIsChangedAndOneThatHasIsNot() {
        for (String key : KEYS) {
            client.call("SET", key, "1", "PX", "100000");
            run("WATCH " + key, "MULTI", "PING");
            store.advance(Duration.ofMinutes(2));
            assertThat(client.call("EXEC")).isEqualTo("*-1");
            store.resetClock();

            client.call("SET", key, "1", "PX", "100000");
            store.advance(Duration.ofMinutes(2));
            run("WATCH " + key, "MULTI", "PING");
            assertThat(other.call("EXISTS", key)).isEqualTo(":0");
            assertThat(client.call("EXEC")).isEqualTo("*1|+PONG");
            store.resetClock();
        }
    }

    @Test
    void flushingChangesOnlyKeysThatAreThere() {
        run("WATCH a", "MULTI", "PING");
        other.call("FLUSHALL");
        assertThat(client.call("EXEC")).isEqualTo("*1|+PONG");
        run("SET a 1", "WATCH b a", "MULTI", "PING");
        other.call("FLUSHDB");
        assertThat(client.call("EXEC")).isEqualTo("*-1");
    }

    @Test
    void keysAreWatchedNoMoreAfterExecDiscardUnwatchAndReset() {
        for (String end : List.of("MULTI;EXEC", "MULTI;DISCARD", "UNWATCH", "RESET")) {
            run("WATCH a b c d");
            run(end.split(";", -1));
            other.call("MSET", "a", "1", "b", "2", "c", "3", "d", "4");
            run("MULTI", "PING");
            assertThat(client.call("EXEC")).as(end).isEqualTo("*1|+PONG");
        }
        // Also where the connection ends: see what is left after each test.
        client.call("WATCH", "a", "b", "c", "d");
    }

    @Test
    void aClientMayWatchSoManyKeys() {
        String[] many = IntStream.rangeClosed(0, 4097).mapToObj(i -> i == 0 ? "WATCH" : "w" + i).toArray(String[]::new);
        assertThat(client.call(many)).startsWith("-ERR a client may watch at most 4096 keys");
        String[] some = IntStream.rangeClosed(0, 4096).mapToObj(i -> i == 0 ? "WATCH" : "w" + i).toArray(String[]::new);
        assertThat(client.call(some)).isEqualTo("+OK");
        assertThat(client.call("WATCH", "one")).startsWith("-ERR a client may watch at most 4096 keys");
        other.call("SET", "w4000", "1");
        run("MULTI", "PING");
        assertThat(client.call("EXEC")).isEqualTo("*-1");
    }

    @Test
    void commandsTakeNoMoreThanTheyMay() {
        ServerConfig config = StoreFixture.config();
        config = config.withLimits(config.limits().withOutputBuffer(new ByteSize(100_000)));
        try (StoreFixture.Server server = store.serve(config); RespClient small = server.connect()) {
            small.call("MULTI");
            String value = "x".repeat(30_000);
            assertThat(small.call("SET", "a", value)).isEqualTo("+QUEUED");
            assertThat(small.call("SET", "b", value)).isEqualTo("+QUEUED");
            assertThat(small.call("SET", "c", value)).isEqualTo("+QUEUED");
            assertThat(small.call("SET", "d", value)).startsWith("-ERR the commands between MULTI and EXEC would take")
                    .contains("100000 bytes").contains("client-output-buffer-limit");
            assertThat(small.call("SET", "d", "1")).isEqualTo("+QUEUED");
            assertThat(small.call("EXEC")).isEqualTo("-EXECABORT Transaction discarded because of previous errors.");
            assertThat(small.call("DBSIZE")).isEqualTo(":0");
        }
    }

    @Test
    void veryLongCommandsAreKeptAndRun() {
        int count = 20_000;
        List<String> set = new ArrayList<>(List.of("MSET"));
        List<String> get = new ArrayList<>(List.of("MGET"));
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < count; i++) {
            set.addAll(List.of("k" + i, "v"));
            get.add("k" + i);
            expected.append("|$1|v");
        }
        run("WATCH k0 k1 k2", "MULTI");
        assertThat(client.call(set.toArray(String[]::new))).isEqualTo("+QUEUED");
        assertThat(client.call(get.toArray(String[]::new))).isEqualTo("+QUEUED");
        assertThat(client.call("INCR", "x")).isEqualTo("+QUEUED");
        assertThat(client.call("EXEC")).isEqualTo("*3|+OK|*" + count + expected + "|:1");
    }

    /** A long reply is written in several turns; nobody comes in between. */
    @Test
    void longRepliesInItSeeOneMoment() throws InterruptedException {
        String[] push = IntStream.range(0, 1002).mapToObj(i -> i == 0 ? "RPUSH" : i == 1 ? "b" : "value" + i)
                .toArray(String[]::new);
        for (int i = 0; i < 60; i++) {
            client.call(push);
        }
        AtomicBoolean done = new AtomicBoolean();
        Thread writer = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < 100 && !done.get(); i++) {
                other.call(push);
            }
        });
        for (int i = 0; i < 8; i++) {
            run("MULTI", "LRANGE b 0 -1", "SET a x", "LLEN b");
            String reply = client.call("EXEC");
            String length = reply.substring(reply.lastIndexOf(':') + 1);
            assertThat(reply).startsWith("*3|*" + length + "|$6|value2|").endsWith("|$9|value1001|+OK|:" + length);
        }
        done.set(true);
        assertThat(writer.join(Duration.ofMinutes(2))).isTrue();
    }

    @Test
    void commandsAboutTheServerMayStandInIt() {
        run("SET a 1", "SET b 1", "MULTI", "KEYS *", "SCAN 0 COUNT 100", "RANDOMKEY", "INFO server", "CLIENT GETNAME",
                "CLIENT LIST", "CONFIG GET maxclients", "SELECT 0", "TIME", "FLUSHALL", "DBSIZE", "COMMAND COUNT");
        String reply = client.call("EXEC");
        assertThat(reply).startsWith("*12|*2|$1|").contains("|*2|$1|0|*2|").contains("redis_version")
                .contains("$10|maxclients").contains("cmd=exec").matches("(?s).*\\|\\+OK\\|:0\\|:\\d+");
    }

    @Test
    void aClientThatEndsItselfWithinIsToldOfAllOfIt() {
        String id = client.call("CLIENT", "ID").substring(1);
        run("MULTI", "SET a 1", "CLIENT KILL ID " + id + " SKIPME no", "SET b 1");
        client.send("EXEC");
        assertThat(client.rest()).isEqualTo("*3|+OK|:1|+OK");
        assertThat(other.call("MGET", "a", "b")).isEqualTo("*2|$1|1|$1|1");
    }

    @Test
    @NeedsLua
    void aScriptOverShardsIsAmongThem() {
        String each = "local s = 0 for i = 1, #KEYS do s = s + redis.call('INCRBY', KEYS[i], i) end return s";
        client.call("MULTI");
        client.call("SET", "a", "10");
        client.call("EVAL", each, "4", "a", "b", "c", "d");
        client.call("GET", "d");
        client.call("EVAL", "return redis.call('GET', 'a') + redis.call('GET', 'b')", "0");
        client.call("EVAL", "return redis.call('SET', 'undeclared', 1)", "2", "a", "b");
        client.call("EVAL", each, "4", "a", "b", "c", "d");
        client.call("EVAL", "error('mine')", "4", "a", "b", "c", "d");
        client.call("MGET", "a", "b", "c", "d");
        String replies = client.call("EXEC");
        // All keys are its own, as one of the scripts names none.
        assertThat(replies).startsWith("*8|+OK|:20|$1|4|:13|+OK|:30|-ERR ").contains("mine")
                .endsWith("|*4|$2|12|$1|4|$1|6|$1|8");
    }

    @Test
    @NeedsLua
    void manyScriptsOverShardsAreAmongThem() {
        client.call("MULTI");
        for (int i = 0; i < 500; i++) {
            client.send("EVAL", "redis.call('INCR', KEYS[1]) return redis.call('INCR', KEYS[2])", "2", "a", "b");
            client.send("GET", "a");
        }
        for (int i = 0; i < 1000; i++) {
            assertThat(client.reply()).isEqualTo("+QUEUED");
        }
        StringBuilder expected = new StringBuilder("*1000");
        for (int i = 1; i <= 500; i++) {
            String text = Integer.toString(i);
            expected.append("|:").append(i).append("|$").append(text.length()).append('|').append(i);
        }
        assertThat(client.call("EXEC")).isEqualTo(expected.toString());
    }

    @Test
    @NeedsLua
    void scriptsInItSeeNothingHalfDone() throws InterruptedException {
        String move = "local n = redis.call('GET', KEYS[1]) or '0' for i = 1, #KEYS do if (redis.call('GET', KEYS[i]) or '0')"
                + " ~= n then return redis.error_reply('HALF') end end"
                + " for i = 1, #KEYS do redis.call('INCR', KEYS[i]) end return n";
        List<String> wrong = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int thread = 0; thread < 3; thread++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try (RespClient mine = store.connect()) {
                    for (int i = 0; i < 60; i++) {
                        mine.call("MULTI");
                        mine.call("EVAL", move, "4", "a", "b", "c", "d");
                        mine.call("EVAL", move, "2", "a", "c");
                        mine.call("EVAL", move, "2", "b", "d");
                        String replies = mine.call("EXEC");
                        if (replies.contains("HALF") || !replies.startsWith("*3|")) {
                            synchronized (wrong) {
                                wrong.add(replies);
                            }
                        }
                    }
                }
            }));
        }
        for (Thread each : threads) {
            each.join();
        }
        assertThat(wrong).isEmpty();
        assertThat(client.call("MGET", "a", "b", "c", "d")).isEqualTo("*4|$3|360|$3|360|$3|360|$3|360");
    }

    @Test
    @NeedsLua
    void aScriptInItIsOverAlsoWhereItsClientIsGone() {
        try (RespClient gone = store.connect()) {
            gone.call("MULTI");
            gone.call("EVAL", "for i = 1, 2e6 do end for i = 1, #KEYS do redis.call('SET', KEYS[i], 'x') end", "4", "a",
                    "b", "c", "d");
            gone.call("SET", "e", "x");
            gone.send("EXEC");
        }
        StoreFixture.await("it is done", () -> client.call("MGET", "a", "b", "c", "d", "e")
                .equals("*5|$1|x|$1|x|$1|x|$1|x|$1|x"));
    }

    @Test
    @NeedsLua
    void aKeyThatIsWatchedKeepsAScriptFromRunning() {
        client.call("WATCH", "b");
        client.call("MULTI");
        client.call("EVAL", "return redis.call('SET', KEYS[1], 'x')", "2", "a", "b");
        other.call("SET", "b", "y");
        assertThat(client.call("EXEC")).isEqualTo("*-1");
        assertThat(client.call("GET", "a")).isEqualTo("$-1");
    }
}
