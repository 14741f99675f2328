package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;

import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams that redis-server has dumped are restored here, and what was dumped here there; they are copied and renamed. */
class StreamDumpTest {
    @RegisterExtension
    static final RedisComparison redis = new RedisComparison();

    private static void fill(RespClient client, int entries) {
        for (int i = 1; i <= entries; i++) {
            String id = i * 1_000_000_007L + "-" + i;
            switch (i % 4) {
                case 0 -> client.call("XADD", "v", id, "field", "value" + i, "number", Integer.toString(-i));
                case 1 -> client.call("XADD", "v", id, "field", "", "number", "x".repeat(i % 300));
                default -> client.call("XADD", "v", id, "other", "7");
            }
        }
        client.call("XADD", "v", "9999999999999-18446744073709551615", "a", "b");
        client.call("XDEL", "v", "3000000021-3", "5000000035-5");
        client.call("XGROUP", "CREATE", "v", "first", "0");
        client.call("XGROUP", "CREATE", "v", "empty", "$");
        client.call("XREADGROUP", "GROUP", "first", "one", "COUNT", "100", "STREAMS", "v", ">");
        client.call("XREADGROUP", "GROUP", "first", "two", "COUNT", "2", "STREAMS", "v", ">");
        client.call("XACK", "v", "first", "1000000007-1");
    }

    private static List<String> content(RespClient client, String key) {
        return List.of(client.call("XRANGE", key, "-", "+"), client.call("XINFO", "GROUPS", key),
                client.call("XINFO", "STREAM", key).replaceAll("radix-tree-\\w+\\|:\\d+", ""),
                client.call("XPENDING", key, "first"), client.call("XPENDING", key, "empty"));
    }

    private static void restore(RespClient from, RespClient to) {
        String dump = new String(RestoreTest.dump(from, "v"), StandardCharsets.ISO_8859_1);
        assertThat(to.call("RESTORE", "v", "0", dump, "REPLACE")).isEqualTo("+OK");
    }

    @ParameterizedTest(name = "{0} shard(s)")
    @ValueSource(ints = {1, 2})
    void streamsGoToAndFro(int shards) {
        try (RespClient theirs = redis.connect(); RespClient ours = StoreFixture.of(shards).connectEmpty()) {
            for (int entries : new int[]{0, 1, 7, 450}) {
                theirs.call("DEL", "v");
                fill(theirs, entries);
                List<String> expected = content(theirs, "v");
                restore(theirs, ours);
                assertThat(content(ours, "v")).isEqualTo(expected);
                theirs.call("DEL", "v");
                restore(ours, theirs);
                assertThat(content(theirs, "v")).isEqualTo(expected);
                for (int i = 0; i < 4; i++) {
                    assertThat(ours.call("COPY", "v", "copy" + i)).isEqualTo(":1");
                    assertThat(content(ours, "copy" + i)).isEqualTo(expected);
                    assertThat(ours.call("RENAME", "copy" + i, "renamed" + i)).isEqualTo("+OK");
                    assertThat(content(ours, "renamed" + i)).isEqualTo(expected);
                }
                ours.call("FLUSHALL");
            }
            ours.call("XGROUP", "CREATE", "v", "first", "0", "MKSTREAM");
            ours.call("XGROUP", "CREATE", "v", "empty", "0");
            ours.call("XGROUP", "CREATECONSUMER", "v", "first", "idle");
            List<String> expected = content(ours, "v");
            assertThat(ours.call("COPY", "v", "copy")).isEqualTo(":1");
            assertThat(content(ours, "copy")).isEqualTo(expected);
            assertThat(ours.call("XINFO", "CONSUMERS", "copy", "first")).contains("inactive|:-1");
        }
    }
}
