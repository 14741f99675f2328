package io.solaster.engine.net;

import io.solaster.engine.memory.Memory;

/** Writes whole numbers in decimal digits into memory, as protocols of text have them. Any thread. */
public final class Digits {
    /** The characters of the least number there is. */
    public static final int LONGEST = 20;

    /** Both digits of 0 to 99, the first one lowest. */
    private static final short[] PAIRS = new short[100];

    static {
        for (int i = 0; i < 100; i++) {
            PAIRS[i] = (short) ('0' + i / 10 | ('0' + i % 10) << 8);
        }
    }

    private Digits() {}

    /** How many characters a number has, its sign included. */
    public static int length(long value) {
        int sign = value < 0 ? 1 : 0;
        long rest = value < 0 ? value : -value;
        long bound = -10;
        for (int digits = 1; digits < 19; digits++) {
            if (rest > bound) {
                return digits + sign;
            }
            bound *= 10;
        }
        return 19 + sign;
    }

    /**
     * Writes a number.
     *
     * @param to an address with room for its {@link #length}
     * @return the address behind it
     */
    public static long write(long value, long to) {
        return write(value, to, length(value));
    }

    /**
     * Writes a number.
     *
     * @param length the number's {@link #length}
     * @return the address behind it
     */
    public static long write(long value, long to, int length) {
        long end = to + length;
        long at = end;
        long rest = value;
        // The least long has no positive counterpart, so digits are taken from the negative side.
        if (value < 0) {
            Memory.putByte(to, (byte) '-');
        } else {
            rest = -value;
        }
        while (rest <= -100) {
            long next = rest / 100;
            at -= 2;
            pair(at, (int) (next * 100 - rest));
            rest = next;
        }
        if (rest <= -10) {
            pair(at - 2, (int) -rest);
        } else {
            Memory.putByte(at - 1, (byte) ('0' - rest));
        }
        return end;
    }

    private static void pair(long to, int value) {
        short digits = PAIRS[value];
        Memory.putByte(to, (byte) digits);
        Memory.putByte(to + 1, (byte) (digits >> 8));
    }
}
