package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands on several lists or sorted sets, wherever these lie, are one step. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 4})
class SeveralListsTest extends ClientTest {
    private static final List<String> KEYS = List.of("l0", "l1", "l2", "l3", "l4", "l5");

    @Test
    void anElementMovesFromListToList() {
        client.call("RPUSH", "l0", "a", "7", "c");
        for (int i = 0; i < KEYS.size() - 1; i++) {
            assertThat(client.call("LMOVE", KEYS.get(i), KEYS.get(i + 1), "LEFT", "RIGHT")).startsWith("$1|");
        }
        assertThat(client.call("LRANGE", "l0", "0", "-1")).isEqualTo("*2|$1|7|$1|c");
        assertThat(client.call("LRANGE", "l5", "0", "-1")).isEqualTo("*1|$1|a");
        for (String key : KEYS) {
            assertThat(client.call("RPOPLPUSH", "none", key)).isEqualTo("$-1");
            assertThat(client.call("LMOVE", "l0", key, "UP", "LEFT")).isEqualTo("-ERR syntax error");
        }
        assertThat(client.call("RPOPLPUSH", "l0", "l5")).isEqualTo("$1|c");
        assertThat(client.call("RPOPLPUSH", "l0", "l5")).isEqualTo("$1|7");
        assertThat(client.call("LRANGE", "l5", "0", "-1")).isEqualTo("*3|$1|7|$1|c|$1|a");
        assertThat(client.call("EXISTS", "l0")).isEqualTo(":0");
    }

    @Test
    void theFirstKeyThatIsThereIsPoppedFrom() {
        client.call("RPUSH", "l3", "a", "b", "c");
        client.call("ZADD", "l5", "1", "m", "2", "n");
        client.call("RPUSH", "l4", "x");
        assertThat(client.call("LMPOP", "3", "l1", "l3", "l4", "RIGHT", "COUNT", "2"))
                .isEqualTo("*2|$2|l3|*2|$1|c|$1|b");
        assertThat(client.call("LMPOP", "3", "l1", "l4", "l3", "LEFT")).isEqualTo("*2|$2|l4|*1|$1|x");
        assertThat(client.call("LMPOP", "4", "l1", "l5", "l4", "l3", "LEFT")).isEqualTo(WRONG_TYPE);
        assertThat(client.call("LMPOP", "4", "l1", "l3", "l4", "l5", "LEFT", "COUNT", "9"))
                .isEqualTo("*2|$2|l3|*1|$1|a");
        assertThat(client.call("LMPOP", "3", "l1", "l3", "l4", "LEFT")).isEqualTo("*-1");
        assertThat(client.call("ZMPOP", "4", "l0", "l1", "l5", "l2", "MAX", "COUNT", "5"))
                .isEqualTo("*2|$2|l5|*2|*2|$1|n|$1|2|*2|$1|m|$1|1");
        assertThat(client.call("ZMPOP", "4", "l0", "l1", "l5", "l2", "MIN")).isEqualTo("*-1");
    }

    @Test
    void ofVeryManyKeysToo() {
        String[] words = new String[3_003];
        words[0] = "LMPOP";
        words[1] = "3000";
        for (int i = 0; i < 3_000; i++) {
            words[i + 2] = "k" + i;
        }
        words[3_002] = "LEFT";
        assertThat(client.call(words)).isEqualTo("*-1");
        client.call("RPUSH", "k2999", "a");
        assertThat(client.call(words)).isEqualTo("*2|$5|k2999|*1|$1|a");
    }

    @Test
    void noElementIsLostOrThereTwiceWhereManyMove() throws InterruptedException {
        for (int i = 0; i < 40; i++) {
            client.call("RPUSH", KEYS.get(i % KEYS.size()), Integer.toString(i));
        }
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = IntStream.range(0, 5).mapToObj(seed -> Thread.ofVirtual().start(() -> {
            Random random = new Random(seed);
            try (RespClient mover = store.connect()) {
                for (int i = 0; i < 300; i++) {
                    String from = KEYS.get(random.nextInt(KEYS.size()));
                    String to = KEYS.get(random.nextInt(KEYS.size()));
                    if (random.nextInt(4) > 0) {
                        mover.call("LMOVE", from, to, random.nextBoolean() ? "LEFT" : "RIGHT", "LEFT");
                    } else {
                        String[] popped = mover.call("LMPOP", "2", from, to, "LEFT").split("\\|", -1);
                        if (popped.length > 1) {
                            mover.call("RPUSH", to, popped[popped.length - 1]);
                        }
                    }
                }
            } catch (Throwable failure) {
                failures.add(failure);
            }
        })).toList();
        for (Thread thread : threads) {
            assertThat(thread.join(Duration.ofMinutes(2))).as("it has ended").isTrue();
        }
        assertThat(failures).isEmpty();
        TreeSet<Integer> found = new TreeSet<>();
        int count = 0;
        for (String key : KEYS) {
            String[] elements = client.call("LRANGE", key, "0", "-1").split("\\|", -1);
            for (int i = 2; i < elements.length; i += 2) {
                found.add(Integer.parseInt(elements[i]));
                count++;
            }
        }
        assertThat(count).isEqualTo(40);
        assertThat(found).hasSize(40);
    }
}
