package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

import io.solaster.config.StorePersistenceConfig;
import io.solaster.config.value.Fsync;
import io.solaster.log.LogDamagedException;
import io.solaster.store.script.NeedsLua;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What was answered is there after a restart: out of logs, out of snapshots, and with another number of shards. */
final class PersistenceTest {
    @TempDir
    Path directory;

    /** One of each type, small and large, with times. */
    private static void fill(RespClient client, String prefix) {
        client.call("SET", prefix + "string", "value");
        client.call("SET", prefix + "due", "value", "PXAT", "99177117420000");
        client.call("SET", prefix + "long", "x".repeat(200_000));
        client.call("APPEND", prefix + "long", "y".repeat(70_000));
        client.call("SETRANGE", prefix + "long", "100", "in the middle");
        for (int size : new int[]{5, 1_000}) {
            List<String> list = new ArrayList<>(List.of("RPUSH", prefix + "list" + size));
            List<String> set = new ArrayList<>(List.of("SADD", prefix + "set" + size));
            List<String> hash = new ArrayList<>(List.of("HSET", prefix + "hash" + size));
            List<String> zset = new ArrayList<>(List.of("ZADD", prefix + "zset" + size));
            for (int i = 0; i < size; i++) {
                list.add("element" + i);
                set.add("member" + i);
                hash.addAll(List.of("field" + i, "value" + i));
                zset.addAll(List.of(Integer.toString(i * 7 % 100), "member" + i));
            }
            for (List<String> each : List.of(list, set, hash, zset)) {
                client.call(each.toArray(String[]::new));
            }
            client.call("LTRIM", prefix + "list" + size, "1", "-2");
            client.call("HPEXPIREAT", prefix + "hash" + size, "99177117420000", "FIELDS", "1", "field1");
            client.call("ZPOPMIN", prefix + "zset" + size, "2");
            client.call("SPOP", prefix + "set" + size, "2");
            client.call("PEXPIREAT", prefix + "zset" + size, "99177117420000");
        }
        client.call("SET", prefix + "gone", "value");
        client.call("DEL", prefix + "gone");
        client.call("RENAME", prefix + "list1000", prefix + "renamed");
    }

    /** All that a client can see of what {@link #fill} has written. */
    private static String content(RespClient client, String... prefixes) {
        StringBuilder all = new StringBuilder(client.call("DBSIZE"));
        for (String prefix : prefixes) {
            for (String key : List.of("string", "due", "long")) {
                all.append('\n').append(client.call("GET", prefix + key))
                        .append(client.call("PEXPIRETIME", prefix + key));
            }
            for (String key : List.of("list5", "renamed", "list1000")) {
                all.append('\n').append(client.call("LRANGE", prefix + key, "0", "-1"));
            }
            for (int size : new int[]{5, 1_000}) {
                all.append('\n').append(sorted(client.call("SMEMBERS", prefix + "set" + size)));
                all.append('\n').append(sorted(client.call("HGETALL", prefix + "hash" + size)));
                all.append('\n').append(client.call("HPEXPIRETIME", prefix + "hash" + size, "FIELDS", "1", "field1"));
                all.append('\n').append(client.call("ZRANGE", prefix + "zset" + size, "0", "-1", "WITHSCORES"));
                all.append('\n').append(client.call("PEXPIRETIME", prefix + "zset" + size));
            }
        }
        return all.toString();
    }

    private static String sorted(String reply) {
        String[] parts = reply.split("\\|");
        Arrays.sort(parts);
        return String.join("|", parts);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, false", "2, 2, false", "2, 2, true", "1, 2, false", "2, 1, true", "3, 2, true"})
    void whatWasAnsweredIsThere(int before, int after, boolean snapshot) {
        String expected;
        try (KeptStore store = KeptStore.open(before, directory); RespClient client = store.connect()) {
            fill(client, "a");
            fill(client, "flushed");
            client.call("FLUSHALL");
            fill(client, "b");
            if (snapshot) {
                assertThat(client.call("SAVE")).isEqualTo("+OK");
                fill(client, "b");
                fill(client, "c");
            }
            expected = content(client, "a", "b", "c");
        }
        try (KeptStore store = KeptStore.open(after, directory); RespClient client = store.connect()) {
            assertThat(content(client, "a", "b", "c")).isEqualTo(expected);
            fill(client, "d");
            expected = content(client, "a", "b", "c", "d");
        }
        try (KeptStore store = KeptStore.open(after, directory); RespClient client = store.connect()) {
            assertThat(content(client, "a", "b", "c", "d")).isEqualTo(expected);
        }
    }

    @Test
    void whatIsChangedInManyTurnsIsThereAfterARestart() {
        List<String> reads = List.of("LRANGE list 0 -1", "LRANGE pops 0 -1", "ZRANGE zset 0 -1 WITHSCORES",
                "SMEMBERS set");
        List<String> before = new ArrayList<>();
        try (KeptStore store = KeptStore.open(2, directory); RespClient client = store.connect()) {
            for (int from = 0; from < 20_000; from += 1_000) {
                List<String> list = new ArrayList<>(List.of("RPUSH", "list"));
                List<String> pops = new ArrayList<>(List.of("RPUSH", "pops"));
                List<String> zset = new ArrayList<>(List.of("ZADD", "zset"));
                List<String> set = new ArrayList<>(List.of("SADD", "set"));
                for (int i = from; i < from + 1_000; i++) {
                    list.add(i % 3 == 0 ? "some" : "element" + i);
                    pops.add("element" + i);
                    set.add("member" + i);
                    zset.addAll(List.of(Integer.toString(i), "member" + i));
                }
                for (List<String> each : List.of(list, pops, zset, set)) {
                    client.call(each.toArray(String[]::new));
                }
            }
            for (String command : List.of("LREM list 3000 some", "LREM list -3000 some", "LTRIM list 100 -200",
                    "LPOP pops 7000", "RPOP pops 7000", "ZPOPMIN zset 5000", "ZREMRANGEBYRANK zset 10 9000",
                    "SPOP set 9000")) {
                assertThat(client.call(command.split(" ", -1))).doesNotStartWith("-");
            }
            reads.forEach(read -> before.add(sorted(client.call(read.split(" ", -1)))));
        }
        try (KeptStore store = KeptStore.open(2, directory); RespClient client = store.connect()) {
            for (int i = 0; i < before.size(); i++) {
                assertThat(sorted(client.call(reads.get(i).split(" ", -1)))).isEqualTo(before.get(i));
            }
        }
    }

    @Test
    void aSnapshotLetsGoOfTheLogAndHasOneMoment() throws Exception {
        Random random = new Random(7);
        String expected;
        try (KeptStore store = KeptStore.open(2, directory);
                RespClient client = store.connect();
                RespClient other = store.connect()) {
            for (int i = 0; i < 5_000; i++) {
                client.send("SET", "k" + i, "v".repeat(100) + i);
                client.send("RPUSH", "l" + i % 10, "e" + i);
            }
            for (int i = 0; i < 10_000; i++) {
                client.reply();
            }
            for (int round = 0; round < 3; round++) {
                other.send("SAVE");
                for (int i = 0; i < 3_000; i++) {
                    client.send("APPEND", "k" + random.nextInt(6_000), "more");
                    client.send("RPUSH", "l" + random.nextInt(10), "late" + i);
                    client.send("LPOP", "l" + random.nextInt(10));
                    client.send("DEL", "k" + random.nextInt(5_000));
                }
                for (int i = 0; i < 12_000; i++) {
                    client.reply();
                }
                assertThat(other.reply()).isEqualTo("+OK");
            }
            expected = keysAndLists(client);
            StoreFixture.await("the logs are cut", () -> segments() <= 2 * 16);
        }
        try (KeptStore store = KeptStore.open(2, directory); RespClient client = store.connect()) {
            assertThat(keysAndLists(client)).isEqualTo(expected);
        }
    }

    private static String keysAndLists(RespClient client) {
        StringBuilder all = new StringBuilder(client.call("DBSIZE"));
        for (int i = 0; i < 6_000; i++) {
            client.send("GET", "k" + i);
        }
        for (int i = 0; i < 6_000; i++) {
            all.append(client.reply());
        }
        for (int i = 0; i < 10; i++) {
            all.append(client.call("LRANGE", "l" + i, "0", "-1"));
        }
        return all.toString();
    }

    private long segments() {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(each -> each.toString().endsWith(".log")).count();
        } catch (IOException | UncheckedIOException e) {
            // One was deleted while they were gone through.
            return Long.MAX_VALUE;
        }
    }

    /** What is due by now was not when the rest of the log was written, which is about it. */
    @Test
    void nothingExpiresWhileTheLogIsRead() {
        AtomicLong ahead = new AtomicLong();
        LongSupplier clock = () -> System.currentTimeMillis() + ahead.get();
        try (KeptStore store = new KeptStore(1, KeptStore.small(directory), clock);
                RespClient client = store.connect()) {
            client.call("RPUSH", "kept", "a");
            client.call("EXPIRE", "kept", "1000");
            client.call("RPUSH", "due", "a");
            client.call("EXPIRE", "due", "1000");
            client.call("HSET", "hash", "field", "value", "other", "value");
            client.call("HEXPIRE", "hash", "1000", "FIELDS", "1", "field");
            for (int round = 0; round < 40; round++) {
                for (int i = 0; i < 5_000; i++) {
                    client.send("SET", "key" + i, "value");
                }
                for (int i = 0; i < 5_000; i++) {
                    client.reply();
                }
            }
            client.call("LSET", "due", "0", "b");
            client.call("LSET", "kept", "0", "b");
            client.call("PERSIST", "kept");
            client.call("HPERSIST", "hash", "FIELDS", "1", "field");
        }
        ahead.set(Duration.ofHours(1).toMillis());
        for (int start = 0; start < 2; start++) {
            try (KeptStore store = new KeptStore(1, KeptStore.small(directory), clock);
                    RespClient client = store.connect()) {
                assertThat(client.call("LRANGE", "kept", "0", "-1")).isEqualTo("*1|$1|b");
                assertThat(client.call("HGET", "hash", "field")).isEqualTo("$5|value");
                assertThat(client.call("EXISTS", "due")).isEqualTo(":0");
                client.call("RPUSH", "due", "new");
                client.call("DEL", "due");
            }
        }
    }

    @Test
    void aSnapshotOfNothingIsOne() {
        try (KeptStore store = KeptStore.open(1, directory); RespClient client = store.connect()) {
            client.call("SET", "a", "1");
            client.call("FLUSHALL");
            assertThat(client.call("SAVE")).isEqualTo("+OK");
        }
        try (KeptStore store = KeptStore.open(2, directory); RespClient client = store.connect()) {
            assertThat(client.call("DBSIZE")).isEqualTo(":0");
            assertThat(client.call("SET", "a", "1")).isEqualTo("+OK");
        }
        try (KeptStore store = KeptStore.open(2, directory); RespClient client = store.connect()) {
            assertThat(client.call("GET", "a")).isEqualTo("$1|1");
        }
    }

    @Test
    void aClientThatWaitedHasWhatItGot() {
        try (KeptStore store = KeptStore.open(2, directory);
                RespClient waiting = store.connect();
                RespClient client = store.connect()) {
            waiting.send("BLPOP", "list", "0");
            StoreFixture.await("the client waits", () -> client.call("INFO", "clients").contains("blocked_clients:1"));
            client.call("RPUSH", "list", "1", "2");
            assertThat(waiting.reply()).isEqualTo("*2|$4|list|$1|1");
        }
        try (KeptStore store = KeptStore.open(2, directory); RespClient client = store.connect()) {
            assertThat(client.call("LRANGE", "list", "0", "-1")).isEqualTo("*1|$1|2");
        }
    }

    /** A part of the keys is no snapshot. */
    @Test
    void aStopAmidASnapshotLeavesTheOneBefore() {
        for (int round = 0; round < 3; round++) {
            try (KeptStore store = KeptStore.open(1, directory); RespClient client = store.connect()) {
                if (round == 0) {
                    for (int i = 0; i < 20_000; i++) {
                        client.send("SET", "k" + i, "v".repeat(500));
                    }
                    for (int i = 0; i < 20_000; i++) {
                        client.reply();
                    }
                    client.call("SAVE");
                }
                assertThat(client.call("DBSIZE")).isEqualTo(":20000");
                assertThat(client.call("BGSAVE")).startsWith("+");
            }
        }
    }

    @Test
    void whatLacksItsMarkIsNotDeleted() throws Exception {
        try (KeptStore store = KeptStore.open(1, directory); RespClient client = store.connect()) {
            client.call("SET", "a", "1");
            client.call("SAVE");
        }
        Path mark = directory.resolve("generation-1/shards-1");
        Files.delete(mark);
        assertThatThrownBy(() -> KeptStore.open(1, directory)).isInstanceOf(LogDamagedException.class)
                .hasMessageContaining("generation-1").hasMessageContaining("shards-N");
        Files.createFile(mark);
        try (KeptStore store = KeptStore.open(1, directory); RespClient client = store.connect()) {
            assertThat(client.call("GET", "a")).isEqualTo("$1|1");
        }
    }

    /** It is answered in a later turn, once the log has what it wrote. */
    @Test
    @NeedsLua
    void aScriptOfSeveralTurnsIsKept() {
        StorePersistenceConfig always = KeptStore.small(directory).withFsync(Fsync.ALWAYS);
        try (KeptStore store = new KeptStore(1, always); RespClient client = store.connect()) {
            assertThat(client.call("EVAL", "redis.call('SET', KEYS[1], 'half') for i = 1, 3e6 do end "
                    + "redis.call('SET', KEYS[1], 'whole') return 'done'", "1", "key")).isEqualTo("$4|done");
        }
        try (KeptStore store = new KeptStore(1, always); RespClient client = store.connect()) {
            assertThat(client.call("GET", "key")).isEqualTo("$5|whole");
        }
    }

    @Test
    void aDamagedSnapshotStopsTheStart() throws Exception {
        try (KeptStore store = KeptStore.open(1, directory); RespClient client = store.connect()) {
            fill(client, "a");
            client.call("SAVE");
        }
        Path snapshot = directory.resolve("generation-1/shard-0.snapshot");
        byte[] bytes = Files.readAllBytes(snapshot);
        for (int at : new int[]{3, 40, 70, bytes.length / 2, bytes.length - 5}) {
            byte[] damaged = bytes.clone();
            damaged[at] ^= 1;
            Files.write(snapshot, damaged);
            assertThatThrownBy(() -> KeptStore.open(1, directory)).isInstanceOf(LogDamagedException.class)
                    .hasMessageContaining(snapshot + ", byte ");
        }
        Files.write(snapshot, Arrays.copyOf(bytes, bytes.length - 1));
        assertThatThrownBy(() -> KeptStore.open(1, directory)).isInstanceOf(LogDamagedException.class);
        Files.write(snapshot, bytes);
        try (KeptStore store = KeptStore.open(1, directory); RespClient client = store.connect()) {
            assertThat(client.call("GET", "astring")).isEqualTo("$5|value");
        }
        Files.delete(snapshot);
        assertThatThrownBy(() -> KeptStore.open(1, directory)).isInstanceOf(LogDamagedException.class)
                .hasMessageContaining("snapshot");
    }

    /** The log was let go of up to its end, so that no record says that something is missing. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aSnapshotThatIsGoneStopsTheStart(int after) throws Exception {
        try (KeptStore store = KeptStore.open(2, directory); RespClient client = store.connect()) {
            fill(client, "a");
            client.call("SAVE");
        }
        Path snapshot = directory.resolve("generation-1/shard-1.snapshot");
        byte[] bytes = Files.readAllBytes(snapshot);
        Files.delete(snapshot);
        assertThatThrownBy(() -> KeptStore.open(after, directory)).isInstanceOf(LogDamagedException.class)
                .hasMessageContaining("bring " + snapshot + " back");
        Files.write(snapshot, bytes);
        try (KeptStore store = KeptStore.open(after, directory); RespClient client = store.connect()) {
            assertThat(client.call("GET", "astring")).isEqualTo("$5|value");
        }
    }

    @Test
    void aSnapshotOfANewerFormatIsRefusedByName() throws Exception {
        try (KeptStore store = KeptStore.open(1, directory); RespClient client = store.connect()) {
            client.call("SET", "a", "1");
            client.call("SAVE");
        }
        Path snapshot = directory.resolve("generation-1/shard-0.snapshot");
        byte[] bytes = Files.readAllBytes(snapshot);
        ByteBuffer header = ByteBuffer.wrap(bytes.clone()).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(8, 2);
        CRC32C crc = new CRC32C();
        crc.update(header.array(), 0, 48);
        Files.write(snapshot, header.putInt(48, (int) crc.getValue()).array());
        assertThatThrownBy(() -> KeptStore.open(1, directory)).isInstanceOf(LogDamagedException.class)
                .hasMessage("snapshot " + snapshot + " has version 2 of the format, and this release reads version 1:"
                        + " take the release that wrote it");
        // It is as it was: the release that wrote it can read it.
        assertThat(Files.readAllBytes(snapshot)).isEqualTo(header.array());
        Files.write(snapshot, bytes);
        try (KeptStore store = KeptStore.open(1, directory); RespClient client = store.connect()) {
            assertThat(client.call("GET", "a")).isEqualTo("$1|1");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aSnapshotOfAnotherShardIsRefusedByName(int after) throws Exception {
        try (KeptStore store = KeptStore.open(2, directory); RespClient client = store.connect()) {
            fill(client, "a");
            client.call("SAVE");
        }
        Path first = directory.resolve("generation-1/shard-0.snapshot");
        Path second = directory.resolve("generation-1/shard-1.snapshot");
        byte[] bytes = Files.readAllBytes(first);
        Files.copy(second, first, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> KeptStore.open(after, directory)).isInstanceOf(LogDamagedException.class)
                .hasMessageContaining("snapshot " + first + " is of shard 1 of 2, and that of shard 0 of 2 belongs");
        Files.write(first, bytes);
        try (KeptStore store = KeptStore.open(after, directory); RespClient client = store.connect()) {
            assertThat(client.call("GET", "astring")).isEqualTo("$5|value");
        }
    }
}
