package io.solaster.testkit.gen;

import java.util.Arrays;
import java.util.function.LongFunction;

import io.solaster.testkit.gen.Property.Body;
import org.jspecify.annotations.Nullable;

/**
 * Makes the choices of a failure fewer and smaller for as long as they lead to a failure of the same class: leaves out
 * spans, then single choices, then lowers what is left. For one thread, once.
 */
final class Shrinking {
    private static final int MOST_TRIES = 20_000;
    /** More choices than that are not tried one by one. */
    private static final int FEW = 4_000;
    private static final int DEEPEST = 4;

    private final Body body;
    private final Class<?> kind;
    private final long mostNanos;
    private final long start = System.nanoTime();
    private long[] best;
    private Draw drawn;
    private int tries;

    Shrinking(Body body, Draw drawn, Throwable failure, long mostNanos) {
        this.body = body;
        this.drawn = drawn;
        this.mostNanos = mostNanos;
        kind = failure.getClass();
        best = drawn.choices();
    }

    int tries() {
        return tries;
    }

    long[] shrink() {
        long[] before = {};
        while (!Arrays.equals(before, best) && !isOver()) {
            before = best;
            withoutSpans();
            if (best.length <= FEW) {
                withoutChoices();
                lowered();
                loweredTogether();
            }
        }
        return best;
    }

    private boolean isOver() {
        return tries >= MOST_TRIES || System.nanoTime() - start >= mostNanos;
    }

    /** From the end, so that what was tried already stays where it was. */
    private void withoutSpans() {
        for (int depth = 0; depth < DEEPEST; depth++) {
            for (int chunk = Math.max(1, drawn.spans(depth).length / 4); chunk > 0; chunk /= 2) {
                int[] spans = drawn.spans(depth);
                for (int to = spans.length / 2; to > 0 && !isOver(); to -= chunk) {
                    if (attempt(without(spans, Math.max(0, to - chunk), to))) {
                        spans = drawn.spans(depth);
                        to = Math.min(to, spans.length / 2 + chunk);
                    }
                }
            }
        }
    }

    private long[] without(int[] spans, int from, int to) {
        long[] less = new long[best.length];
        int size = 0;
        int kept = 0;
        for (int span = from; span < to; span++) {
            int length = Math.max(0, spans[2 * span] - kept);
            System.arraycopy(best, kept, less, size, length);
            size += length;
            kept = Math.max(kept, spans[2 * span + 1]);
        }
        System.arraycopy(best, kept, less, size, best.length - kept);
        return Arrays.copyOf(less, size + best.length - kept);
    }

    private void withoutChoices() {
        for (int chunk = 8; chunk > 0; chunk /= 2) {
            for (int from = best.length - chunk; from >= 0 && !isOver(); from--) {
                if (from + chunk <= best.length) {
                    attempt(cut(best, from, chunk));
                }
            }
        }
    }

    private static long[] cut(long[] choices, int from, int length) {
        long[] less = Arrays.copyOf(choices, choices.length - length);
        System.arraycopy(choices, from + length, less, from, less.length - from);
        return less;
    }

    private void lowered() {
        for (int i = 0; i < best.length && !isOver(); i++) {
            int at = i;
            long[] base = best;
            lower(base[at], value -> with(base, at, value));
            // A smaller choice may ask for fewer after it: another command, say, with fewer arguments.
            for (int fewer = 1; fewer <= 2 && at + fewer < best.length && best[at] != 0; fewer++) {
                attempt(cut(with(best, at, best[at] - 1), at + 1, fewer));
            }
        }
    }

    private static long[] with(long[] choices, int at, long value) {
        long[] less = choices.clone();
        less[at] = value;
        return less;
    }

    /** Values that have to be equal, such as the key that is written and read, become smaller only together. */
    private void loweredTogether() {
        for (int i = 0; i < best.length && !isOver(); i++) {
            long[] base = best;
            long value = base[i];
            if (value != 0 && value != 1 && Arrays.stream(base).filter(each -> each == value).count() > 1) {
                lower(value, lower -> Arrays.stream(base).map(each -> each == value ? lower : each).toArray());
            }
        }
    }

    /** Looks for the smallest that fails, as if all larger ones did too. */
    private void lower(long value, LongFunction<long[]> changed) {
        if (value == 0 || attempt(changed.apply(0))) {
            return;
        }
        long passes = 0;
        long fails = value;
        while (Long.compareUnsigned(fails - passes, 1) > 0 && !isOver()) {
            long middle = passes + (fails - passes >>> 1);
            int length = best.length;
            if (!attempt(changed.apply(middle))) {
                passes = middle;
            } else if (best.length == length) {
                fails = middle;
            } else {
                return;
            }
        }
    }

    /** Whether the choices lead to a failure, and to fewer or smaller choices than before: they are the best then. */
    private boolean attempt(long[] candidate) {
        tries++;
        Draw draw = new Draw(candidate, best.length, false);
        @Nullable
        Throwable failure = Property.failure(body, draw);
        if (failure == null || failure.getClass() != kind || draw.overran()) {
            return false;
        }
        long[] choices = draw.choices();
        if (choices.length > best.length
                || choices.length == best.length && Arrays.compareUnsigned(choices, best) >= 0) {
            return false;
        }
        best = choices;
        drawn = draw;
        return true;
    }
}
