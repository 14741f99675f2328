package io.solaster.testkit.gen;

import java.time.Duration;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

/**
 * Checks what must hold of everything that can be drawn.
 *
 * {@snippet :
 * Property.check(42, 1_000, draw -> {
 *     List<Integer> list = draw.list(20, each -> each.nextInt(100));
 *     assertThat(reversed(reversed(list))).isEqualTo(list);
 * });
 * }
 *
 * <p>
 * What fails is made small, and told with what was drawn and a line that leads there again. A body that is given the same
 * choices has to do the same: it takes chance and time from nowhere else.
 */
public final class Property {
    private static final Duration SHRINKING = Duration.ofSeconds(20);
    private static final int MOST_TEXT = 20_000;

    private Property() {}

    /** What must hold of all that it draws. */
    @FunctionalInterface
    public interface Body {
        /** Throws what it finds wrong. */
        void run(Draw draw) throws Exception;
    }

    /**
     * Runs a body so many times. What fails is made small for 20 seconds at most.
     *
     * @param seed what all that is drawn follows from
     * @param trials 1 or more
     * @throws PropertyFailure if the body failed
     * @throws IllegalStateException if hardly any trial drew a case of the test, or none did
     */
    public static void check(long seed, int trials, Body body) {
        check(seed, trials, SHRINKING, body);
    }

    /**
     * As {@link #check(long, int, Body)}.
     *
     * @param shrinking how long a failure is made small, about; zero to have it as it is
     */
    public static void check(long seed, int trials, Duration shrinking, Body body) {
        if (trials < 1) {
            throw new IllegalArgumentException(trials + " trials; give 1 or more");
        }
        SplittableRandom seeds = new SplittableRandom(seed);
        int rejected = 0;
        for (int trial = 1; trial <= trials; trial++) {
            Draw draw = new Draw(seeds.nextLong());
            Throwable failure = failure(body, draw);
            if (failure instanceof Draw.Rejected) {
                rejected++;
                if (rejected > 100 + 10 * (trial - rejected) || rejected == trials) {
                    throw new IllegalStateException(rejected + " of " + trial
                            + " trials drew what is none of the test's cases; draw such cases rather than to assume them");
                }
            } else if (failure != null) {
                String where = "Failed in trial " + trial + " of " + trials + " with seed " + seed;
                if (draw.overran()) {
                    throw new PropertyFailure(where + ": " + failure.getMessage(), failure);
                }
                Shrinking smaller = new Shrinking(body, draw, failure, shrinking.toNanos());
                long[] small = smaller.shrink();
                throw told(small, failure, body, where + ", made small from " + draw.choices().length + " choices to "
                        + small.length + " in " + smaller.tries() + " tries: ");
            }
        }
    }

    /**
     * Runs a body once more with choices of an earlier failure, as that told them.
     *
     * @throws PropertyFailure if the body failed
     */
    public static void again(String choices, Body body) {
        long[] parsed = choices.isEmpty()
                ? new long[0]
                : Arrays.stream(choices.split("\\.")).mapToLong(each -> Long.parseUnsignedLong(each, 36)).toArray();
        Throwable failure = failure(body, new Draw(parsed, limit(parsed), false));
        if (failure != null) {
            throw told(parsed, failure, body, "Failed again: ");
        }
    }

    /** Enough for a body that draws more than it did. */
    private static int limit(long[] choices) {
        return choices.length * 2 + 10_000;
    }

    /** What the body throws; null if it holds. */
    static @Nullable Throwable failure(Body body, Draw draw) {
        try {
            body.run(draw);
            return null;
        } catch (Throwable e) {
            return e;
        }
    }

    private static PropertyFailure told(long[] choices, Throwable failure, Body body, String start) {
        Draw draw = new Draw(choices, limit(choices), true);
        Throwable small = failure(body, draw);
        if (small == null) {
            return new PropertyFailure(
                    start + "a failure that did not happen again with the same choices; does the test"
                            + " take chance, time or state from elsewhere?",
                    failure);
        }
        String text = Arrays.stream(choices).limit(MOST_TEXT).mapToObj(each -> Long.toUnsignedString(each, 36))
                .collect(Collectors.joining("."));
        String again = text.length() > MOST_TEXT ? "" : """

                To see it again:
                  @Test
                  void again() {
                      Property.again("%s", draw -> ...);
                  }""".formatted(text);
        return new PropertyFailure(start + small + draw.told().stream().map(each -> "\n    " + each)
                .collect(Collectors.joining("", "\n  Drawn:", "")) + again, small);
    }
}
