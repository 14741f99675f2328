package io.solaster.store.rdb;

import io.solaster.engine.memory.Memory;
import io.solaster.store.type.Decimal;

/**
 * Writes what a dump is made of; {@link DumpReader} reads it, and so does every Redis that knows the type. By address.
 */
public final class DumpWriter {
    /** The version of Redis 7.0: an older server refuses newer ones unseen. */
    static final int VERSION = 10;
    /** The version of Redis 7.4, which was the first to have fields that expire. */
    static final int VERSION_OF_EXPIRING = 12;
    /** The version of Redis 7.2, which was the first to say when a consumer was active. */
    private static final int VERSION_OF_ACTIVE = 11;
    /** What a string is longer by, at most. */
    static final int LENGTH = 5;
    /** Strings up to this length are written as numbers where they are such. */
    private static final int LONGEST_NUMBER = 11;

    private DumpWriter() {}

    /** Writes a string behind {@code at}, as a number where it is one; where it ends. */
    static long string(long at, long address, int length) {
        if (length <= LONGEST_NUMBER && Decimal.isLong(address, length)) {
            long number = Decimal.parse(address, length);
            if (number == (int) number) {
                return number(at, (int) number);
            }
        }
        return bytes(at, address, length);
    }

    /** Writes a string as it is; where it ends. */
    static long bytes(long at, long address, int length) {
        long to = count(at, length);
        Memory.copy(address, to, length);
        return to + length;
    }

    /** Writes a count or a length; where it ends, at most nine bytes behind. */
    static long count(long at, long count) {
        long to = at;
        if (count < 1 << 6) {
            Memory.putByte(to++, (byte) count);
        } else if (count < 1 << 14) {
            Memory.putByte(to++, (byte) (count >>> 8 | 0x40));
            Memory.putByte(to++, (byte) count);
        } else {
            boolean isLong = count > 0xffff_ffffL;
            Memory.putByte(to++, (byte) (isLong ? DumpReader.LENGTH_64 : DumpReader.LENGTH_32));
            for (int shift = isLong ? 56 : 24; shift >= 0; shift -= 8) {
                Memory.putByte(to++, (byte) (count >>> shift));
            }
        }
        return to;
    }

    /** As {@link #count}, of a number without sign. */
    static long unsigned(long at, long number) {
        if (number >= 0) {
            return count(at, number);
        }
        Memory.putByte(at, (byte) DumpReader.LENGTH_64);
        Memory.putLong(at + 1, Long.reverseBytes(Memory.littleEndian(number)));
        return at + 9;
    }

    /** Writes a string that is a number of at most 32 bits; where it ends. */
    private static long number(long at, int number) {
        int bytes = number == (byte) number ? 1 : number == (short) number ? 2 : 4;
        long to = at;
        Memory.putByte(to++,
                (byte) (bytes == 1 ? DumpReader.INT_8 : bytes == 2 ? DumpReader.INT_16 : DumpReader.INT_32));
        for (int i = 0; i < bytes; i++) {
            Memory.putByte(to++, (byte) (number >>> 8 * i));
        }
        return to;
    }

    /**
     * Writes version and check sum behind a value.
     *
     * @param type the value's first byte
     * @param sum the check sum of all of the value
     */
    public static void footer(Pieces value, int type, long sum) {
        long at = value.reserve(DumpReader.FOOTER);
        Memory.putByte(at, (byte) (type >= DumpTypes.HASH_METADATA
                ? VERSION_OF_EXPIRING
                : type == DumpTypes.STREAM_3 ? VERSION_OF_ACTIVE : VERSION));
        Memory.putByte(at + 1, (byte) 0);
        Memory.putLong(at + 2, Memory.littleEndian(Crc64.of(sum, at, 2)));
        value.wrote(DumpReader.FOOTER);
    }
}
