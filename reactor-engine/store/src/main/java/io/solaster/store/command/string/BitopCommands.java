package io.solaster.store.command.string;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import io.solaster.store.string.Bits;
import org.jspecify.annotations.Nullable;

/** {@code BITOP}: joins strings bit by bit; those that are shorter count as if zeros followed. */
public final class BitopCommands {
    private static final String ONE_OF_NOT = "ERR BITOP NOT must be called with a single source key.";
    private static final int NONE = 0;
    private static final int AND = 1;
    private static final int OR = 2;
    private static final int XOR = 3;
    private static final int NOT = 4;

    private BitopCommands() {}

    /** The operation that a call names; {@link #NONE} if it names none. */
    private static int operation(CommandCall call) {
        return call.is(1, "and")
                ? AND
                : call.is(1, "or") ? OR : call.is(1, "xor") ? XOR : call.is(1, "not") ? NOT : NONE;
    }

    /** What is wrong with a call of so many arguments, or null. */
    private static @Nullable String refusal(int operation, int count) {
        return operation == NONE ? Errors.SYNTAX : operation == NOT && count != 4 ? ONE_OF_NOT : null;
    }

    /** All keys lie on this shard. */
    public static void bitop(CommandCall call) {
        int operation = operation(call);
        String refusal = refusal(operation, call.count());
        if (refusal != null) {
            call.reply().error(refusal);
            return;
        }
        Keyspace keys = call.keyspace();
        int longest = 0;
        for (int i = 3; i < call.count(); i++) {
            long entry = call.read(i);
            if (entry != 0 && keys.type(entry) != Keyspace.TYPE_STRING) {
                call.reply().error(Errors.WRONG_TYPE);
                return;
            }
            longest = entry == 0 ? longest : Math.max(longest, keys.valueLength(entry));
        }
        long result = Memory.allocate(Math.max(1, longest));
        try {
            for (int i = 3; i < call.count(); i++) {
                long entry = keys.find(call.address(i), call.length(i), call.now());
                join(operation, i == 3, entry == 0 ? 0 : keys.valueAddress(entry),
                        entry == 0 ? 0 : keys.valueLength(entry), result, longest);
            }
            store(call, 2, result, longest);
        } finally {
            Memory.free(result);
        }
        call.reply().integer(longest);
    }

    private static void store(CommandCall call, int key, long result, int length) {
        if (length > 0) {
            call.keyspace().set(call.address(key), call.length(key), result, length, 0);
        } else if (call.keyspace().peek(call.address(key), call.length(key), call.now()) != 0) {
            call.keyspace().remove(call.address(key), call.length(key));
        }
    }

    private static void join(int operation, boolean first, long from, int length, long to, int whole) {
        if (first) {
            Memory.copy(from, to, length);
            Memory.fill(to + length, (long) whole - length, (byte) 0);
            if (operation == NOT) {
                Bits.not(to, whole);
            }
            return;
        }
        switch (operation) {
            case AND -> {
                Bits.and(from, to, length);
                Memory.fill(to + length, (long) whole - length, (byte) 0);
            }
            case OR -> Bits.or(from, to, length);
            default -> Bits.xor(from, to, length);
        }
    }

    /** Each part finds its strings; they are joined where the client is; the part that has the target keeps the result. */
    public static final Spread BITOP = new Spread() {
        private static final int HAS_TARGET = 1;
        private static final int HAS_RESULT = 2;

        @Override
        public int hops() {
            return 2;
        }

        @Override
        public void prepare(Transaction transaction) {
            transaction.values(transaction.owner(0)).number(HAS_TARGET);
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            if (hop == 1) {
                if (values.number() == HAS_RESULT) {
                    values.strings().next();
                    store(call, 2, values.strings().address(), values.strings().length());
                }
                return;
            }
            int operation = operation(call);
            // How many keys there are is not seen here, but NOT of several is refused where they are joined.
            String refusal = refusal(operation, 4);
            if (refusal != null) {
                values.error(refusal);
                return;
            }
            boolean hasTarget = (values.number() & HAS_TARGET) != 0;
            Keyspace keys = call.keyspace();
            for (int i = hasTarget ? 3 : 2; i < call.count(); i++) {
                long entry = call.read(i);
                if (entry == 0) {
                    values.addNone();
                } else if (keys.type(entry) == Keyspace.TYPE_STRING) {
                    values.add(keys.valueAddress(entry), keys.valueLength(entry));
                } else {
                    values.error(Errors.WRONG_TYPE);
                    return;
                }
            }
            values.number(values.number() | (long) operation << 8);
        }

        @Override
        public boolean goesOn(Transaction transaction, int hop) {
            if (hop > 0) {
                return true;
            }
            Values target = transaction.values(transaction.owner(0));
            int operation = (int) (target.number() >>> 8);
            if (operation == NOT && transaction.keys() != 2) {
                target.error(ONE_OF_NOT);
                return false;
            }
            int longest = 0;
            for (int key = 1; key < transaction.keys(); key++) {
                ByteStrings found = transaction.values(transaction.owner(key)).strings();
                found.next();
                longest = found.exists() ? Math.max(longest, found.length()) : longest;
            }
            for (int key = 1; key < transaction.keys(); key++) {
                transaction.values(transaction.owner(key)).strings().rewind();
            }
            long result = Memory.allocate(Math.max(1, longest));
            try {
                for (int key = 1; key < transaction.keys(); key++) {
                    ByteStrings found = transaction.values(transaction.owner(key)).strings();
                    found.next();
                    join(operation, key == 1, found.exists() ? found.address() : 0,
                            found.exists() ? found.length() : 0, result, longest);
                }
                target.clear();
                target.add(result, longest);
                target.number(HAS_RESULT);
            } finally {
                Memory.free(result);
            }
            return true;
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            ByteStrings result = transaction.values(transaction.owner(0)).strings();
            result.next();
            reply.integer(result.length());
            return true;
        }
    };
}
