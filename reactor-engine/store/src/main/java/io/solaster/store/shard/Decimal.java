package io.solaster.store.shard;

import io.solaster.engine.memory.Memory;

/** Whole numbers as digits in memory. */
public final class Decimal {

    private Decimal() {}

    /** How many characters a number has. */
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

    /** Writes a number of {@link #length} characters. */
    public static void write(long value, long to, int length) {
        // The least long has no positive counterpart, so the digits are taken from the negative side.
        long rest = value < 0 ? value : -value;
        long at = to + length;
        do {
            long next = rest / 10;
            Memory.putByte(--at, (byte) ('0' + (next * 10 - rest)));
            rest = next;
        } while (rest != 0);
        if (value < 0) {
            Memory.putByte(to, (byte) '-');
        }
    }

    /** Whether a number stands there as Redis demands it: no blanks, no plus, no leading zero, within 64 bits. */
    static boolean isLong(long address, int length) {
        if (length == 1 && Memory.getByte(address) == '0') {
            return true;
        }
        int at = length > 0 && Memory.getByte(address) == '-' ? 1 : 0;
        if (at == length || length - at > 19 || Memory.getByte(address + at) == '0') {
            return false;
        }
        for (int i = at; i < length; i++) {
            byte digit = Memory.getByte(address + i);
            if (digit < '0' || digit > '9') {
                return false;
            }
        }
        if (length - at < 19) {
            return true;
        }
        // 19 digits stay below 2^64, so that a sum past 2^63 shows as negative.
        long value = parse(address, length);
        return at == 0 ? value >= 0 : value < 0;
    }

    /** Reads a number that {@link #isLong}. */
    static long parse(long address, int length) {
        boolean negative = Memory.getByte(address) == '-';
        long value = 0;
        for (int i = negative ? 1 : 0; i < length; i++) {
            value = value * 10 - (Memory.getByte(address + i) - '0');
        }
        return negative ? value : -value;
    }
}
