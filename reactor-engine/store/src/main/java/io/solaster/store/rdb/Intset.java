package io.solaster.store.rdb;

import io.solaster.engine.memory.Memory;

/** Redis's intset: how wide its numbers are, how many, and the numbers in ascending order; all little-endian. */
final class Intset extends Elements {
    static final int HEADER = 8;

    private int width;
    private boolean first;
    private long before;

    @Override
    boolean begin(long from, long bytes) {
        if (bytes < HEADER) {
            return false;
        }
        width = Memory.littleEndian(Memory.getInt(from));
        long count = Memory.littleEndian(Memory.getInt(from + 4)) & 0xffff_ffffL;
        if (width != 2 && width != 4 && width != 8 || bytes != HEADER + count * width) {
            return false;
        }
        first = true;
        at = from + HEADER;
        end = from + bytes;
        return true;
    }

    @Override
    Found next(long digits) {
        if (at == end) {
            return Found.END;
        }
        long value = Listpack.littleEndian(at, width);
        if (!first && value <= before) {
            return Found.BAD;
        }
        first = false;
        before = value;
        at += width;
        return number(value, digits);
    }
}
