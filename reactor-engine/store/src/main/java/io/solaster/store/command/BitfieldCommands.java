package io.solaster.store.command;

import java.util.Objects;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.InTurns;
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

    private static void run(CommandCall call, boolean readOnly) {
        InTurns.run(call, 1, new Operations(readOnly));
    }

    /** Looks at all arguments before anything is done, so that an error leaves the value as it was; then does all operations. */
    private static final class Operations implements InTurns.Steps {
        private final boolean readOnly;
        private int checked = 2;
        private int operations;
        private long highest = -1;
        private boolean begun;
        private int next = 2;
        private Overflow overflow = Overflow.WRAP;

        Operations(boolean readOnly) {
            this.readOnly = readOnly;
        }

        @Override
        public boolean goOn(CommandCall call) {
            while (checked < call.count()) {
                int words = check(call, checked);
                if (words == 0) {
                    return true;
                }
                checked += words;
                if (checked < call.count() && call.isToPause(0)) {
                    return false;
                }
            }
            long entry;
            if (begun) {
                entry = highest < 0
                        ? call.keyspace().peek(call.address(1), call.length(1), call.now())
                        : KeyCommands.find(call, 1);
            } else if (highest < 0) {
                entry = KeyCommands.read(call, 1);
                if (entry != 0 && StringCommands.isWrongType(call, entry)) {
                    return true;
                }
            } else if (readOnly) {
                call.reply().error(READ_ONLY);
                return true;
            } else {
                entry = BitCommands.reaching(call, highest);
                if (entry == 0) {
                    return true;
                }
            }
            if (!begun) {
                begun = true;
                call.reply().arrayHeader(operations);
            }
            return answer(call, entry);
        }

        /** How many arguments an operation has; 0 after having answered what is wrong with it. */
        private int check(CommandCall call, int i) {
            Operation operation = operation(call, i);
            if (operation == null) {
                call.reply().error(Errors.SYNTAX);
                return 0;
            }
            if (operation == Operation.OVERFLOW) {
                if (overflow(call, i + 1) == null) {
                    call.reply().error(BAD_OVERFLOW);
                    return 0;
                }
                return words(operation);
            }
            int width = width(call, i + 1);
            if (width == 0) {
                call.reply().error(BAD_TYPE);
                return 0;
            }
            long offset = BitCommands.offset(call, i + 2, width);
            if (offset < 0) {
                return 0;
            }
            if (operation != Operation.GET) {
                highest = Math.max(highest, offset + width - 1);
                if (!call.isInteger(i + 3)) {
                    call.reply().error(Errors.NOT_INTEGER);
                    return 0;
                }
            }
            operations++;
            return words(operation);
        }

        /** Does operations; whether all are done. */
        private boolean answer(CommandCall call, long entry) {
            Keyspace keys = call.keyspace();
            long address = entry == 0 ? 0 : keys.valueAddress(entry);
            int length = entry == 0 ? 0 : keys.valueLength(entry);
            boolean changed = false;
            boolean pauses = false;
            while (next < call.count() && !pauses) {
                changed |= answerOne(call, next, address, length);
                next += words(Objects.requireNonNull(operation(call, next)));
                pauses = next < call.count() && call.isToPause(0);
            }
            if (changed) {
                keys.written();
            }
            return !pauses;
        }

        /** Does an operation; whether a number has changed. */
        private boolean answerOne(CommandCall call, int i, long address, int length) {
            Operation operation = Objects.requireNonNull(operation(call, i));
            if (operation == Operation.OVERFLOW) {
                overflow = Objects.requireNonNull(overflow(call, i + 1));
                return false;
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
                return false;
            }
            call.isInteger(i + 3);
            return write(call.reply(), address, offset, width, signed, overflow, operation, old, call.integer());
        }
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
