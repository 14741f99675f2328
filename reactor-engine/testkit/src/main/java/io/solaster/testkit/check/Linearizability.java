package io.solaster.testkit.check;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

import io.solaster.testkit.check.Shrinking.Proof;
import io.solaster.testkit.check.Verdict.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Whether a history is linearizable: whether each call may have taken effect at one moment between when it was made and
 * when it was answered, so that one call after the other leads to the answers that were given (M. Herlihy and J. Wing,
 * "Linearizability", 1990). Partitions are checked apart, which is sound since linearizability is local. To decide is
 * NP-complete, so time and memory are bounded, and a history may stay undecided.
 *
 * {@snippet :
 * Verdict<RegisterCall<String>, String> verdict = Linearizability.of(Models.<String>register(null))
 *         .check(history.operations());
 * assertThat(verdict.isLinearizable()).as(verdict.toString()).isTrue();
 * }
 *
 * @param <S> the model's states
 * @param <I> what is asked
 * @param <O> what is answered
 */
public final class Linearizability<S, I, O extends @Nullable Object> {
    private static final Duration TIME = Duration.ofSeconds(30);
    private static final long BYTES = 512L << 20;
    /** The first look has a 256th of the memory, the next 16 times as much, the last all. */
    private static final int FIRST_SHIFT = 8;
    private static final int SHIFT = 4;

    private final Model<S, I, O> model;
    private final Duration time;
    private final long bytes;

    private Linearizability(Model<S, I, O> model, Duration time, long bytes) {
        this.model = model;
        this.time = time;
        this.bytes = bytes;
    }

    /** A checker that takes at most 30 seconds and half a GiB. */
    public static <S, I, O extends @Nullable Object> Linearizability<S, I, O> of(Model<S, I, O> model) {
        return new Linearizability<>(model, TIME, BYTES);
    }

    /**
     * The same with other bounds.
     *
     * @param newTime for a whole history; as long again to shrink a violation
     * @param newBytes what one partition's search may remember, about
     */
    public Linearizability<S, I, O> within(Duration newTime, long newBytes) {
        return new Linearizability<>(model, newTime, newBytes);
    }

    /** Checks a history. */
    public Verdict<I, O> check(History<I, O> history) {
        return check(history.operations());
    }

    /** Checks calls, in any order. */
    public Verdict<I, O> check(List<Operation<I, O>> calls) {
        Map<Object, List<Operation<I, O>>> partitions = new LinkedHashMap<>();
        calls.stream().sorted(Comparator.comparingLong(Operation::called)).forEach(
                call -> partitions.computeIfAbsent(model.partition(call.input()), any -> new ArrayList<>()).add(call));
        long end = System.nanoTime() + time.toNanos();
        Decision<I, O> decision = decide(partitions, () -> System.nanoTime() - end > 0);
        return switch (decision.kind) {
            case VIOLATED -> violated(decision.partition, decision.calls);
            case UNKNOWN -> new Verdict<>(decision.kind, decision.partition, decision.calls, decision.explained,
                    "Not decided within " + time + " and " + (bytes >> 20) + " MiB: " + decision.calls.size() + " calls"
                            + about(decision.partition)
                            + "; check fewer calls at a time, or with fewer clients, or give more of either.");
            case LINEARIZABLE -> new Verdict<>(Kind.LINEARIZABLE, null, List.of(), List.of(),
                    "Linearizable: " + calls.size() + " calls, " + partitions.size() + " partitions.");
        };
    }

    /** A partition that is violated or undecided; nothing where all is well. */
    record Decision<I, O extends @Nullable Object>(Kind kind, Object partition, List<Operation<I, O>> calls,
            List<Operation<I, O>> explained) {}

    /**
     * Looks at each partition with little memory first, and then with more at those that this does not decide: a violation
     * that is found at once is not kept waiting by a partition that takes for ever.
     *
     * @param partitions calls in the order in which they were made
     */
    Decision<I, O> decide(Map<Object, List<Operation<I, O>>> partitions, BooleanSupplier stop) {
        Map<Object, List<Operation<I, O>>> open = partitions;
        Decision<I, O> undecided = null;
        for (int shift = FIRST_SHIFT; shift >= 0 && !open.isEmpty(); shift -= SHIFT) {
            Map<Object, List<Operation<I, O>>> hard = new LinkedHashMap<>();
            undecided = null;
            for (Map.Entry<Object, List<Operation<I, O>>> each : open.entrySet()) {
                Search<S, I> search = new Search<>(model, each.getValue());
                Kind kind = search.run(stop, bytes >> shift);
                if (kind == Kind.VIOLATED) {
                    return decision(kind, each, search);
                }
                if (kind == Kind.UNKNOWN) {
                    hard.put(each.getKey(), each.getValue());
                    undecided = undecided != null
                            ? undecided
                            : decision(kind, each, search);
                }
            }
            open = hard;
        }
        return undecided != null ? undecided : new Decision<>(Kind.LINEARIZABLE, "", List.of(), List.of());
    }

    private Verdict<I, O> violated(Object partition, List<Operation<I, O>> calls) {
        long end = System.nanoTime() + time.toNanos();
        BooleanSupplier stop = () -> System.nanoTime() - end > 0;
        Proof<S, I, O> proof = new Shrinking<>(model, stop, bytes).shrink(calls);
        Search<S, I> search = new Search<>(model, proof.before(), proof.calls());
        search.run(stop, bytes);
        return new Verdict<>(Kind.VIOLATED, partition, proof.calls(), explained(proof.calls(), search),
                "Not linearizable: from "
                        + proof.before().stream().map(String::valueOf).sorted().collect(Collectors.joining(" or "))
                        + " no order of these calls" + about(partition) + " explains every answer ("
                        + proof.calls().size()
                        + " of " + calls.size() + " calls).");
    }

    private static String about(Object partition) {
        return partition.equals("") ? "" : " about " + partition;
    }

    private Decision<I, O> decision(Kind kind, Map.Entry<Object, List<Operation<I, O>>> partition,
            Search<S, I> search) {
        return new Decision<>(kind, partition.getKey(), partition.getValue(), explained(partition.getValue(), search));
    }

    private static <I, O extends @Nullable Object> List<Operation<I, O>> explained(List<Operation<I, O>> calls,
            Search<?, I> search) {
        return Arrays.stream(search.best()).<Operation<I, O>>mapToObj(calls::get).toList();
    }
}
