package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;

import io.solaster.engine.stats.Counter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Very many fields of a hash of which some expire, drawn by chance: others are served beside that. */
class LongDrawsTest {
    private static final int FIELDS = 300_000;
    private static final int EXPIRING = 100_000;
    private static final int AT_ONCE = 10_000;
    /** In one turn there would be one or two. */
    private static final int PIECES = 10;

    private static StoreFixture fixture;

    @BeforeAll
    static void fill() {
        fixture = StoreFixture.patient(1);
        try (RespClient client = fixture.connect()) {
            for (int from = 0; from < FIELDS; from += AT_ONCE) {
                List<String> set = new ArrayList<>(List.of("HSET", "hash"));
                List<String> expire = new ArrayList<>(
                        List.of("HPEXPIRE", "hash", "3600000", "FIELDS", Integer.toString(AT_ONCE)));
                for (int i = from; i < from + AT_ONCE; i++) {
                    set.add("field:" + i);
                    set.add(Integer.toString(i));
                    expire.add("field:" + i);
                }
                client.call(set.toArray(String[]::new));
                if (from < EXPIRING) {
                    client.call(expire.toArray(String[]::new));
                }
            }
        }
    }

    @AfterAll
    static void stop() {
        fixture.engine().close();
    }

    /** What is drawn in so many tasks of the shard at least, between which others have theirs. */
    private static List<String> drawn(RespClient client, int pieces, String... command) {
        Counter tasks = fixture.engine().shard(0).stats().tasks;
        long before = tasks.get();
        String answer = client.call(command);
        assertThat(tasks.get() - before).as(String.join(" ", command)).isGreaterThanOrEqualTo(pieces);
        return Arrays.stream(answer.split("\\|")).filter(each -> each.startsWith("field:")).toList();
    }

    @Test
    void othersAreServedBesideThem() {
        try (RespClient client = fixture.connect()) {
            List<String> many = drawn(client, PIECES, "HRANDFIELD", "hash", "250000");
            assertThat(many).hasSize(250_000);
            assertThat(new HashSet<>(many)).hasSize(250_000);
            assertThat(new HashSet<>(drawn(client, 1, "HRANDFIELD", "hash", "2000"))).hasSize(2000);
            assertThat(drawn(client, PIECES, "HRANDFIELD", "hash", "-300000")).hasSize(300_000);
            client.call("MULTI");
            client.call("HRANDFIELD", "hash", "5000");
            assertThat(drawn(client, 1, "EXEC")).hasSize(5000);
            // What is due is removed before, and never drawn.
            fixture.advance(Duration.ofHours(2));
            List<String> left = drawn(client, PIECES, "HRANDFIELD", "hash", "150000");
            assertThat(new HashSet<>(left)).hasSize(150_000)
                    .allMatch(field -> Integer.parseInt(field.substring(6)) >= EXPIRING);
            assertThat(client.call("HLEN", "hash")).isEqualTo(":" + (FIELDS - EXPIRING));
        }
    }
}
