package io.solaster.store.command.collection;

import io.solaster.store.collection.Hashes;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;

/** Commands on when the fields of a hash expire, as Redis 7.4 has them. */
public final class FieldExpiryCommands {
    private static final String NEGATIVE = "ERR invalid expire time, must be >= 0";
    private static final String BAD_HEXPIRE = "ERR invalid expire time in 'hexpire' command";
    private static final String BAD_HPEXPIRE = "ERR invalid expire time in 'hpexpire' command";
    private static final String BAD_HEXPIREAT = "ERR invalid expire time in 'hexpireat' command";
    private static final String BAD_HPEXPIREAT = "ERR invalid expire time in 'hpexpireat' command";
    private static final String NO_FIELDS = "ERR Mandatory argument FIELDS is missing or not at the right position";
    private static final String TOO_FEW = "ERR Parameter `numFields` should be greater than 0";
    private static final String NOT_POSITIVE = "ERR Number of fields must be a positive integer";
    private static final String OTHER_COUNT = "ERR The `numfields` parameter must match the number of arguments";

    /** The last millisecond at which a field can expire: Redis has 46 bits for it. */
    private static final long LAST = (1L << 46) - 2;

    // What is answered for a field.
    private static final int NO_FIELD = -2;
    private static final int NO_EXPIRY = -1;
    private static final int NOT_SET = 0;
    private static final int SET = 1;
    private static final int REMOVED = 2;

    private static final int NX = 1;
    private static final int XX = 2;
    private static final int GT = 3;
    private static final int LT = 4;

    private FieldExpiryCommands() {}

    public static void hexpire(CommandCall call) {
        expire(call, call.now(), true, BAD_HEXPIRE);
    }

    public static void hpexpire(CommandCall call) {
        expire(call, call.now(), false, BAD_HPEXPIRE);
    }

    public static void hexpireat(CommandCall call) {
        expire(call, 0, true, BAD_HEXPIREAT);
    }

    public static void hpexpireat(CommandCall call) {
        expire(call, 0, false, BAD_HPEXPIREAT);
    }

    private static void expire(CommandCall call, long base, boolean seconds, String invalid) {
        Hashes hash = HashCommands.toWrite(call);
        if (hash == null) {
            return;
        }
        if (!call.isInteger(2)) {
            call.reply().error(Errors.NOT_INTEGER);
            return;
        }
        long when = call.integer();
        if (when < 0) {
            call.reply().error(NEGATIVE);
            return;
        }
        if (when > (seconds ? LAST / 1000 : LAST) || (seconds ? when * 1000 : when) > LAST - base) {
            call.reply().error(invalid);
            return;
        }
        when = (seconds ? when * 1000 : when) + base;
        int condition = condition(call, 3);
        int first = fields(call, condition == 0 ? 3 : 4, TOO_FEW);
        if (first < 0) {
            return;
        }
        long time = when;
        ManyArguments.answerEach(call, HashCommands::toWrite, first, (its, field) -> {
            its.reply().integer(expire(its, its.shard().hashes(), field, condition, time));
            return 1;
        });
    }

    private static int expire(CommandCall call, Hashes hash, int field, int condition, long when) {
        if (!hash.find(call.address(field), call.length(field))) {
            return NO_FIELD;
        }
        if (!isMet(condition, hash.expiry(), when)) {
            return NOT_SET;
        }
        if (when <= call.now()) {
            hash.remove(call.address(field), call.length(field));
            return REMOVED;
        }
        hash.setExpiry(call.address(field), call.length(field), when);
        call.shard().fieldsExpire();
        return SET;
    }

    private static int condition(CommandCall call, int i) {
        return call.is(i, "nx") ? NX : call.is(i, "xx") ? XX : call.is(i, "gt") ? GT : call.is(i, "lt") ? LT : 0;
    }

    /** A field without an expiry counts as one that expires last. */
    private static boolean isMet(int condition, long current, long when) {
        return switch (condition) {
            case NX -> current == 0;
            case XX -> current != 0;
            case GT -> current != 0 && when > current;
            case LT -> current == 0 || when < current;
            default -> true;
        };
    }

    /** Where the fields begin, behind {@code FIELDS count}; -1 after having answered an error. */
    private static int fields(CommandCall call, int at, String notPositive) {
        if (!call.is(at, "fields")) {
            call.reply().error(NO_FIELDS);
            return -1;
        }
        if (at + 1 >= call.count() || !call.isInteger(at + 1) || call.integer() < 1) {
            call.reply().error(notPositive);
            return -1;
        }
        if (call.integer() != call.count() - at - 2) {
            call.reply().error(OTHER_COUNT);
            return -1;
        }
        return at + 2;
    }

    public static void httl(CommandCall call) {
        tell(call, call.now(), 1000);
    }

    public static void hpttl(CommandCall call) {
        tell(call, call.now(), 1);
    }

    public static void hexpiretime(CommandCall call) {
        tell(call, 0, 1000);
    }

    public static void hpexpiretime(CommandCall call) {
        tell(call, 0, 1);
    }

    private static void tell(CommandCall call, long base, int unit) {
        Hashes hash = HashCommands.toRead(call);
        if (hash == null) {
            return;
        }
        int first = fields(call, 2, NOT_POSITIVE);
        if (first < 0) {
            return;
        }
        ManyArguments.answerEach(call, HashCommands::toRead, first, (its, field) -> {
            Hashes found = its.shard().hashes();
            if (findExpiring(its, found, field)) {
                its.reply().integer((found.expiry() - base + unit - 1) / unit);
            }
            return 1;
        });
    }

    /** Whether an argument is a field that expires; else answers why not. */
    private static boolean findExpiring(CommandCall call, Hashes hash, int field) {
        if (!hash.find(call.address(field), call.length(field))) {
            call.reply().integer(NO_FIELD);
            return false;
        }
        if (hash.expiry() == 0) {
            call.reply().integer(NO_EXPIRY);
            return false;
        }
        return true;
    }

    public static void hpersist(CommandCall call) {
        Hashes hash = HashCommands.toWrite(call);
        if (hash == null) {
            return;
        }
        int first = fields(call, 2, NOT_POSITIVE);
        if (first < 0) {
            return;
        }
        ManyArguments.answerEach(call, HashCommands::toWrite, first, (its, field) -> {
            Hashes found = its.shard().hashes();
            if (findExpiring(its, found, field)) {
                found.setExpiry(its.address(field), its.length(field), 0);
                its.reply().integer(SET);
            }
            return 1;
        });
    }
}
