package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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

    /** What takes a key away, its reply, and where its elements are then: the number of a database and a key; none if gone. */
    private enum Taking {
        DEL(":1", null), RENAME("+OK", "3 renamed"), MOVE(":1", "5 "), SWAPDB("+OK", "4 "), FLUSHDB("+OK",
                null), FLUSHALL("+OK", null), PEXPIREAT(":1", null), COPY(":1", "3 renamed"), SORT(":", "3 renamed");

        private final String reply;
        private final @Nullable String to;

        Taking(String reply, @Nullable String to) {
            this.reply = reply;
            this.to = to;
        }

        List<String> command(String key) {
            return switch (this) {
                case DEL -> List.of("DEL", key);
                case RENAME -> List.of("RENAME", key, "renamed");
                case MOVE -> List.of("MOVE", key, "5");
                case SWAPDB -> List.of("SWAPDB", "3", "4");
                case FLUSHDB, FLUSHALL -> List.of(name());
                case PEXPIREAT -> List.of("PEXPIREAT", key, "1");
                case COPY -> List.of("COPY", key, "renamed");
                case SORT -> List.of("SORT", key, "BY", "nosort", "STORE", "renamed");
            };
        }
    }

    @ParameterizedTest
    @EnumSource(Taking.class)
    void nobodyTakesItsKeyAwayMeanwhile(Taking taking) {
        try (RespClient other = store.connect()) {
            client.call("SELECT", "3");
            other.call("SELECT", "3");
            for (String key : KEYS) {
                fill(key);
                client.send("LREM", key, "0", "even");
                String reply = other.call(taking.command(key).toArray(String[]::new));
                String removed = client.reply();
                assertThat(reply).startsWith(taking.reply);
                assertThat(removed).isIn(":" + ELEMENTS / 2, ":0");
                if (taking.to != null) {
                    String[] to = taking.to.split(" ", -1);
                    other.call("SELECT", to[0]);
                    String there = other.call("LLEN", to[1].isEmpty() ? key : to[1]);
                    if (taking == Taking.COPY || taking == Taking.SORT) {
                        assertThat(there).isIn(":" + ELEMENTS / 2, ":" + ELEMENTS);
                    } else {
                        assertThat(there).isEqualTo(removed.equals(":0") ? ":" + ELEMENTS : removed);
                    }
                    other.call("SELECT", "3");
                } else {
                    assertThat(client.call("EXISTS", key)).isEqualTo(":0");
                }
                client.call("FLUSHALL");
            }
        }
    }

    @Test
    void itsKeyExpiresOnceItIsOver() {
        try (RespClient other = store.connect()) {
            client.call("SELECT", "3");
            other.call("SELECT", "3");
            for (String key : KEYS) {
                fill(key);
                client.call("PEXPIRE", key, "1");
                client.send("LREM", key, "0", "even");
                String reply = client.reply();
                assertThat(reply).isIn(":" + ELEMENTS / 2, ":0");
                long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
                while (!other.call("DBSIZE").equals(":0")) {
                    assertThat(System.nanoTime()).isLessThan(end);
                }
            }
        }
    }
}
