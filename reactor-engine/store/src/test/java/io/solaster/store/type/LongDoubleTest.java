package io.solaster.store.type;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What redis-server 7.0 on x86 has answered to INCRBYFLOAT. */
class LongDoubleTest {

    private static LongDouble of(String text) {
        return Objects.requireNonNull(LongDouble.parse(text), text);
    }

    @ParameterizedTest
    @CsvSource({"10.50, 0.1, 10.6", "5.0e3, 2.0e2, 5200", "0.1, 0.2, 0.3", "1, -1, 0", "1.5, -1.5, 0", "-0, -0, 0",
            "17179869184, 17179869184.5, 34359738368.5", "0, 1e-17, 0.00000000000000001", "0, 4e-18, 0", "0, -1e-30, 0",
            "18446744073709551615, 1, 18446744073709551616", "18446744073709551616, 1, 18446744073709551616",
            "18446744073709551616, 3, 18446744073709551620", "36893488147419103231, 0, 36893488147419103232",
            "36893488147419103233, 0, 36893488147419103232", "0x10, 0x.8p1, 17", "-0XFFp-4, 0, -15.9375",
            ".5, 5., 5.5", "+00012.50, 1E-1, 12.6", "0e999999999999, 1, 1"})
    void sumsAreRoundedToThePrecisionAndShownWithout0AtTheEnd(String one, String other, String sum) {
        assertThat(of(one).plus(of(other))).hasToString(sum);
        assertThat(of(other).plus(of(one))).hasToString(sum);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " 1", "1 ", "x", "1x", "-", "+", ".", "-.", "--1", "1e", "1e+", "1.5.5", "1,5", "0x",
            "0x1p",
            "0x1g", "1p3", "nan", "-nan", "infinit", "infinityx", "1e5000", "1e-5000", "1e999999999999", "0x1p99999",
            "0x1p-99999", "1\0", "\u0661"})
    void whatIsNoNumberIsNone(String text) {
        assertThat(LongDouble.parse(text)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"inf", "-INF", "+infinity", "Infinity"})
    void infinityIsReadAndStays(String text) {
        assertThat(of(text).isFinite()).isFalse();
        assertThat(of(text).plus(of("1")).isFinite()).isFalse();
        assertThat(of("1").plus(of(text)).isFinite()).isFalse();
    }

    @Test
    void theLargestAndTheSmallestNumbersHold() {
        LongDouble largest = of("1.189731495357231765e4932");
        assertThat(largest.toString()).startsWith("1189731495357231765").hasSize(4933);
        assertThat(largest.plus(largest).isFinite()).isFalse();
        assertThat(LongDouble.parse("1.18973149535723176509e4932")).isNull();
        assertThat(of("3.6e-4951")).hasToString("0");
        assertThat(LongDouble.parse("1.8e-4951")).isNull();
        assertThat(of("1e4000").plus(of("1"))).hasToString(of("1e4000").toString());
    }
}
