package io.solaster.testkit.check;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

import io.solaster.testkit.check.Verdict.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Looks for an order of one partition's calls that the model explains: depth first over which call took effect next, with
 * a memory of what was tried (J. Wing and C. Gong, "Testing and verifying concurrent objects", 1993; the memory is G.
 * Lowe's, "Testing for linearizability", 2017). A call is a candidate while no call that was answered before it was made
 * is still to be placed. Calls of unknown outcome are candidates for ever, and need not be placed at all.
 *
 * <p>
 * What was tried is a set of placed calls and the states they led to. Calls are placed nearly in the order in which they
 * were made, so of the set only the part behind the first call that is not placed is kept. For one thread, once.
 */
final class Search<S, I> {
    private static final int NONE = -1;
    /** Tries between two looks at the clock. */
    private static final int TRIES = 1 << 10;
    /** A node of the set of what was tried, its key's header and its array's, about. */
    private static final int BYTES_OF_AN_ENTRY = 88;
    private static final int BYTES_OF_AN_OBJECT = 24;

    private final Model<S, I, ?> model;
    private final Set<S> initial;
    private final List<? extends Operation<I, ?>> operations;
    private final int known;
    /** By operation, the known ones first: its number among those. */
    private final int[] numbers;
    /** A list over calls (2 * operation) and answers (2 * operation + 1), in the order of time, and its head. */
    private final int[] next;
    private final int[] previous;
    private final int head;

    private final long[] placed;
    private final long[] placedUnknown;
    private int firstNotPlaced;
    private int knownPlaced;

    private final Set<Tried> tried = new HashSet<>();
    private final Map<Set<S>, Integer> states = new HashMap<>();
    private long bytes;

    private final int[] order;
    private final Set<S>[] before;
    private int depth;
    private int[] best = {};

    /** @param operations those of one partition, in the order in which they were called */
    Search(Model<S, I, ?> model, List<? extends Operation<I, ?>> operations) {
        this(model, Set.of(model.initial()), operations);
    }

    /** @param initial the states of which one held before the first call */
    @SuppressWarnings({"unchecked", "rawtypes"})
    Search(Model<S, I, ?> model, Set<S> initial, List<? extends Operation<I, ?>> operations) {
        this.model = model;
        this.initial = initial;
        this.operations = operations;
        int count = operations.size();
        numbers = new int[count];
        int answered = 0;
        for (int i = 0; i < count; i++) {
            boolean isKnown = operations.get(i).outcome().isKnown();
            numbers[i] = isKnown ? answered : i - answered;
            answered += isKnown ? 1 : 0;
        }
        known = answered;
        placed = new long[(known >> 6) + 1];
        placedUnknown = new long[(count - known >> 6) + 1];
        order = new int[count];
        before = new Set[count];
        head = 2 * count;
        next = new int[head + 1];
        previous = new int[head + 1];
        link();
    }

    private void link() {
        int count = operations.size();
        int[] byReturn = IntStream.range(0, count).filter(i -> operations.get(i).outcome().isKnown()).boxed()
                .sorted(Comparator.comparingLong(i -> operations.get(i).returned())).mapToInt(i -> i).toArray();
        int last = head;
        int answer = 0;
        for (int call = 0; call <= count; call++) {
            // At one time calls come first: such calls overlap, which forbids less.
            while (answer < byReturn.length && (call == count
                    || operations.get(byReturn[answer]).returned() < operations.get(call).called())) {
                last = append(last, 2 * byReturn[answer++] + 1);
            }
            if (call < count) {
                last = append(last, 2 * call);
            }
        }
        next[last] = NONE;
    }

    private int append(int last, int event) {
        next[last] = event;
        previous[event] = last;
        return event;
    }

    /**
     * @param stop asked now and then whether to give up
     * @param mostBytes what may be remembered, about
     */
    Kind run(BooleanSupplier stop, long mostBytes) {
        return run(stop, mostBytes, null);
    }

    /**
     * The states in which all calls may have left the system.
     *
     * @return null if that took too long
     */
    @Nullable
    Set<S> ends(BooleanSupplier stop, long mostBytes) {
        Set<S> ends = new HashSet<>();
        return run(stop, mostBytes, ends) == Kind.UNKNOWN ? null : ends;
    }

    /** @param ends where given, every order is looked for, and the states in which each ends are added */
    private Kind run(BooleanSupplier stop, long mostBytes, @Nullable Set<S> ends) {
        Set<S> now = initial;
        int event = next[head];
        for (int tries = 1;; tries++) {
            if (knownPlaced == known) {
                keepBest();
                if (ends == null) {
                    return Kind.LINEARIZABLE;
                }
                ends.addAll(now);
            }
            if (tries % TRIES == 0 && stop.getAsBoolean() || bytes > mostBytes) {
                return Kind.UNKNOWN;
            }
            if (event != NONE && (event & 1) == 0) {
                int operation = event >> 1;
                Set<S> then = after(now, operation);
                if (!then.isEmpty() && place(operation, then)) {
                    order[depth] = operation;
                    before[depth++] = now;
                    now = then;
                    event = next[head];
                } else {
                    event = next[event];
                }
            } else if (depth == 0) {
                keepBest();
                return Kind.VIOLATED;
            } else {
                // A call was answered here that fits nowhere before: the latest choice was wrong.
                keepBest();
                int operation = order[--depth];
                now = before[depth];
                takeBack(operation);
                event = next[2 * operation];
            }
        }
    }

    /** The longest order that was found, as indices of operations. */
    int[] best() {
        return best;
    }

    private void keepBest() {
        if (depth > best.length) {
            best = Arrays.copyOf(order, depth);
        }
    }

    @SuppressWarnings("unchecked")
    private Set<S> after(Set<S> now, int index) {
        Operation<I, Object> operation = (Operation<I, Object>) operations.get(index);
        Model<S, I, Object> known = (Model<S, I, Object>) model;
        if (now.size() == 1) {
            List<S> then = known.next(now.iterator().next(), operation.input(), operation.outcome());
            return then.size() == 1 ? Set.of(then.getFirst()) : Set.copyOf(then);
        }
        Set<S> all = new HashSet<>();
        for (S state : now) {
            all.addAll(known.next(state, operation.input(), operation.outcome()));
        }
        return all;
    }

    /** Places a call, unless the same calls in another order have led to the same before. */
    private boolean place(int operation, Set<S> then) {
        boolean isKnown = operations.get(operation).outcome().isKnown();
        long[] set = isKnown ? placed : placedUnknown;
        int number = numbers[operation];
        int first = firstNotPlaced;
        set[number >> 6] |= 1L << number;
        if (isKnown) {
            while (firstNotPlaced < known && (placed[firstNotPlaced >> 6] & 1L << firstNotPlaced) != 0) {
                firstNotPlaced++;
            }
        }
        if (!remember(then)) {
            set[number >> 6] &= ~(1L << number);
            firstNotPlaced = first;
            return false;
        }
        knownPlaced += isKnown ? 1 : 0;
        unlink(2 * operation);
        if (isKnown) {
            unlink(2 * operation + 1);
        }
        return true;
    }

    private void takeBack(int operation) {
        boolean isKnown = operations.get(operation).outcome().isKnown();
        int number = numbers[operation];
        if (isKnown) {
            placed[number >> 6] &= ~(1L << number);
            firstNotPlaced = Math.min(firstNotPlaced, number);
            knownPlaced--;
            link(2 * operation + 1);
        } else {
            placedUnknown[number >> 6] &= ~(1L << number);
        }
        link(2 * operation);
    }

    private void unlink(int event) {
        next[previous[event]] = next[event];
        if (next[event] != NONE) {
            previous[next[event]] = previous[event];
        }
    }

    private void link(int event) {
        next[previous[event]] = event;
        if (next[event] != NONE) {
            previous[next[event]] = event;
        }
    }

    private boolean remember(Set<S> then) {
        int from = firstNotPlaced >> 6;
        int to = placed.length;
        while (to > from && placed[to - 1] == 0) {
            to--;
        }
        int unknown = placedUnknown.length;
        while (unknown > 0 && placedUnknown[unknown - 1] == 0) {
            unknown--;
        }
        long[] key = new long[2 + to - from + unknown];
        key[0] = firstNotPlaced;
        Integer state = states.get(then);
        if (state == null) {
            state = states.size();
            states.put(then, state);
            bytes += BYTES_OF_AN_ENTRY + size(then);
        }
        key[1] = (long) (to - from) << 32 | state;
        System.arraycopy(placed, from, key, 2, to - from);
        System.arraycopy(placedUnknown, 0, key, 2 + to - from, unknown);
        if (!tried.add(new Tried(key))) {
            return false;
        }
        bytes += BYTES_OF_AN_ENTRY + 8L * key.length;
        return true;
    }

    /** What a state takes, about: texts and collections grow with a history, what else there is does not. */
    private static long size(@Nullable Object state) {
        return switch (state) {
            case CharSequence text -> BYTES_OF_AN_OBJECT + text.length();
            case Optional<?> optional -> size(optional.orElse(null));
            case Collection<?> elements -> elements.stream().mapToLong(Search::size).sum() + BYTES_OF_AN_OBJECT;
            case Map<?, ?> map -> size(map.keySet()) + size(map.values());
            case null, default -> BYTES_OF_AN_OBJECT;
        };
    }

    /** A set of placed calls, and a set of states. */
    private static final class Tried {
        private final long[] key;
        private final int hash;

        Tried(long[] key) {
            this.key = key;
            hash = Arrays.hashCode(key);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Tried that && hash == that.hash && Arrays.equals(key, that.key);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }
}
