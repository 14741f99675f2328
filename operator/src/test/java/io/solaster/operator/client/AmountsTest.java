package io.solaster.operator.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.concurrent.TimeUnit;

import io.fabric8.kubernetes.api.model.Quantity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A short text may be a number that no memory holds. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AmountsTest {

    @ParameterizedTest
    @CsvSource({"16, 16", "0.5, 1", "500m, 1", "1500m, 2", "64Gi, 68719476736", "1e3, 1000", "1E3, 1000", "2E+03, 2000",
            "12e-1, 2", "-1, -1", "0, 0", "0e99, 0", "1n, 1", "8Pi, 9007199254740992",
            "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000016, 16"})
    void whatIsMeantIsRead(String text, long units) {
        assertThat(Amounts.of(new Quantity(text), BigDecimal.ONE)).isEqualTo(units);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e999999999", "1e-999999999", "9E999999999", "0e999999999", "lots", "1Zi", "0x7", "9Pi",
            "-1e999999999", "1e99", "8Ei"})
    void whatIsNotEndsAtOnce(String text) {
        assertThatThrownBy(() -> Amounts.of(new Quantity(text), new BigDecimal(1000)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(text);
    }

    @Test
    void aLongTextIsToldInShort() {
        assertThatThrownBy(() -> Amounts.of(new Quantity("7".repeat(1_000_000)), BigDecimal.ONE))
                .isInstanceOf(IllegalArgumentException.class)
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(200));
    }

    @ParameterizedTest
    @CsvSource({"16, 16", "16500m, 16", "8192, 8192"})
    void cpusAreWhole(String text, int cpus) {
        assertThat(Amounts.cpus(new Quantity(text))).isEqualTo(cpus);
    }

    @ParameterizedTest
    @ValueSource(strings = {"8193", "3G", "-1"})
    void noMachineHasMoreCpusThanLinuxKnows(String text) {
        assertThatThrownBy(() -> Amounts.cpus(new Quantity(text))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "' is no number of CPUs, from 0 to 8192");
    }
}
