package io.solaster.http.websocket;

import io.solaster.engine.memory.Memory;

/**
 * Checks that text which comes in pieces is UTF-8, and fails at the first byte that cannot be: overlong forms,
 * surrogates and what lies beyond U+10FFFF included (Unicode, table 3-7). On the owning shard.
 */
final class Utf8 {
    static final long NOT_ASCII = 0x8080_8080_8080_8080L;
    private static final int LOWEST = 0x80;
    private static final int HIGHEST = 0xBF;

    /** Bytes that the character under way still lacks, and between what the next of them must lie. */
    private int missing;
    private int lowest = LOWEST;
    private int highest = HIGHEST;

    /** Whether these bytes go on as UTF-8; after false, nothing but {@link #reset} makes sense. */
    boolean accept(long address, int length) {
        int need = missing;
        int low = lowest;
        int high = highest;
        int at = 0;
        while (at < length) {
            if (need == 0) {
                while (length - at >= Long.BYTES && (Memory.getLong(address + at) & NOT_ASCII) == 0) {
                    at += Long.BYTES;
                }
                if (at == length) {
                    break;
                }
            }
            int b = Memory.getByte(address + at++) & 0xFF;
            if (need > 0) {
                if (b < low || b > high) {
                    return false;
                }
                need--;
                low = LOWEST;
                high = HIGHEST;
            } else if (b >= LOWEST) {
                if (b < 0xC2 || b > 0xF4) {
                    return false;
                }
                need = b < 0xE0 ? 1 : b < 0xF0 ? 2 : 3;
                low = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : LOWEST;
                high = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : HIGHEST;
            }
        }
        missing = need;
        lowest = low;
        highest = high;
        return true;
    }

    /** Whether what was accepted ends with a whole character. */
    boolean isComplete() {
        return missing == 0;
    }

    /** Begins anew. */
    void reset() {
        missing = 0;
        lowest = LOWEST;
        highest = HIGHEST;
    }
}
