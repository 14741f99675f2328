package io.solaster.benchmarks.rig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class StatisticsTest {

    @Test
    void theMedianIsTheMiddleOneOrTheMeanOfTwo() {
        assertThat(Statistics.median(3, 1, 2)).isEqualTo(2);
        assertThat(Statistics.median(4, 1, 3, 2)).isEqualTo(2.5);
        assertThat(Statistics.median(7)).isEqualTo(7);
        assertThat(Statistics.median()).isNaN();
    }

    @Test
    void theMedianLeavesItsArgumentsAsTheyAre() {
        double[] values = {3, 1, 2};
        Statistics.median(values);
        assertThat(values).containsExactly(3, 1, 2);
    }

    @Test
    void aRatioIsTakenRoundByRound() {
        // A round that was slow for both says nothing about their ratio.
        assertThat(Statistics.ratio(new double[]{1, 10, 1}, new double[]{2, 20, 2})).isEqualTo(0.5);
        assertThat(Statistics.ratio(new double[]{1, 30, 1}, new double[]{2, 20, 2})).isEqualTo(0.5);
    }

    @Test
    void noiseIsTheDistanceInEitherDirection() {
        assertThat(Statistics.noise(new double[]{90, 110, 100}, new double[]{100, 100, 100}))
                .isEqualTo(0.1, within(1e-9));
    }

    @Test
    void digitsAreThree() {
        assertThat(Statistics.digits(1234.5)).isEqualTo("1235");
        assertThat(Statistics.digits(12.34)).isEqualTo("12.3");
        assertThat(Statistics.digits(0.547)).isEqualTo("0.55");
        assertThat(Statistics.digits(0)).isEqualTo("0.00");
        assertThat(Statistics.digits(0.00042)).isEqualTo("0.0004");
        assertThat(Statistics.digits(Double.NaN)).isEqualTo("–");
    }
}
