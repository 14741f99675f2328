package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.testkit.check.History;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Linearizability;
import io.solaster.testkit.check.Model;
import io.solaster.testkit.check.Model.Step;
import io.solaster.testkit.check.Verdict;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** EXEC beside other commands, and beside itself: as if each of them were run alone. */
@ParameterizedClass(name = "{0} shard(s)")
@ValueSource(ints = {1, 2, 4})
class MultiHistoryTest extends ManyClientsTest {
    private static final List<String> KEYS = List.of("h0", "h1", "h2", "h3");

    /** Commands as one pipeline; the reply of the last. */
    private static String last(RespClient client, List<String> lines) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        lines.forEach(line -> bytes.writeBytes(RespClient.encode(line.split(" ", -1))));
        client.send(bytes.toByteArray());
        String reply = "";
        for (int i = 0; i < lines.size(); i++) {
            reply = client.reply();
        }
        return reply;
    }

    private static List<String> multi(List<String> commands) {
        List<String> all = new ArrayList<>(List.of("MULTI"));
        all.addAll(commands);
        all.add("EXEC");
        return all;
    }

    private static String bulk(@Nullable String value) {
        return value == null ? "$-1" : "$" + value.length() + "|" + value;
    }

    /** One or several commands, each of them a line. */
    private static Step<Map<String, String>, Object> run(Map<String, String> before, List<String> commands) {
        Map<String, String> state = new TreeMap<>(before);
        List<String> replies = new ArrayList<>();
        for (String command : commands) {
            replies.add(run(state, command.split(" ", -1)));
        }
        return new Step<>(state,
                commands.size() == 1 ? replies.getFirst() : "*" + commands.size() + "|" + String.join("|", replies));
    }

    private static String run(Map<String, String> state, String[] words) {
        List<String> rest = Arrays.asList(words).subList(1, words.length);
        switch (words[0]) {
            case "SET" -> state.put(words[1], words[2]);
            case "MSET" -> {
                state.put(words[1], words[2]);
                state.put(words[3], words[4]);
            }
            case "GET" -> {
                return bulk(state.get(words[1]));
            }
            case "INCR" -> {
                return ":" + state.merge(words[1], "1", (old, one) -> Long.toString(Long.parseLong(old) + 1));
            }
            case "DEL" -> {
                return ":" + rest.stream().filter(key -> state.remove(key) != null).count();
            }
            case "DBSIZE" -> {
                return ":" + state.size();
            }
            default -> {
                return "*" + rest.size() + "|"
                        + String.join("|", rest.stream().map(key -> bulk(state.get(key))).toList());
            }
        }
        return "+OK";
    }

    private static String draw(Random random) {
        String one = KEYS.get(random.nextInt(4));
        String two = KEYS.get(random.nextInt(4));
        String value = Integer.toString(random.nextInt(50));
        return switch (random.nextInt(8)) {
            case 0, 1 -> "SET " + one + " " + value;
            case 2 -> "MSET " + one + " " + value + " " + two + " " + value;
            case 3 -> "DEL " + one + " " + two;
            case 4 -> "INCR " + one;
            case 5 -> "MGET h0 h1 h2 h3";
            case 6 -> "DBSIZE";
            default -> "GET " + one;
        };
    }

    @Test
    void everyAnswerIsOneThatStepsOneAfterTheOtherCouldHaveGiven() throws InterruptedException {
        History<List<String>, Object> history = new History<>();
        Queue<Recorder<List<String>, Object>> free = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 4; i++) {
            free.add(history.record("client " + i));
        }
        inParallel(4, (client, random) -> {
            Recorder<List<String>, Object> recorder = free.remove();
            for (int i = 0; i < 100; i++) {
                List<String> commands = new ArrayList<>();
                int count = random.nextInt(3) == 0 ? 1 : 2 + random.nextInt(3);
                for (int j = 0; j < count; j++) {
                    commands.add(draw(random));
                }
                int call = recorder.call(commands);
                recorder.answer(call, last(client, count == 1 ? commands : multi(commands)));
            }
        });
        Model<Map<String, String>, List<String>, Object> model = Model.of(new TreeMap<>(), MultiHistoryTest::run);
        Verdict<List<String>, Object> verdict = Linearizability.of(model)
                .within(Duration.ofMinutes(4), 512L << 20).check(history);
        assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
    }

    /** Two keys are counted up together by who has seen neither change. */
    @Test
    void noChangeOfWatchedKeysIsLost() throws InterruptedException {
        AtomicInteger done = new AtomicInteger();
        inParallel(6, (client, random) -> {
            for (int i = 0; i < 60; i++) {
                client.call("WATCH", "h0", "h3");
                String[] seen = client.call("MGET", "h3", "h0").split("\\|", -1);
                long count = seen[1].equals("$-1") ? 0 : Long.parseLong(seen[2]);
                String next = Long.toString(count + 1);
                if (random.nextInt(8) == 0) {
                    client.call("UNWATCH");
                } else if (last(client, multi(List.of("SET h0 " + next, "SET h3 " + next))).startsWith("*2")) {
                    done.incrementAndGet();
                }
            }
        });
        try (RespClient client = store.connect()) {
            String all = bulk(Integer.toString(done.get()));
            assertThat(done.get()).isPositive();
            assertThat(client.call("MGET", "h0", "h3")).isEqualTo("*2|" + all + "|" + all);
        }
    }

    @Test
    void execOfClientsThatAreGoneIsAllOrNothing() throws InterruptedException {
        List<String> ids = new CopyOnWriteArrayList<>(List.of("CLIENT", "LIST", "ID"));
        inParallel(4, (client, random) -> {
            for (int i = 0; i < 40; i++) {
                try (RespClient gone = store.connect()) {
                    String id = gone.call("CLIENT", "ID").substring(1);
                    ids.add(id);
                    String value = "v" + random.nextInt(1000);
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    multi(KEYS.stream().map(key -> "SET " + key + " " + value).toList())
                            .forEach(line -> bytes.writeBytes(RespClient.encode(line.split(" ", -1))));
                    gone.call("WATCH", KEYS.get(random.nextInt(4)));
                    gone.send(bytes.toByteArray());
                    if (random.nextBoolean()) {
                        client.call("CLIENT", "KILL", "ID", id);
                    }
                } catch (UncheckedIOException closed) {
                    // It may be.
                }
                String[] parts = client.call("MGET", "h0", "h1", "h2", "h3").split("\\|", -1);
                // One length and one value, or nothing at all.
                assertThat(new LinkedHashSet<>(Arrays.asList(parts).subList(1, parts.length)))
                        .hasSizeLessThanOrEqualTo(2);
            }
        });
        // What they have sent may be run still.
        try (RespClient client = store.connect()) {
            StoreFixture.await("they are gone", () -> client.call(ids.toArray(String[]::new)).equals("$0|"));
        }
    }
}
