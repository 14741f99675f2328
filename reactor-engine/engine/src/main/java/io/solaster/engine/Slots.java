package io.solaster.engine;

import java.nio.charset.StandardCharsets;

import io.solaster.engine.memory.Memory;

/**
 * Which slot a key belongs to, and which shard a slot belongs to. Slots are Redis Cluster's: CRC-16 (XMODEM, polynomial
 * 0x1021) of the key, or of what stands between its first braces, modulo 16384. {@link Engine#shardOf} is for keys of
 * any kind. Any thread.
 */
public final class Slots {
    /** How many slots there are. */
    public static final int COUNT = 16384;

    /** By place: what a byte contributes to the checksum when {@code place} bytes follow it (slicing by four). */
    private static final char[][] CRC16 = new char[4][256];

    static {
        for (int value = 0; value < 256; value++) {
            int crc = value << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
            }
            CRC16[0][value] = (char) crc;
        }
        for (int place = 1; place < 4; place++) {
            for (int value = 0; value < 256; value++) {
                char before = CRC16[place - 1][value];
                CRC16[place][value] = (char) (before << 8 ^ CRC16[0][before >>> 8]);
            }
        }
    }

    private Slots() {}

    /** The slot of a key outside the heap: its address and its length in bytes. */
    public static int of(long key, int length) {
        int open = indexOf(key, 0, length, (byte) '{');
        if (open < length) {
            int close = indexOf(key, open + 1, length, (byte) '}');
            if (close < length && close > open + 1) {
                return crc16(key + open + 1, close - open - 1) & COUNT - 1;
            }
        }
        return crc16(key, length) & COUNT - 1;
    }

    /** The slot of a key, without its braces where it has any. */
    public static int of(byte[] key) {
        int open = indexOf(key, 0, '{');
        if (open < key.length) {
            int close = indexOf(key, open + 1, '}');
            if (close < key.length && close > open + 1) {
                return crc16(key, open + 1, close) & COUNT - 1;
            }
        }
        return crc16(key, 0, key.length) & COUNT - 1;
    }

    /** The slot of a key that is text: that of its bytes in UTF-8. */
    public static int of(CharSequence key) {
        return of(key.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** The shard that owns a slot: each owns a run of them, equal but for one. */
    public static int shardOf(int slot, int shards) {
        return (int) ((long) slot * shards >>> 14);
    }

    private static int indexOf(long key, int from, int to, byte wanted) {
        int i = from;
        long pattern = (wanted & 0xffL) * 0x0101010101010101L;
        for (; i + 8 <= to; i += 8) {
            // A byte is zero, thus wanted, where the subtraction borrows into its high bit.
            long difference = Memory.getLong(key + i) ^ pattern;
            if ((difference - 0x0101010101010101L & ~difference & 0x8080808080808080L) != 0) {
                break;
            }
        }
        while (i < to && Memory.getByte(key + i) != wanted) {
            i++;
        }
        return i;
    }

    private static int indexOf(byte[] key, int from, char wanted) {
        int i = from;
        while (i < key.length && key[i] != wanted) {
            i++;
        }
        return i;
    }

    private static int crc16(byte[] key, int from, int to) {
        int crc = 0;
        for (int i = from; i < to; i++) {
            crc = crc << 8 & 0xffff ^ CRC16[0][crc >>> 8 ^ key[i] & 0xff];
        }
        return crc;
    }

    private static int crc16(long address, int length) {
        int crc = 0;
        int i = 0;
        for (; i + 4 <= length; i += 4) {
            int four = Memory.getInt(address + i);
            crc = CRC16[3][crc >>> 8 ^ four & 0xff] ^ CRC16[2][(crc ^ four >>> 8) & 0xff]
                    ^ CRC16[1][four >>> 16 & 0xff] ^ CRC16[0][four >>> 24];
        }
        for (; i < length; i++) {
            crc = crc << 8 & 0xffff ^ CRC16[0][crc >>> 8 ^ Memory.getByte(address + i) & 0xff];
        }
        return crc;
    }
}
