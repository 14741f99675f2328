package io.solaster.store.rdb;

import io.solaster.engine.memory.Memory;

/** Writes what {@code DUMP} answers; {@link DumpReader} reads it, and so does every Redis from 7.0 on. By address. */
public final class DumpWriter {
    /** The version of Redis 7.0: an older server refuses newer ones unseen. */
    private static final int VERSION = 10;
    /** What a value of one string is longer by, at most. */
    public static final int STRING_OVERHEAD = 1 + 5 + DumpReader.FOOTER;
    /** Strings up to this length are written as numbers where they are such. */
    public static final int LONGEST_NUMBER = 11;

    private DumpWriter() {}

    /** Writes a string behind {@code at}; where it ends. */
    public static long string(long at, long address, int length) {
        long to = at;
        if (length < 1 << 6) {
            Memory.putByte(to++, (byte) length);
        } else if (length < 1 << 14) {
            Memory.putByte(to++, (byte) (length >>> 8 | 0x40));
            Memory.putByte(to++, (byte) length);
        } else {
            Memory.putByte(to++, (byte) DumpReader.LENGTH_32);
            for (int shift = 24; shift >= 0; shift -= 8) {
                Memory.putByte(to++, (byte) (length >>> shift));
            }
        }
        Memory.copy(address, to, length);
        return to + length;
    }

    /** Writes a string that is a number of at most 32 bits; where it ends. */
    public static long number(long at, int number) {
        int bytes = number == (byte) number ? 1 : number == (short) number ? 2 : 4;
        long to = at;
        Memory.putByte(to++,
                (byte) (bytes == 1 ? DumpReader.INT_8 : bytes == 2 ? DumpReader.INT_16 : DumpReader.INT_32));
        for (int i = 0; i < bytes; i++) {
            Memory.putByte(to++, (byte) (number >>> 8 * i));
        }
        return to;
    }

    /** Writes version and check sum behind what begins at {@code start}; where it ends. */
    public static long footer(long start, long end) {
        Memory.putByte(end, (byte) VERSION);
        Memory.putByte(end + 1, (byte) 0);
        Memory.putLong(end + 2, Memory.littleEndian(Crc64.of(0, start, end + 2 - start)));
        return end + DumpReader.FOOTER;
    }
}
