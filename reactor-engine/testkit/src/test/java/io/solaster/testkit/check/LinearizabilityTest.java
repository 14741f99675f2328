package io.solaster.testkit.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;

import io.solaster.testkit.check.Calls.Add;
import io.solaster.testkit.check.Calls.Command;
import io.solaster.testkit.check.Calls.CompareAndSet;
import io.solaster.testkit.check.Calls.Dequeue;
import io.solaster.testkit.check.Calls.Enqueue;
import io.solaster.testkit.check.Calls.Insert;
import io.solaster.testkit.check.Calls.Keyed;
import io.solaster.testkit.check.Calls.OfLock;
import io.solaster.testkit.check.Calls.OfQueue;
import io.solaster.testkit.check.Calls.OfRegister;
import io.solaster.testkit.check.Calls.OfSet;
import io.solaster.testkit.check.Calls.Read;
import io.solaster.testkit.check.Calls.Remove;
import io.solaster.testkit.check.Calls.TryLock;
import io.solaster.testkit.check.Calls.Unlock;
import io.solaster.testkit.check.Calls.Write;
import io.solaster.testkit.check.Shrinking.Proof;
import io.solaster.testkit.check.Verdict.Kind;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinearizabilityTest {
    private static final Model<Optional<Integer>, OfRegister<Integer>, Object> REGISTER = Models.register(0);

    @Test
    void aStaleReadIsAViolationAndItsProofIsSmall() {
        List<Operation<OfRegister<Integer>, Object>> calls = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            calls.add(call("writer", new Write<>(i), null, 10 * i, 10 * i + 5));
            calls.add(call("reader", new Read<>(), i, 10 * i + 6, 10 * i + 8));
        }
        calls.add(call("late", new Read<>(), 97, 1000, 1003));
        calls.add(call("later", new Read<>(), 99, 1001, 1004));
        Verdict<OfRegister<Integer>, Object> verdict = check(REGISTER, calls);
        assertThat(verdict.kind()).isEqualTo(Kind.VIOLATED);
        assertThat(verdict.calls()).containsExactly(calls.get(200));
        assertThat(verdict.notExplained()).containsExactly(calls.get(200));
        assertThat(verdict.toString()).startsWith("Not linearizable: from Optional[99] no").contains("(1 of 202 calls)",
                "late: Read[] -> 97");
    }

    @Test
    void aProofHoldsOnlyTheCallsThatMatter() {
        List<Operation<OfRegister<Integer>, Object>> calls = List.of(call("a", new Write<>(1), null, 0, 1),
                call("b", new Write<>(2), null, 2, 3), call("c", new CompareAndSet<>(7, 8), false, 0, 9),
                call("d", new Read<>(), 2, 4, 5), call("e", new Read<>(), 1, 6, 7), call("f", new Read<>(), 2, 6, 12));
        assertThat(check(REGISTER, calls).calls()).extracting(Operation::client).containsExactly("a", "b", "e");
    }

    @Test
    void callsThatOverlapMayTakeEffectInAnyOrder() {
        assertThat(check(REGISTER, List.of(call("a", new Write<>(1), null, 0, 10), call("b", new Read<>(), 1, 1, 2),
                call("c", new Write<>(2), null, 1, 9), call("d", new Read<>(), 2, 3, 4))).isLinearizable()).isTrue();
        assertThat(check(REGISTER, List.of(call("a", new Write<>(1), null, 0, 10), call("b", new Read<>(), 1, 1, 2),
                call("d", new Read<>(), 0, 3, 4))).kind()).isEqualTo(Kind.VIOLATED);
    }

    @Test
    void callsAtOneMomentOverlap() {
        assertThat(check(REGISTER, List.of(call("a", new Write<>(1), null, 0, 5), call("b", new Read<>(), 0, 5, 6)))
                .isLinearizable()).isTrue();
    }

    @Test
    void aCallOfUnknownOutcomeMayHappenLateOrNever() {
        Operation<OfRegister<Integer>, Object> lost = call("a", new Write<>(1), 0);
        assertThat(check(REGISTER, List.of(lost, call("b", new Read<>(), 0, 10, 11))).isLinearizable()).isTrue();
        assertThat(
                check(REGISTER, List.of(lost, call("b", new Read<>(), 0, 10, 11), call("b", new Read<>(), 1, 12, 13)))
                        .isLinearizable())
                .isTrue();
        assertThat(
                check(REGISTER, List.of(lost, call("b", new Read<>(), 1, 10, 11), call("b", new Read<>(), 0, 12, 13)))
                        .kind())
                .isEqualTo(Kind.VIOLATED);
        assertThat(check(REGISTER, List.of(call("b", new Read<>(), 1, 0, 1), call("a", new Write<>(1), 2))).kind())
                .as("not before it was made").isEqualTo(Kind.VIOLATED);
    }

    /** A lock whose holder's call got lost cannot be had twice, though nobody knows who has it. */
    @Test
    void modelsOfLocksQueuesSetsAndCounters() {
        assertThat(Linearizability.<Optional<String>, OfLock, Boolean>of(Models.lock()).check(List.of(
                call("a", new TryLock("a"), true, 0, 1), call("b", new TryLock("b"), true, 2, 3))).kind())
                .isEqualTo(Kind.VIOLATED);
        assertThat(Linearizability.<Optional<String>, OfLock, Boolean>of(Models.lock()).check(List.of(
                call("a", new TryLock("a"), true, 0, 1), call("a", new Unlock("a"), 2),
                call("b", new TryLock("b"), true, 3, 4))).isLinearizable()).isTrue();
        Model<List<String>, OfQueue<String>, @Nullable String> queue = Models.queue();
        assertThat(check(queue, List.of(call("a", new Enqueue<>("x"), null, 0, 1),
                call("a", new Enqueue<>("y"), null, 2, 3), call("b", new Dequeue<>(), "y", 4, 5))).kind())
                .isEqualTo(Kind.VIOLATED);
        assertThat(check(queue, List.of(call("a", new Enqueue<>("x"), null, 0, 3),
                call("b", new Enqueue<>("y"), null, 0, 3), call("b", new Dequeue<>(), "y", 4, 5),
                call("b", new Dequeue<>(), "x", 6, 7), call("b", new Dequeue<>(), null, 8, 9))).isLinearizable())
                .isTrue();
        Model<Set<String>, OfSet<String>, Boolean> set = Models.set();
        assertThat(
                check(set, List.of(call("a", new Insert<>("x"), true, 0, 5), call("b", new Insert<>("x"), true, 0, 5)))
                        .kind())
                .as("one winner").isEqualTo(Kind.VIOLATED);
        assertThat(
                check(set, List.of(call("a", new Insert<>("x"), true, 0, 5), call("b", new Remove<>("x"), true, 0, 5),
                        call("c", new Insert<>("x"), true, 0, 5))).isLinearizable())
                .isTrue();
        assertThat(
                check(Models.counter(10), List.of(call("a", new Add(1), 11L, 0, 1), call("b", new Add(1), 11L, 2, 3)))
                        .kind())
                .as("a lost update").isEqualTo(Kind.VIOLATED);
    }

    @Test
    void modelOfTheStoresStrings() {
        assertThat(check(Models.strings(), List.of(call("a", Command.of("SET", "k", "1"), "OK", 0, 1),
                call("a", Command.of("incr", "k"), 2L, 2, 3), call("a", Command.of("APPEND", "k", "x"), 2L, 4, 5),
                call("a", Command.of("INCR", "k"), Command.FAILED, 6, 7),
                call("a", Command.of("GETDEL", "k"), "2x", 8, 9),
                call("a", Command.of("SET", "k", "v", "XX"), null, 10, 11),
                call("a", Command.of("SETNX", "k", "v"), 1L, 12, 13),
                call("a", Command.of("SET", "k", "w", "NX", "GET"), "v", 14, 15),
                call("a", Command.of("STRLEN", "k"), 1L, 16, 17),
                call("a", Command.of("GET", "other"), null, 18, 19))).toString())
                .startsWith("Linearizable: 10 calls, 2");
    }

    /** Every history of a few calls, and many of more, against trying every order. */
    @Test
    void verdictsAreThoseOfBruteForce() {
        Random random = new Random(7);
        int violated = 0;
        for (int i = 0; i < 10_000; i++) {
            List<Operation<OfRegister<Integer>, Object>> calls = drawn(random, 1 + random.nextInt(6));
            Kind expected = BruteForce.isLinearizable(REGISTER, calls) ? Kind.LINEARIZABLE : Kind.VIOLATED;
            Verdict<OfRegister<Integer>, Object> verdict = check(REGISTER, calls);
            assertThat(verdict.kind()).as("%s", calls).isEqualTo(expected);
            if (expected == Kind.VIOLATED) {
                violated++;
                Proof<Optional<Integer>, OfRegister<Integer>, Object> proof = new Shrinking<>(REGISTER, () -> false,
                        Long.MAX_VALUE).shrink(inOrder(calls));
                assertThat(proof.before()).noneMatch(
                        state -> BruteForce.explains(REGISTER, state, proof.calls())).as("proof of %s", calls);
            }
        }
        assertThat(violated).isBetween(1_000, 9_000);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void verdictsOfAllSmallHistoriesAreThoseOfBruteForce(int count) {
        List<Case> cases = List.of(new Case(new Read<>(), 0), new Case(new Read<>(), 1), new Case(new Write<>(1), null),
                new Case(new Write<>(1), Case.UNKNOWN), new Case(new CompareAndSet<>(1, 0), true),
                new Case(new CompareAndSet<>(1, 0), false), new Case(new CompareAndSet<>(1, 0), Case.UNKNOWN));
        LongAdder violated = new LongAdder();
        List<Times> orders = orders(count, 3);
        int choices = Math.powExact(cases.size(), count);
        orders.parallelStream().forEach(times -> {
            for (int choice = 0; choice < choices; choice++) {
                List<Operation<OfRegister<Integer>, Object>> calls = new ArrayList<>(count);
                for (int i = 0, left = choice; i < count; i++, left /= cases.size()) {
                    Case each = cases.get(left % cases.size());
                    calls.add(each.answer == Case.UNKNOWN
                            ? call("c", each.input, times.called[i])
                            : call("c", each.input, each.answer, times.called[i], times.returned[i]));
                }
                boolean expected = BruteForce.isLinearizable(REGISTER, calls);
                if (!expected) {
                    violated.increment();
                }
                if (new Search<>(REGISTER, calls).run(() -> false, Long.MAX_VALUE) == Kind.LINEARIZABLE != expected) {
                    throw new AssertionError(calls + ": " + expected);
                }
            }
        });
        assertThat(violated.sum()).isBetween((long) orders.size() * choices / 5, (long) orders.size() * choices - 1);
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(ints = {5, 6})
    void verdictsOfAllHistoriesOfUpToSixCallsAreThoseOfBruteForce(int count) {
        verdictsOfAllSmallHistoriesAreThoseOfBruteForce(count);
    }

    private record Case(OfRegister<Integer> input, @Nullable Object answer) {
        private static final Object UNKNOWN = new Object();
    }

    private record Times(long[] called, long[] returned) {}

    /**
     * Times of calls, one of each kind: what matters is which call ended before which was made, and two such orders of
     * intervals are alike if as many calls have as many before and as many behind them.
     */
    private static List<Times> orders(int calls, int clients) {
        Map<List<Integer>, Times> orders = new LinkedHashMap<>();
        Histories.all(calls, clients, (_, called, returned) -> {
            List<Integer> kind = new ArrayList<>();
            for (int i = 0; i < calls; i++) {
                long made = called[i];
                long ended = returned[i];
                kind.add((int) (calls * Arrays.stream(returned).filter(end -> end < made).count()
                        + Arrays.stream(called).filter(start -> start > ended).count()));
            }
            Collections.sort(kind);
            orders.computeIfAbsent(kind, _ -> new Times(called.clone(), returned.clone()));
        });
        return List.copyOf(orders.values());
    }

    @Test
    void systemsThatChooseMayAnswerAnyOfTheirChoices() {
        Model<Integer, String, Integer> dice = new Model<>() {
            @Override
            public Integer initial() {
                return 1;
            }

            @Override
            public List<Integer> next(Integer state, String input, Outcome<Integer> outcome) {
                return input.equals("throw")
                        ? List.of(1, 2, 3, 4, 5, 6)
                        : outcome.allows(state) ? List.of(state) : List.of();
            }
        };
        assertThat(check(dice, List.of(call("a", "throw", 0, 0, 1), call("a", "look", 4, 2, 3),
                call("b", "look", 4, 4, 5))).isLinearizable()).isTrue();
        assertThat(check(dice, List.of(call("a", "throw", 0, 0, 1), call("a", "look", 4, 2, 3),
                call("b", "look", 5, 4, 5))).kind()).isEqualTo(Kind.VIOLATED);
    }

    @Test
    void whatTakesTooLongIsUnknownAndNotWrong() {
        // Sixty writes at once, then reads that no order explains: each order has to be tried.
        List<Operation<OfRegister<Integer>, Object>> calls = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            calls.add(call("w" + i, new CompareAndSet<>(i % 7, i), i % 3 == 0, 0, 100));
        }
        calls.add(call("r", new Read<>(), 1000, 101, 102));
        Verdict<OfRegister<Integer>, Object> verdict = Linearizability.of(REGISTER)
                .within(Duration.ofMinutes(1), 1 << 20).check(calls);
        assertThat(verdict.kind()).isNotEqualTo(Kind.LINEARIZABLE);
        assertThat(Linearizability.of(REGISTER).within(Duration.ZERO, 1 << 30).check(drawnQueue()).kind())
                .isIn(Kind.UNKNOWN, Kind.VIOLATED);
    }

    /** Every account is touched by every call, so that nothing can be checked apart. */
    private record Move(int from, int to, long amount) {}

    private static final Model<List<Long>, Optional<Move>, List<Long>> BANK = Model.of(List.of(100L, 100L, 100L),
            (balances, move) -> {
                List<Long> after = new ArrayList<>(balances);
                move.ifPresent(each -> {
                    after.set(each.from, after.get(each.from) - each.amount);
                    after.set(each.to, after.get(each.to) + each.amount);
                });
                return new Model.Step<>(List.copyOf(after), move.isPresent() ? null : List.copyOf(after));
            });

    @Tag("full")
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aBankOfFourHundredEventsEndsWhenMemoryDoes(boolean answered) {
        Random random = new Random(6);
        List<Operation<Optional<Move>, List<Long>>> calls = new ArrayList<>();
        for (int i = 0; i < 199; i++) {
            Optional<Move> move = Optional.of(new Move(random.nextInt(3), random.nextInt(3), random.nextInt(50)));
            calls.add(answered ? call("c" + i % 40, move, null, i / 40, 10) : call("c" + i % 40, move, i / 40));
        }
        calls.add(call("auditor", Optional.empty(), List.of(100L, 100L, 101L), 11, 12));
        Verdict<Optional<Move>, List<Long>> verdict = Linearizability.of(BANK).within(Duration.ofMinutes(5), 8 << 20)
                .check(calls);
        assertThat(verdict.kind()).isEqualTo(Kind.UNKNOWN);
        assertThat(verdict.reason()).contains("8 MiB: 200 calls", "check fewer calls at a time");
    }

    @Test
    void aViolationIsNotKeptWaitingByAPartitionThatTakesForEver() {
        List<Operation<Keyed<String, OfRegister<Integer>>, Object>> calls = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            calls.add(call("w" + i, new Keyed<>("hard", new Write<>(i)), null, 0, 100));
            calls.add(call("c" + i, new Keyed<>("hard", new CompareAndSet<>(i, i + 1)), i % 2 == 0, 0, 100));
        }
        calls.add(call("r", new Keyed<>("hard", new Read<>()), 1000, 101, 102));
        calls.add(call("r", new Keyed<>("easy", new Read<>()), 7, 103, 104));
        Verdict<Keyed<String, OfRegister<Integer>>, Object> verdict = Linearizability
                .of(Models.<String, Optional<Integer>, OfRegister<Integer>, Object>byKey(REGISTER))
                .within(Duration.ofMinutes(5), 64 << 20).check(calls);
        assertThat(verdict.kind()).isEqualTo(Kind.VIOLATED);
        assertThat(verdict.partition()).isEqualTo("easy");
    }

    private static List<Operation<OfRegister<Integer>, Object>> drawnQueue() {
        List<Operation<OfRegister<Integer>, Object>> calls = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            calls.add(call("w" + i, new Write<>(i), null, 0, 100));
            calls.add(call("r" + i, new Read<>(), i % 2 == 0 ? i : 99, 0, 100));
        }
        return calls;
    }

    @Test
    void aViolationIsDrawn(@TempDir Path directory) throws IOException {
        Path page = check(REGISTER, List.of(call("<b>", new Write<>(1), null, 0, 1), call("c", new Read<>(), 0, 2, 3),
                call("d", new Write<>(9), 0))).draw(directory.resolve("history.html"));
        assertThat(Files.readString(page)).startsWith("<!DOCTYPE html>").contains("&lt;b&gt;", "class=\"wrong\"",
                "Read[] \u2192 0").doesNotContain("<b>", "http://localhost");
    }

    @Test
    void manyCallsOverManyKeysAreChecked() {
        Random random = new Random(3);
        List<Operation<Keyed<Integer, OfRegister<Integer>>, Object>> calls = new ArrayList<>();
        Integer[] values = new Integer[1000];
        Arrays.fill(values, 0);
        long now = 0;
        for (int i = 0; i < 100_000; i += 16) {
            for (int client = 0; client < 16; client++) {
                int key = random.nextInt(1000);
                OfRegister<Integer> input = random.nextBoolean() ? new Read<>() : new Write<>(i + client);
                // They took effect one after the other, and overlapped all.
                Object answer = input instanceof Read ? values[key] : null;
                if (input instanceof Write<Integer>(Integer value)) {
                    values[key] = value;
                }
                calls.add(call("c" + client, new Keyed<>(key, input), answer, now + random.nextInt(16),
                        now + 16 + random.nextInt(16)));
            }
            now += 32;
        }
        Collections.shuffle(calls, random);
        assertThat(check(Models.byKey(REGISTER), calls).toString()).startsWith("Linearizable: 100000 calls, 1000");
    }

    private static <I, O extends @Nullable Object> List<Operation<I, O>> inOrder(List<Operation<I, O>> calls) {
        return calls.stream().sorted(Comparator.comparingLong(Operation::called)).toList();
    }

    private static List<Operation<OfRegister<Integer>, Object>> drawn(Random random, int count) {
        List<Operation<OfRegister<Integer>, Object>> calls = new ArrayList<>();
        long[] free = new long[3];
        for (int i = 0; i < count; i++) {
            int client = random.nextInt(3);
            long called = free[client] + random.nextInt(4);
            long returned = called + random.nextInt(6);
            free[client] = returned;
            OfRegister<Integer> input = switch (random.nextInt(3)) {
                case 0 -> new Read<>();
                case 1 -> new Write<>(random.nextInt(2));
                default -> new CompareAndSet<>(random.nextInt(2), random.nextInt(2));
            };
            Object answer = switch (input) {
                case Read<Integer> _ -> random.nextInt(2);
                case Write<Integer> _ -> null;
                case CompareAndSet<Integer> _ -> random.nextBoolean();
            };
            calls.add(random.nextInt(5) == 0
                    ? call("c" + client, input, called)
                    : call("c" + client, input, answer, called, returned));
        }
        return calls;
    }

    private static <S, I, O extends @Nullable Object> Verdict<I, O> check(Model<S, I, O> model,
            List<Operation<I, O>> calls) {
        return Linearizability.of(model).check(calls);
    }

    private static <I, O extends @Nullable Object> Operation<I, O> call(String client, I input, O answer, long called,
            long returned) {
        return new Operation<>(client, input, Outcome.of(answer), called, returned);
    }

    private static <I, O extends @Nullable Object> Operation<I, O> call(String client, I input, long called) {
        return new Operation<>(client, input, Outcome.unknown(), called, Operation.NEVER);
    }
}
