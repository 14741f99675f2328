package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that change much leave others their turns, and are one step nevertheless: alone, in pipelines and transactions. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class LongWritesTest extends ClientTest {
    private static final int ELEMENTS = 20_000;
    /** On different shards, where there are two. */
    private static final List<String> KEYS = List.of("l", "k1", "k2");

    private void fill(String key) {
        for (int from = 0; from < ELEMENTS; from += 1000) {
            List<String> words = new ArrayList<>(List.of("RPUSH", key));
            for (int i = from; i < from + 1000; i++) {
                words.add(i % 2 == 0 ? "even" : "odd:" + i);
            }
            client.call(words.toArray(String[]::new));
        }
    }

    @Test
    void nobodySeesHalfOfOne() throws InterruptedException {
        for (String key : KEYS) {
            fill(key);
            AtomicBoolean done = new AtomicBoolean();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread reader = Thread.ofVirtual().start(() -> {
                try (RespClient reading = store.connect()) {
                    while (!done.get()) {
                        assertThat(reading.call("LLEN", key)).isIn(":" + ELEMENTS, ":" + ELEMENTS / 2, ":0");
                    }
                } catch (Throwable thrown) {
                    failure.set(thrown);
                }
            });
            assertThat(client.call("LREM", key, "0", "even")).isEqualTo(":" + ELEMENTS / 2);
            assertThat(client.call("LTRIM", key, "1", "0")).isEqualTo("+OK");
            done.set(true);
            assertThat(reader.join(Duration.ofMinutes(2))).isTrue();
            assertThat(failure).hasNullValue();
        }
    }

    @Test
    void repliesLeaveInTheOrderOfTheRequests() {
        KEYS.forEach(this::fill);
        for (String key : KEYS) {
            client.send("SET", "before:" + key, "1")
                    .send("LREM", key, "0", "even")
                    .send("LLEN", key)
                    .send("LINSERT", key, "AFTER", "odd:" + (ELEMENTS - 1), "last")
                    .send("INCR", "before:" + key)
                    .send("LPOS", key, "last")
                    .send("LTRIM", key, "9000", "-1")
                    .send("LINDEX", key, "-1")
                    .send("LLEN", key);
        }
        for (String key : KEYS) {
            assertThat(client.reply()).as(key).isEqualTo("+OK");
            assertThat(client.reply()).isEqualTo(":" + ELEMENTS / 2);
            assertThat(client.reply()).isEqualTo(":" + ELEMENTS / 2);
            assertThat(client.reply()).isEqualTo(":" + (ELEMENTS / 2 + 1));
            assertThat(client.reply()).isEqualTo(":2");
            assertThat(client.reply()).isEqualTo(":" + ELEMENTS / 2);
            assertThat(client.reply()).isEqualTo("+OK");
            assertThat(client.reply()).contains("last");
            assertThat(client.reply()).isEqualTo(":" + (ELEMENTS / 2 + 1 - 9000));
        }
    }

    @Test
    void oneIsAStepOfATransactionAndOfAScript() {
        for (String key : KEYS) {
            fill(key);
            client.call("MULTI");
            client.call("LREM", key, "0", "even");
            client.call("LLEN", key);
            client.call("LTRIM", key, "0", "99");
            client.call("SET", "other", key);
            client.call("LPOP", key, "90");
            client.call("LLEN", key);
            assertThat(client.call("EXEC")).startsWith("*6|:" + ELEMENTS / 2 + "|:" + ELEMENTS / 2 + "|+OK|+OK|*90|")
                    .endsWith("|:10");
            client.call("DEL", key);
            fill(key);
            assertThat(
                    client.call("EVAL", "return redis.call('LREM', KEYS[1], 0, 'even') + redis.call('LLEN', KEYS[1])",
                            "1", key))
                    .isEqualTo(":" + ELEMENTS);
        }
    }

    @Test
    void whoWantsNoRepliesGetsNone() {
        for (String key : KEYS) {
            fill(key);
            client.send("CLIENT", "REPLY", "SKIP").send("LREM", key, "0", "even").send("LLEN", key);
            assertThat(client.reply()).isEqualTo(":" + ELEMENTS / 2);
            client.send("CLIENT", "REPLY", "OFF")
                    .send("LPOP", key, "9000")
                    .send("LTRIM", key, "500", "-1")
                    .send("CLIENT", "REPLY", "ON")
                    .send("LLEN", key);
            assertThat(client.reply()).isEqualTo("+OK");
            assertThat(client.reply()).isEqualTo(":500");
        }
    }

    @Test
    void whatOneHasTouchedIsNoLongerWatchedUnchanged() {
        for (String key : KEYS) {
            fill(key);
            client.call("WATCH", key);
            try (RespClient other = store.connect()) {
                assertThat(other.call("LREM", key, "0", "even")).isEqualTo(":" + ELEMENTS / 2);
            }
            client.call("MULTI");
            client.call("LLEN", key);
            assertThat(client.call("EXEC")).isEqualTo("*-1");
        }
    }
}
