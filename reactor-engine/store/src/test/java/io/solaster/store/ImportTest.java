package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

import io.solaster.store.program.ProgramRun;
import io.solaster.store.rdb.Foreign;
import io.solaster.store.rdb.ForeignValues;
import io.solaster.store.rdb.ForeignValues.Value;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.peer.RedisServer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that a Redis has written are taken over by one command, which says what it left out. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 3})
class ImportTest extends ClientTest {
    private static final int EOF = 255;

    @TempDir
    Path directory;
    private final ProgramRun program = new ProgramRun();

    private static Foreign header(int version) {
        return new Foreign().raw(Foreign.latin1(String.format("REDIS%04d", version)));
    }

    private static Foreign aux(Foreign file, String name, String value) {
        return file.bytes(250).string(name).string(value);
    }

    private static Foreign key(Foreign file, String name, Value value) {
        return file.bytes(value.bytes()[0]).string(name)
                .raw(Arrays.copyOfRange(value.bytes(), 1, value.bytes().length));
    }

    private Path write(Foreign file) throws IOException {
        return write(Foreign.sealed(file.bytes(EOF).toBytes()));
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(directory.resolve("dump.rdb"), bytes);
    }

    private int take(Path file, String... options) {
        String[] all = new String[3 + options.length];
        all[0] = "import";
        all[1] = file.toString();
        all[2] = "--to=127.0.0.1:" + store.port();
        System.arraycopy(options, 0, all, 3, options.length);
        return program.run(null, all);
    }

    @Test
    void oneKeyOfEachFormIsTakenOver() throws IOException {
        List<Value> values = ForeignValues.all();
        for (int version : new int[]{7, 12}) {
            client.call("FLUSHALL");
            Foreign file = aux(header(version), "redis-ver", "9.9.9").bytes(254, 0).bytes(251).count(values.size())
                    .count(0);
            for (int i = 0; i < values.size(); i++) {
                key(file, "key" + i, values.get(i));
            }
            assertThat(take(write(file))).as(program.said()).isZero();
            assertThat(program.said()).contains(values.size() + " keys were taken over, written by Redis 9.9.9");
            for (int i = 0; i < values.size(); i++) {
                Value value = values.get(i);
                client.call("RENAME", "key" + i, "key");
                RestoreTest.hasContent(client, value);
            }
        }
    }

    @Test
    void keysKeepTheirTimesAndThoseThatHaveExpiredAreDropped() throws IOException {
        Value value = ForeignValues.all().getFirst();
        Foreign file = header(11).bytes(254, 0);
        key(file.bytes(252).little(4_000_000_000_123L, 8), "millis", value);
        key(file.bytes(253).little(4_000_000_000L, 4), "seconds", value);
        key(file.bytes(252).little(1_000, 8), "past", value);
        key(file.bytes(253).little(1, 4), "long past", value);
        key(file.bytes(248).count(5_000), "idle", value);
        key(file.bytes(249, 77), "used", value);
        key(file, "plain", value);
        assertThat(take(write(file))).as(program.said()).isZero();
        assertThat(program.said()).contains("5 keys were taken over", "dropped: 2 keys that had expired");
        assertThat(client.call("PEXPIRETIME", "millis")).isEqualTo(":4000000000123");
        assertThat(client.call("PEXPIRETIME", "seconds")).isEqualTo(":4000000000000");
        assertThat(client.call("PEXPIRETIME", "plain")).isEqualTo(":-1");
        assertThat(Long.parseLong(client.call("OBJECT", "IDLETIME", "idle").substring(1))).isBetween(5_000L, 6_000L);
        assertThat(client.call("EXISTS", "past", "long past")).isEqualTo(":0");
    }

    /** The number that Redis has for a name of nine letters. */
    private static long module(String name) {
        long id = 0;
        for (char each : name.toCharArray()) {
            id = id << 6 | "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".indexOf(each);
        }
        return id << 10 | 1;
    }

    @Test
    void whatThereIsNotHereIsLeftOutByName() throws IOException {
        Value value = ForeignValues.all().getFirst();
        Foreign file = header(12).bytes(245).string("#!lua name=lib").bytes(247).count(module("search-it")).count(2)
                .count(1).count(5).string("state").count(3).raw(new byte[4]).count(0).bytes(254, 0)
                .bytes(244).count(5).count(1).count(0);
        key(file, "before", value);
        file.bytes(7).string("mod").count(module("ReJSON-RL")).count(5).string("{}").count(4).raw(new byte[8])
                .count(2).count(9).count(0);
        key(file, "after", value);
        Path path = write(file);
        assertThat(program.run(null, "check", path.toString())).isZero();
        assertThat(program.said()).contains("is whole: version 12", "database 0: 3 keys");
        assertThat(take(path)).isEqualTo(1);
        assertThat(program.said()).contains("2 keys were taken over",
                "LEFT OUT: 1 (mod) values of the module 'ReJSON-RL'", "LEFT OUT: 1 libraries of functions",
                "LEFT OUT: what the module 'search-it' keeps beside the keys");
        assertThat(client.call("MGET", "before", "after")).isEqualTo("*2|$5|hello|$5|hello");
        assertThat(client.call("DBSIZE")).isEqualTo(":2");
    }

    @Test
    void keysOfAllDatabasesAreTakenOver() throws IOException {
        Value value = ForeignValues.all().getFirst();
        Foreign file = header(9).bytes(254, 0);
        for (int i = 0; i < 10; i++) {
            key(file, "zero:" + i, value);
        }
        file.bytes(254, 3);
        for (int i = 0; i < 5; i++) {
            key(file, "three:" + i, value);
        }
        assertThat(take(write(file))).as(program.said() + program.errors()).isZero();
        assertThat(program.said()).contains("15 keys were taken over");
        assertThat(client.call("DBSIZE")).isEqualTo(":10");
        assertThat(client.call("SELECT", "3")).isEqualTo("+OK");
        assertThat(client.call("DBSIZE")).isEqualTo(":5");
        assertThat(client.call("GET", "three:4")).isEqualTo("$5|hello");
    }

    @Test
    void databasesThatTheServerHasNotAreRefusedUnlessTheyAreToBeSkipped() throws IOException {
        Value value = ForeignValues.all().getFirst();
        Foreign file = key(key(header(9).bytes(254, 0), "a", value).bytes(254, 16), "b", value);
        Path path = write(file);
        assertThat(take(path)).isEqualTo(2);
        assertThat(program.errors()).contains("database 16 has 1 keys", "--skip-databases");
        assertThat(client.call("DBSIZE")).isEqualTo(":0");
        assertThat(take(path, "--skip-databases")).isEqualTo(1);
        assertThat(program.said()).contains("1 keys were taken over", "LEFT OUT: 1 keys of other databases");
        assertThat(client.call("EXISTS", "a", "b")).isEqualTo(":1");
    }

    @Test
    void keysThatAreThereStayUnlessTheyAreToBeReplaced() throws IOException {
        Value value = ForeignValues.all().getFirst();
        Path path = write(key(key(header(9), "a", value), "b", value));
        client.call("SET", "a", "mine");
        assertThat(take(path)).isEqualTo(1);
        assertThat(program.said()).contains("1 keys were taken over", "LEFT OUT: 1 (a)", "--replace");
        assertThat(client.call("MGET", "a", "b")).isEqualTo("*2|$4|mine|$5|hello");
        assertThat(take(path, "--replace")).isZero();
        assertThat(client.call("MGET", "a", "b")).isEqualTo("*2|$5|hello|$5|hello");
    }

    @Test
    void manyKeysGoOverSeveralConnectionsAndWaitForTheServer() throws IOException {
        Value value = ForeignValues.all().getFirst();
        Foreign file = header(11).bytes(254, 0);
        for (int i = 0; i < 20_000; i++) {
            key(file, "key:" + i, value);
        }
        assertThat(take(write(file), "--connections=3")).as(program.said()).isZero();
        assertThat(program.said()).contains("20000 keys were taken over");
        assertThat(program.errors()).contains("50 % of the file: ");
        assertThat(client.call("DBSIZE")).isEqualTo(":20000");
    }

    @Test
    void aDamagedFileIsNamedBeforeAnythingIsDone() throws IOException {
        Value value = ForeignValues.all().getFirst();
        byte[] whole = Foreign.sealed(key(key(header(11), "a", value), "b", value).bytes(EOF).toBytes());
        Property.check(1, 300, Duration.ofSeconds(5), draw -> {
            byte[] broken = draw.nextBoolean() ? Arrays.copyOf(whole, draw.nextInt(whole.length)) : whole.clone();
            if (broken.length == whole.length) {
                broken[draw.nextInt(whole.length)] ^= (byte) (1 + draw.nextInt(255));
            }
            assertThat(take(write(broken))).as(program.said()).isEqualTo(2);
            assertThat(program.errors()).isNotBlank();
            assertThat(client.call("DBSIZE")).isEqualTo(":0");
        });
        byte[] unsummed = Arrays.copyOf(whole, whole.length);
        Arrays.fill(unsummed, whole.length - 8, whole.length, (byte) 0);
        assertThat(take(write(unsummed))).as("Redis was told to write no sum").isZero();
        for (int version : new int[]{6, 13}) {
            assertThat(take(write(header(version)))).isEqualTo(2);
            assertThat(program.errors()).contains("is of version " + version);
        }
        assertThat(take(write(new Foreign().raw(whole).raw(Foreign.latin1("*1\r\n")).toBytes()))).isEqualTo(2);
        assertThat(program.errors()).contains("4 bytes follow", "append-only file");
        assertThat(take(write(header(9).bytes(31).string("k")))).isEqualTo(2);
        assertThat(program.errors()).contains("key 'k' is of type 31");
    }

    @Test
    void theServersPasswordIsTakenFromTheEnvironment() throws IOException {
        Path path = write(key(header(9), "a", ForeignValues.all().getFirst()));
        try (StoreFixture.Server guarded = store.serve(StoreFixture.config().withPassword("s3cret"))) {
            String to = "--to=127.0.0.1:" + guarded.tcp().port();
            assertThat(program.run(null, "import", path.toString(), to)).isEqualTo(2);
            assertThat(program.errors()).contains("NOAUTH", "SOLASTER_PASSWORD");
            assertThat(program.run("s3cret", "import", path.toString(), to)).isZero();
            assertThat(program.run("s3cret", "import", path.toString(), to, "--user=default", "--replace")).isZero();
        }
        assertThat(client.call("GET", "a")).isEqualTo("$5|hello");
    }

    @Test
    void whatMakesNoSenseIsRefused() throws IOException {
        assertThat(program.run(null)).isEqualTo(2);
        assertThat(program.errors()).contains("java -jar solaster-store.jar import FILE");
        assertThat(program.run(null, "import", directory.resolve("none").toString(), "--to=127.0.0.1:1")).isEqualTo(2);
        assertThat(program.errors()).contains("is no file");
        Path path = write(header(9));
        assertThat(program.run(null, "import", path.toString())).isEqualTo(2);
        assertThat(program.errors()).contains("--to=HOST:PORT");
        assertThat(take(path, "--nonsense")).isEqualTo(2);
        assertThat(take(path, "--connections=0")).isEqualTo(2);
        assertThat(take(path, "--user=nobody")).isZero();
    }

    @Test
    void aFileOfRedisServerIsTakenOver() throws Exception {
        try (RedisServer server = RedisServer.start(); RespClient redis = new RespClient(server.port())) {
            Assumptions.assumeTrue(RedisComparison.version(server).startsWith("7."),
                    "redis-server is no 7: not taken over from");
            for (int i = 0; i < 300; i++) {
                redis.call("SET", "string:" + i, "value " + "x".repeat(i));
                redis.call("RPUSH", "list", "element:" + i);
                redis.call("SADD", "set", "member:" + i);
                redis.call("SADD", "numbers", "" + i);
                redis.call("ZADD", "zset", "" + i / 7.0, "member:" + i);
                redis.call("HSET", "hash", "field:" + i, "" + i);
                if (i < 20) {
                    redis.call("ZADD", "small zset", "" + i / 7.0, "member:" + i);
                    redis.call("HSET", "small hash", "field:" + i, "" + i);
                }
            }
            redis.call("SET", "expires", "1", "PXAT", "4000000000000");
            redis.call("XADD", "stream", "1-1", "f", "v");
            redis.call("XGROUP", "CREATE", "stream", "g", "0");
            redis.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">");
            redis.call("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)");
            assertThat(redis.call("SAVE")).isEqualTo("+OK");
            Path file = directory.resolve("dump.rdb");
            Files.move(server.directory().resolve("dump.rdb"), file);
            assertThat(take(file)).as(program.said() + program.errors()).isEqualTo(1);
            assertThat(program.said()).contains("309 keys were taken over", "LEFT OUT: 1 libraries of functions");
            for (List<String> ask : List.of(List.of("LRANGE", "list", "0", "-1"), List.of("SMEMBERS", "set"),
                    List.of("SMEMBERS", "numbers"), List.of("ZRANGE", "zset", "0", "-1", "WITHSCORES"),
                    List.of("ZRANGE", "small zset", "0", "-1", "WITHSCORES"), List.of("HGETALL", "hash"),
                    List.of("HGETALL", "small hash"), List.of("GET", "string:299"))) {
                assertThat(RestoreTest.content(client, ask)).isEqualTo(RestoreTest.content(redis, ask));
            }
            assertThat(client.call("XRANGE", "stream", "-", "+")).isEqualTo("*1|*2|$3|1-1|*2|$1|f|$1|v");
            assertThat(client.call("XPENDING", "stream", "g")).isEqualTo(redis.call("XPENDING", "stream", "g"));
            assertThat(client.call("PEXPIRETIME", "expires")).isEqualTo(":4000000000000");
            assertThat(client.call("DBSIZE")).isEqualTo(":309");
        }
    }
}
