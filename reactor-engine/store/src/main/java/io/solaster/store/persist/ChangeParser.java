package io.solaster.store.persist;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Effects.Step;

/**
 * Takes apart what {@link ChangeWriter} has written, one change after the other. What was written is known to be whole; what makes
 * no sense nevertheless throws {@link IllegalStateException}. Belongs to one thread.
 */
class ChangeParser {
    private long at;
    private long end;
    /** Where the change begins that was read last. */
    private long begin;

    /** Of the changes from here on; the end of each step is in number 0, though a step may come in several pieces. */
    int database;
    int code;
    Step step = Step.STRING_AT;
    /** The databases that are swapped. */
    int one;
    int other;
    int type;
    long number;
    long key;
    int keyLength;
    long first;
    int firstLength;
    long second;
    int secondLength;

    /** Reads from there on: what is readable of direct memory, which stays where it is meanwhile. */
    void open(ByteBuf changes) {
        at = Memory.address(changes) + changes.readerIndex();
        end = at + changes.readableBytes();
    }

    /** Reads the next change; false at the end. */
    boolean next() {
        do {
            if (at == end) {
                return false;
            }
            begin = at;
            code = takeByte();
            if (code == ChangeWriter.DATABASE) {
                database = takeLength();
            }
        } while (code == ChangeWriter.DATABASE);
        type = 0;
        number = 0;
        firstLength = 0;
        secondLength = 0;
        switch (code) {
            case ChangeWriter.REMOVED -> takeKey();
            case ChangeWriter.PUT -> {
                type = takeByte();
                number = takeLong();
                takeKey();
                takeFirst();
            }
            case ChangeWriter.EXPIRES, ChangeWriter.MOVED -> {
                number = takeLong();
                takeKey();
            }
            case ChangeWriter.CLEARED, ChangeWriter.EMPTIED -> keyLength = 0;
            case ChangeWriter.SWAPPED -> {
                keyLength = 0;
                one = takeLength();
                other = takeLength();
            }
            default -> {
                step = Step.of(code - ChangeWriter.STEP);
                number = takeLong();
                takeKey();
                takeFirst();
                secondLength = takeLength();
                second = take(secondLength);
            }
        }
        return true;
    }

    /** How many bytes of what is readable are whole changes: what follows is the beginning of one. */
    static int wholeLength(ByteBuf changes) {
        int whole = 0;
        int end = changes.readableBytes();
        while (whole < end) {
            int code = changes.getByte(changes.readerIndex() + whole) & 0xff;
            int fixed = switch (code) {
                case ChangeWriter.REMOVED, ChangeWriter.CLEARED, ChangeWriter.EMPTIED, ChangeWriter.DATABASE,
                        ChangeWriter.SWAPPED ->
                    1;
                case ChangeWriter.PUT -> 2 + Long.BYTES;
                default -> 1 + Long.BYTES;
            };
            int strings = switch (code) {
                case ChangeWriter.CLEARED, ChangeWriter.EMPTIED, ChangeWriter.DATABASE, ChangeWriter.SWAPPED -> 0;
                case ChangeWriter.REMOVED, ChangeWriter.EXPIRES, ChangeWriter.MOVED -> 1;
                case ChangeWriter.PUT -> 2;
                default -> 3;
            };
            int numbers = code == ChangeWriter.DATABASE ? 1 : code == ChangeWriter.SWAPPED ? 2 : 0;
            long at = (long) whole + fixed;
            for (int i = 0; i < numbers && at <= end; i++) {
                at = behindNumber(changes, (int) at, end);
            }
            for (int i = 0; i < strings && at <= end; i++) {
                at = behindString(changes, (int) at, end);
            }
            if (at > end) {
                return whole;
            }
            whole = (int) at;
        }
        return whole;
    }

    /** Where a number ends that takes a byte for each 7 bits, or beyond all if it is not whole. */
    private static long behindNumber(ByteBuf changes, int from, int end) {
        for (int at = from; at < end; at++) {
            if (changes.getByte(changes.readerIndex() + at) >= 0) {
                return at + 1L;
            }
        }
        return Long.MAX_VALUE;
    }

    /** Where a string ends, or beyond all if it is not whole. */
    private static long behindString(ByteBuf changes, int from, int end) {
        long length = 0;
        int shift = 0;
        for (int at = from; at < end && shift < 35; at++, shift += 7) {
            int part = changes.getByte(changes.readerIndex() + at);
            length |= (part & 127L) << shift;
            if (part >= 0) {
                return at + 1 + length;
            }
        }
        return Long.MAX_VALUE;
    }

    private int takeByte() {
        return Memory.getByte(take(1)) & 0xff;
    }

    private long takeLong() {
        return Memory.littleEndian(Memory.getLong(take(Long.BYTES)));
    }

    private int takeLength() {
        int length = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            int part = takeByte();
            length |= (part & 127) << shift;
            if (part < 128) {
                return length;
            }
        }
        throw new IllegalStateException("a length of more than 32 bits in a change of kind " + code);
    }

    private long take(int length) {
        long from = at;
        if (length < 0 || length > end - from) {
            throw new IllegalStateException("a change of kind " + code + " ends before its " + length + " bytes");
        }
        at += length;
        return from;
    }

    private void takeKey() {
        keyLength = takeLength();
        key = take(keyLength);
    }

    private void takeFirst() {
        firstLength = takeLength();
        first = take(firstLength);
    }

    /** Whether the change is of all keys. */
    boolean isCleared() {
        return code == ChangeWriter.CLEARED;
    }

    /** Whether the change is of all keys of its {@link #database}. */
    boolean isEmptied() {
        return code == ChangeWriter.EMPTIED;
    }

    /** Whether two databases are swapped: {@link #one} and {@link #other}. */
    boolean isSwapped() {
        return code == ChangeWriter.SWAPPED;
    }

    /** In which database the change is. */
    int database() {
        return database;
    }

    int one() {
        return one;
    }

    int other() {
        return other;
    }

    /** The slot of the change's key. */
    int slot() {
        return Slots.of(key, keyLength);
    }

    /** Copies the change as it is, without the number of its database. */
    void copyTo(ByteBuf out) {
        int length = (int) (at - begin);
        out.ensureWritable(length);
        Memory.copy(begin, Memory.address(out) + out.writerIndex(), length);
        out.writerIndex(out.writerIndex() + length);
    }
}
