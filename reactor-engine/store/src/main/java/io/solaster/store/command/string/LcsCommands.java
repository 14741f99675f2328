package io.solaster.store.command.string;

import java.util.List;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import io.solaster.store.string.Lcs;
import org.jspecify.annotations.Nullable;

/** {@code LCS}: what two strings have in common, in order. */
public final class LcsCommands {
    private static final String NOT_STRINGS = "ERR The specified keys must contain string values";
    private static final String BOTH = "ERR If you want both the length and indexes, please just use IDX.";
    /** What is compared in one turn, as the product of both lengths: some milliseconds. */
    private static final long MOST = 4 << 20;
    private static final String TOO_LONG = "ERR LCS compares strings of which the product of both lengths is at most "
            + MOST;

    // Options; the shortest match to tell of is kept in the bits above.
    private static final int LENGTH = 1;
    private static final int INDEXES = 1 << 1;
    private static final int MATCH_LENGTHS = 1 << 2;
    private static final int SHORTEST_SHIFT = 3;
    private static final long MAX_SHORTEST = 1L << 32;
    private static final List<String> REFUSALS = List.of(Errors.SYNTAX, Errors.NOT_INTEGER, BOTH);
    private static final byte[] EMPTY = {};

    private LcsCommands() {}

    /**
     * What a call asks for.
     *
     * @param refusal why that makes no sense; null if it does
     */
    private record Options(long bits, @Nullable String refusal) {}

    private static Options options(CommandCall call, int from) {
        long options = 0;
        long shortest = 0;
        for (int i = from; i < call.count(); i++) {
            if (call.is(i, "idx")) {
                options |= INDEXES;
            } else if (call.is(i, "len")) {
                options |= LENGTH;
            } else if (call.is(i, "withmatchlen")) {
                options |= MATCH_LENGTHS;
            } else if (call.is(i, "minmatchlen") && i + 1 < call.count()) {
                i++;
                if (!call.isInteger(i)) {
                    return new Options(0, Errors.NOT_INTEGER);
                }
                shortest = Math.min(MAX_SHORTEST, Math.max(0, call.integer()));
            } else {
                return new Options(0, Errors.SYNTAX);
            }
        }
        return new Options(options | shortest << SHORTEST_SHIFT,
                (options & (INDEXES | LENGTH)) == (INDEXES | LENGTH) ? BOTH : null);
    }

    /** Both keys lie on this shard. */
    public static void lcs(CommandCall call) {
        long one = length(call, 1);
        long other = length(call, 2);
        if (one < 0 || other < 0) {
            call.reply().error(NOT_STRINGS);
            return;
        }
        Options options = options(call, 3);
        if (options.refusal() != null) {
            call.reply().error(options.refusal());
        } else if (one * other > MOST) {
            call.reply().error(TOO_LONG);
        } else if (one * other == 0) {
            answer(call.reply(), options.bits(), EMPTY, EMPTY);
        } else {
            answer(call.reply(), options.bits(), string(call, 1), string(call, 2));
        }
    }

    /** The length of what a key holds, 0 if there is none; negative if that is no string. */
    private static long length(CommandCall call, int key) {
        long entry = call.read(key);
        if (entry == 0) {
            return 0;
        }
        Keyspace keys = call.keyspace();
        return keys.type(entry) == Keyspace.TYPE_STRING ? keys.valueLength(entry) : -1;
    }

    /** A copy of the string that a key holds. */
    private static byte[] string(CommandCall call, int key) {
        Keyspace keys = call.keyspace();
        long entry = call.read(key);
        return bytes(keys.valueAddress(entry), keys.valueLength(entry));
    }

    private static byte[] bytes(long address, int length) {
        byte[] bytes = new byte[length];
        Memory.copy(address, bytes, 0, length);
        return bytes;
    }

    private static void answer(ReplyWriter reply, long options, byte[] one, byte[] other) {
        Lcs lcs = new Lcs(one, other);
        if ((options & LENGTH) != 0) {
            reply.integer(lcs.length());
        } else if ((options & INDEXES) != 0) {
            lcs.answer(reply, options >>> SHORTEST_SHIFT, (options & MATCH_LENGTHS) != 0);
        } else {
            reply.bulk(lcs.common());
        }
    }

    /** Each part finds its string; they are compared where the client is. */
    public static final Spread LCS = new Spread() {
        @Override
        public void run(CommandCall call, Values values, int hop) {
            long entry = call.read(1);
            Keyspace keys = call.keyspace();
            Options options = options(call, 2);
            if (entry != 0 && keys.type(entry) != Keyspace.TYPE_STRING) {
                values.error(NOT_STRINGS);
            } else if (entry == 0) {
                values.addNone();
            } else {
                values.add(keys.valueAddress(entry), keys.valueLength(entry));
            }
            // What all keys hold is looked at before the options, so these are refused at the end.
            values.number(options.refusal() == null ? options.bits() : ~REFUSALS.indexOf(options.refusal()));
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            long options = transaction.values(transaction.owner(0)).number();
            if (options < 0) {
                reply.error(REFUSALS.get((int) ~options));
                return true;
            }
            ByteStrings one = found(transaction, 0);
            long oneAt = one.exists() ? one.address() : 0;
            int oneLength = one.exists() ? one.length() : 0;
            ByteStrings other = found(transaction, 1);
            int otherLength = other.exists() ? other.length() : 0;
            if ((long) oneLength * otherLength > MOST) {
                reply.error(TOO_LONG);
            } else if (oneLength == 0 || otherLength == 0) {
                answer(reply, options, EMPTY, EMPTY);
            } else {
                answer(reply, options, bytes(oneAt, oneLength), bytes(other.address(), otherLength));
            }
            return true;
        }

        private ByteStrings found(Transaction transaction, int key) {
            ByteStrings strings = transaction.values(transaction.owner(key)).strings();
            strings.next();
            return strings;
        }
    };
}
