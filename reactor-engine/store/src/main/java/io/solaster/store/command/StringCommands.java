package io.solaster.store.command;

import java.nio.charset.StandardCharsets;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;
import io.solaster.store.keyspace.Effects;
import io.solaster.store.keyspace.Effects.Step;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.type.LongDouble;
import org.jspecify.annotations.Nullable;

/** Commands on strings. */
final class StringCommands {
    private static final String OVERFLOW = "ERR increment or decrement would overflow";
    private static final String DECREMENT_OVERFLOW = "ERR decrement would overflow";
    private static final String NOT_FINITE = "ERR increment would produce NaN or Infinity";
    private static final String TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    private static final String OFFSET = "ERR offset is out of range";
    private static final String BAD_SET_EXPIRY = "ERR invalid expire time in 'set' command";
    private static final String BAD_SETEX_EXPIRY = "ERR invalid expire time in 'setex' command";
    private static final String BAD_PSETEX_EXPIRY = "ERR invalid expire time in 'psetex' command";
    private static final String BAD_GETEX_EXPIRY = "ERR invalid expire time in 'getex' command";
    private static final String ODD_MSET = "ERR wrong number of arguments for 'mset' command";

    // Options of SET and GETEX; where the time stands is kept in the bits above.
    private static final int NX = 1;
    private static final int XX = 1 << 1;
    private static final int GET = 1 << 2;
    private static final int KEEPTTL = 1 << 3;
    private static final int PERSIST = 1 << 4;
    private static final int EX = 1 << 5;
    private static final int PX = 1 << 6;
    private static final int EXAT = 1 << 7;
    private static final int PXAT = 1 << 8;
    private static final int EXPIRES = EX | PX | EXAT | PXAT;
    private static final int TIME_SHIFT = 16;
    private static final int MAX_OPTIONS = Integer.MAX_VALUE >>> TIME_SHIFT;

    private StringCommands() {}

    static void get(CommandCall call) {
        long entry = KeyCommands.read(call, 1);
        if (entry == 0) {
            call.reply().nullValue();
        } else if (!isWrongType(call, entry)) {
            call.lastValue(entry);
        }
    }

    private static boolean bulk(CommandCall call, long entry) {
        if (isWrongType(call, entry)) {
            return false;
        }
        Keyspace keys = call.keyspace();
        call.reply().bulk(keys.valueAddress(entry), keys.valueLength(entry));
        return true;
    }

    /** Whether the entry is no string; then the error is answered. */
    static boolean isWrongType(CommandCall call, long entry) {
        if (call.keyspace().type(entry) == Keyspace.TYPE_STRING) {
            return false;
        }
        call.reply().error(Errors.WRONG_TYPE);
        return true;
    }

    static void mget(CommandCall call) {
        call.reply().arrayHeader(call.count() - 1);
        Keyspace keys = call.keyspace();
        for (int i = 1; i < call.count(); i++) {
            long entry = KeyCommands.read(call, i);
            if (entry == 0 || keys.type(entry) != Keyspace.TYPE_STRING) {
                call.reply().nullValue();
            } else {
                call.reply().bulk(keys.valueAddress(entry), keys.valueLength(entry));
            }
        }
    }

    static void set(CommandCall call) {
        if (call.count() == 3) {
            store(call, 2, 0);
            call.reply().ok();
        } else {
            setWithOptions(call);
        }
    }

    private static void setWithOptions(CommandCall call) {
        int options = options(call, 3, NX | XX | GET | KEEPTTL | EXPIRES);
        if (options < 0) {
            return;
        }
        long expiry = 0;
        if ((options & EXPIRES) != 0) {
            expiry = deadline(call, options >>> TIME_SHIFT, options, BAD_SET_EXPIRY);
            if (expiry == 0) {
                return;
            }
        }
        boolean answered = (options & GET) != 0;
        long entry;
        if (answered) {
            entry = KeyCommands.read(call, 1);
            if (entry == 0) {
                call.reply().nullValue();
            } else if (!bulk(call, entry)) {
                return;
            }
        } else {
            entry = KeyCommands.find(call, 1);
        }
        if ((options & NX) != 0 && entry != 0 || (options & XX) != 0 && entry == 0) {
            if (!answered) {
                call.reply().nullValue();
            }
            return;
        }
        if ((options & KEEPTTL) != 0 && entry != 0) {
            expiry = call.keyspace().expiry(entry);
        }
        store(call, 2, expiry);
        if (!answered) {
            call.reply().ok();
        }
    }

    private static void store(CommandCall call, int value, long expiry) {
        call.keyspace().set(call.address(1), call.length(1), call.address(value), call.length(value), expiry);
    }

    /** Reads options from an argument on: a set of them and where the time stands; -1 after having answered an error. */
    private static int options(CommandCall call, int from, int allowed) {
        int options = 0;
        for (int i = from; i < call.count(); i++) {
            int option = option(call, i) & allowed;
            boolean fits = switch (option) {
                case NX -> (options & XX) == 0;
                case XX -> (options & NX) == 0;
                case GET -> true;
                case KEEPTTL, PERSIST -> (options & (EXPIRES | KEEPTTL | PERSIST) & ~option) == 0;
                case EX, PX, EXAT, PXAT ->
                    (options & (EXPIRES | KEEPTTL | PERSIST) & ~option) == 0 && i + 1 < call.count();
                default -> false;
            };
            if (!fits || i >= MAX_OPTIONS) {
                call.reply().error(Errors.SYNTAX);
                return -1;
            }
            options |= option;
            if ((option & EXPIRES) != 0) {
                i++;
                options = options & (1 << TIME_SHIFT) - 1 | i << TIME_SHIFT;
            }
        }
        return options;
    }

    private static int option(CommandCall call, int i) {
        return switch (call.length(i)) {
            case 2 -> call.is(i, "ex")
                    ? EX
                    : call.is(i, "px") ? PX : call.is(i, "nx") ? NX : call.is(i, "xx") ? XX : 0;
            case 3 -> call.is(i, "get") ? GET : 0;
            case 4 -> call.is(i, "exat") ? EXAT : call.is(i, "pxat") ? PXAT : 0;
            case 7 -> call.is(i, "keepttl") ? KEEPTTL : call.is(i, "persist") ? PERSIST : 0;
            default -> 0;
        };
    }

    /** The time that an option names, as Unix milliseconds; 0 after having answered an error. */
    private static long deadline(CommandCall call, int argument, int options, String invalid) {
        if (!call.isInteger(argument)) {
            call.reply().error(Errors.NOT_INTEGER);
            return 0;
        }
        long time = call.integer();
        boolean seconds = (options & (EX | EXAT)) != 0;
        if (time <= 0 || seconds && time > Long.MAX_VALUE / 1000) {
            call.reply().error(invalid);
            return 0;
        }
        if (seconds) {
            time *= 1000;
        }
        if ((options & (EX | PX)) != 0) {
            time += call.now();
        }
        if (time <= 0) {
            call.reply().error(invalid);
            return 0;
        }
        return time;
    }

    static void setnx(CommandCall call) {
        boolean absent = KeyCommands.find(call, 1) == 0;
        if (absent) {
            store(call, 2, 0);
        }
        call.reply().integer(absent ? 1 : 0);
    }

    static void setex(CommandCall call) {
        setFor(call, EX, BAD_SETEX_EXPIRY);
    }

    static void psetex(CommandCall call) {
        setFor(call, PX, BAD_PSETEX_EXPIRY);
    }

    private static void setFor(CommandCall call, int unit, String invalid) {
        long expiry = deadline(call, 2, unit, invalid);
        if (expiry != 0) {
            store(call, 3, expiry);
            call.reply().ok();
        }
    }

    static void mset(CommandCall call) {
        if ((call.count() & 1) == 0) {
            call.reply().error(ODD_MSET);
            return;
        }
        for (int i = 1; i < call.count(); i += 2) {
            call.keyspace().set(call.address(i), call.length(i), call.address(i + 1), call.length(i + 1), 0);
        }
        call.reply().ok();
    }

    static void getset(CommandCall call) {
        long entry = KeyCommands.read(call, 1);
        if (entry == 0) {
            call.reply().nullValue();
        } else if (!bulk(call, entry)) {
            return;
        }
        store(call, 2, 0);
    }

    static void getdel(CommandCall call) {
        long entry = KeyCommands.read(call, 1);
        if (entry == 0) {
            call.reply().nullValue();
        } else if (bulk(call, entry)) {
            call.keyspace().remove(call.address(1), call.length(1));
        }
    }

    static void getex(CommandCall call) {
        int options = options(call, 2, PERSIST | EXPIRES);
        if (options < 0) {
            return;
        }
        long entry = KeyCommands.read(call, 1);
        if (entry == 0) {
            call.reply().nullValue();
            return;
        }
        if (isWrongType(call, entry)) {
            return;
        }
        Keyspace keys = call.keyspace();
        if ((options & EXPIRES) == 0) {
            boolean persists = (options & PERSIST) != 0 && keys.expiry(entry) != 0;
            bulk(call, entry);
            if (persists) {
                keys.setExpiry(call.address(1), call.length(1), 0);
            }
            return;
        }
        long expiry = deadline(call, options >>> TIME_SHIFT, options, BAD_GETEX_EXPIRY);
        if (expiry == 0) {
            return;
        }
        bulk(call, entry);
        if (expiry <= call.now()) {
            keys.remove(call.address(1), call.length(1));
        } else {
            keys.setExpiry(call.address(1), call.length(1), expiry);
        }
    }

    static void incr(CommandCall call) {
        add(call, 1);
    }

    static void decr(CommandCall call) {
        add(call, -1);
    }

    static void incrby(CommandCall call) {
        if (call.isInteger(2)) {
            add(call, call.integer());
        } else {
            call.reply().error(Errors.NOT_INTEGER);
        }
    }

    static void decrby(CommandCall call) {
        if (!call.isInteger(2)) {
            call.reply().error(Errors.NOT_INTEGER);
        } else if (call.integer() == Long.MIN_VALUE) {
            call.reply().error(DECREMENT_OVERFLOW);
        } else {
            add(call, -call.integer());
        }
    }

    private static void add(CommandCall call, long amount) {
        Keyspace keys = call.keyspace();
        long entry = KeyCommands.find(call, 1);
        long value = 0;
        int oldLength = -1;
        if (entry != 0) {
            if (isWrongType(call, entry)) {
                return;
            }
            oldLength = keys.valueLength(entry);
            if (!call.isInteger(keys.valueAddress(entry), oldLength)) {
                call.reply().error(Errors.NOT_INTEGER);
                return;
            }
            value = call.integer();
        }
        long sum = value + amount;
        if (((value ^ sum) & (amount ^ sum)) < 0) {
            call.reply().error(OVERFLOW);
            return;
        }
        int length = Digits.length(sum);
        if (length != oldLength) {
            entry = keys.resizeValue(call.address(1), call.length(1), length);
        }
        Digits.write(sum, keys.valueAddress(entry), length);
        keys.written();
        call.reply().integer(sum);
    }

    static void incrbyfloat(CommandCall call) {
        Keyspace keys = call.keyspace();
        long entry = KeyCommands.find(call, 1);
        if (entry != 0 && isWrongType(call, entry)) {
            return;
        }
        LongDouble value = entry == 0
                ? LongDouble.ZERO
                : LongDouble.parse(keys.valueAddress(entry), keys.valueLength(entry));
        LongDouble added = value == null ? null : LongDouble.parse(call.address(2), call.length(2));
        if (value == null || added == null) {
            call.reply().error(Errors.NOT_FLOAT);
            return;
        }
        LongDouble sum = value.plus(added);
        if (!sum.isFinite()) {
            call.reply().error(NOT_FINITE);
            return;
        }
        byte[] text = sum.toString().getBytes(StandardCharsets.US_ASCII);
        entry = keys.resizeValue(call.address(1), call.length(1), text.length);
        Memory.copy(text, 0, keys.valueAddress(entry), text.length);
        keys.written();
        call.reply().bulk(text);
    }

    static void append(CommandCall call) {
        Keyspace keys = call.keyspace();
        long entry = KeyCommands.find(call, 1);
        int oldLength = 0;
        if (entry != 0) {
            if (isWrongType(call, entry)) {
                return;
            }
            oldLength = keys.valueLength(entry);
        }
        long length = (long) oldLength + call.length(2);
        if (length > call.shard().parts().longestString()) {
            call.reply().error(TOO_LONG);
            return;
        }
        if (entry == 0 || length != oldLength) {
            Effects effects = keys.effects();
            entry = keys.resizeValue(call.address(1), call.length(1), (int) length);
            Memory.copy(call.address(2), keys.valueAddress(entry) + oldLength, call.length(2));
            tellPart(call, effects, oldLength, call.address(2), call.length(2));
        }
        // Also of nothing, as in Redis.
        keys.written();
        call.reply().integer(length);
    }

    /** Tells that the string of the first argument has these bytes at a place, and nothing else has changed. */
    static void tellPart(CommandCall call, @Nullable Effects effects, long offset, long bytes, int count) {
        if (effects != null) {
            effects.changed(Step.STRING_AT, call.address(1), call.length(1), offset, bytes, count, 0, 0);
            call.keyspace().told();
        }
    }

    static void strlen(CommandCall call) {
        long entry = KeyCommands.read(call, 1);
        if (entry == 0) {
            call.reply().integer(0);
        } else if (!isWrongType(call, entry)) {
            call.reply().integer(call.keyspace().valueLength(entry));
        }
    }

    static void setrange(CommandCall call) {
        if (!call.isInteger(2)) {
            call.reply().error(Errors.NOT_INTEGER);
            return;
        }
        long offset = call.integer();
        if (offset < 0) {
            call.reply().error(OFFSET);
            return;
        }
        Keyspace keys = call.keyspace();
        long entry = KeyCommands.find(call, 1);
        if (entry != 0 && isWrongType(call, entry)) {
            return;
        }
        int oldLength = entry == 0 ? 0 : keys.valueLength(entry);
        int added = call.length(3);
        if (added == 0) {
            call.reply().integer(oldLength);
            return;
        }
        if (offset > call.shard().parts().longestString() - added) {
            call.reply().error(TOO_LONG);
            return;
        }
        int length = (int) Math.max(oldLength, offset + added);
        Effects effects = keys.effects();
        if (offset > oldLength) {
            entry = keys.extendValue(call.address(1), call.length(1), length);
        } else if (length != oldLength || keys.isHeld(entry)) {
            entry = keys.resizeValue(call.address(1), call.length(1), length);
        }
        Memory.copy(call.address(3), keys.valueAddress(entry) + offset, added);
        tellPart(call, effects, offset, call.address(3), added);
        keys.written();
        call.reply().integer(length);
    }

    static void getrange(CommandCall call) {
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
        long entry = KeyCommands.read(call, 1);
        if (entry == 0) {
            call.reply().bulk(0, 0);
            return;
        }
        if (isWrongType(call, entry)) {
            return;
        }
        int length = call.keyspace().valueLength(entry);
        long first = Math.max(0, start < 0 ? length + start : start);
        long last = Math.min(length - 1, Math.max(0, end < 0 ? length + end : end));
        if (start < 0 && end < 0 && start > end || first > last) {
            call.reply().bulk(0, 0);
        } else {
            call.reply().bulk(call.keyspace().valueAddress(entry) + first, (int) (last - first + 1));
        }
    }
}
