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

        @Override
        int destination(CommandCall call) {
            return database(call, 2);
        }
    };

    private MoveCommands() {}

    private static void copyHere(CommandCall call, Values values) {
        int to = database(call, 3);
        if (isSame(call, to)) {
            values.error(SAME);
            return;
        }
        ValueWorks works = call.shard().values();
        Keyspace keys = call.keyspace();
        long entry = keys.peek(call.address(1), call.length(1), call.now());
        long number = call.cursor();
        if (number == 0 && (entry == 0 || !Move.hasNodes(keys, entry))) {
            if (move(call, to, true, hasReplace(call, 3))) {
                Move.placed(values);
            }
            return;
        }
        boolean goesOn = false;
        try {
            // The source may be gone meanwhile, since it was due, or for want of memory.
            if (entry == 0 || number == 0 && isTaken(call, to)) {
                return;
            }
            if (number == 0) {
                number = works.add(new Moving.Here(call, entry));
            }
            Moving.Here work = (Moving.Here) works.get(number);
            if (work.copy(entry, call)) {
                keys.database(to);
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

    private static boolean isTaken(CommandCall call, int to) {
        return !hasReplace(call, 3) && isThere(call, 2, to);
    }

    /** Whether a database has a key; without a write being begun. */
    private static boolean isThere(CommandCall call, int key, int database) {
        Keyspace keys = call.keyspace();
        keys.database(database);
        boolean there = keys.peek(call.address(key), call.length(key), call.now()) != 0;
        keys.database(call.database());
        return there;
    }

    /** MOVE: the value stays where it lies, however large it is. */
    public static void toDatabase(CommandCall call) {
        String wrong = Errors.ofDatabase(call, 2);
        if (wrong != null) {
            call.reply().error(wrong);
            return;
        }
        int to = (int) call.integer();
        if (to == call.database()) {
            call.reply().error(SAME);
            return;
        }
        boolean moves = isThere(call, 1, call.database()) && !isThere(call, 1, to)
                && call.keyspace().move(call.address(1), call.length(1), to);
        if (moves) {
            // Who looks for fields that are due may have passed the other database already.
            call.shard().fieldsExpire();
        }
        call.reply().integer(moves ? 1 : 0);
    }

    public static void rename(CommandCall call) {
        if (move(call, call.database(), false, true)) {
            call.reply().ok();
        } else {
            call.reply().error(Move.NO_SUCH_KEY);
        }
    }

    public static void renamenx(CommandCall call) {
        if (call.find(1) == 0) {
            call.reply().error(Move.NO_SUCH_KEY);
        } else {
            call.reply().integer(move(call, call.database(), false, false) ? 1 : 0);
        }
    }

    /** In one turn: where it is a step of something else. */
    public static void copy(CommandCall call) {
        String error = wrongCopy(call, 3);
        if (error != null) {
            call.reply().error(error);
        } else if (isSame(call, database(call, 3))) {
            call.reply().error(SAME);
        } else {
            call.reply().integer(copies(call, database(call, 3)) ? 1 : 0);
        }
    }

    private static boolean copies(CommandCall call, int to) {
        Keyspace keys = call.keyspace();
        long source = call.find(1);
        if (source == 0 || !Move.hasNodes(keys, source)) {
            return move(call, to, true, hasReplace(call, 3));
        }
        if (isTaken(call, to)) {
            return false;
        }
        source = call.find(1);
        try (Moving.Here work = new Moving.Here(call, source)) {
            boolean done = false;
            while (!done) {
                done = work.copy(source, call);
            }
            keys.database(to);
            work.place(call, 2, keys.expiry(source));
        }
        keys.database(call.database());
        return true;
    }

    private static boolean isSame(CommandCall call, int to) {
        return to == call.database() && call.length(1) == call.length(2)
                && Memory.equal(call.address(1), call.address(2), call.length(1));
    }

    /** Moves within this shard; says whether there was something to move, and room for it. A copy has no nodes. */
    private static boolean move(CommandCall call, int to, boolean keepsSource, boolean replaces) {
        Keyspace keys = call.keyspace();
        long source = call.find(1);
        if (source == 0) {
            return false;
        }
        if (isSame(call, to)) {
            return replaces;
        }
        if (!replaces && isThere(call, 2, to)) {
            return false;
        }
        // What is due of the destination may have moved it.
        source = call.find(1);
        keys.database(to);
        if (keys.type(source) == Keyspace.TYPE_STRING) {
            keys.set(call.address(2), call.length(2), keys.valueAddress(source), keys.valueLength(source),
                    keys.expiry(source));
        } else {
            putCollection(call, source, keepsSource);
        }
        keys.database(call.database());
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
                String wrong = Errors.ofDatabase(call, i);
                if (wrong != null) {
                    return wrong;
                }
            } else if (!call.is(i, "replace")) {
                return Errors.SYNTAX;
            }
        }
        return null;
    }

    /** The database that COPY names in its options, which are good: the last one counts. */
    private static int database(CommandCall call, int from) {
        int database = call.database();
        for (int i = from; i + 1 < call.count(); i++) {
            if (call.is(i, "db") && call.isInteger(++i)) {
                database = (int) call.integer();
            }
        }
        return database;
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
