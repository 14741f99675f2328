package io.solaster.store.command.collection;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;

import io.solaster.engine.memory.Memory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FloatsTest {

    private static double plain(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        long address = Memory.allocate(bytes.length + 1);
        try {
            Memory.copy(bytes, 0, address, bytes.length);
            return Floats.plain(address, bytes.length);
        } finally {
            Memory.free(address);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-0", "+0", "000000012345", "-1", "+7", "3.14", "-3.14", ".5", "5.", "-.25", "0.1",
            "0.000001",
            "123456789.123456", "900719925474098", "0.0000000000000000000001"})
    void plainDigitsAreReadAsTheNumberThatTheyAre(String text) {
        assertThat(plain(text)).isEqualTo(Double.parseDouble(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-", "+", ".", "-.", "1e5", "0x10", "inf", "nan", " 1", "1 ", "1.2.3", "--1", "1,5",
            "90071992547409931", "0.00000000000000000000001"})
    void whatIsWrittenInAnotherWayIsLeftToOthers(String text) {
        assertThat(plain(text)).isNaN();
    }

    @Test
    void anyFewDigitsAreReadExactly() {
        Random random = new Random(20_26);
        for (int i = 0; i < 20_000; i++) {
            String digits = Long.toString(random.nextLong(1_000_000_000_000_000L >>> random.nextInt(40)));
            int point = random.nextInt(digits.length() + 1);
            String text = (random.nextBoolean() ? "-" : "") + digits.substring(0, point) + "."
                    + digits.substring(point);
            double read = plain(text);
            if (!Double.isNaN(read)) {
                assertThat(read).as(text).isEqualTo(Double.parseDouble(text));
            }
        }
    }
}
