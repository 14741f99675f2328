package io.solaster.store.command.value;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Hashes;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.rdb.ValueWorks;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/** Commands that give a key's value to another key: on one shard by their methods, over two shards in hops ({@link Move}). */
public final class MoveCommands {
    private static final String SAME = "ERR source and destination objects are the same";
    private static final String NO_SUCH_DATABASE = "ERR DB index is out of range";

    public static final Spread RENAME = new Move(false, true, true) {
        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            reply.ok();
            return true;
        }
    };

    public static final Spread RENAMENX = new Move(false, false, true);

    /** On one shard too, since the value may be large. */
    public static final Spread COPY = new Move(true, false, false) {
        @Override
        public boolean isLong(CommandCall call) {
            return true;
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            boolean here = hop == 0 && values.number() == BOTH;
            String error = hop == 0 && call.cursor() == 0 ? wrongCopy(call, here ? 3 : 2) : null;
            if (error != null) {
                values.error(error);
            } else if (here) {
                copyHere(call, values);
            } else {
                super.run(call, values, hop);
            }
        }

        @Override
        boolean replaces(CommandCall call) {
            return hasReplace(call, 2);
        }
    };

    private MoveCommands() {}

    private static void copyHere(CommandCall call, Values values) {
        if (isSame(call)) {
            values.error(SAME);
            return;
        }
        ValueWorks works = call.shard().values();
        Keyspace keys = call.keyspace();
        long entry = keys.peek(call.address(1), call.length(1), call.now());
        long number = call.cursor();
        if (number == 0 && (entry == 0 || !Move.hasNodes(keys, entry))) {
            if (move(call, true, hasReplace(call, 3))) {
                Move.placed(values);
            }
            return;
        }
        boolean goesOn = false;
        try {
            // The source may be gone meanwhile, since it was due, or for want of memory.
            if (entry == 0 || number == 0 && isTaken(call)) {
                return;
            }
            if (number == 0) {
                number = works.add(new Moving.Here(call, entry));
            }
            Moving.Here work = (Moving.Here) works.get(number);
            if (work.copy(entry, call)) {
                work.place(call, 2, keys.expiry(entry));
                Move.placed(values);
            } else {
                goesOn = true;
                call.goOn(number);
            }
        } finally {
            if (!goesOn) {
                works.end(number);
            }
        }
    }

    private static boolean isTaken(CommandCall call) {
        return !hasReplace(call, 3) && call.find(2) != 0;
    }

    public static void rename(CommandCall call) {
        if (move(call, false, true)) {
            call.reply().ok();
        } else {
            call.reply().error(Move.NO_SUCH_KEY);
        }
    }

    public static void renamenx(CommandCall call) {
        if (call.find(1) == 0) {
            call.reply().error(Move.NO_SUCH_KEY);
        } else {
            call.reply().integer(move(call, false, false) ? 1 : 0);
        }
    }

    /** In one turn: where it is a step of something else. */
    public static void copy(CommandCall call) {
        String error = wrongCopy(call, 3);
        if (error != null) {
            call.reply().error(error);
        } else if (isSame(call)) {
            call.reply().error(SAME);
        } else {
            call.reply().integer(copies(call) ? 1 : 0);
        }
    }

    private static boolean copies(CommandCall call) {
        Keyspace keys = call.keyspace();
        long source = call.find(1);
        if (source == 0 || !Move.hasNodes(keys, source)) {
            return move(call, true, hasReplace(call, 3));
        }
        if (isTaken(call)) {
            return false;
        }
        source = call.find(1);
        try (Moving.Here work = new Moving.Here(call, source)) {
            boolean done = false;
            while (!done) {
                done = work.copy(source, call);
            }
            work.place(call, 2, keys.expiry(source));
        }
        return true;
    }

    private static boolean isSame(CommandCall call) {
        return call.length(1) == call.length(2)
                && Memory.equal(call.address(1), call.address(2), call.length(1));
    }

    /** Moves within this shard; says whether there was something to move, and room for it. A copy has no nodes. */
    private static boolean move(CommandCall call, boolean keepsSource, boolean replaces) {
        Keyspace keys = call.keyspace();
        long source = call.find(1);
        if (source == 0) {
            return false;
        }
        if (isSame(call)) {
            return replaces;
        }
        if (!replaces && call.find(2) != 0) {
            return false;
        }
        // What is due of the destination may have moved it.
        source = call.find(1);
        if (keys.type(source) == Keyspace.TYPE_STRING) {
            keys.set(call.address(2), call.length(2), keys.valueAddress(source), keys.valueLength(source),
                    keys.expiry(source));
        } else {
            putCollection(call, source, keepsSource);
        }
        if (!keepsSource) {
            keys.remove(call.address(1), call.length(1));
        }
        return true;
    }

    private static void putCollection(CommandCall call, long source, boolean keepsSource) {
        Keyspace keys = call.keyspace();
        boolean nodes = Move.hasNodes(keys, source);
        boolean fieldsExpire = keys.type(source) == Keyspace.TYPE_HASH
                && Hashes.earliestExpiry(keys.valueAddress(source)) != Long.MAX_VALUE;
        int length = keys.valueLength(source);
        // A new entry may move others.
        long value = Memory.allocate(length);
        try {
            Memory.copy(keys.valueAddress(source), value, length);
            Move.put(call, 2, keys.type(source), value, length, keys.expiry(source));
        } finally {
            Memory.free(value);
        }
        if (fieldsExpire) {
            // Who looks for such fields may have passed the other key already.
            call.shard().fieldsExpire();
        }
        if (nodes && !keepsSource) {
            // They belong to the other key now.
            Memory.putByte(keys.valueAddress(call.find(1)), ValueType.PACKED);
        }
    }

    /** What is wrong with the options of COPY from an argument on; null for nothing. */
    private static @Nullable String wrongCopy(CommandCall call, int from) {
        for (int i = from; i < call.count(); i++) {
            if (call.is(i, "db") && i + 1 < call.count()) {
                i++;
                if (!call.isInteger(i)) {
                    return Errors.NOT_INTEGER;
                }
                if (call.integer() != 0) {
                    return NO_SUCH_DATABASE;
                }
            } else if (!call.is(i, "replace")) {
                return Errors.SYNTAX;
            }
        }
        return null;
    }

    private static boolean hasReplace(CommandCall call, int from) {
        for (int i = from; i < call.count(); i++) {
            if (call.is(i, "replace")) {
                return true;
            }
        }
        return false;
    }
}
