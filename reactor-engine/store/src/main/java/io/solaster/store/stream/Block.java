package io.solaster.store.stream;

import io.solaster.engine.memory.Memory;

/**
 * A block of entries of a stream: the id that its entries are told from, the names that the fields of its first entry had, and the
 * entries, each with its length before it. An entry whose fields have those names has their values only. By address.
 *
 * <p>
 * Fields are told as a number of pairs, and then each name and each value, with its length before it. Numbers take a byte for each
 * 7 bits.
 */
final class Block {
    private static final int MS = 0;
    private static final int SEQ = 8;
    private static final int ROOM = 16;
    private static final int USED = 20;
    private static final int COUNT = 24;
    private static final int FIRST = 28;
    static final int HEADER = 32;
    private static final int SAME = 1 << 31;

    private Block() {}

    static int room(long block) {
        return Memory.getInt(block + ROOM);
    }

    static int used(long block) {
        return Memory.getInt(block + USED);
    }

    static int count(long block) {
        return Memory.getInt(block + COUNT);
    }

    /** Where the first entry is in it. */
    static int first(long block) {
        return Memory.getInt(block + FIRST);
    }

    static void room(long block, int bytes) {
        Memory.putInt(block + ROOM, bytes);
    }

    /** How long the entry is at a place, with its length. */
    static int entryLength(long block, int at) {
        return Memory.getInt(block + at) & ~SAME;
    }

    static boolean isSame(long block, int at) {
        return Memory.getInt(block + at) < 0;
    }

    static long masterMs(long block) {
        return Memory.getLong(block + MS);
    }

    static long masterSeq(long block) {
        return Memory.getLong(block + SEQ);
    }

    /** Where the names are that entries may have in common. */
    static long names(long block) {
        return block + HEADER;
    }

    // ---- numbers

    static int numberBytes(long number) {
        int bytes = 1;
        for (long left = number >>> 7; left != 0; left >>>= 7) {
            bytes++;
        }
        return bytes;
    }

    static long putNumber(long at, long number) {
        long to = at;
        long left = number;
        while ((left & ~127L) != 0) {
            Memory.putByte(to++, (byte) (left | 128));
            left >>>= 7;
        }
        Memory.putByte(to++, (byte) left);
        return to;
    }

    static long number(long at) {
        long number = 0;
        int shift = 0;
        long from = at;
        while (true) {
            long part = Memory.getByte(from++);
            number |= (part & 127) << shift;
            if (part >= 0) {
                return number;
            }
            shift += 7;
        }
    }

    static long behindNumber(long at) {
        long from = at;
        while (Memory.getByte(from) < 0) {
            from++;
        }
        return from + 1;
    }

    // ---- entries

    /** Bytes that a new block needs at least for an entry of these fields. */
    static long bytesFor(long fields, int fieldsLength) {
        return HEADER + namesLength(fields) + 4L + 20 + fieldsLength;
    }

    private static long namesLength(long fields) {
        long names = Block.number(fields);
        long at = behindNumber(fields);
        long bytes = numberBytes(names);
        for (long i = 0; i < names; i++) {
            long length = number(at);
            long behind = behindNumber(at) + length;
            bytes += behind - at;
            at = behind;
            at = behindNumber(at) + number(at);
        }
        return bytes;
    }

    /** Writes a block without entries that will begin with these. */
    static void begin(long block, int room, long ms, long seq, long fields) {
        Memory.putLong(block + MS, ms);
        Memory.putLong(block + SEQ, seq);
        Memory.putInt(block + ROOM, room);
        Memory.putInt(block + COUNT, 0);
        long names = number(fields);
        long from = behindNumber(fields);
        long to = putNumber(block + HEADER, names);
        for (long i = 0; i < names; i++) {
            long behind = behindNumber(from) + number(from);
            Memory.copy(from, to, behind - from);
            to += behind - from;
            from = behindNumber(behind) + number(behind);
        }
        Memory.putInt(block + FIRST, (int) (to - block));
        Memory.putInt(block + USED, (int) (to - block));
    }

    /** Whether an entry of these fields has the block's names. */
    static boolean isSame(long block, long fields) {
        long names = number(fields);
        long own = names(block);
        if (number(own) != names) {
            return false;
        }
        long from = behindNumber(fields);
        own = behindNumber(own);
        for (long i = 0; i < names; i++) {
            long length = number(from);
            if (number(own) != length) {
                return false;
            }
            from = behindNumber(from);
            own = behindNumber(own);
            if (!Memory.equal(from, own, length)) {
                return false;
            }
            from += length;
            own += length;
            from = behindNumber(from) + number(from);
        }
        return true;
    }

    /** Bytes of an entry at most. */
    static long most(int fieldsLength) {
        return 4L + 20 + fieldsLength;
    }

    /** Appends an entry, for which there is room. */
    static void append(long block, long ms, long seq, long fields, int fieldsLength) {
        long begin = block + used(block);
        long delta = ms - masterMs(block);
        long to = putNumber(begin + 4, delta);
        to = putNumber(to, delta == 0 ? seq - masterSeq(block) : seq);
        boolean same = isSame(block, fields);
        if (same) {
            long names = number(fields);
            long from = behindNumber(fields);
            for (long i = 0; i < names; i++) {
                long value = behindNumber(from) + number(from);
                long behind = behindNumber(value) + number(value);
                Memory.copy(value, to, behind - value);
                to += behind - value;
                from = behind;
            }
        } else {
            Memory.copy(fields, to, fieldsLength);
            to += fieldsLength;
        }
        int length = (int) (to - begin);
        Memory.putInt(begin, same ? length | SAME : length);
        Memory.putInt(block + USED, used(block) + length);
        Memory.putInt(block + COUNT, count(block) + 1);
    }

    static long ms(long block, int at) {
        return masterMs(block) + number(block + at + 4);
    }

    static long seq(long block, int at) {
        long delta = number(block + at + 4);
        long seq = number(behindNumber(block + at + 4));
        return delta == 0 ? masterSeq(block) + seq : seq;
    }

    /** Where an entry's fields are told, or the values of its fields. */
    static long fields(long block, int at) {
        return behindNumber(behindNumber(block + at + 4));
    }

    /** Removes entries from one on, up to another or the end. */
    static void remove(long block, int from, int to, int count) {
        int used = used(block);
        Memory.copy(block + to, block + from, used - to);
        Memory.putInt(block + USED, used - (to - from));
        Memory.putInt(block + COUNT, count(block) - count);
    }
}
