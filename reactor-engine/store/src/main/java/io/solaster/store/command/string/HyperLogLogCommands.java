package io.solaster.store.command.string;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.InTurns;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import io.solaster.store.string.HyperLogLog;
import org.jspecify.annotations.Nullable;

/** Commands that count about how many different elements there are. */
public final class HyperLogLogCommands {
    private static final String NOT_ONE = "WRONGTYPE Key is not a valid HyperLogLog string value.";
    static final String DAMAGED = "INVALIDOBJ Corrupted HLL object detected";

    /** Of one shard, so that no turn takes longer than some milliseconds. */
    private static final int MOST_KEYS = 512;
    private static final String TOO_MANY = "ERR more than " + MOST_KEYS + " keys of one shard";

    private HyperLogLogCommands() {}

    /** Why an entry holds none; null if it does. */
    static @Nullable String refusal(Keyspace keys, long entry) {
        if (keys.type(entry) != Keyspace.TYPE_STRING) {
            return Errors.WRONG_TYPE;
        }
        if (!HyperLogLog.isOne(keys.valueAddress(entry), keys.valueLength(entry))) {
            return NOT_ONE;
        }
        return keys.valueLength(entry) > HyperLogLog.MAX_LENGTH ? DAMAGED : null;
    }

    /** Adds elements. */
    public static void pfadd(CommandCall call) {
        InTurns.run(call, 1, new Add());
    }

    private static final class Add implements InTurns.Steps {
        /** What an element counts for, beside its bytes: what is sparse is read to the register that it falls on. */
        private static final int COST = 1 << 10;

        private int next = 2;
        private boolean changed;

        @Override
        public boolean goOn(CommandCall call) {
            Keyspace keys = call.keyspace();
            long entry = call.find(1);
            boolean changes = entry == 0;
            if (entry == 0) {
                entry = keys.resizeValue(call.address(1), call.length(1), HyperLogLog.EMPTY_LENGTH);
                HyperLogLog.create(keys.valueAddress(entry));
            } else {
                String refusal = refusal(keys, entry);
                if (refusal != null) {
                    call.reply().error(refusal);
                    return true;
                }
            }
            boolean pauses = false;
            while (next < call.count() && !pauses) {
                int added = add(call, HyperLogLog.hash(call.address(next), call.length(next)));
                if (added == HyperLogLog.DAMAGED) {
                    // Elements before this one may have been added.
                    if (changes) {
                        keys.written();
                    }
                    call.reply().error(DAMAGED);
                    return true;
                }
                changes |= added != HyperLogLog.SAME;
                next++;
                pauses = next < call.count() && call.isToPause(call.length(next - 1) + COST);
            }
            if (changes) {
                changed = true;
                HyperLogLog.stale(keys.valueAddress(keys.peek(call.address(1), call.length(1), call.now())));
                keys.written();
            }
            if (!pauses) {
                call.reply().integer(changed ? 1 : 0);
            }
            return !pauses;
        }
    }

    private static int add(CommandCall call, long hash) {
        Keyspace keys = call.keyspace();
        long entry = keys.peek(call.address(1), call.length(1), call.now());
        int length = keys.valueLength(entry);
        if (HyperLogLog.isDense(keys.valueAddress(entry))) {
            if (keys.isHeld(entry)) {
                entry = keys.resizeValue(call.address(1), call.length(1), length);
            }
            return HyperLogLog.add(keys.valueAddress(entry), length, hash, keys.encodings().longestSparse());
        }
        entry = keys.resizeValue(call.address(1), call.length(1), length + HyperLogLog.ROOM);
        int added = HyperLogLog.add(keys.valueAddress(entry), length, hash, keys.encodings().longestSparse());
        entry = keys.resizeValue(call.address(1), call.length(1), added > 0 ? added : length);
        return added == HyperLogLog.TOO_LONG ? addDense(call, entry, hash) : added;
    }

    private static int addDense(CommandCall call, long sparse, long hash) {
        Keyspace keys = call.keyspace();
        long dense = Memory.allocate(HyperLogLog.DENSE_LENGTH);
        try {
            if (HyperLogLog.toDense(keys.valueAddress(sparse), keys.valueLength(sparse),
                    dense) == HyperLogLog.DAMAGED) {
                return HyperLogLog.DAMAGED;
            }
            int added = HyperLogLog.add(dense, HyperLogLog.DENSE_LENGTH, hash, 0);
            long entry = keys.resizeValue(call.address(1), call.length(1), HyperLogLog.DENSE_LENGTH);
            Memory.copy(dense, keys.valueAddress(entry), HyperLogLog.DENSE_LENGTH);
            return added;
        } finally {
            Memory.free(dense);
        }
    }

    /** Counts what one or several keys of this shard hold together. */
    public static void pfcount(CommandCall call) {
        if (call.count() > 2) {
            countSeveral(call);
            return;
        }
        long entry = call.read(1);
        if (entry == 0) {
            call.reply().integer(0);
            return;
        }
        String refusal = refusal(call.keyspace(), entry);
        if (refusal != null) {
            call.reply().error(refusal);
            return;
        }
        long address = call.keyspace().valueAddress(entry);
        long count = HyperLogLog.kept(address);
        if (count < 0) {
            count = HyperLogLog.count(address, call.keyspace().valueLength(entry));
            if (count < 0) {
                call.reply().error(DAMAGED);
                return;
            }
            keep(call, entry, count);
        }
        call.reply().integer(count);
    }

    /** Keeps what was counted in the value, which is a write of the key, though of no other count. */
    private static void keep(CommandCall call, long entry, long count) {
        Keyspace keys = call.keyspace();
        // One that is being sent stays as it is, and is counted anew next time.
        if (!keys.isHeld(entry)) {
            long written = keys.beginWrite(call.address(1), call.length(1), call.now());
            HyperLogLog.keep(keys.valueAddress(written), count);
            keys.written();
        }
    }

    private static void countSeveral(CommandCall call) {
        long all = Memory.allocate(HyperLogLog.DENSE_LENGTH);
        try {
            HyperLogLog.createDense(all);
            String refusal = merge(call, all);
            if (refusal != null) {
                call.reply().error(refusal);
            } else {
                call.reply().integer(HyperLogLog.count(all, HyperLogLog.DENSE_LENGTH));
            }
        } finally {
            Memory.free(all);
        }
    }

    /** Merges what the keys of a call hold; why that is not possible, or null. */
    private static @Nullable String merge(CommandCall call, long all) {
        if (call.count() - 1 > MOST_KEYS) {
            return TOO_MANY;
        }
        Keyspace keys = call.keyspace();
        for (int i = 1; i < call.count(); i++) {
            long entry = call.read(i);
            if (entry == 0) {
                continue;
            }
            String refusal = refusal(keys, entry);
            if (refusal != null) {
                return refusal;
            }
            if (!HyperLogLog.merge(keys.valueAddress(entry), keys.valueLength(entry), all)) {
                return DAMAGED;
            }
        }
        return null;
    }

    /** Whether one of the keys of a call holds a dense value. */
    private static boolean hasDense(CommandCall call) {
        Keyspace keys = call.keyspace();
        for (int i = 1; i < call.count(); i++) {
            long entry = keys.find(call.address(i), call.length(i), call.now());
            if (entry != 0 && HyperLogLog.isOne(keys.valueAddress(entry), keys.valueLength(entry))
                    && HyperLogLog.isDense(keys.valueAddress(entry))) {
                return true;
            }
        }
        return false;
    }

    /** Gives a key what it and others of this shard hold together. */
    public static void pfmerge(CommandCall call) {
        long all = Memory.allocate(HyperLogLog.DENSE_LENGTH);
        try {
            HyperLogLog.createDense(all);
            String refusal = merge(call, all);
            if (refusal == null) {
                refusal = store(call, all, hasDense(call));
            }
            if (refusal == null) {
                call.reply().ok();
            } else {
                call.reply().error(refusal);
            }
        } finally {
            Memory.free(all);
        }
    }

    /** Raises what the first key holds to what was merged; why that is not possible, or null. */
    private static @Nullable String store(CommandCall call, long all, boolean dense) {
        Keyspace keys = call.keyspace();
        long block = Memory.allocate(2L * HyperLogLog.DENSE_LENGTH);
        try {
            long value = block;
            long entry = call.find(1);
            int length = entry == 0 ? HyperLogLog.EMPTY_LENGTH : keys.valueLength(entry);
            if (entry == 0) {
                HyperLogLog.create(value);
            } else if (length > HyperLogLog.DENSE_LENGTH) {
                return DAMAGED;
            } else {
                Memory.copy(keys.valueAddress(entry), value, length);
            }
            int longest = keys.encodings().longestSparse();
            for (int i = 0; i < HyperLogLog.REGISTERS; i++) {
                int rank = HyperLogLog.register(all, i);
                boolean tooLong = dense && !HyperLogLog.isDense(value);
                int raised = rank == 0 || tooLong ? length : HyperLogLog.raise(value, length, i, rank, longest);
                if (tooLong || raised == HyperLogLog.TOO_LONG) {
                    long other = value + HyperLogLog.DENSE_LENGTH;
                    if (HyperLogLog.toDense(value, length, other) == HyperLogLog.DAMAGED) {
                        return DAMAGED;
                    }
                    value = other;
                    length = HyperLogLog.DENSE_LENGTH;
                    raised = rank == 0 ? length : HyperLogLog.raise(value, length, i, rank, longest);
                }
                if (raised == HyperLogLog.DAMAGED) {
                    return DAMAGED;
                }
                length = raised > 0 ? raised : length;
            }
            HyperLogLog.stale(value);
            entry = keys.resizeValue(call.address(1), call.length(1), length);
            Memory.copy(value, keys.valueAddress(entry), length);
            keys.written();
            return null;
        } finally {
            Memory.free(block);
        }
    }

    /** Each part merges what its keys hold; that is merged and counted where the client is. */
    public static final Spread PFCOUNT = new Spread() {
        @Override
        public void run(CommandCall call, Values values, int hop) {
            long all = Memory.allocate(HyperLogLog.DENSE_LENGTH);
            try {
                HyperLogLog.createDense(all);
                String refusal = merge(call, all);
                if (refusal != null) {
                    values.error(refusal);
                } else {
                    values.add(all, HyperLogLog.DENSE_LENGTH);
                }
            } finally {
                Memory.free(all);
            }
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            long all = Memory.allocate(HyperLogLog.DENSE_LENGTH);
            try {
                HyperLogLog.createDense(all);
                for (int key = 0; key < transaction.keys(); key++) {
                    ByteStrings found = transaction.values(transaction.owner(key)).strings();
                    // Of each part there is one, however many keys it has.
                    if (found.next()) {
                        HyperLogLog.merge(found.address(), found.length(), all);
                    }
                }
                reply.integer(HyperLogLog.count(all, HyperLogLog.DENSE_LENGTH));
            } finally {
                Memory.free(all);
            }
            return true;
        }
    };

    /** Each part merges what its keys hold; all is merged where the client is; the part that has the target keeps it. */
    public static final Spread PFMERGE = new Spread() {
        private static final int HAS_DENSE = 1;
        private static final int HAS_RESULT = 2;

        @Override
        public int hops() {
            return 2;
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            if (hop == 0) {
                PFCOUNT.run(call, values, hop);
                values.number(hasDense(call) ? HAS_DENSE : 0);
            } else if (values.number() >= HAS_RESULT) {
                values.strings().next();
                String refusal = store(call, values.strings().address(), (values.number() & HAS_DENSE) != 0);
                if (refusal != null) {
                    values.error(refusal);
                }
            }
        }

        @Override
        public boolean goesOn(Transaction transaction, int hop) {
            if (hop > 0) {
                return true;
            }
            long all = Memory.allocate(HyperLogLog.DENSE_LENGTH);
            try {
                HyperLogLog.createDense(all);
                long dense = 0;
                for (int key = 0; key < transaction.keys(); key++) {
                    Values part = transaction.values(transaction.owner(key));
                    dense |= part.number();
                    if (part.strings().next()) {
                        HyperLogLog.merge(part.strings().address(), part.strings().length(), all);
                    }
                }
                Values target = transaction.values(transaction.owner(0));
                target.clear();
                target.add(all, HyperLogLog.DENSE_LENGTH);
                target.number(HAS_RESULT | dense);
            } finally {
                Memory.free(all);
            }
            return true;
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            reply.ok();
            return true;
        }
    };
}
