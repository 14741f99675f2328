package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Streams, their groups and what is pending are there after a restart, also over another number of shards. */
class StreamPersistenceTest {
    private static final int ENTRIES = 700;

    @TempDir
    Path directory;

    private static void fill(RespClient client, String key) {
        for (int i = 1; i <= ENTRIES; i++) {
            client.call("XADD", key, i + "-" + i, "field", "value" + i, i % 3 == 0 ? "other" : "second", "x".repeat(i));
        }
        assertThat(client.call("XDEL", key, "3-3", "500-500")).isEqualTo(":2");
        assertThat(client.call("XTRIM", key, "MAXLEN", "650")).isEqualTo(":48");
        assertThat(client.call("XGROUP", "CREATE", key, "group", "0")).isEqualTo("+OK");
        assertThat(client.call("XGROUP", "CREATE", key, "other", "$")).isEqualTo("+OK");
        client.call("XGROUP", "CREATE", key, "gone", "$");
        client.call("XGROUP", "DESTROY", key, "gone");
        client.call("XREADGROUP", "GROUP", "group", "first", "COUNT", "400", "STREAMS", key, ">");
        client.call("XREADGROUP", "GROUP", "group", "second", "COUNT", "20", "STREAMS", key, ">");
        client.call("XACK", key, "group", "100-100", "101-101");
        client.call("XCLAIM", key, "group", "third", "0", "102-102", "IDLE", "5000", "RETRYCOUNT", "7");
        client.call("XGROUP", "DELCONSUMER", key, "group", "second");
    }

    private static String content(RespClient client, String key) {
        // Entries may be in other blocks then.
        return client.call("XINFO", "STREAM", key, "FULL", "COUNT", "0").replaceAll("(radix-tree-\\w+\\|):\\d+", "$1");
    }

    @ParameterizedTest
    @CsvSource({"1, 1, false", "2, 2, true", "1, 2, false", "2, 1, true"})
    void whatWasAnsweredIsThere(int before, int after, boolean snapshot) {
        String a;
        String b;
        try (KeptStore store = KeptStore.open(before, directory); RespClient client = store.connect()) {
            fill(client, "a");
            if (snapshot) {
                assertThat(client.call("SAVE")).isEqualTo("+OK");
            }
            fill(client, "b");
            client.call("XADD", "a", "*", "behind", "it");
            client.call("XADD", "empty", "MAXLEN", "0", "5-5", "a", "b");
            a = content(client, "a");
            b = content(client, "b");
        }
        for (int i = 0; i < 2; i++) {
            try (KeptStore store = KeptStore.open(after, directory); RespClient client = store.connect()) {
                assertThat(content(client, "a")).isEqualTo(a);
                assertThat(content(client, "b")).isEqualTo(b);
                assertThat(client.call("XADD", "empty", "NOMKSTREAM", "5-5", "a", "b")).startsWith("-ERR The ID");
                assertThat(client.call("XLEN", "empty")).isEqualTo(":0");
            }
        }
    }
}
