package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands on keys, over one shard, two and three, without a redis-server to compare with. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 3})
class StoreKeysTest extends ClientTest {
    private void populate(String prefix, int count) {
        StringBuilder requests = new StringBuilder();
        for (int i = 0; i < count; i++) {
            requests.append(new String(RespClient.encode("SET", prefix + i, "v")));
        }
        client.send(RespClient.latin1(requests.toString()));
        for (int i = 0; i < count; i++) {
            assertThat(client.reply()).isEqualTo("+OK");
        }
    }

    private static List<String> elements(String array) {
        List<String> parts = List.of(array.split("\\|", -1));
        List<String> elements = new ArrayList<>();
        for (int i = 2; i < parts.size(); i += 2) {
            elements.add(parts.get(i));
        }
        return elements;
    }

    /** Scans to the end; between the calls something else happens. */
    private List<String> scan(Runnable between, String... options) {
        List<String> keys = new ArrayList<>();
        String cursor = "0";
        do {
            List<String> words = new ArrayList<>(List.of("SCAN", cursor));
            words.addAll(List.of(options));
            String reply = client.call(words.toArray(String[]::new));
            assertThat(reply).startsWith("*2|$");
            String[] parts = reply.split("\\|", 4);
            cursor = parts[2];
            keys.addAll(elements(parts[3]));
            between.run();
        } while (!cursor.equals("0"));
        return keys;
    }

    @Test
    void scanMeetsEveryKeyOfAllShards() {
        populate("key:", 2_000);
        String[] all = IntStream.range(0, 2_000).mapToObj(i -> "key:" + i).toArray(String[]::new);
        assertThat(scan(() -> {})).containsExactlyInAnyOrder(all);
        assertThat(scan(() -> {}, "COUNT", "3")).containsExactlyInAnyOrder(all);
        assertThat(scan(() -> {}, "COUNT", "1000000000000")).containsExactlyInAnyOrder(all);
        assertThat(scan(() -> {}, "MATCH", "key:1??")).hasSize(100).allMatch(key -> key.matches("key:1.."));
        assertThat(scan(() -> {}, "TYPE", "string", "COUNT", "100")).hasSize(2_000);
        assertThat(scan(() -> {}, "TYPE", "list", "COUNT", "100")).isEmpty();
    }

    @Test
    void aLargeCountOfFewKeysIsAnsweredAtOnce() {
        populate("k", 20);
        assertThat(client.call("SCAN", "0", "COUNT", "1000")).startsWith("*2|$1|0|*20|");
    }

    @Test
    void scanMeetsAllThatStaysWhileOthersComeAndGo() {
        populate("stays:", 500);
        int[] next = {0};
        Set<String> met = new HashSet<>(scan(() -> {
            populate("comes:" + next[0]++ + ":", 300);
            if (next[0] % 3 == 0) {
                client.call("UNLINK", "comes:0:1", "comes:" + next[0] + ":7");
                for (int i = 0; i < 300; i++) {
                    client.call("DEL", "comes:" + (next[0] - 2) + ":" + i);
                }
            }
        }, "COUNT", "200", "MATCH", "stays:*"));
        assertThat(met).hasSize(500);
    }

    @Test
    void cursorsThatNobodyWasGivenEndTheScan() {
        populate("k", 300);
        for (String cursor : List.of("18446744073709551615", "-1", "9223372036854775807", "9223372036854775808",
                Long.toString((long) shards << 41), Long.toString((1L << 41) - 1))) {
            assertThat(client.call("SCAN", cursor)).as(cursor).matches("\\*2\\|\\$\\d+\\|\\d+\\|\\*\\d+.*");
        }
        assertThat(client.call("SCAN", Long.toString((long) shards << 41))).isEqualTo("*2|$1|0|*0");
        assertThat(client.call("SCAN", "x")).isEqualTo("-ERR invalid cursor");
    }

    @Test
    void keysAnswersEachKeyThatFitsOnce() {
        populate("foo", 3_000);
        populate("bar", 50);
        assertThat(elements(client.call("KEYS", "*"))).hasSize(3_050).doesNotHaveDuplicates();
        assertThat(elements(client.call("KEYS", "b*"))).hasSize(50);
        assertThat(client.call("KEYS", "nope*")).isEqualTo("*0");
    }

    @Test
    void aPatternHasAtMost1024Bytes() {
        client.call("SET", "a".repeat(2_000), "1");
        client.call("SADD", "set", "a".repeat(2_000));
        String longest = "*" + "a".repeat(1_023);
        assertThat(elements(client.call("KEYS", longest))).hasSize(1);
        for (String[] command : new String[][]{{"KEYS", longest + "a"}, {"SCAN", "0", "MATCH", longest + "a"},
                {"SSCAN", "set", "0", "MATCH", longest + "a"}}) {
            assertThat(client.call(command)).isEqualTo("-ERR a pattern may have at most 1024 bytes");
        }
    }

    @Test
    void whatIsDueIsNotShown() {
        client.call("SET", "stays", "1");
        client.call("SET", "goes", "1", "PX", "1000");
        store.advance(Duration.ofSeconds(5));
        assertThat(client.call("KEYS", "*")).isEqualTo("*1|$5|stays");
        assertThat(scan(() -> {})).containsExactly("stays");
        for (int i = 0; i < 20; i++) {
            assertThat(client.call("RANDOMKEY")).isEqualTo("$5|stays");
        }
        client.call("DEL", "stays");
        assertThat(client.call("RANDOMKEY")).isEqualTo("$-1");
    }

    @Test
    void randomkeyPicksKeysOfAllShards() {
        assertThat(client.call("RANDOMKEY")).isEqualTo("$-1");
        populate("k", 12);
        Set<String> picked = new HashSet<>();
        for (int i = 0; i < 2_000; i++) {
            picked.add(client.call("RANDOMKEY"));
        }
        assertThat(picked).hasSize(12);
    }

    @Test
    void otherCommandsOfAPipelineKeepTheirOrder() {
        StringBuilder requests = new StringBuilder();
        for (int i = 0; i < 50; i++) {
            requests.append(new String(RespClient.encode("SET", "a", "" + i)))
                    .append(new String(RespClient.encode("SCAN", "0", "COUNT", "10")))
                    .append(new String(RespClient.encode("GET", "a")))
                    .append(new String(RespClient.encode("KEYS", "*")))
                    .append(new String(RespClient.encode("RANDOMKEY")));
        }
        client.send(RespClient.latin1(requests.toString()));
        for (int i = 0; i < 50; i++) {
            assertThat(client.reply()).isEqualTo("+OK");
            assertThat(client.reply()).isEqualTo("*2|$1|0|*1|$1|a");
            assertThat(client.reply()).isEqualTo("$" + ("" + i).length() + "|" + i);
            assertThat(client.reply()).isEqualTo("*1|$1|a");
            assertThat(client.reply()).isEqualTo("$1|a");
        }
    }

    @Test
    void whatKeysTakeIsWhatIsHeld() {
        populate("k", 3_000);
        client.call("SET", "large", "x".repeat(3_000_000));
        long sum = Stream.concat(IntStream.range(0, 3_000).mapToObj(i -> "k" + i), Stream.of("large"))
                .mapToLong(key -> Long.parseLong(client.call("MEMORY", "USAGE", key).substring(1))).sum();
        long held = StoreFixture.parts(store.store()).sharded().onAll(part -> part.keyspace().heldBytes()).join()
                .stream().mapToLong(Long::longValue).sum();
        assertThat((double) sum / held).isBetween(0.98, 1.02);
    }

    @Test
    void toAskForAKeyDoesNotUseIt() {
        client.call("SET", "a", "1");
        store.advance(Duration.ofSeconds(1_000));
        client.call("TTL", "a");
        client.call("OBJECT", "ENCODING", "a");
        client.call("MEMORY", "USAGE", "a");
        assertThat(Long.parseLong(client.call("OBJECT", "IDLETIME", "a").substring(1))).isBetween(900L, 1_900L);
        client.call("TOUCH", "a");
        assertThat(Long.parseLong(client.call("OBJECT", "IDLETIME", "a").substring(1))).isLessThan(900);
    }
}
