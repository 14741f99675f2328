package io.solaster.testkit.gen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import io.solaster.testkit.gen.Property.Body;
import org.junit.jupiter.api.Test;

class PropertyTest {
    private static final long SEED = 42;

    @Test
    void whatHoldsIsTriedAsOftenAsAsked() {
        Set<Integer> seen = new HashSet<>();
        Property.check(SEED, 500, draw -> seen.add(draw.nextInt(1_000_000)));
        assertThat(seen).hasSizeGreaterThan(490);
    }

    @Test
    void aSeedDrawsTheSameAgain() {
        assertThat(drawn(SEED)).isEqualTo(drawn(SEED)).isNotEqualTo(drawn(SEED + 1));
    }

    private static List<Object> drawn(long seed) {
        List<Object> all = new ArrayList<>();
        Property.check(seed, 50, draw -> {
            all.add(draw.list(5, each -> each.anyLong()));
            all.add(draw.string("abc", 9));
            all.add(Arrays.toString(draw.bytes(9)));
            all.add(draw.nextDouble());
            all.add(draw.of("x", "y"));
        });
        return all;
    }

    /** Counts that are not sorted, say: two elements are enough, and the smallest are 0 and 1. */
    @Test
    void aListShrinksToTheElementsThatMatter() {
        assertThat(small(draw -> {
            List<Integer> list = draw.list(100, each -> each.nextInt(1_000));
            assertThat(list).isSorted();
        })).containsExactly("[1, 0]");
    }

    @Test
    void numbersShrinkToTheEdgeAtWhichTheTestFails() {
        assertThat(small(draw -> assertThat(draw.nextInt(1_000_000)).isLessThan(713_457))).containsExactly("713457");
        assertThat(small(draw -> assertThat(draw.nextLong()).isGreaterThan(-5_000_000_000L)))
                .containsExactly("-5000000000");
        assertThat(small(draw -> assertThat(draw.nextInt(-1000, 10)).isGreaterThan(-99))).containsExactly("-99");
        assertThat(small(draw -> assertThat(draw.nextDouble()).isLessThan(0.5))).containsExactly("0.5");
        assertThat(small(draw -> assertThat(draw.anyInt()).isGreaterThanOrEqualTo(0))).containsExactly("-1");
    }

    /** What has to be equal to fail becomes smaller though none of it may alone. */
    @Test
    void equalValuesShrinkTogether() {
        assertThat(small(draw -> {
            int written = draw.nextInt(20);
            int read = draw.nextInt(20);
            assertThat(written).isNotEqualTo(read < 3 ? -1 : read);
        })).containsExactly("3", "3");
    }

    @Test
    void nestedListsShrinkInsideAndOut() {
        assertThat(small(draw -> {
            List<List<Integer>> lists = draw.list(10, outer -> outer.list(10, each -> each.nextInt(100)));
            assertThat(lists.stream().flatMap(List::stream).mapToInt(i -> i).sum()).isLessThan(150);
        })).hasSize(1).first().asString().matches("\\[\\[\\d+, \\d+\\]\\]|\\[\\[\\d+\\], \\[\\d+\\]\\]");
    }

    @Test
    void aFailureOfAnotherKindIsNotTakenForTheSame() {
        PropertyFailure failure = failure(draw -> {
            int value = draw.nextInt(1000);
            if (value > 500) {
                throw new IOException("large: " + value);
            }
            if (value > 100) {
                throw new IllegalArgumentException("middle");
            }
        });
        // Which of the two comes first is the seed's choice.
        assertThat(failure.getCause()).satisfiesAnyOf(
                cause -> assertThat(cause).isInstanceOf(IOException.class).hasMessage("large: 501"),
                cause -> assertThat(cause).isInstanceOf(IllegalArgumentException.class));
        assertThat(failure).hasMessageContaining(failure.getCause() instanceof IOException ? "501" : "101");
    }

    @Test
    void aFailureTellsHowToSeeItAgain() {
        Body body = draw -> assertThat(draw.list(9, each -> each.nextInt(9))).doesNotContain(7);
        String message = String.valueOf(failure(body).getMessage());
        assertThat(message).contains("with seed 42", "[7]", "@Test", "Property.again(\"1.7.0\", draw -> ...);");
        assertThatThrownBy(() -> Property.again("1.7.0", body)).isInstanceOf(PropertyFailure.class)
                .hasMessageContaining("[7]");
        Property.again("1.6.0", body);
        Property.again("", body);
    }

    @Test
    void aTestThatIsNotDeterminedByWhatItDrawsIsTold() {
        int[] calls = {0};
        assertThatThrownBy(() -> Property.check(SEED, 1, draw -> {
            draw.nextInt(5);
            assertThat(calls[0]++).isPositive();
        })).isInstanceOf(PropertyFailure.class).hasMessageContaining("take chance, time or state from elsewhere");
    }

    @Test
    void aTestThatHasHardlyAnyCasesIsTold() {
        Property.check(SEED, 500, draw -> draw.assume(draw.nextBoolean()));
        assertThatThrownBy(() -> Property.check(SEED, 500, draw -> draw.assume(draw.nextInt(1000) == 0)))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("none of the test's cases");
    }

    @Test
    void aTestThatHasNoCaseAtAllIsTold() {
        assertThatThrownBy(() -> Property.check(SEED, 100, draw -> draw.assume(false)))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("none of the test's cases");
        assertThatThrownBy(() -> Property.check(SEED, 0, draw -> {})).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0 trials");
    }

    @Test
    void drawingWithoutEndIsAFailure() {
        assertThatThrownBy(() -> Property.check(SEED, 1, draw -> {
            while (draw.nextInt(10) < 10) {
                draw.nextInt();
            }
        })).isInstanceOf(PropertyFailure.class).hasMessageContaining("choices drawn");
    }

    /** A server under test may turn whatever is thrown into a failure of its own. */
    @Test
    void aFailureThatCameOfDrawingTooMuchIsNotTakenForTheSame() {
        assertThat(small(draw -> {
            int count = draw.nextInt(100);
            try {
                for (int i = 0; i < count; i++) {
                    draw.nextInt(100);
                }
            } catch (Error e) {
                throw new AssertionError("hides it", e);
            }
            assertThat(count).isLessThan(50);
        })).startsWith("50", "0", "0");
    }

    @Test
    void aFailureIsToldAsItIsWhereNoTimeIsGivenToMakeItSmall() {
        assertThatThrownBy(() -> Property.check(SEED, 1, Duration.ZERO,
                draw -> assertThat(draw.list(5, 5, each -> each.nextInt(9))).isEmpty()))
                .isInstanceOf(PropertyFailure.class).hasMessageContaining("to 5 in 0 tries");
    }

    @Test
    void everyNumberOfARangeIsDrawnAndNoOther() {
        int[][] ranges = {{0, 7}, {3, 9}, {-7, 0}, {-9, -3}, {-3, 8}, {-8, 3}, {-1, 1}, {0, 1}, {-1, 0}, {-4, 5}};
        for (int[] range : ranges) {
            Set<Integer> seen = new HashSet<>();
            Property.check(SEED, 500, draw -> seen.add(draw.nextInt(range[0], range[1])));
            assertThat(seen).as("%s to before %s", range[0], range[1]).hasSize(range[1] - range[0])
                    .allMatch(value -> value >= range[0] && value < range[1]);
        }
        assertThatThrownBy(() -> Property.check(SEED, 1, draw -> draw.nextInt(0)))
                .hasMessageContaining("nothing lies from 0 to before 0");
        Property.check(SEED, 500, draw -> assertThat(draw.nextInt(Integer.MIN_VALUE, Integer.MAX_VALUE))
                .isLessThan(Integer.MAX_VALUE));
    }

    /** The edges at which sums and sizes break are drawn often. */
    @Test
    void anyNumberMeansTheEdgesToo() {
        Set<Long> longs = new HashSet<>();
        Set<Integer> ints = new HashSet<>();
        Property.check(SEED, 2_000, draw -> {
            longs.add(draw.anyLong());
            ints.add(draw.anyInt());
        });
        assertThat(longs).contains(0L, 1L, -1L, Long.MAX_VALUE, Long.MIN_VALUE).hasSizeGreaterThan(1_000);
        assertThat(ints).contains(0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE).hasSizeGreaterThan(1_000);
    }

    private static List<String> small(Body body) {
        String message = String.valueOf(failure(body).getMessage());
        String drawn = message.substring(message.indexOf("Drawn:") + 6, message.indexOf("To see it again"));
        return drawn.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }

    private static PropertyFailure failure(Body body) {
        PropertyFailure failure = catchThrowableOfType(PropertyFailure.class,
                () -> Property.check(SEED, 2_000, body));
        assertThat(failure).isNotNull();
        return failure;
    }
}
