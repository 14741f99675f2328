package io.solaster.store;

import io.solaster.engine.memory.Memory;

/**
 * Which slot a key belongs to, and which shard a slot belongs to. Slots are Redis Cluster's: CRC-16 (XMODEM, polynomial
 * 0x1021) of the key, or of what stands between its first braces, modulo 16384.
 */
final class Slots {
    static final int COUNT = 16384;

    private static final char[] CRC16 = new char[256];

    static {
        for (int value = 0; value < 256; value++) {
            int crc = value << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
            }
            CRC16[value] = (char) crc;
        }
    }

    private Slots() {}

    /** The slot of a key. */
    static int of(long key, int length) {
        int open = indexOf(key, 0, length, (byte) '{');
        if (open < length) {
            int close = indexOf(key, open + 1, length, (byte) '}');
            if (close < length && close > open + 1) {
                return crc16(key + open + 1, close - open - 1) & COUNT - 1;
            }
        }
        return crc16(key, length) & COUNT - 1;
    }

    /** The shard that owns a slot: each owns a run of them, equal but for one. */
    static int shardOf(int slot, int shards) {
        return (int) ((long) slot * shards >>> 14);
    }

    private static int indexOf(long key, int from, int to, byte wanted) {
        for (int i = from; i < to; i++) {
            if (Memory.getByte(key + i) == wanted) {
                return i;
            }
        }
        return to;
    }

    private static int crc16(long address, int length) {
        int crc = 0;
        for (int i = 0; i < length; i++) {
            crc = crc << 8 & 0xffff ^ CRC16[crc >>> 8 ^ Memory.getByte(address + i) & 0xff];
        }
        return crc;
    }
}
