package io.solaster.store.string;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.function.Consumer;

import io.solaster.engine.memory.Memory;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Test;

/** Against bits taken one by one. */
class BitsTest {
    private static final int BYTES = 40;
    private static final int BITS = BYTES * 8;

    /** Bytes of which many are all zeros or all ones, so that whole words are skipped. */
    private static void withBytes(Draw draw, Consumer<Long> test) {
        // Nothing before or behind them may be read or written.
        long block = Memory.allocate(BYTES + 16);
        try {
            Memory.putLong(block, 0x5a5a5a5a5a5a5a5aL);
            Memory.putLong(block + 8 + BYTES, 0x5a5a5a5a5a5a5a5aL);
            int kind = draw.nextInt(3);
            for (int i = 0; i < BYTES; i++) {
                Memory.putByte(block + 8 + i,
                        (byte) (kind == 2 || draw.nextInt(20) == 0 ? draw.nextInt(256) : kind == 0 ? 0 : 0xff));
            }
            test.accept(block + 8);
            assertThat(Memory.getLong(block)).isEqualTo(0x5a5a5a5a5a5a5a5aL);
            assertThat(Memory.getLong(block + 8 + BYTES)).isEqualTo(0x5a5a5a5a5a5a5a5aL);
        } finally {
            Memory.free(block);
        }
    }

    @Test
    void bitsAreCountedAndFoundAsIfOneByOne() {
        Property.check(1, 300, draw -> withBytes(draw, at -> {
            int first = draw.nextInt(BITS);
            int last = draw.nextInt(BITS);
            long count = 0;
            long one = -1;
            long zero = -1;
            for (int bit = first; bit <= last; bit++) {
                boolean set = (Memory.getByte(at + bit / 8) >> 7 - bit % 8 & 1) == 1;
                assertThat(Bits.get(at, bit)).isEqualTo(set);
                count += set ? 1 : 0;
                one = set && one < 0 ? bit : one;
                zero = !set && zero < 0 ? bit : zero;
            }
            assertThat(Bits.count(at, first, last)).isEqualTo(count);
            assertThat(Bits.find(at, first, last, true)).isEqualTo(one);
            assertThat(Bits.find(at, first, last, false)).isEqualTo(zero);
        }));
    }

    @Test
    void fieldsAreReadAndWrittenWhereverTheyLie() {
        Property.check(2, 300, draw -> withBytes(draw, at -> {
            int width = 1 + draw.nextInt(64);
            int bit = draw.nextInt(BITS - width + 1);
            long value = draw.nextLong();
            byte[] before = bytes(at);
            Bits.setField(at, bit, width, value);
            BigInteger mask = BigInteger.ONE.shiftLeft(width).subtract(BigInteger.ONE);
            BigInteger expected = new BigInteger(1, before).andNot(mask.shiftLeft(BITS - bit - width))
                    .or(BigInteger.valueOf(value).and(mask).shiftLeft(BITS - bit - width));
            assertThat(new BigInteger(1, bytes(at))).isEqualTo(expected);
            assertThat(Bits.field(at, BYTES, bit, width)).isEqualTo(value & mask.longValue());
            Bits.set(at, bit, (value & 1) == 1);
            assertThat(Bits.get(at, bit)).isEqualTo((value & 1) == 1);
        }));
    }

    private static byte[] bytes(long at) {
        byte[] bytes = new byte[BYTES];
        Memory.copy(at, bytes, 0, BYTES);
        return bytes;
    }

    @Test
    void whatLiesBehindTheBytesIsZero() {
        Property.check(3, 20, draw -> withBytes(draw, at -> {
            Memory.fill(at, BYTES, (byte) 0xff);
            assertThat(Bits.field(at, 2, 12, 8)).isEqualTo(0xf0);
            assertThat(Bits.field(at, 2, 16, 64)).isZero();
            assertThat(Bits.field(0, 0, 0, 64)).isZero();
        }));
    }
}
