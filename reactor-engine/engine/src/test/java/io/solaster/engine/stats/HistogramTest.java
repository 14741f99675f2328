package io.solaster.engine.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.Test;

class HistogramTest {
    private final Histogram histogram = new Histogram();

    @Test
    void bucketsFollowEachOtherWithoutAGapAndAreAnEighthWide() {
        long lower = 0;
        for (int bucket = 0; bucket < Histogram.BUCKETS; bucket++) {
            long upper = Histogram.upperBound(bucket);
            assertThat(Histogram.bucket(lower)).isEqualTo(bucket);
            assertThat(Histogram.bucket(upper)).isEqualTo(bucket);
            assertThat(upper - lower).isLessThanOrEqualTo(lower / 8);
            lower = upper + 1;
        }
        assertThat(Histogram.bucket(Long.MAX_VALUE)).isEqualTo(Histogram.BUCKETS - 1);
        assertThat(lower).isEqualTo(1L << 36);
    }

    @Test
    void percentilesAreAtMostAnEighthTooLong() {
        Random random = new Random(3);
        long[] values = random.longs(10_000, 0, 1L << 34).map(value -> value >>> random.nextInt(34)).toArray();
        for (long value : values) {
            histogram.record(value);
        }
        Arrays.sort(values);
        HistogramSnapshot snapshot = histogram.snapshot();
        for (double percent : new double[]{0.01, 1, 50, 90, 99, 99.9, 100}) {
            long exact = values[(int) Math.ceil(values.length * percent / 100) - 1];
            assertThat(snapshot.percentile(percent)).as("p%s", percent).isBetween(exact, exact + exact / 8);
        }
        assertThat(snapshot.count()).isEqualTo(values.length);
        assertThat(snapshot.sum()).isEqualTo(Arrays.stream(values).sum());
        assertThat(snapshot.max()).isEqualTo(values[values.length - 1]);
    }

    @Test
    void bucketsWithSomethingInThemAreTold() {
        histogram.record(5, 2);
        histogram.record(1000);
        assertThat(histogram.snapshot().buckets()).containsExactly(Map.entry(5L, 2L), Map.entry(1023L, 1L));
        assertThat(new Histogram().snapshot().buckets()).isEmpty();
    }

    @Test
    void isEmptyAtFirst() {
        HistogramSnapshot none = histogram.snapshot();
        assertThat(none.count()).isZero();
        assertThat(none.percentile(99)).isZero();
        assertThat(none.mean()).isZero();
        assertThat(none).hasToString("none");
        assertThatIllegalArgumentException().isThrownBy(() -> none.percentile(0)).withMessageContaining("0.0 is no");
        assertThatIllegalArgumentException().isThrownBy(() -> none.percentile(Double.NaN));
    }

    @Test
    void keepsWhatIsBeyondItsEnds() {
        histogram.record(-5);
        histogram.record(1L << 40);
        assertThat(histogram.snapshot().percentile(50)).isZero();
        assertThat(histogram.snapshot().percentile(100)).isEqualTo(1L << 40);
        assertThat(histogram.snapshot().max()).isEqualTo(1L << 40);
    }

    @Test
    void addsUpAndTellsWhatCameSince() {
        histogram.record(1_000, 3);
        HistogramSnapshot earlier = histogram.snapshot();
        histogram.record(100, 2);
        HistogramSnapshot since = histogram.snapshot().minus(earlier);
        assertThat(since.count()).isEqualTo(2);
        assertThat(since.sum()).isEqualTo(200);
        assertThat(since.max()).isBetween(100L, 112L);
        HistogramSnapshot both = since.plus(earlier);
        assertThat(both.count()).isEqualTo(5);
        assertThat(both.max()).isEqualTo(1_000);
        assertThat(both.mean()).isEqualTo(640);
    }

    @Test
    void tellsHowManyDidNotExceedADuration() {
        Histogram histogram = new Histogram();
        histogram.record(1_000);
        histogram.record(1_000_000, 5);
        assertThat(histogram.snapshot().countUpTo(500)).isZero();
        assertThat(histogram.snapshot().countUpTo(100_000)).isEqualTo(1);
        assertThat(histogram.snapshot().countUpTo(10_000_000)).isEqualTo(6);
    }
}
