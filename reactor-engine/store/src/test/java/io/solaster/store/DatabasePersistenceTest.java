package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.StoreConfig;
import io.solaster.engine.Engine;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Databases are after a restart what they were: out of logs, out of snapshots, and with another number of shards. */
class DatabasePersistenceTest {
    private static final int DATABASES = 5;

    @TempDir
    Path directory;

    /** Keys and values of all databases, sorted. */
    private static String content(RespClient client) {
        StringBuilder all = new StringBuilder();
        for (int database = 0; database < DATABASES; database++) {
            client.call("SELECT", Integer.toString(database));
            String[] keys = client.call("KEYS", "*").split("\\|");
            List<String> lines = new ArrayList<>();
            for (int i = 2; i < keys.length; i += 2) {
                String type = client.call("TYPE", keys[i]);
                lines.add(keys[i] + " " + client.call("PEXPIRETIME", keys[i]) + " " + (type.equals("+list")
                        ? client.call("LRANGE", keys[i], "0", "-1")
                        : client.call("GET", keys[i])));
            }
            lines.sort(null);
            all.append(database).append(client.call("DBSIZE")).append(lines).append('\n');
        }
        client.call("SELECT", "0");
        return all.toString();
    }

    private static void change(RespClient client, Random random, int steps) {
        for (int i = 0; i < steps; i++) {
            String key = "key:" + random.nextInt(60);
            String other = "key:" + random.nextInt(60);
            String database = Integer.toString(random.nextInt(DATABASES));
            List<String> command = switch (random.nextInt(24)) {
                case 0, 1, 2, 3 -> List.of("SELECT", database);
                case 4, 5 -> List.of("MOVE", key, database);
                case 6 -> List.of("COPY", key, other, "DB", database, "REPLACE");
                case 7 -> List.of("SWAPDB", database, Integer.toString(random.nextInt(DATABASES)));
                case 8 -> random.nextInt(20) == 0 ? List.of("FLUSHDB") : List.of("DEL", key);
                case 9 -> List.of("RENAME", key, other);
                case 10, 11, 12 -> List.of("RPUSH", "list:" + key, "x", key, other);
                case 13 -> List.of("PEXPIREAT", key, "99177117420000");
                case 14 -> List.of("APPEND", key, "x".repeat(random.nextInt(3_000)));
                default -> List.of("SET", key, database + i);
            };
            client.send(command.toArray(String[]::new));
        }
        for (int i = 0; i < steps; i++) {
            client.reply();
        }
    }

    private static void large(RespClient client, int database) {
        client.call("SELECT", Integer.toString(database));
        String[] push = new String[3_002];
        Arrays.setAll(push, i -> i == 0 ? "RPUSH" : i == 1 ? "large" : "element:" + database + i);
        client.call("DEL", "large");
        client.call(push);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, false", "2, 2, true", "1, 3, true", "3, 2, false", "3, 1, true"})
    void areThereAfterARestart(int before, int after, boolean snapshot) {
        Random random = new Random(before * 31L + after);
        String expected;
        try (KeptStore store = KeptStore.open(before, directory); RespClient client = store.connect()) {
            change(client, random, 1_500);
            large(client, 3);
            if (snapshot) {
                assertThat(client.call("SAVE")).isEqualTo("+OK");
                change(client, random, 500);
                large(client, 2);
            }
            client.call("SWAPDB", "2", "4");
            expected = content(client);
        }
        try (KeptStore store = KeptStore.open(after, directory); RespClient client = store.connect()) {
            assertThat(content(client)).isEqualTo(expected);
            change(client, random, 300);
            expected = content(client);
        }
        try (KeptStore store = KeptStore.open(after, directory); RespClient client = store.connect()) {
            assertThat(content(client)).isEqualTo(expected);
        }
    }

    @Tag("full")
    @Test
    void aSnapshotHasOneMoment() {
        changeBesideSnapshots(2, 150);
    }

    @Test
    @Tag("full")
    void eachSnapshotHasOneMoment() {
        changeBesideSnapshots(3, 400);
    }

    /** What is swapped, moved and emptied while a snapshot is written is in the log behind it, and not in it. */
    private void changeBesideSnapshots(int rounds, int changes) {
        Random random = new Random(5);
        String expected;
        try (KeptStore store = KeptStore.open(2, directory);
                RespClient client = store.connect();
                RespClient other = store.connect()) {
            for (int database = 0; database < DATABASES; database++) {
                client.call("SELECT", Integer.toString(database));
                for (int i = 0; i < 3_000; i++) {
                    client.send("SET", "k" + i, "v".repeat(60) + database);
                }
                for (int i = 0; i < 3_000; i++) {
                    client.reply();
                }
                large(client, database);
            }
            for (int round = 0; round < rounds; round++) {
                other.send("SAVE");
                for (int i = 0; i < changes; i++) {
                    client.send("SELECT", Integer.toString(random.nextInt(DATABASES)));
                    client.send("MOVE", "k" + random.nextInt(3_000), Integer.toString(random.nextInt(DATABASES)));
                    client.send("SWAPDB", Integer.toString(random.nextInt(DATABASES)),
                            Integer.toString(random.nextInt(DATABASES)));
                    client.send("DEL", "k" + random.nextInt(3_000));
                    client.send("RPUSH", "large", "more" + i);
                    client.send("SET", "k" + random.nextInt(4_000), "changed");
                }
                for (int i = 0; i < 6 * changes; i++) {
                    client.reply();
                }
                assertThat(other.reply()).isEqualTo("+OK");
            }
            expected = content(client);
        }
        try (KeptStore store = KeptStore.open(2, directory); RespClient client = store.connect()) {
            assertThat(content(client)).isEqualTo(expected);
        }
    }

    @Test
    void moreDatabasesThanAreConfiguredAreNotForgotten() {
        try (KeptStore store = KeptStore.open(1, directory); RespClient client = store.connect()) {
            client.call("SELECT", "12");
            client.call("SET", "a", "1");
        }
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER))) {
            StoreConfig four = StoreConfig.defaults().withDatabases(4).withPersistence(KeptStore.small(directory));
            assertThatThrownBy(() -> Store.on(engine, four))
                    .hasMessageContaining("solaster.store.databases: 4, and database 12 is kept with 1 keys; set 13");
        }
    }
}
