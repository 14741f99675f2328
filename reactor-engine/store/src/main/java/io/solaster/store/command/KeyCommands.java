package io.solaster.store.command;

import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;

/** Commands on keys, whatever they hold. */
final class KeyCommands {
    private static final String BAD_EXPIRE = "ERR invalid expire time in 'expire' command";
    private static final String BAD_PEXPIRE = "ERR invalid expire time in 'pexpire' command";
    private static final String BAD_EXPIREAT = "ERR invalid expire time in 'expireat' command";
    private static final String BAD_PEXPIREAT = "ERR invalid expire time in 'pexpireat' command";
    private static final String NX_AND_OTHERS = "ERR NX and XX, GT or LT options at the same time are not compatible";
    private static final String GT_AND_LT = "ERR GT and LT options at the same time are not compatible";

    private static final int NX = 1;
    private static final int XX = 1 << 1;
    private static final int GT = 1 << 2;
    private static final int LT = 1 << 3;

    private KeyCommands() {}

    /**
     * The entry of the key that is an argument, or 0; for commands that write, which count neither hits nor misses. What
     * they then change at the value's address ends with {@link Keyspace#written}.
     */
    static long find(CommandCall call, int argument) {
        return call.find(argument);
    }

    /** The entry of the key that is an argument, or 0; counted as a hit or a miss. */
    static long read(CommandCall call, int argument) {
        return call.read(argument);
    }

    /** As {@link #read}, but the key does not count as used: for commands that ask for something else than its value. */
    static long look(CommandCall call, int argument) {
        return call.look(argument);
    }

    static void del(CommandCall call) {
        int removed = 0;
        for (int i = 1; i < call.count(); i++) {
            removed += delete(call, i) ? 1 : 0;
        }
        call.reply().integer(removed);
    }

    /** Removes a key; says whether it was there. One that is due counts as expired, not as deleted. */
    static boolean delete(CommandCall call, int key) {
        return find(call, key) != 0 && call.keyspace().remove(call.address(key), call.length(key));
    }

    static void exists(CommandCall call) {
        int present = 0;
        for (int i = 1; i < call.count(); i++) {
            present += look(call, i) == 0 ? 0 : 1;
        }
        call.reply().integer(present);
    }

    static void touch(CommandCall call) {
        int present = 0;
        for (int i = 1; i < call.count(); i++) {
            present += read(call, i) == 0 ? 0 : 1;
        }
        call.reply().integer(present);
    }

    static void type(CommandCall call) {
        long entry = look(call, 1);
        call.reply().simple(entry == 0 ? "none" : TypeNames.of(call.keyspace().type(entry)));
    }

    static void expire(CommandCall call) {
        expire(call, call.now(), true, BAD_EXPIRE);
    }

    static void pexpire(CommandCall call) {
        expire(call, call.now(), false, BAD_PEXPIRE);
    }

    static void expireat(CommandCall call) {
        expire(call, 0, true, BAD_EXPIREAT);
    }

    static void pexpireat(CommandCall call) {
        expire(call, 0, false, BAD_PEXPIREAT);
    }

    private static void expire(CommandCall call, long base, boolean seconds, String invalid) {
        int options = 0;
        for (int i = 3; i < call.count(); i++) {
            int option = expireOption(call, i);
            if (option == 0) {
                call.reply().error("ERR Unsupported option " + call.word(i, Integer.MAX_VALUE));
                return;
            }
            options |= option;
        }
        if ((options & NX) != 0 && options != NX) {
            call.reply().error(NX_AND_OTHERS);
            return;
        }
        if ((options & (GT | LT)) == (GT | LT)) {
            call.reply().error(GT_AND_LT);
            return;
        }
        if (!call.isInteger(2)) {
            call.reply().error(Errors.NOT_INTEGER);
            return;
        }
        long when = call.integer();
        if (seconds && (when > Long.MAX_VALUE / 1000 || when < Long.MIN_VALUE / 1000)) {
            call.reply().error(invalid);
            return;
        }
        when *= seconds ? 1000 : 1;
        if (when > Long.MAX_VALUE - base) {
            call.reply().error(invalid);
            return;
        }
        when += base;
        Keyspace keys = call.keyspace();
        long entry = find(call, 1);
        if (entry == 0 || !mayExpire(options, keys.expiry(entry), when)) {
            call.reply().integer(0);
            return;
        }
        if (when <= call.now()) {
            keys.remove(call.address(1), call.length(1));
        } else {
            keys.setExpiry(call.address(1), call.length(1), when);
        }
        call.reply().integer(1);
    }

    private static int expireOption(CommandCall call, int i) {
        return call.is(i, "nx") ? NX : call.is(i, "xx") ? XX : call.is(i, "gt") ? GT : call.is(i, "lt") ? LT : 0;
    }

    /** A key without an expiry counts as one that expires last. */
    private static boolean mayExpire(int options, long current, long when) {
        return options == 0
                || ((options & NX) == 0 || current == 0)
                        && ((options & XX) == 0 || current != 0)
                        && ((options & GT) == 0 || current != 0 && when > current)
                        && ((options & LT) == 0 || current == 0 || when < current);
    }

    static void persist(CommandCall call) {
        long entry = find(call, 1);
        boolean expires = entry != 0 && call.keyspace().expiry(entry) != 0;
        if (expires) {
            call.keyspace().setExpiry(call.address(1), call.length(1), 0);
        }
        call.reply().integer(expires ? 1 : 0);
    }

    static void ttl(CommandCall call) {
        long expiry = expiry(call);
        call.reply().integer(expiry < 0 ? expiry : (Math.max(0, expiry - call.now()) + 500) / 1000);
    }

    static void pttl(CommandCall call) {
        long expiry = expiry(call);
        call.reply().integer(expiry < 0 ? expiry : Math.max(0, expiry - call.now()));
    }

    static void expiretime(CommandCall call) {
        long expiry = expiry(call);
        call.reply().integer(expiry < 0 ? expiry : (expiry + 500) / 1000);
    }

    static void pexpiretime(CommandCall call) {
        call.reply().integer(expiry(call));
    }

    /** Unix milliseconds; -1 for a key without an expiry, -2 without a key. */
    private static long expiry(CommandCall call) {
        long entry = look(call, 1);
        if (entry == 0) {
            return -2;
        }
        long expiry = call.keyspace().expiry(entry);
        return expiry == 0 ? -1 : expiry;
    }
}
