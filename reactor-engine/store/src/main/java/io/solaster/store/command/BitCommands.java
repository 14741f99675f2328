package io.solaster.store.command;

import io.solaster.engine.memory.Memory;
import io.solaster.store.command.string.LongBits;
import io.solaster.store.keyspace.Effects;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.string.Bits;

/** Commands on the bits of strings, one at a time; {@link BitfieldCommands} takes several as a number. */
final class BitCommands {
    private static final String BAD_OFFSET = "ERR bit offset is not an integer or out of range";
    private static final String BAD_BIT = "ERR bit is not an integer or out of range";
    private static final String NO_BIT = "ERR The bit argument must be 1 or 0.";

    private BitCommands() {}

    /**
     * Reads the number of a bit; -1 after having answered an error.
     *
     * @param width of a number of which {@code #2} is the third one; 0 if that is not meant
     */
    static long offset(CommandCall call, int argument, int width) {
        long address = call.address(argument);
        int length = call.length(argument);
        boolean counted = width > 0 && length > 0 && Memory.getByte(address) == '#';
        if (!call.isInteger(counted ? address + 1 : address, counted ? length - 1 : length)) {
            call.reply().error(BAD_OFFSET);
            return -1;
        }
        long offset = counted ? call.integer() * width : call.integer();
        if (offset < 0 || offset >>> 3 >= call.shard().parts().longestString()) {
            call.reply().error(BAD_OFFSET);
            return -1;
        }
        return offset;
    }

    /**
     * The entry of the key, a write of which is begun: its value is made to hold a bit, by zeros, and may be written to. 0
     * after having answered an error.
     */
    static long reaching(CommandCall call, long bit) {
        Keyspace keys = call.keyspace();
        long entry = KeyCommands.find(call, 1);
        if (entry != 0 && StringCommands.isWrongType(call, entry)) {
            return 0;
        }
        long length = (bit >>> 3) + 1;
        int oldLength = entry == 0 ? 0 : keys.valueLength(entry);
        if (length <= oldLength) {
            return keys.isHeld(entry) ? keys.resizeValue(call.address(1), call.length(1), oldLength) : entry;
        }
        if (length > call.shard().parts().longestString()) {
            call.reply().error(BAD_OFFSET);
            return 0;
        }
        Effects effects = keys.effects();
        keys.extendValue(call.address(1), call.length(1), (int) length);
        StringCommands.tellPart(call, effects, length, 0, 0);
        // A write by itself: whether another one follows is seen later.
        keys.written();
        return KeyCommands.find(call, 1);
    }

    static void getbit(CommandCall call) {
        long bit = offset(call, 2, 0);
        if (bit < 0) {
            return;
        }
        long entry = KeyCommands.read(call, 1);
        if (entry != 0 && StringCommands.isWrongType(call, entry)) {
            return;
        }
        Keyspace keys = call.keyspace();
        boolean set = entry != 0 && bit >>> 3 < keys.valueLength(entry) && Bits.get(keys.valueAddress(entry), bit);
        call.reply().integer(set ? 1 : 0);
    }

    static void setbit(CommandCall call) {
        long bit = offset(call, 2, 0);
        if (bit < 0) {
            return;
        }
        if (!call.isInteger(3) || (call.integer() & ~1) != 0) {
            call.reply().error(BAD_BIT);
            return;
        }
        boolean value = call.integer() == 1;
        long entry = reaching(call, bit);
        if (entry == 0) {
            return;
        }
        long address = call.keyspace().valueAddress(entry);
        boolean old = Bits.get(address, bit);
        if (old != value) {
            Bits.set(address, bit, value);
            long offset = bit >>> 3;
            StringCommands.tellPart(call, call.keyspace().effects(), offset, address + offset, 1);
            call.keyspace().written();
        }
        call.reply().integer(old ? 1 : 0);
    }

    static void bitcount(CommandCall call) {
        long entry = KeyCommands.read(call, 1);
        if (entry == 0) {
            call.reply().integer(0);
            return;
        }
        if (StringCommands.isWrongType(call, entry)) {
            return;
        }
        Keyspace keys = call.keyspace();
        long bits = (long) keys.valueLength(entry) << 3;
        if (call.count() == 2) {
            LongBits.count(call, keys.valueAddress(entry), 0, bits - 1);
            return;
        }
        if (call.count() != 4 && call.count() != 5) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if (!call.isInteger(2)) {
            call.reply().error(Errors.NOT_INTEGER);
            return;
        }
        long start = call.integer();
        if (!call.isInteger(3)) {
            call.reply().error(Errors.NOT_INTEGER);
            return;
        }
        long end = call.integer();
        if (start < 0 && end < 0 && start > end) {
            call.reply().integer(0);
            return;
        }
        int unit = call.count() == 5 ? unit(call, 4) : 8;
        if (unit == 0) {
            return;
        }
        long first = first(start, bits / unit) * unit;
        long last = last(end, bits / unit) * unit + unit - 1;
        LongBits.count(call, keys.valueAddress(entry), first, last);
    }

    static void bitpos(CommandCall call) {
        if (!call.isInteger(2)) {
            call.reply().error(Errors.NOT_INTEGER);
            return;
        }
        if ((call.integer() & ~1) != 0) {
            call.reply().error(NO_BIT);
            return;
        }
        boolean value = call.integer() == 1;
        long entry = KeyCommands.read(call, 1);
        if (entry == 0) {
            call.reply().integer(value ? -1 : 0);
            return;
        }
        if (StringCommands.isWrongType(call, entry)) {
            return;
        }
        Keyspace keys = call.keyspace();
        long bits = (long) keys.valueLength(entry) << 3;
        long first = 0;
        long last = bits - 1;
        if (call.count() > 6) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if (call.count() > 3) {
            if (!call.isInteger(3)) {
                call.reply().error(Errors.NOT_INTEGER);
                return;
            }
            long start = call.integer();
            int unit = call.count() == 6 ? unit(call, 5) : 8;
            if (unit == 0) {
                return;
            }
            if (call.count() > 4) {
                if (!call.isInteger(4)) {
                    call.reply().error(Errors.NOT_INTEGER);
                    return;
                }
                last = last(call.integer(), bits / unit) * unit + unit - 1;
            }
            first = first(start, bits / unit) * unit;
        }
        if (first > last) {
            call.reply().integer(-1);
            return;
        }
        // Zeros follow a value for which no end was given.
        LongBits.find(call, keys.valueAddress(entry), first, last, value, !value && call.count() < 5 ? bits : -1);
    }

    /** How many bits BYTE or BIT stands for; 0 after having answered an error. */
    private static int unit(CommandCall call, int argument) {
        if (call.is(argument, "bit")) {
            return 1;
        }
        if (call.is(argument, "byte")) {
            return 8;
        }
        call.reply().error(Errors.SYNTAX);
        return 0;
    }

    private static long first(long index, long length) {
        // Far enough behind the end: more would overflow.
        return Math.min(length, Math.max(0, index < 0 ? length + index : index));
    }

    private static long last(long index, long length) {
        return Math.min(length - 1, Math.max(0, index < 0 ? length + index : index));
    }
}
