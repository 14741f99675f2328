package io.solaster.testkit.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.solaster.testkit.check.Calls.CompareAndSet;
import io.solaster.testkit.check.Calls.Keyed;
import io.solaster.testkit.check.Calls.OfRegister;
import io.solaster.testkit.check.Calls.Read;
import io.solaster.testkit.check.Calls.Write;
import io.solaster.testkit.check.History.Recorder;
import io.solaster.testkit.check.Model.Step;
import io.solaster.testkit.check.Verdict.Kind;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the checker costs. It prints times and judges none of them, since machines differ. */
class CheckerSpeedTest {
    @Test
    void recordingAllocatesNothing() {
        int calls = 100_000;
        Recorder<String, String> recorder = new History<String, String>().record("client", 2 * calls);
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory
                .getThreadMXBean();
        record(recorder, calls);
        long before = threads.getCurrentThreadAllocatedBytes();
        record(recorder, calls);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).as("bytes of %s calls", calls)
                .isLessThan(calls / 10);
    }

    @Tag("full")
    @Test
    void tellsWhatRecordingCosts() {
        int calls = 1_000_000;
        double best = Double.MAX_VALUE;
        for (int round = 0; round < 10; round++) {
            Recorder<String, String> recorder = new History<String, String>().record("client", calls);
            long start = System.nanoTime();
            record(recorder, calls);
            best = Math.min(best, (System.nanoTime() - start) / (double) calls);
        }
        long start = System.nanoTime();
        for (int i = 0; i < 2 * calls; i++) {
            System.nanoTime();
        }
        System.out.printf("recording a call and its answer: %.1f ns, of which %.1f are two readings of the clock%n",
                best,
                (System.nanoTime() - start) / (double) calls);
    }

    private static void record(Recorder<String, String> recorder, int calls) {
        for (int i = 0; i < calls; i++) {
            recorder.answer(recorder.call("GET x"), "OK");
        }
    }

    /** 100,000 calls of 16 clients about 1,000 keys; each round of 16 overlaps, and one in 50 has no answer. */
    @Tag("full")
    @Test
    void tellsHowLongManyCallsTake() {
        Random random = new Random(3);
        List<Operation<Keyed<Integer, OfRegister<Integer>>, Object>> calls = new ArrayList<>();
        int[] values = new int[1000];
        for (int i = 0; i < 100_000; i++) {
            long now = i / 16 * 32L;
            int key = random.nextInt(1000);
            OfRegister<Integer> input = random.nextBoolean() ? new Read<>() : new Write<>(i);
            Object answer = input instanceof Read ? values[key] : null;
            if (input instanceof Write<Integer>(Integer value)) {
                values[key] = value;
            }
            boolean isKnown = random.nextInt(50) > 0;
            calls.add(new Operation<>("client " + i % 16, new Keyed<>(key, input),
                    isKnown ? Outcome.of(answer) : Outcome.unknown(), now + random.nextInt(16),
                    isKnown ? now + 16 + random.nextInt(16) : Operation.NEVER));
        }
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory
                .getThreadMXBean();
        for (int round = 0; round < 3; round++) {
            long bytes = threads.getCurrentThreadAllocatedBytes();
            long start = System.nanoTime();
            Verdict<?, ?> verdict = Linearizability
                    .of(Models.<Integer, Optional<Integer>, OfRegister<Integer>, Object>byKey(Models.register(0)))
                    .check(calls);
            System.out.printf("%s %d ms, %d MiB allocated in all%n", verdict.reason(),
                    (System.nanoTime() - start) / 1_000_000, threads.getCurrentThreadAllocatedBytes() - bytes >> 20);
            assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
        }
    }

    /** Porcupine's own histories, from the folder test_data of its repository; {@code go test -bench .} tells its times. */
    @Test
    void tellsHowLongPorcupinesHistoriesTake() throws IOException {
        String folder = System.getProperty("porcupine");
        assumeThat(folder).as("-Dporcupine=.../test_data").isNotNull();
        Map<String, Long> sums = new LinkedHashMap<>();
        for (String each : List.of("jepsen", "kv")) {
            try (Stream<Path> files = Files.list(Path.of(folder, each))) {
                for (Path file : files.sorted().toList()) {
                    List<String> lines = Files.readAllLines(file);
                    String name = file.getFileName().toString();
                    if (each.equals("kv")) {
                        sums.put(name, tell(name, Models.byKey(STRING), strings(lines)));
                    } else {
                        sums.merge(each, tell(name, Models.register(null), registers(lines)), Long::sum);
                    }
                }
            }
        }
        sums.forEach((name, nanos) -> System.out.printf("in all %s: %d us%n", name, nanos / 1000));
    }

    /** The best of some rounds: a verdict, without its proof. */
    private static <S, I, O> long tell(String name, Model<S, I, O> model, List<Operation<I, O>> calls) {
        long best = Long.MAX_VALUE;
        Kind kind = Kind.UNKNOWN;
        long end = System.nanoTime() + Duration.ofMillis(300).toNanos();
        for (int round = 0; round < 3 || System.nanoTime() < end; round++) {
            long start = System.nanoTime();
            kind = verdict(model, calls);
            best = Math.min(best, System.nanoTime() - start);
        }
        System.out.printf("%s: %s, %d calls, %d us%n", name, kind, calls.size(), best / 1000);
        assertThat(kind).isNotEqualTo(Kind.UNKNOWN);
        if (name.contains("-")) {
            assertThat(kind).isEqualTo(name.contains("bad") ? Kind.VIOLATED : Kind.LINEARIZABLE);
        }
        return best;
    }

    private static <S, I, O> Kind verdict(Model<S, I, O> model, List<Operation<I, O>> calls) {
        Map<Object, List<Operation<I, O>>> partitions = new HashMap<>();
        calls.forEach(
                call -> partitions.computeIfAbsent(model.partition(call.input()), _ -> new ArrayList<>()).add(call));
        return Linearizability.of(model).decide(partitions, () -> false).kind();
    }

    private static final class Reader<I, O> {
        private final List<Operation<I, O>> calls = new ArrayList<>();
        private final Map<String, Integer> open = new HashMap<>();

        void call(String client, I input, long line) {
            open.put(client, calls.size());
            calls.add(new Operation<>(client, input, Outcome.unknown(), line, Operation.NEVER));
        }

        void answer(String client, O answer, long line) {
            int index = open.remove(client);
            Operation<I, O> call = calls.get(index);
            calls.set(index, new Operation<>(client, call.input(), Outcome.of(answer), call.called(), line));
        }
    }

    private static List<Operation<OfRegister<Integer>, Object>> registers(List<String> lines) {
        Pattern pattern = Pattern.compile(".* - (\\d+)\\s+:(invoke|ok|fail)\\s+:(read|write|cas)\\s+(.*)");
        Reader<OfRegister<Integer>, Object> reader = new Reader<>();
        for (int i = 0; i < lines.size(); i++) {
            Matcher line = pattern.matcher(lines.get(i));
            if (!line.matches() || line.group(4).equals(":timed-out")) {
                continue;
            }
            String client = line.group(1);
            String[] values = line.group(4).replaceAll("[\\[\\]]", "").split(" ");
            Integer first = values[0].equals("nil") ? null : Integer.valueOf(values[0]);
            boolean isCall = line.group(2).equals("invoke");
            switch (line.group(3)) {
                case "read" -> {
                    if (isCall) {
                        reader.call(client, new Read<>(), i);
                    } else {
                        reader.answer(client, first, i);
                    }
                }
                case "write" -> {
                    if (isCall) {
                        reader.call(client, new Write<>(first), i);
                    } else {
                        reader.answer(client, null, i);
                    }
                }
                default -> {
                    if (isCall) {
                        reader.call(client, new CompareAndSet<>(first, Integer.valueOf(values[1])), i);
                    } else {
                        reader.answer(client, line.group(2).equals("ok"), i);
                    }
                }
            }
        }
        return reader.calls;
    }

    private record Ask(String name, String value) {}

    private static final Model<String, Ask, String> STRING = Model.of("", (value, ask) -> switch (ask.name) {
        case "get" -> new Step<>(value, value);
        case "put" -> new Step<>(ask.value, "");
        default -> new Step<>(value + ask.value, "");
    });

    private static List<Operation<Keyed<String, Ask>, String>> strings(List<String> lines) {
        Pattern pattern = Pattern
                .compile("\\{:process (\\d+), :type :(\\w+), :f :(\\w+), :key \"(.*)\", :value \"?(.*?)\"?}");
        Reader<Keyed<String, Ask>, String> reader = new Reader<>();
        for (int i = 0; i < lines.size(); i++) {
            Matcher line = pattern.matcher(lines.get(i));
            if (line.matches()) {
                String client = line.group(1);
                if (line.group(2).equals("invoke")) {
                    reader.call(client, new Keyed<>(line.group(4), new Ask(line.group(3), line.group(5))), i);
                } else {
                    reader.answer(client, line.group(3).equals("get") ? line.group(5) : "", i);
                }
            }
        }
        return reader.calls;
    }
}
