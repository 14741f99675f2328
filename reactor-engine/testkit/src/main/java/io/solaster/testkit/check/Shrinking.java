package io.solaster.testkit.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

import io.solaster.testkit.check.Verdict.Kind;

/**
 * Makes a violation small. Each step leaves a history that a correct system cannot have given either, if it could not give
 * the one before:
 * <ul>
 * <li>what came after a moment is cut off, and calls that were under way then have an unknown outcome (linearizability is
 * closed under prefixes);
 * <li>what lies before a moment at which no call was under way is replaced by the states that it may have led to;
 * <li>reads are left out, since they change nothing;
 * <li>an answer is forgotten, since a call of unknown outcome forbids less;
 * <li>when the history is violated whatever calls of unknown outcome did, it is so without them.
 * </ul>
 * For one thread.
 */
final class Shrinking<S, I, O> {
    /** Forgetting is tried for no more calls than that: the more calls are unknown, the longer each check takes. */
    private static final int FEW = 40;
    private static final int MOST_STATES = 100;

    private final Model<S, I, O> model;
    private final BooleanSupplier stop;
    private final long bytes;
    private Set<S> before;

    Shrinking(Model<S, I, O> model, BooleanSupplier stop, long bytes) {
        this.model = model;
        this.before = Set.of(model.initial());
        this.stop = stop;
        this.bytes = bytes;
    }

    /**
     * What is left of a violation.
     *
     * @param before the states of which one held before the calls
     * @param calls the calls
     */
    record Proof<S, I, O>(Set<S> before, List<Operation<I, O>> calls) {}

    private boolean isViolated(List<Operation<I, O>> calls) {
        return new Search<>(model, before, calls).run(stop, bytes) == Kind.VIOLATED;
    }

    /** @param calls a violation, in the order of the calls */
    Proof<S, I, O> shrink(List<Operation<I, O>> calls) {
        List<Operation<I, O>> less = withoutReads(withoutStart(prefix(calls)));
        return new Proof<>(before, less.size() <= FEW ? withoutUnknown(forgetful(less)) : less);
    }

    private List<Operation<I, O>> prefix(List<Operation<I, O>> calls) {
        long[] ends = calls.stream().filter(call -> call.outcome().isKnown()).mapToLong(Operation::returned).sorted()
                .toArray();
        int low = 0;
        int high = ends.length - 1;
        List<Operation<I, O>> shortest = calls;
        while (low < high) {
            int middle = low + high >>> 1;
            List<Operation<I, O>> cut = until(calls, ends[middle]);
            if (isViolated(cut)) {
                shortest = cut;
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return shortest;
    }

    private List<Operation<I, O>> until(List<Operation<I, O>> calls, long end) {
        List<Operation<I, O>> cut = new ArrayList<>();
        for (Operation<I, O> call : calls) {
            boolean underWay = call.returned() > end;
            // A read of unknown outcome tells nothing.
            if (call.called() <= end && !(underWay && model.isRead(call.input()))) {
                cut.add(underWay ? call.forgotten() : call);
            }
        }
        return cut;
    }

    /** Goes from one quiet moment to the next for as long as what is behind it is still a violation. */
    private List<Operation<I, O>> withoutStart(List<Operation<I, O>> calls) {
        List<Operation<I, O>> rest = calls;
        int from = 0;
        long latest = Long.MIN_VALUE;
        for (int i = 0; i < calls.size(); i++) {
            Operation<I, O> call = calls.get(i);
            if (i > from && latest < call.called()) {
                Set<S> then = new Search<>(model, before, calls.subList(from, i)).ends(stop, bytes);
                if (then == null || then.size() > MOST_STATES) {
                    break;
                }
                from = i;
                Set<S> now = before;
                before = then;
                if (!isViolated(calls.subList(i, calls.size()))) {
                    before = now;
                    break;
                }
                rest = calls.subList(i, calls.size());
            }
            latest = Math.max(latest, call.returned());
        }
        return rest;
    }

    /** Leaves out as many as possible at a time, then half as many, and so on (A. Zeller's ddmin). */
    private List<Operation<I, O>> withoutReads(List<Operation<I, O>> calls) {
        List<Operation<I, O>> kept = calls;
        for (int chunk = Math.max(1, calls.size() / 2); chunk > 0 && !stop.getAsBoolean(); chunk /= 2) {
            for (int from = 0; from < kept.size(); from += chunk) {
                List<Operation<I, O>> less = new ArrayList<>();
                for (int i = 0; i < kept.size(); i++) {
                    if (i < from || i >= from + chunk || !model.isRead(kept.get(i).input())) {
                        less.add(kept.get(i));
                    }
                }
                if (less.size() < kept.size() && isViolated(less)) {
                    kept = less;
                    from -= chunk;
                }
            }
        }
        return kept;
    }

    private List<Operation<I, O>> forgetful(List<Operation<I, O>> calls) {
        List<Operation<I, O>> kept = new ArrayList<>(calls);
        for (int i = 0; i < kept.size() && !stop.getAsBoolean(); i++) {
            Operation<I, O> call = kept.get(i);
            if (call.outcome().isKnown()) {
                kept.set(i, call.forgotten());
                if (!isViolated(kept)) {
                    kept.set(i, call);
                }
            }
        }
        return kept;
    }

    private List<Operation<I, O>> withoutUnknown(List<Operation<I, O>> calls) {
        List<Operation<I, O>> kept = calls.stream().filter(call -> call.outcome().isKnown()).toList();
        return isViolated(kept) ? kept : calls;
    }
}
