package io.solaster.store.string;

import io.solaster.engine.memory.Memory;

/**
 * Bits of bytes in memory, counted as Redis counts them: bit 0 is the highest one of the first byte. By address and number
 * of the bit; nothing is checked.
 */
public final class Bits {
    private Bits() {}

    public static boolean get(long address, long bit) {
        return (Memory.getByte(address + (bit >>> 3)) & mask(bit)) != 0;
    }

    public static void set(long address, long bit, boolean value) {
        byte old = Memory.getByte(address + (bit >>> 3));
        Memory.putByte(address + (bit >>> 3), (byte) (value ? old | mask(bit) : old & ~mask(bit)));
    }

    private static int mask(long bit) {
        return 0x80 >>> (bit & 7);
    }

    /** How many of the bits from {@code first} to {@code last}, both among them, are set. */
    public static long count(long address, long first, long last) {
        if (first > last) {
            return 0;
        }
        long at = address + (first >>> 3);
        long end = address + (last >>> 3);
        int head = 0xff >>> (first & 7);
        int tail = 0xff << (7 - (last & 7));
        if (at == end) {
            return Integer.bitCount(Memory.getByte(at) & head & tail & 0xff);
        }
        long count = Integer.bitCount(Memory.getByte(at) & head);
        count += Integer.bitCount(Memory.getByte(end) & tail & 0xff);
        at++;
        for (; at <= end - 8; at += 8) {
            count += Long.bitCount(Memory.getLong(at));
        }
        for (; at < end; at++) {
            count += Integer.bitCount(Memory.getByte(at) & 0xff);
        }
        return count;
    }

    /** The first of the bits from {@code first} to {@code last}, both among them, that has a value; -1 if none has. */
    public static long find(long address, long first, long last, boolean value) {
        long flip = value ? 0 : -1L;
        long bit = first;
        while (bit <= last) {
            if ((bit & 7) == 0 && last - bit >= 63) {
                long word = Memory.getLong(address + (bit >>> 3)) ^ flip;
                if (word == 0) {
                    bit += 64;
                } else {
                    return bit + Long.numberOfLeadingZeros(Long.reverseBytes(Memory.littleEndian(word)));
                }
            } else if (get(address, bit) == value) {
                return bit;
            } else {
                bit++;
            }
        }
        return -1;
    }

    /**
     * The number that stands in some bits, its highest bit first; what lies behind the bytes is 0.
     *
     * @param length of the bytes
     * @param width at most 64
     */
    public static long field(long address, int length, long bit, int width) {
        long value = 0;
        long at = bit;
        int left = width;
        while (left > 0) {
            int inByte = 8 - (int) (at & 7);
            int take = Math.min(inByte, left);
            int b = at >>> 3 < length ? Memory.getByte(address + (at >>> 3)) & 0xff : 0;
            value = value << take | b >>> (inByte - take) & (1 << take) - 1;
            at += take;
            left -= take;
        }
        return value;
    }

    /** Writes the lowest {@code width} bits of a value, which must all lie within the bytes. */
    public static void setField(long address, long bit, int width, long value) {
        long at = bit;
        int left = width;
        while (left > 0) {
            int inByte = 8 - (int) (at & 7);
            int take = Math.min(inByte, left);
            left -= take;
            int shift = inByte - take;
            int mask = (1 << take) - 1 << shift;
            long to = address + (at >>> 3);
            Memory.putByte(to, (byte) (Memory.getByte(to) & ~mask | (int) (value >>> left) << shift & mask));
            at += take;
        }
    }

    /** Joins bytes with as many others, which are overwritten. */
    public static void and(long from, long to, long length) {
        long i = 0;
        for (; i <= length - 8; i += 8) {
            Memory.putLong(to + i, Memory.getLong(to + i) & Memory.getLong(from + i));
        }
        for (; i < length; i++) {
            Memory.putByte(to + i, (byte) (Memory.getByte(to + i) & Memory.getByte(from + i)));
        }
    }

    /** As {@link #and}. */
    public static void or(long from, long to, long length) {
        long i = 0;
        for (; i <= length - 8; i += 8) {
            Memory.putLong(to + i, Memory.getLong(to + i) | Memory.getLong(from + i));
        }
        for (; i < length; i++) {
            Memory.putByte(to + i, (byte) (Memory.getByte(to + i) | Memory.getByte(from + i)));
        }
    }

    /** As {@link #and}. */
    public static void xor(long from, long to, long length) {
        long i = 0;
        for (; i <= length - 8; i += 8) {
            Memory.putLong(to + i, Memory.getLong(to + i) ^ Memory.getLong(from + i));
        }
        for (; i < length; i++) {
            Memory.putByte(to + i, (byte) (Memory.getByte(to + i) ^ Memory.getByte(from + i)));
        }
    }

    /** Turns all bits of some bytes. */
    public static void not(long at, long length) {
        long i = 0;
        for (; i <= length - 8; i += 8) {
            Memory.putLong(at + i, ~Memory.getLong(at + i));
        }
        for (; i < length; i++) {
            Memory.putByte(at + i, (byte) ~Memory.getByte(at + i));
        }
    }
}
