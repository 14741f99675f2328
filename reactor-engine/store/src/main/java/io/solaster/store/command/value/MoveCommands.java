package io.solaster.store.command.value;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Hashes;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/** Commands that give a key's value to another key: on one shard by their methods, over two shards in hops. */
public final class MoveCommands {
    private static final String NO_SUCH_KEY = "ERR no such key";
    private static final String TOO_LARGE = "ERR a hash, list, set or sorted set that is no listpack or intset is neither"
            + " copied nor renamed to a key of another shard; give both keys one {hash tag} and use RENAME";
    private static final String SAME = "ERR source and destination objects are the same";
    private static final String NO_SUCH_DATABASE = "ERR DB index is out of range";

    public static final Spread RENAME = new Move(false, true) {
        @Override
        void read(CommandCall call, Values values) {
            super.read(call, values);
            if (values.strings().count() == 0) {
                values.error(NO_SUCH_KEY);
            }
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            reply.ok();
            return true;
        }
    };

    public static final Spread RENAMENX = new Move(false, false) {
        @Override
        void read(CommandCall call, Values values) {
            super.read(call, values);
            if (values.strings().count() == 0) {
                values.error(NO_SUCH_KEY);
            }
        }
    };

    public static final Spread COPY = new Move(true, false) {
        @Override
        public void run(CommandCall call, Values values, int hop) {
            String error = hop == 0 ? wrongCopy(call, 2) : null;
            if (error == null) {
                super.run(call, values, hop);
            } else {
                values.error(error);
            }
        }

        @Override
        boolean replaces(CommandCall call) {
            return hasReplace(call, 2);
        }
    };

    /**
     * First the shard of the source reads the value, while that of the destination says whether it may be written; then they
     * have exchanged what they found, so the one that has a value now writes it. Only once that is done the source goes: the
     * destination may have no memory for it.
     */
    private abstract static class Move implements Spread {
        private static final int SOURCE = 1;
        private static final int TAKEN = 2;

        private final boolean keepsSource;
        private final boolean replaces;

        Move(boolean keepsSource, boolean replaces) {
            this.keepsSource = keepsSource;
            this.replaces = replaces;
        }

        @Override
        public int hops() {
            return keepsSource ? 2 : 3;
        }

        @Override
        public void prepare(Transaction transaction) {
            transaction.values(transaction.owner(0)).number(SOURCE);
        }

        boolean replaces(CommandCall call) {
            return replaces;
        }

        void read(CommandCall call, Values values) {
            Keyspace keys = call.keyspace();
            long entry = call.find(1);
            if (entry == 0) {
                return;
            }
            if (hasNodes(keys, entry)) {
                values.error(TOO_LARGE);
            }
            values.add(keys.valueAddress(entry), keys.valueLength(entry));
            values.type(keys.type(entry));
            values.number(keys.expiry(entry));
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            ByteStrings value = values.strings();
            if (hop == 1) {
                if (value.next()) {
                    put(call, 1, values.type(), value.address(), value.length(), values.number());
                }
            } else if (hop == 2) {
                if (value.count() == 0) {
                    call.keyspace().remove(call.address(1), call.length(1));
                }
            } else if (values.number() == SOURCE) {
                values.number(0);
                read(call, values);
            } else if (!replaces(call) && call.find(1) != 0) {
                values.number(TAKEN);
            }
        }

        @Override
        public boolean goesOn(Transaction transaction, int hop) {
            if (hop > 0) {
                return true;
            }
            int from = transaction.owner(0);
            int to = transaction.owner(1);
            if (transaction.values(from).strings().count() == 0 || transaction.values(to).number() == TAKEN) {
                return false;
            }
            transaction.exchange(from, to);
            return true;
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            reply.integer(transaction.values(transaction.owner(1)).strings().count());
            return true;
        }
    }

    private MoveCommands() {}

    /** Whether a value has more than what lies in its entry. */
    private static boolean hasNodes(Keyspace keys, long entry) {
        return keys.type(entry) != Keyspace.TYPE_STRING
                && Memory.getByte(keys.valueAddress(entry)) != ValueType.PACKED;
    }

    private static void put(CommandCall call, int key, int type, long value, int length, long expiry) {
        Keyspace keys = call.keyspace();
        if (type == Keyspace.TYPE_STRING) {
            keys.set(call.address(key), call.length(key), value, length, expiry);
        } else {
            call.find(key);
            long entry = keys.create(call.address(key), call.length(key), type, length, expiry);
            Memory.copy(value, keys.valueAddress(entry), length);
            keys.written();
        }
    }

    public static void rename(CommandCall call) {
        if (move(call, false, true)) {
            call.reply().ok();
        } else {
            call.reply().error(NO_SUCH_KEY);
        }
    }

    public static void renamenx(CommandCall call) {
        if (call.find(1) == 0) {
            call.reply().error(NO_SUCH_KEY);
        } else {
            call.reply().integer(move(call, false, false) ? 1 : 0);
        }
    }

    public static void copy(CommandCall call) {
        String error = wrongCopy(call, 3);
        if (error != null) {
            call.reply().error(error);
        } else if (isSame(call)) {
            call.reply().error(SAME);
        } else if (isTooLarge(call)) {
            call.reply().error(TOO_LARGE);
        } else {
            call.reply().integer(move(call, true, hasReplace(call, 3)) ? 1 : 0);
        }
    }

    private static boolean isSame(CommandCall call) {
        return call.length(1) == call.length(2)
                && Memory.equal(call.address(1), call.address(2), call.length(1));
    }

    /** Moves within this shard; says whether there was something to move, and room for it. */
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
        boolean nodes = hasNodes(keys, source);
        boolean fieldsExpire = keys.type(source) == Keyspace.TYPE_HASH
                && Hashes.earliestExpiry(keys.valueAddress(source)) != Long.MAX_VALUE;
        int length = keys.valueLength(source);
        // A new entry may move others.
        long value = Memory.allocate(length);
        try {
            Memory.copy(keys.valueAddress(source), value, length);
            put(call, 2, keys.type(source), value, length, keys.expiry(source));
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

    private static boolean isTooLarge(CommandCall call) {
        long source = call.find(1);
        return source != 0 && hasNodes(call.keyspace(), source);
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
