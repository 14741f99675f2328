package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

import io.solaster.config.EngineConfig;
import io.solaster.config.StoreConfig;
import io.solaster.config.StorePersistenceConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.store.rdb.Foreign;
import io.solaster.store.rdb.ForeignValues;
import io.solaster.store.rdb.ForeignValues.Value;
import io.solaster.testkit.peer.RedisServer;
import io.solaster.testkit.sim.Machine;
import io.solaster.testkit.sim.Simulation;
import io.solaster.testkit.sim.disk.DiskFaults;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store that begins with a file of Redis has all of it before anybody is served, and reads it once. */
final class FirstImportTest {
    private static final int EOF = 255;

    @TempDir
    Path directory;

    private static Foreign header(int version) {
        return new Foreign().raw(Foreign.latin1(String.format("REDIS%04d", version)));
    }

    private static Foreign key(Foreign file, String name, Value value) {
        return file.bytes(value.bytes()[0]).string(name)
                .raw(Arrays.copyOfRange(value.bytes(), 1, value.bytes().length));
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(directory.resolve("dump.rdb"), bytes);
    }

    private Path write(Foreign file) throws IOException {
        return write(Foreign.sealed(file.bytes(EOF).toBytes()));
    }

    private KeptStore open(int shards) {
        return new KeptStore(shards, KeptStore.small(directory.resolve("kv"))
                .withImportFrom(directory.resolve("dump.rdb").toString()));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void allOfAFileIsThereAndItIsReadOnce(int shards) throws IOException {
        List<Value> values = ForeignValues.all();
        Foreign file = header(12).bytes(250).string("redis-ver").string("9.9.9").bytes(254, 0);
        for (int i = 0; i < values.size(); i++) {
            key(file, "key" + i, values.get(i));
        }
        file.bytes(254, 5);
        key(file.bytes(252).little(4_000_000_000_123L, 8), "millis", values.getFirst());
        key(file.bytes(252).little(1_000, 8), "past", values.getFirst());
        key(file.bytes(248).count(5_000), "idle", values.getFirst());
        file.bytes(245).string("#!lua name=lib");
        write(file);
        for (int start = 0; start < 3; start++) {
            // The second time with another number of shards, and the third without the file.
            try (KeptStore store = open(shards + start % 2); RespClient client = store.connect()) {
                for (int i = 0; i < values.size() && start != 1; i++) {
                    client.call("COPY", "key" + i, "key");
                    RestoreTest.hasContent(client, values.get(i));
                    client.call("DEL", "key");
                }
                client.call("SELECT", "5");
                assertThat(client.call("PEXPIRETIME", "millis")).isEqualTo(":4000000000123");
                assertThat(client.call("EXISTS", "past")).isEqualTo(":0");
                assertThat(client.call("DEL", "idle")).isEqualTo(start == 0 ? ":1" : ":0");
            }
            if (start == 1) {
                Files.delete(directory.resolve("dump.rdb"));
            }
        }
    }

    private void refused(String... why) {
        assertThatThrownBy(() -> open(2)).hasMessageContaining("solaster.store.persistence.import-from")
                .hasMessageContaining(directory.resolve("dump.rdb").toString()).hasMessageContainingAll(why);
        assertThat(directory.resolve("kv")).isDirectoryNotContaining(each -> each.toString().contains("generation"));
    }

    @Test
    void whatCannotBeReadStopsTheStartAndTheNextOneTriesAgain() throws IOException {
        KeptStore.assumeLocks(directory.resolve("kv"));
        Value value = ForeignValues.all().getFirst();
        refused("NoSuchFile");
        byte[] whole = Foreign.sealed(key(key(header(11), "a", value), "b", value).bytes(EOF).toBytes());
        write(Arrays.copyOf(whole, whole.length - 20));
        refused("byte ");
        byte[] flipped = whole.clone();
        flipped[whole.length - 12] ^= 1;
        write(flipped);
        refused("check sum");
        write(header(13));
        refused("is of version 13");
        write(Foreign.latin1("no file of Redis at all"));
        refused("REDIS");
        write(key(header(9).bytes(254, 16), "far", value));
        refused("'far'", "solaster.store.databases is 16");
        write(key(key(header(9), "a", value), "a", value));
        refused("key 'a' is twice");
        // The sum is right, and the value is none: a listpack with nothing in it.
        write(header(9).bytes(16).string("bad").string("xxxx"));
        refused("key 'bad'", "is damaged");
        write(whole);
        try (KeptStore store = open(2); RespClient client = store.connect()) {
            assertThat(client.call("MGET", "a", "b")).isEqualTo("*2|$5|hello|$5|hello");
        }
    }

    @Test
    void aStoreThatHasKeysReadsNoFile() throws IOException {
        try (KeptStore store = KeptStore.open(1, directory.resolve("kv")); RespClient client = store.connect()) {
            client.call("SET", "a", "mine");
        }
        write(key(header(9), "a", ForeignValues.all().getFirst()));
        try (KeptStore store = open(1); RespClient client = store.connect()) {
            assertThat(client.call("GET", "a")).isEqualTo("$4|mine");
        }
    }

    /** Amid some steps of the import, until it is noted, and after. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anImportThatIsInterruptedBeginsAnew(boolean crash) throws IOException {
        interrupt(crash, 4, 9);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("full")
    void anImportThatIsInterruptedAtAnyMomentBeginsAnew(boolean crash) throws IOException {
        interrupt(crash, 0, 1);
    }

    private void interrupt(boolean crash, int first, int step) throws IOException {
        Foreign file = header(11).bytes(254, 0);
        for (int i = 0; i < 50; i++) {
            key(file, "key" + i, ForeignValues.all().getFirst());
        }
        Path path = write(file);
        StorePersistenceConfig config = StorePersistenceConfig.in("/data/kv").withFsync(Fsync.valueOf("always"))
                .withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10), new ByteSize(0))
                .withImportFrom(path.toString());
        int[] opened = new int[2];
        // Each operation on the disk takes a second, so that each moment is amid another one, until all are done.
        for (int moment = first; opened[1] == 0; moment += step) {
            assertThat(moment).as("seconds that it takes").isLessThan(300);
            Duration until = Duration.ofMillis(moment * 1000L + 500);
            Simulation.run(moment, sim -> {
                Machine machine = sim.machine("a");
                machine.disk().set(DiskFaults.NONE.delayed(Duration.ofSeconds(1)));
                boolean[] done = new boolean[1];
                Engine engine = machine.start(EngineConfig.defaults().withShards(2));
                sim.thread("opens", () -> {
                    try {
                        Store.on(engine, StoreConfig.defaults().withPersistence(config));
                        done[0] = true;
                    } catch (RuntimeException ended) {
                        // The machine did.
                    }
                    return true;
                });
                sim.sleep(until);
                opened[done[0] ? 1 : 0]++;
                if (crash) {
                    machine.crash();
                } else {
                    machine.kill();
                }
                machine.disk().set(DiskFaults.NONE);
                Store again = Store.on(machine.start(EngineConfig.defaults().withShards(2)),
                        StoreConfig.defaults().withPersistence(config));
                for (int i = 0; i < 50; i++) {
                    assertThat(Objects.requireNonNull(sim.await(again.strings().get("key" + i)))).hasSize(5);
                }
                assertThat(again.size()).isEqualTo(50);
                sim.await(again.strings().set("key1", new byte[1]));
                machine.crash();
                Store third = Store.on(machine.start(EngineConfig.defaults().withShards(2)),
                        StoreConfig.defaults().withPersistence(config));
                assertThat(Objects.requireNonNull(sim.await(third.strings().get("key1")))).hasSize(1);
            });
        }
        assertThat(opened[0]).as("interrupted").isPositive();
    }

    @Test
    void aFileOfRedisServerIsThere() throws Exception {
        try (RedisServer server = RedisServer.start(); RespClient redis = new RespClient(server.port())) {
            Assumptions.assumeTrue(RedisComparison.version(server).startsWith("7."), "redis-server is no 7");
            for (int i = 0; i < 300; i++) {
                redis.call("SET", "string:" + i, "value " + "x".repeat(i));
                redis.call("RPUSH", "list", "element:" + i);
                redis.call("SADD", "set", "member:" + i);
                redis.call("ZADD", "zset", "" + i / 7.0, "member:" + i);
                redis.call("HSET", "hash", "field:" + i, "" + i);
                redis.call("XADD", "stream", i + 1 + "-1", "f", "v");
            }
            redis.call("XGROUP", "CREATE", "stream", "g", "0");
            redis.call("XREADGROUP", "GROUP", "g", "c", "COUNT", "7", "STREAMS", "stream", ">");
            redis.call("SELECT", "3");
            redis.call("SET", "third", "1", "PXAT", "4000000000000");
            redis.call("SELECT", "0");
            assertThat(redis.call("SAVE")).isEqualTo("+OK");
            Files.move(server.directory().resolve("dump.rdb"), directory.resolve("dump.rdb"));
            for (int start = 0; start < 2; start++) {
                try (KeptStore store = open(2); RespClient client = store.connect()) {
                    for (List<String> ask : List.of(List.of("LRANGE", "list", "0", "-1"), List.of("SMEMBERS", "set"),
                            List.of("ZRANGE", "zset", "0", "-1", "WITHSCORES"), List.of("HGETALL", "hash"),
                            List.of("GET", "string:299"))) {
                        assertThat(RestoreTest.content(client, ask)).isEqualTo(RestoreTest.content(redis, ask));
                    }
                    for (String[] ask : new String[][]{{"XRANGE", "stream", "-", "+"}, {"XPENDING", "stream", "g"},
                            {"DBSIZE"}}) {
                        assertThat(client.call(ask)).isEqualTo(redis.call(ask));
                    }
                    client.call("SELECT", "3");
                    assertThat(client.call("PEXPIRETIME", "third")).isEqualTo(":4000000000000");
                }
            }
        }
    }
}
