package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who asks for it is told what happens to keys, as redis-server tells it. */
class KeyEventsTest {
    @RegisterExtension
    static final RedisComparison redis = new RedisComparison();

    /** A line each: what happens in an empty store. */
    private static final String SEQUENCES = """
            SET a 1; SET a 2 EX 100; SET a 3 KEEPTTL; SETNX a 1; SETNX b 1; SETEX a 100 x; PSETEX a 100000 x; GETSET a y; APPEND a z; SETRANGE a 1 xx; GETDEL a; GETEX b EX 100; GETEX b PERSIST; GETEX b; STRLEN b; INCR c; DECR c; INCRBY c 5; INCRBYFLOAT c 1.5; SETBIT d 7 1; BITOP NOT e d; BITFIELD d SET u8 0 1; PFADD h a; PFADD h b; DEL nope; DEL a b c; UNLINK d e
            SET a 1; EXPIRE a 100; EXPIRE a 100 NX; PEXPIRE a 100000; PERSIST a; PERSIST a; EXPIREAT a 1; EXPIRE nope 1; SET a 1; EXPIRE a -1; EXISTS a
            LPUSH l a b c; RPUSH l d; LPUSHX nope a; LPOP l; RPOP l; LINSERT l BEFORE b x; LINSERT l BEFORE nope x; LSET l 0 y; LREM l 1 y; LREM l 1 nope; LTRIM l 0 0; RPUSH l 1 2 3; LTRIM l 1 2; LPOP l 2; LPOP l; RPUSH l 1; LTRIM l 5 6; RPUSH l 1; LREM l 0 1
            RPUSH l 1 2 3; LMOVE l m{l} LEFT RIGHT; RPOPLPUSH l m{l}; LMOVE l m{l} RIGHT LEFT; RPUSH l 1 2; RPOPLPUSH l l; LMPOP 1 l LEFT; LMPOP 1 l RIGHT COUNT 5
            SADD s a b c; SADD s a; SREM s x; SREM s a x; SPOP s; SPOP s 5; SADD s a; SREM s a; SADD s a b; SMOVE s t{s} a; SMOVE s t{s} nope; SMOVE s t{s} b; SADD s a b; SINTERSTORE d{s} s t{s}; SUNIONSTORE d{s} s t{s}; SDIFFSTORE d{s} s t{s}; SDIFFSTORE d{s} nope{s} s
            HSET h a 1 b 2; HSET h a 1; HSETNX h a 2; HSETNX h c 2; HMSET h d 1; HINCRBY h a 1; HINCRBYFLOAT h a 1.5; HDEL h nope; HDEL h a b; HDEL h c d
            ZADD z 1 a 2 b; ZADD z 1 a; ZADD z 3 a; ZADD z INCR 1 a; ZINCRBY z 1 b; ZREM z x; ZREM z a; ZADD z 1 a 2 b 3 c 4 d 5 e; ZPOPMIN z; ZPOPMAX z 1; ZREMRANGEBYRANK z 0 0; ZREMRANGEBYSCORE z 4 4; ZREMRANGEBYLEX z - +; ZADD z 1 a 2 b; ZRANGESTORE y{z} z 0 -1; ZUNIONSTORE y{z} 2 z y{z}; ZINTERSTORE y{z} 2 z y{z}; ZDIFFSTORE y{z} 2 z y{z}; ZMPOP 1 z MIN; ZMPOP 1 z MAX; ZADD z 1 a; ZPOPMIN z
            SET a 1; RENAME a b{a}; RENAMENX b{a} c{a}; COPY c{a} d{a}; RPUSH l 1 2; RENAME l m{l}; MSET x 1 {x}y 2; MSETNX {x}z 1 {x}w 2; FLUSHALL
            SELECT 3; SET a 1 EX 100; COPY a b{a} DB 12; MOVE a 12; SELECT 12; APPEND a x; RENAME a c{a}; SELECT 3; SWAPDB 3 12; INCR c{a}x; DEL a c{a} b{a}; SET a 1; FLUSHDB; SELECT 0
            """;

    private static void configure(RespClient client, String classes) {
        assertThat(client.call("CONFIG", "SET", "notify-keyspace-events", classes)).isEqualTo("+OK");
    }

    @AfterEach
    void tellNothing() {
        for (int shards = 1; shards <= 2; shards++) {
            try (RespClient client = StoreFixture.of(shards).connect()) {
                configure(client, "");
            }
            StoreFixture.of(shards).resetClock();
        }
    }

    /** What is told while commands are run one by one: those of one shard come in their order. */
    private static List<String> told(RespClient client, RespClient listener, String classes, List<String[]> commands) {
        client.call("FLUSHALL");
        configure(client, classes);
        assertThat(listener.call("PSUBSCRIBE", "__key*")).contains("psubscribe");
        List<String> told = new ArrayList<>();
        for (String[] command : commands) {
            String reply = client.call(command);
            assertThat(reply).as(String.join(" ", command)).doesNotStartWith("-");
            // Over all shards, so that it comes behind what was told before.
            String end = "__key end " + told.size();
            client.call("PUBLISH", "__key", end);
            client.call("PUBLISH", "__keyspace@0__:" + command[Math.min(command.length - 1, 1)], "end");
            List<String> ofCommand = new ArrayList<>();
            int ends = 0;
            while (ends < 2) {
                String next = listener.reply();
                if (next.endsWith("|end") || next.endsWith(end)) {
                    ends++;
                } else {
                    ofCommand.add(next.replaceFirst("^.\\d+\\|\\$8\\|pmessage\\|\\$6\\|__key\\*\\|", ""));
                }
            }
            told.add(String.join(" ", command) + " -> " + ofCommand.stream().sorted().toList());
        }
        listener.call("PUNSUBSCRIBE");
        return told;
    }

    @ParameterizedTest(name = "{0} shard(s)")
    @ValueSource(ints = {1, 2})
    void everyEventIsThatOfRedis(int shards) {
        SoftAssertions all = new SoftAssertions();
        for (String line : SEQUENCES.lines().toList()) {
            List<String[]> commands = RedisComparison.commands(line);
            try (RespClient theirs = redis.connect();
                    RespClient theirListener = redis.connect();
                    RespClient ours = StoreFixture.of(shards).connect();
                    RespClient ourListener = StoreFixture.of(shards).connect()) {
                List<String> expected = told(theirs, theirListener, "KEAnm", commands);
                List<String> told = told(ours, ourListener, "KEAnm", commands);
                for (int i = 0; i < expected.size(); i++) {
                    all.assertThat(told.get(i)).isEqualTo(expected.get(i));
                }
                configure(theirs, "");
            }
        }
        all.assertAll();
    }

    @ParameterizedTest(name = "{0} shard(s)")
    @ValueSource(ints = {1, 2})
    void keysThatExpireAndKeysThatAreDeletedAreToldOf(int shards) {
        StoreFixture store = StoreFixture.of(shards);
        try (RespClient client = store.connectEmpty(); RespClient listener = store.connect()) {
            configure(client, "Egx");
            listener.send("SUBSCRIBE", "__keyevent@0__:expired", "__keyevent@0__:del");
            listener.reply();
            listener.reply();
            for (int i = 0; i < 20; i++) {
                client.call("SET", "session" + i, "x", "PX", "600000");
                client.call("SET", "gone" + i, "x");
            }
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                String key = "gone" + i;
                expected.add("*3|$7|message|$18|__keyevent@0__:del|$" + key.length() + "|" + key);
                client.call("DEL", key);
            }
            List<String> deleted = new ArrayList<>();
            expected.forEach(_ -> deleted.add(listener.reply()));
            assertThat(deleted).containsExactlyInAnyOrderElementsOf(expected);
            store.advance(Duration.ofSeconds(601));
            List<String> expired = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                expired.add(listener.reply());
            }
            assertThat(expired).allMatch(each -> each.startsWith("*3|$7|message|$22|__keyevent@0__:expired|"))
                    .doesNotHaveDuplicates();
        }
    }

    @ParameterizedTest(name = "{0} shard(s)")
    @ValueSource(ints = {1, 2})
    void aKeyHasAChannelOfItsOwn(int shards) {
        try (RespClient client = StoreFixture.of(shards).connectEmpty();
                RespClient listener = StoreFixture.of(shards).connect()) {
            configure(client, "KA");
            for (String key : List.of("a", "b", "{x}c", "d")) {
                String channel = "__keyspace@0__:" + key;
                assertThat(listener.call("SUBSCRIBE", channel)).contains("subscribe");
                client.call("LPUSH", key, "1", "2");
                client.call("MGET", "a", "b", "{x}c", "d");
                client.call("DEL", "a", "b", "{x}c", "d");
                String begin = "*3|$7|message|$" + channel.length() + "|" + channel + "|";
                assertThat(listener.reply()).isEqualTo(begin + "$5|lpush");
                assertThat(listener.reply()).isEqualTo(begin + "$3|del");
            }
        }
    }

    @Test
    void theClassesAreWrittenAsRedisWritesThem() {
        try (RespClient client = StoreFixture.of(1).connect(); RespClient theirs = redis.connect()) {
            for (String classes : List.of("KEA", "A", "Kg", "KEmn", "gn", "nA", "KExeg", "KE$lshzxetdm", "AKEmn", "")) {
                configure(client, classes);
                configure(theirs, classes);
                assertThat(client.call("CONFIG", "GET", "notify-keyspace-events"))
                        .isEqualTo(theirs.call("CONFIG", "GET", "notify-keyspace-events"));
            }
            assertThat(client.call("CONFIG", "SET", "notify-keyspace-events", "q"))
                    .isEqualTo(theirs.call("CONFIG", "SET", "notify-keyspace-events", "q"));
        }
    }
}
