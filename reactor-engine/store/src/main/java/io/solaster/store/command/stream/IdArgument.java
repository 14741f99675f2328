package io.solaster.store.command.stream;

import io.solaster.engine.memory.Memory;
import io.solaster.store.shard.CommandCall;

/** Ids as arguments: two numbers of 64 bits without sign, with a dash between. What was read last. On the owning shard. */
final class IdArgument {
    static final String INVALID = "ERR Invalid stream ID specified as stream command argument";
    private static final int MOST_DIGITS = 20;

    long ms;
    long seq;
    /** Whether the sequence is to be made: {@code ms-*}. */
    boolean madeSeq;

    /** Reads an id; one without a sequence has this one. */
    boolean read(CommandCall call, int argument, long missingSeq) {
        return read(call.address(argument), call.length(argument), missingSeq, false);
    }

    /** As {@link #read(CommandCall, int, long)}, where {@code ms-*} may stand too. */
    boolean readForAdd(CommandCall call, int argument) {
        return read(call.address(argument), call.length(argument), 0, true);
    }

    /** Reads the end of a range: {@code -}, {@code +}, or an id, which is not of it behind a bracket. Null, or what is wrong. */
    boolean readBound(CommandCall call, int argument, boolean isStart) {
        long address = call.address(argument);
        int length = call.length(argument);
        if (length == 1 && (Memory.getByte(address) == '-' || Memory.getByte(address) == '+')) {
            ms = Memory.getByte(address) == '-' ? 0 : -1;
            seq = ms;
            return true;
        }
        boolean excluded = length > 0 && Memory.getByte(address) == '(';
        return read(address + (excluded ? 1 : 0), length - (excluded ? 1 : 0), isStart ? 0 : -1, false);
    }

    static boolean isExcluded(CommandCall call, int argument) {
        return call.length(argument) > 1 && Memory.getByte(call.address(argument)) == '(';
    }

    /** The next id; false if there is none. */
    boolean increment() {
        if (ms == -1 && seq == -1) {
            return false;
        }
        seq++;
        if (seq == 0) {
            ms++;
        }
        return true;
    }

    /** The id before; false if there is none. */
    boolean decrement() {
        if (ms == 0 && seq == 0) {
            return false;
        }
        if (seq == 0) {
            ms--;
        }
        seq--;
        return true;
    }

    private boolean read(long address, int length, long missingSeq, boolean mayBeMade) {
        madeSeq = false;
        seq = missingSeq;
        int dash = 0;
        while (dash < length && Memory.getByte(address + dash) != '-') {
            dash++;
        }
        if (!isNumber(address, dash)) {
            return false;
        }
        ms = number(address, dash);
        if (dash == length) {
            return true;
        }
        long behind = address + dash + 1;
        int rest = length - dash - 1;
        if (mayBeMade && rest == 1 && Memory.getByte(behind) == '*') {
            madeSeq = true;
            seq = 0;
            return true;
        }
        if (!isNumber(behind, rest)) {
            return false;
        }
        seq = number(behind, rest);
        return true;
    }

    private static boolean isNumber(long address, int length) {
        if (length == 0 || length > MOST_DIGITS) {
            return false;
        }
        long value = 0;
        for (int i = 0; i < length; i++) {
            int digit = Memory.getByte(address + i) - '0';
            if (digit < 0 || digit > 9) {
                return false;
            }
            if (Long.compareUnsigned(value, Long.divideUnsigned(-1, 10)) > 0) {
                return false;
            }
            long next = value * 10 + digit;
            if (Long.compareUnsigned(next, value * 10) < 0) {
                return false;
            }
            value = next;
        }
        return true;
    }

    private static long number(long address, int length) {
        long value = 0;
        for (int i = 0; i < length; i++) {
            value = value * 10 + (Memory.getByte(address + i) - '0');
        }
        return value;
    }
}
