package io.solaster.store.rdb;

import io.solaster.engine.memory.Memory;

/**
 * Takes apart what LZF has compressed: runs of bytes as they are, each behind its length less one (below 32), and
 * references to at most 8 KiB before, each three bits of length, or seven and another byte, and 13 bits of distance.
 */
final class Lzf {
    /** A reference of three bytes stands for at most so many. */
    private static final int MOST_OF_THREE = 264;

    private Lzf() {}

    /** Whether these bytes stand for {@code length} others. Nothing is written. */
    static boolean isValid(long from, long compressed, long length) {
        return length <= compressed * MOST_OF_THREE && run(from, compressed, 0, length) == length;
    }

    /** Writes the {@code length} bytes that valid ones stand for. */
    static void decompress(long from, long compressed, long to, long length) {
        run(from, compressed, to, length);
    }

    /** How many bytes come of it, not all of which are written; -1 if it is not valid. To 0 nothing is written. */
    private static long run(long from, long compressed, long to, long most) {
        long end = from + compressed;
        long at = from;
        long written = 0;
        while (at < end) {
            int control = Memory.getByte(at++) & 0xff;
            if (control < 32) {
                int length = control + 1;
                if (length > end - at || length > most - written) {
                    return -1;
                }
                if (to != 0) {
                    Memory.copy(at, to + written, length);
                }
                at += length;
                written += length;
                continue;
            }
            int length = (control >>> 5) + 2;
            if (length == 9) {
                if (at == end) {
                    return -1;
                }
                length += Memory.getByte(at++) & 0xff;
            }
            if (at == end) {
                return -1;
            }
            int distance = ((control & 31) << 8 | Memory.getByte(at++) & 0xff) + 1;
            if (distance > written || length > most - written) {
                return -1;
            }
            if (to != 0) {
                // Byte by byte: what is referred to may reach into what it stands for.
                for (int i = 0; i < length; i++) {
                    Memory.putByte(to + written + i, Memory.getByte(to + written + i - distance));
                }
            }
            written += length;
        }
        return written;
    }
}
