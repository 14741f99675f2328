package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;

import io.solaster.store.script.NeedsLua;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Replies that are not wanted, pauses, monitors, and what was slow; over two shards. */
class WatchCommandsTest extends OwnStoreTest {
    private RespClient client;

    @BeforeEach
    void connect() {
        client = fixture.connectEmpty();
    }

    @AfterEach
    void close() {
        client.close();
    }

    /** In one batch, on keys of both shards, by one command and by one over both. */
    @Test
    void noRepliesAreSentWhereNoneAreWanted() {
        List<byte[]> batch = new ArrayList<>();
        batch.add(RespClient.encode("PING", "first"));
        batch.add(RespClient.encode("CLIENT", "REPLY", "OFF"));
        for (int i = 0; i < 20; i++) {
            batch.add(RespClient.encode("SET", "key" + i, "v" + i));
        }
        batch.add(RespClient.encode("MGET", "key1", "key2", "key3", "key4"));
        batch.add(RespClient.encode("DBSIZE"));
        batch.add(RespClient.encode("nope"));
        batch.add(RespClient.encode("CLIENT", "REPLY", "ON"));
        batch.add(RespClient.encode("DBSIZE"));
        client.send(join(batch));
        assertThat(client.reply()).isEqualTo("$5|first");
        assertThat(client.reply()).isEqualTo("+OK");
        assertThat(client.reply()).isEqualTo(":20");
    }

    @Test
    void oneReplyIsSkipped() {
        List<byte[]> batch = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            batch.add(RespClient.encode("SET", "key" + i, "v" + i));
            batch.add(RespClient.encode("CLIENT", "REPLY", "SKIP"));
            batch.add(RespClient.encode("GET", "key" + i));
            batch.add(RespClient.encode("PING", "p" + i));
            batch.add(RespClient.encode("CLIENT", "REPLY", "SKIP"));
            batch.add(RespClient.encode("MGET", "key" + i, "a", "b", "c"));
            batch.add(RespClient.encode("CLIENT", "REPLY", "SKIP"));
            batch.add(RespClient.encode("INFO"));
        }
        client.send(join(batch));
        for (int i = 0; i < 20; i++) {
            assertThat(client.reply()).isEqualTo("+OK");
            assertThat(client.reply()).endsWith("|p" + i);
        }
    }

    @Test
    void aPauseHoldsWritesOfAllShardsUntilItEnds() {
        assertThat(client.call("CLIENT", "PAUSE", "100000", "WRITE")).isEqualTo("+OK");
        List<RespClient> writers = new ArrayList<>();
        try (RespClient reader = fixture.connect()) {
            for (int i = 0; i < 8; i++) {
                RespClient writer = fixture.connect();
                writers.add(writer);
                writer.send("SET", "key" + i, "v").send("GET", "key" + i);
                assertThat(reader.call("GET", "key" + i)).isEqualTo("$-1");
            }
            assertThat(reader.call("DBSIZE")).isEqualTo(":0");
            assertThat(reader.call("CLIENT", "UNPAUSE")).isEqualTo("+OK");
            for (RespClient writer : writers) {
                assertThat(writer.reply()).isEqualTo("+OK");
                assertThat(writer.reply()).isEqualTo("$1|v");
            }
        } finally {
            writers.forEach(RespClient::close);
        }
    }

    @Test
    void aPauseOfWritesHoldsTransactionsThatWrite() {
        try (RespClient reader = fixture.connect(); RespClient writer = fixture.connect()) {
            for (RespClient each : List.of(reader, writer)) {
                assertThat(each.call("MULTI")).isEqualTo("+OK");
            }
            assertThat(reader.call("GET", "a")).isEqualTo("+QUEUED");
            assertThat(writer.call("SET", "a", "1")).isEqualTo("+QUEUED");
            assertThat(client.call("CLIENT", "PAUSE", "100000", "WRITE")).isEqualTo("+OK");
            assertThat(reader.call("EXEC")).isEqualTo("*1|$-1");
            writer.send("EXEC");
            StoreFixture.await("one waits", () -> client.call("INFO", "clients").contains("blocked_clients:1"));
            assertThat(client.call("CLIENT", "UNPAUSE")).isEqualTo("+OK");
            assertThat(writer.reply()).isEqualTo("*1|+OK");
        }
    }

    @Test
    void aPauseOfAllEndsByItself() {
        assertThat(client.call("CLIENT", "PAUSE", "50")).isEqualTo("+OK");
        assertThat(client.call("GET", "a")).isEqualTo("$-1");
    }

    @Test
    void whoIsGoneDuringAPauseIsForgotten() {
        assertThat(client.call("CLIENT", "PAUSE", "100000", "WRITE")).isEqualTo("+OK");
        for (int i = 0; i < 8; i++) {
            try (RespClient gone = fixture.connect()) {
                // Who has not come yet would not be missed below.
                assertThat(gone.call("PING")).isEqualTo("+PONG");
                gone.send("SET", "a", "1").send("PING");
            }
        }
        StoreFixture.await("they are gone", () -> client.call("CLIENT", "LIST").split("id=", -1).length == 2);
        assertThat(client.call("CLIENT", "UNPAUSE")).isEqualTo("+OK");
        assertThat(client.call("SET", "a", "2")).isEqualTo("+OK");
        assertThat(client.call("GET", "a")).isEqualTo("$1|2");
    }

    @Test
    void pausesAreRefusedThatMakeNoSense() {
        assertThat(client.call("CLIENT", "PAUSE", "x")).isEqualTo("-ERR timeout is not an integer or out of range");
        assertThat(client.call("CLIENT", "PAUSE", "-1")).isEqualTo("-ERR timeout is negative");
        assertThat(client.call("CLIENT", "PAUSE", "1", "x")).isEqualTo("-ERR CLIENT PAUSE mode must be WRITE or ALL");
    }

    @Test
    @NeedsLua
    void monitorsSeeCommandsOfAllShardsClientsWithoutSecrets() {
        try (RespClient monitor = fixture.connect(); RespClient other = fixture.connect()) {
            assertThat(monitor.call("MONITOR")).isEqualTo("+OK");
            assertThat(client.call("CLIENT", "LIST")).contains("flags=O");
            assertThat(client.call("SET", "a", "x\r\n\"\0")).isEqualTo("+OK");
            assertThat(monitor.reply()).matches("\\+[0-9]+\\.[0-9]{6} \\[0 127\\.0\\.0\\.1:[0-9]+] .*")
                    .endsWith("\"SET\" \"a\" \"x\\r\\n\\\"\\x00\"");
            assertThat(other.call("MGET", "a", "b", "c", "d")).startsWith("*4");
            assertThat(monitor.reply()).endsWith("\"MGET\" \"a\" \"b\" \"c\" \"d\"");
            assertThat(other.call("ECHO", "y".repeat(1_500))).startsWith("$1500");
            assertThat(monitor.reply()).endsWith("\"ECHO\" \"" + "y".repeat(1_024) + "... (476 more bytes)\"");
            assertThat(other.call("AUTH", "x", "secret")).startsWith("-WRONGPASS");
            assertThat(monitor.reply()).endsWith("\"AUTH\" \"(redacted)\" \"(redacted)\"");
            assertThat(other.call("EVAL", "return redis.call('GET', KEYS[1])", "1", "a")).startsWith("$");
            // Lines of two shards come in any order.
            assertThat(List.of(monitor.reply(), monitor.reply()))
                    .anySatisfy(line -> assertThat(line).contains("\"EVAL\""))
                    .anySatisfy(line -> assertThat(line).contains("[0 lua]").endsWith("\"GET\" \"a\""));
            assertThat(monitor.call("RESET")).isEqualTo("+RESET");
            assertThat(client.call("GET", "a")).startsWith("$");
            assertThat(monitor.call("PING")).isEqualTo("+PONG");
        }
        StoreFixture.await("nobody monitors", () -> !client.call("CLIENT", "LIST").contains("flags=O"));
    }

    @Test
    void slowCommandsOfAllShardsAreKept() {
        try {
            assertThat(client.call("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "10"))
                    .isEqualTo("+OK");
            assertThat(client.call("SLOWLOG", "RESET")).isEqualTo("+OK");
            for (int i = 0; i < 20; i++) {
                client.call("SET", "key" + i, "y".repeat(129));
            }
            assertThat(client.call("SLOWLOG", "LEN")).isEqualTo(":10");
            assertThat(client.call("SLOWLOG", "GET", "10")).startsWith("*10|*6|:").contains("... (1 more bytes)");
            assertThat(client.call("SLOWLOG", "GET", "0")).isEqualTo("*0");
            assertThat(client.call("SLOWLOG", "GET", "-2"))
                    .isEqualTo("-ERR count should be greater than or equal to -1");
            client.call("AUTH", "x", "secret");
            assertThat(client.call("SLOWLOG", "GET", "-1")).contains("(redacted)").doesNotContain("secret");
        } finally {
            client.call("CONFIG", "SET", "slowlog-log-slower-than", "10000", "slowlog-max-len", "128");
        }
        assertThat(client.call("SLOWLOG", "RESET")).isEqualTo("+OK");
    }

    @Test
    void whatTakesNoTimeIsNotRemembered() {
        assertThat(client.call("CONFIG", "SET", "latency-monitor-threshold", "60000")).isEqualTo("+OK");
        client.call("SET", "a", "1");
        assertThat(client.call("LATENCY", "LATEST")).isEqualTo("*0");
        assertThat(client.call("LATENCY", "HISTORY", "command")).isEqualTo("*0");
        assertThat(client.call("LATENCY", "GRAPH", "command"))
                .isEqualTo("-ERR No samples available for event 'command'");
        assertThat(client.call("LATENCY", "RESET")).isEqualTo(":0");
        assertThat(client.call("LATENCY", "DOCTOR")).contains("60000");
        assertThat(client.call("CONFIG", "SET", "latency-monitor-threshold", "0")).isEqualTo("+OK");
        assertThat(client.call("LATENCY", "HISTOGRAM", "set")).contains("calls").contains("histogram_usec");
        assertThat(client.call("LATENCY", "HISTOGRAM", "nope")).isEqualTo("*0");
    }

    private static byte[] join(List<byte[]> parts) {
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        parts.forEach(all::writeBytes);
        return all.toByteArray();
    }
}
