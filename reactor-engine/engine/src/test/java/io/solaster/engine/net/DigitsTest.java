package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.stream.LongStream;

import io.solaster.engine.memory.Memory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DigitsTest {
    private final long block = Memory.allocate(64);

    @AfterEach
    void free() {
        Memory.free(block);
    }

    @Test
    void numbersAreWrittenAsJavaWritesThemAndNothingBeside() {
        LongStream edges = LongStream.of(0, 1, -1, 9, 10, -9, -10, 99, 100, -99, -100, 101, Long.MAX_VALUE,
                Long.MIN_VALUE,
                Long.MAX_VALUE - 1, Long.MIN_VALUE + 1, 999_999_999_999_999_999L, 1_000_000_000_000_000_000L);
        LongStream random = new Random(1).longs(20_000).map(value -> value >> (value & 63));
        LongStream.concat(edges, random).forEach(value -> {
            String text = Long.toString(value);
            assertThat(Digits.length(value)).isEqualTo(text.length()).isLessThanOrEqualTo(Digits.LONGEST);
            Memory.fill(block, 64, (byte) 'x');
            assertThat(Digits.write(value, block + 1)).isEqualTo(block + 1 + text.length());
            byte[] written = new byte[text.length() + 2];
            Memory.copy(block, written, 0, written.length);
            assertThat(new String(written, StandardCharsets.US_ASCII)).isEqualTo("x" + text + "x");
        });
    }
}
