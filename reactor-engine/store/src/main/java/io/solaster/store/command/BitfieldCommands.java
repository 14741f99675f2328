package io.solaster.store.command;

import java.util.Objects;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.string.Bits;
import org.jspecify.annotations.Nullable;

/** {@code BITFIELD}: numbers of some bits each, anywhere in a string. */
final class BitfieldCommands {
    private static final String BAD_TYPE = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
    private static final String BAD_OVERFLOW = "ERR Invalid OVERFLOW type specified";
    private static final String READ_ONLY = "ERR BITFIELD_RO only supports the GET subcommand";

    private enum Operation {
        GET, SET, INCRBY, OVERFLOW
    }

    private enum Overflow {
        WRAP, SAT, FAIL
    }

    private BitfieldCommands() {}

    static void bitfield(CommandCall call) {
        run(call, false);
    }

    static void bitfieldRo(CommandCall call) {
        run(call, true);
    }

    /** Looks at all arguments before anything is done, so that an error leaves the value as it was. */
    private static void run(CommandCall call, boolean readOnly) {
        int operations = 0;
        long highest = -1;
        int step;
        for (int i = 2; i < call.count(); i += step) {
            Operation operation = operation(call, i);
            if (operation == null) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
            step = words(operation);
            if (operation == Operation.OVERFLOW) {
                if (overflow(call, i + 1) == null) {
                    call.reply().error(BAD_OVERFLOW);
                    return;
                }
                continue;
            }
            int width = width(call, i + 1);
            if (width == 0) {
                call.reply().error(BAD_TYPE);
                return;
            }
            long offset = BitCommands.offset(call, i + 2, width);
            if (offset < 0) {
                return;
            }
            if (operation != Operation.GET) {
                highest = Math.max(highest, offset + width - 1);
                if (!call.isInteger(i + 3)) {
                    call.reply().error(Errors.NOT_INTEGER);
                    return;
                }
            }
            operations++;
        }
        long entry;
        if (highest < 0) {
            entry = KeyCommands.read(call, 1);
            if (entry != 0 && StringCommands.isWrongType(call, entry)) {
                return;
            }
        } else if (readOnly) {
            call.reply().error(READ_ONLY);
            return;
        } else {
            entry = BitCommands.reaching(call, highest);
            if (entry == 0) {
                return;
            }
        }
        call.reply().arrayHeader(operations);
        if (answer(call, entry)) {
            call.keyspace().written();
        }
    }

    /** Does all operations; whether a number has changed. */
    private static boolean answer(CommandCall call, long entry) {
        Keyspace keys = call.keyspace();
        long address = entry == 0 ? 0 : keys.valueAddress(entry);
        int length = entry == 0 ? 0 : keys.valueLength(entry);
        Overflow overflow = Overflow.WRAP;
        boolean changed = false;
        int step;
        for (int i = 2; i < call.count(); i += step) {
            Operation operation = Objects.requireNonNull(operation(call, i));
            step = words(operation);
            if (operation == Operation.OVERFLOW) {
                overflow = Objects.requireNonNull(overflow(call, i + 1));
                continue;
            }
            int width = width(call, i + 1);
            boolean signed = Memory.getByte(call.address(i + 1)) == 'i';
            long offset = BitCommands.offset(call, i + 2, width);
            long old = Bits.field(address, length, offset, width);
            if (signed) {
                old = old << -width >> -width;
            }
            if (operation == Operation.GET) {
                call.reply().integer(old);
            } else {
                call.isInteger(i + 3);
                changed |= write(call.reply(), address, offset, width, signed, overflow, operation, old,
                        call.integer());
            }
        }
        return changed;
    }

    private static boolean write(ReplyWriter reply, long address, long offset, int width, boolean signed,
            Overflow overflow,
            Operation operation, long old, long argument) {
        long base = operation == Operation.SET ? argument : old;
        long added = operation == Operation.SET ? 0 : argument;
        int excess = signed ? signedExcess(base, added, width) : unsignedExcess(base, added, width);
        long value = base + added;
        if (excess != 0) {
            switch (overflow) {
                case FAIL -> {
                    reply.nullValue();
                    return false;
                }
                case SAT -> value = limit(width, signed, excess > 0);
                case WRAP -> value = signed ? value << -width >> -width : value & (1L << width) - 1;
            }
        }
        Bits.setField(address, offset, width, value);
        reply.integer(operation == Operation.SET ? old : value);
        return Bits.field(address, Integer.MAX_VALUE, offset, width) != (old & -1L >>> 64 - width);
    }

    private static long limit(int width, boolean signed, boolean upper) {
        if (signed) {
            long max = Long.MAX_VALUE >>> 64 - width;
            return upper ? max : ~max;
        }
        return upper ? (1L << width) - 1 : 0;
    }

    /**
     * Whether a sum lies above (1) or below (-1) what a signed number of some bits can be; else 0. What is to be set and
     * lies so far below that the distance has no 64 bits counts as above, as in Redis.
     */
    private static int signedExcess(long base, long added, int width) {
        long max = limit(width, true, true);
        long min = ~max;
        if (base > max || (width < 64 || base >= 0 && added > 0) && added > max - base) {
            return 1;
        }
        return base < min || (width < 64 || base < 0 && added < 0) && added < min - base ? -1 : 0;
    }

    /** As {@link #signedExcess}; a base that is negative counts as one that is too large. */
    private static int unsignedExcess(long base, long added, int width) {
        long max = (1L << width) - 1;
        if (base < 0 || base > max || added > max - base) {
            return 1;
        }
        return added < -base ? -1 : 0;
    }

    @Nullable
    private static Operation operation(CommandCall call, int i) {
        int more = call.count() - i - 1;
        if (call.is(i, "get") && more >= 2) {
            return Operation.GET;
        }
        if (call.is(i, "set") && more >= 3) {
            return Operation.SET;
        }
        if (call.is(i, "incrby") && more >= 3) {
            return Operation.INCRBY;
        }
        return call.is(i, "overflow") && more >= 1 ? Operation.OVERFLOW : null;
    }

    private static int words(Operation operation) {
        return switch (operation) {
            case GET -> 3;
            case SET, INCRBY -> 4;
            case OVERFLOW -> 2;
        };
    }

    @Nullable
    private static Overflow overflow(CommandCall call, int i) {
        return call.is(i, "wrap")
                ? Overflow.WRAP
                : call.is(i, "sat") ? Overflow.SAT : call.is(i, "fail") ? Overflow.FAIL : null;
    }

    /** How many bits a type such as {@code i16} has; 0 if it is none. */
    private static int width(CommandCall call, int i) {
        byte sign = call.length(i) == 0 ? 0 : Memory.getByte(call.address(i));
        if (sign != 'i' && sign != 'u' || !call.isInteger(call.address(i) + 1, call.length(i) - 1)) {
            return 0;
        }
        long width = call.integer();
        return width < 1 || width > (sign == 'i' ? 64 : 63) ? 0 : (int) width;
    }
}
