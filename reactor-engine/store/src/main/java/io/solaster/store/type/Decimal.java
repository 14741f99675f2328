package io.solaster.store.type;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;

/** Reads whole numbers that stand in memory as digits; {@link Digits} writes them. Any thread. */
public final class Decimal {

    private Decimal() {}

    /** Whether a number stands there as Redis demands it: no blanks, no plus, no leading zero, within 64 bits. */
    public static boolean isLong(long address, int length) {
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
    public static long parse(long address, int length) {
        boolean negative = Memory.getByte(address) == '-';
        long value = 0;
        for (int i = negative ? 1 : 0; i < length; i++) {
            value = value * 10 - (Memory.getByte(address + i) - '0');
        }
        return negative ? value : -value;
    }
}
