package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that answer much leave others their turns, and are one step nevertheless. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2})
class LongRepliesTest extends ClientTest {
    private static final int PUSHED_AT_ONCE = 500;

    @Test
    void nobodySeesHalfAPushWhileALongListIsRead() throws InterruptedException {
        for (String key : new String[]{"l", "k1", "k2"}) {
            for (int i = 0; i < 40; i++) {
                push(client, key, i);
            }
            AtomicBoolean done = new AtomicBoolean();
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread writer = Thread.ofVirtual().start(() -> {
                try (RespClient pushing = store.connect()) {
                    for (int i = 40; i < 200 && !done.get(); i++) {
                        push(pushing, key, i);
                    }
                } catch (Throwable thrown) {
                    failure.set(thrown);
                }
            });
            for (int i = 0; i < 10; i++) {
                client.send("LRANGE", key, "0", "-1").send("PING").send("LLEN", key).send("LRANGE", key, "0", "-1");
                int first = elements(client.reply());
                assertThat(client.reply()).isEqualTo("+PONG");
                int then = Integer.parseInt(client.reply().substring(1));
                int last = elements(client.reply());
                assertThat(first).isLessThanOrEqualTo(then);
                assertThat(then).isLessThanOrEqualTo(last);
            }
            done.set(true);
            assertThat(writer.join(Duration.ofMinutes(2))).isTrue();
            assertThat(failure).hasNullValue();
        }
    }

    private static void push(RespClient client, String key, int which) {
        String[] words = new String[PUSHED_AT_ONCE + 2];
        words[0] = "RPUSH";
        words[1] = key;
        for (int i = 0; i < PUSHED_AT_ONCE; i++) {
            words[i + 2] = Integer.toString(which * PUSHED_AT_ONCE + i);
        }
        assertThat(client.call(words)).startsWith(":");
    }

    /** How many elements a reply has, which are the numbers from 0 on. */
    private static int elements(String reply) {
        String[] lines = reply.split("\\|", -1);
        int count = Integer.parseInt(lines[0].substring(1));
        assertThat(count % PUSHED_AT_ONCE).isZero();
        assertThat(lines).hasSize(2 * count + 1);
        for (int i = 0; i < count; i++) {
            assertThat(lines[2 * i + 2]).isEqualTo(Integer.toString(i));
        }
        return count;
    }
}
