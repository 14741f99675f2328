package io.solaster.store.type;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.store.RespClient;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecimalTest {
    private static final Pattern STRICT = Pattern.compile("0|-?[1-9][0-9]*");
    private final long block = Memory.allocate(64);

    @AfterEach
    void free() {
        Memory.free(block);
    }

    private boolean isLong(String text) {
        Memory.copy(RespClient.latin1(text), 0, block, text.length());
        return Decimal.isLong(block, text.length());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-", "+1", "01", "-0", "-01", " 1", "1 ", "1.0", "1e3", "0x1", "9223372036854775808",
            "-9223372036854775809", "9999999999999999999", "-9999999999999999999", "18446744073709551616",
            "18446744073709551617", "123456789012345678901234567890", "--1", "1-", "\u0661", "1\0"})
    void whatRedisTakesForNoNumberIsNone(String text) {
        assertThat(isLong(text)).isFalse();
    }

    @Test
    void numbersComeBackAsTheyWere() {
        LongStream edges = LongStream.of(0, 1, -1, 9, 10, -9, -10, 99, 100, Long.MAX_VALUE, Long.MIN_VALUE,
                Long.MAX_VALUE - 1, Long.MIN_VALUE + 1, 999_999_999_999_999_999L, 1_000_000_000_000_000_000L);
        LongStream random = new Random(1).longs(20_000).map(value -> value >> (value & 63));
        LongStream.concat(edges, random).forEach(value -> {
            int length = Digits.length(value);
            Digits.write(value, block, length);
            assertThat(Decimal.isLong(block, length)).isTrue();
            assertThat(Decimal.parse(block, length)).isEqualTo(value);
        });
    }

    @Test
    void randomTextsAreJudgedAsByLong() {
        String mostlyDigits = "0123456789".repeat(20) + "-+ .x";
        Property.check(2, 50_000, draw -> {
            String text = draw.string(mostlyDigits, 21);
            assertThat(isLong(text)).as(text).isEqualTo(isStrictLong(text));
        });
    }

    private static boolean isStrictLong(String text) {
        if (!STRICT.matcher(text).matches()) {
            return false;
        }
        try {
            Long.parseLong(text);
            return true;
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
