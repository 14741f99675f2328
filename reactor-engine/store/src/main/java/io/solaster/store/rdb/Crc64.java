package io.solaster.store.rdb;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

import io.solaster.engine.memory.Memory;

/** The check sum of Redis's files: CRC-64 by Jones's polynomial, bits reflected. Eight bytes a step, by eight tables. */
public final class Crc64 {
    private static final long POLYNOMIAL = 0x95ac9329ac4bc9b5L; // 0xad93d23594c935a9, reflected
    private static final long[] TABLES = new long[8 * 256];
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    static {
        for (int i = 0; i < 256; i++) {
            long crc = i;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) != 0 ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1;
            }
            TABLES[i] = crc;
        }
        for (int i = 256; i < TABLES.length; i++) {
            long before = TABLES[i - 256];
            TABLES[i] = TABLES[(int) before & 0xff] ^ before >>> 8;
        }
    }

    private Crc64() {}

    /**
     * The sum of some bytes.
     *
     * @param before the sum of what comes before them; 0 at first
     */
    public static long of(long before, long address, long length) {
        long crc = before;
        long at = address;
        long end = address + length;
        for (; end - at >= 8; at += 8) {
            crc = eight(crc ^ Memory.littleEndian(Memory.getLong(at)));
        }
        for (; at < end; at++) {
            crc = TABLES[(int) (crc ^ Memory.getByte(at)) & 0xff] ^ crc >>> 8;
        }
        return crc;
    }

    private static long eight(long crc) {
        return TABLES[7 * 256 + (int) (crc & 0xff)]
                ^ TABLES[6 * 256 + (int) (crc >>> 8 & 0xff)]
                ^ TABLES[5 * 256 + (int) (crc >>> 16 & 0xff)]
                ^ TABLES[4 * 256 + (int) (crc >>> 24 & 0xff)]
                ^ TABLES[3 * 256 + (int) (crc >>> 32 & 0xff)]
                ^ TABLES[2 * 256 + (int) (crc >>> 40 & 0xff)]
                ^ TABLES[256 + (int) (crc >>> 48 & 0xff)]
                ^ TABLES[(int) (crc >>> 56)];
    }

    /**
     * The sum of some bytes of an array.
     *
     * @param before the sum of what comes before them; 0 at first
     */
    public static long of(long before, byte[] bytes, int from, int length) {
        long crc = before;
        int at = from;
        int end = from + length;
        for (; end - at >= 8; at += 8) {
            crc = eight(crc ^ (long) LONGS.get(bytes, at));
        }
        for (; at < end; at++) {
            crc = TABLES[(int) (crc ^ bytes[at]) & 0xff] ^ crc >>> 8;
        }
        return crc;
    }
}
