package io.solaster.store.command.collection;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Members;
import io.solaster.store.collection.Sets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.StoreShard;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/**
 * Commands on several sets. Where all lie on one shard, what they have in common or not is found there; else each shard
 * sends the members of its sets to the client's, and the target gets its members in a second hop.
 */
public final class SetAlgebra {
    private enum Operation {
        INTERSECTION, UNION, DIFFERENCE
    }

    /** {@code SINTER} over several shards. */
    public static final Spread SINTER = new Combination(Operation.INTERSECTION);
    /** {@code SUNION} over several shards. */
    public static final Spread SUNION = new Combination(Operation.UNION);
    /** {@code SDIFF} over several shards. */
    public static final Spread SDIFF = new Combination(Operation.DIFFERENCE);
    /** {@code SINTERSTORE} over several shards. */
    public static final Spread SINTERSTORE = new StoredCombination(Operation.INTERSECTION);
    /** {@code SUNIONSTORE} over several shards. */
    public static final Spread SUNIONSTORE = new StoredCombination(Operation.UNION);
    /** {@code SDIFFSTORE} over several shards. */
    public static final Spread SDIFFSTORE = new StoredCombination(Operation.DIFFERENCE);
    /** {@code SMOVE} from one shard to another. */
    public static final Spread SMOVE = new Move();

    private SetAlgebra() {}

    public static void sinter(CommandCall call) {
        answer(call, Operation.INTERSECTION);
    }

    public static void sunion(CommandCall call) {
        answer(call, Operation.UNION);
    }

    public static void sdiff(CommandCall call) {
        answer(call, Operation.DIFFERENCE);
    }

    public static void sinterstore(CommandCall call) {
        store(call, Operation.INTERSECTION);
    }

    public static void sunionstore(CommandCall call) {
        store(call, Operation.UNION);
    }

    public static void sdiffstore(CommandCall call) {
        store(call, Operation.DIFFERENCE);
    }

    private static void answer(CommandCall call, Operation operation) {
        long[] entries = entries(call, 1);
        if (entries != null) {
            try (Members found = combine(call, operation, 1, entries)) {
                answer(call.reply(), found);
            }
        }
    }

    private static void answer(ReplyWriter reply, Members found) {
        reply.setHeader((int) found.count());
        found.begin();
        while (found.next()) {
            reply.bulk(found.address(), found.length());
        }
    }

    private static void store(CommandCall call, Operation operation) {
        long[] entries = entries(call, 2);
        if (entries == null) {
            return;
        }
        try (Members found = combine(call, operation, 2, entries)) {
            Sets target = clear(call, 1);
            found.begin();
            while (found.next()) {
                target.add(found.address(), found.length());
            }
            call.reply().integer(found.count());
        }
    }

    /** The set of a key that is to be written anew, whatever it was. */
    private static Sets clear(CommandCall call, int key) {
        if (call.find(key) != 0) {
            call.keyspace().remove(call.address(key), call.length(key));
        }
        Sets target = call.shard().sets();
        target.open(call.address(key), call.length(key), 0);
        return target;
    }

    /** The entries of the keys from an argument on, 0 for none; null after having answered that one holds no set. */
    private static long @Nullable [] entries(CommandCall call, int first) {
        long[] entries = new long[call.count() - first];
        for (int i = 0; i < entries.length; i++) {
            entries[i] = call.read(first + i);
            if (call.isWrongType(entries[i], Keyspace.TYPE_SET)) {
                return null;
            }
        }
        return entries;
    }

    private static Members combine(CommandCall call, Operation operation, int first, long[] entries) {
        Members found = call.shard().sets().members();
        try {
            switch (operation) {
                case INTERSECTION -> intersect(call, first, entries, found);
                case UNION -> {
                    for (int i = 0; i < entries.length; i++) {
                        addAll(open(call, call.shard().sets(), first, entries, i), found);
                    }
                }
                case DIFFERENCE -> subtract(call, first, entries, found);
            }
            return found;
        } catch (Throwable e) {
            found.close();
            throw e;
        }
    }

    private static Sets open(CommandCall call, Sets sets, int first, long[] entries, int i) {
        sets.open(call.address(first + i), call.length(first + i), entries[i]);
        return sets;
    }

    private static void addAll(Sets set, Members to) {
        if (set.exists()) {
            set.begin();
            while (set.next()) {
                to.add(set.address(), set.length());
            }
        }
    }

    /** Looks up the members of the smallest set in all others. */
    private static void intersect(CommandCall call, int first, long[] entries, Members found) {
        Sets set = call.shard().sets();
        int smallest = 0;
        long fewest = Long.MAX_VALUE;
        for (int i = 0; i < entries.length; i++) {
            long count = open(call, set, first, entries, i).count();
            if (count < fewest) {
                fewest = count;
                smallest = i;
            }
        }
        if (fewest == 0) {
            return;
        }
        open(call, set, first, entries, smallest).begin();
        Sets other = call.shard().otherSets();
        while (set.next()) {
            boolean everywhere = true;
            for (int i = 0; i < entries.length && everywhere; i++) {
                everywhere = entries[i] == entries[smallest]
                        || open(call, other, first, entries, i).contains(set.address(), set.length());
            }
            if (everywhere) {
                found.add(set.address(), set.length());
            }
        }
    }

    /** Looks up the members of the first set in all others. */
    private static void subtract(CommandCall call, int first, long[] entries, Members found) {
        Sets set = open(call, call.shard().sets(), first, entries, 0);
        if (!set.exists()) {
            return;
        }
        Sets other = call.shard().otherSets();
        set.begin();
        while (set.next()) {
            boolean elsewhere = false;
            for (int i = 1; i < entries.length && !elsewhere; i++) {
                elsewhere = open(call, other, first, entries, i).contains(set.address(), set.length());
            }
            if (!elsewhere) {
                found.add(set.address(), set.length());
            }
        }
    }

    public static void smove(CommandCall call) {
        long source = call.find(1);
        if (source == 0) {
            call.reply().integer(0);
            return;
        }
        long target = call.find(2);
        if (call.isWrongType(source, Keyspace.TYPE_SET) || call.isWrongType(target, Keyspace.TYPE_SET)) {
            return;
        }
        Sets set = call.shard().sets();
        set.open(call.address(1), call.length(1), call.find(1));
        if (source == target) {
            call.reply().integer(set.contains(call.address(3), call.length(3)) ? 1 : 0);
            return;
        }
        if (!set.contains(call.address(3), call.length(3))) {
            call.reply().integer(0);
            return;
        }
        // First there, then not here any more: there may be no memory for it.
        set.open(call.address(2), call.length(2), call.find(2));
        set.add(call.address(3), call.length(3));
        call.keyspace().written();
        set.open(call.address(1), call.length(1), call.find(1));
        set.remove(call.address(3), call.length(3));
        call.reply().integer(1);
    }

    /** Each part finds the members of its sets, each set followed by a string that does not exist. */
    private static class Combination implements Spread {
        private final Operation operation;

        Combination(Operation operation) {
            this.operation = operation;
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            find(call, values, 1);
        }

        final void find(CommandCall call, Values values, int first) {
            for (int i = first; i < call.count(); i++) {
                long entry = call.read(i);
                if (entry != 0 && call.keyspace().type(entry) != Keyspace.TYPE_SET) {
                    values.error(Errors.WRONG_TYPE);
                    return;
                }
                if (entry != 0) {
                    Sets set = call.shard().sets();
                    set.open(call.address(i), call.length(i), entry);
                    set.begin();
                    while (set.next()) {
                        values.add(set.address(), set.length());
                    }
                }
                values.addNone();
            }
        }

        /** What the sets of all keys from one on have in common or not. */
        final Members combine(Transaction transaction, int firstKey) {
            StoreShard shard = transaction.shard();
            Members found = shard.sets().members();
            try {
                for (int key = firstKey; key < transaction.keys(); key++) {
                    ByteStrings members = transaction.values(transaction.owner(key)).strings();
                    boolean first = key == firstKey;
                    if (operation == Operation.INTERSECTION && !first) {
                        found = intersect(shard, found, members);
                        continue;
                    }
                    while (members.next() && members.exists()) {
                        if (first || operation == Operation.UNION) {
                            found.add(members.address(), members.length());
                        } else {
                            found.remove(members.address(), members.length());
                        }
                    }
                }
                return found;
            } catch (Throwable e) {
                found.close();
                throw e;
            }
        }

        private static Members intersect(StoreShard shard, Members found, ByteStrings members) {
            Members both = shard.sets().members();
            try {
                while (members.next() && members.exists()) {
                    if (found.contains(members.address(), members.length())) {
                        both.add(members.address(), members.length());
                    }
                }
            } catch (Throwable e) {
                both.close();
                throw e;
            }
            found.close();
            return both;
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            try (Members found = combine(transaction, 0)) {
                answer(reply, found);
            }
            return true;
        }
    }

    /** The first key is the target: its shard is given the members in the second hop. */
    private static final class StoredCombination extends Combination {
        private static final int TARGET = 1;

        StoredCombination(Operation operation) {
            super(operation);
        }

        @Override
        public int hops() {
            return 2;
        }

        @Override
        public void prepare(Transaction transaction) {
            transaction.values(transaction.owner(0)).number(TARGET);
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            boolean target = values.number() == TARGET;
            if (hop == 0) {
                find(call, values, target ? 2 : 1);
            } else if (target) {
                Sets set = clear(call, 1);
                ByteStrings members = values.strings();
                while (members.next()) {
                    set.add(members.address(), members.length());
                }
                call.keyspace().written();
            }
        }

        @Override
        public boolean goesOn(Transaction transaction, int hop) {
            for (int key = 0; key < transaction.keys(); key++) {
                transaction.values(transaction.owner(key)).strings().rewind();
            }
            try (Members found = combine(transaction, 1)) {
                for (int key = 0; key < transaction.keys(); key++) {
                    transaction.values(transaction.owner(key)).clear();
                }
                Values target = transaction.values(transaction.owner(0));
                target.number(TARGET);
                found.begin();
                while (found.next()) {
                    target.add(found.address(), found.length());
                }
            }
            return true;
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            reply.integer(transaction.values(transaction.owner(0)).strings().count());
            return true;
        }
    }

    /** First both parts look at their keys, then one adds the member, and once it has it the other removes it. */
    private static final class Move implements Spread {
        // What a part is, or has found.
        private static final int SOURCE = 1;
        private static final int THERE = 2;
        private static final int NO_MEMBER = 3;
        private static final int WRONG_TYPE = 4;
        private static final int TARGET = 5;

        @Override
        public int hops() {
            return 3;
        }

        @Override
        public void prepare(Transaction transaction) {
            transaction.values(transaction.owner(0)).number(SOURCE);
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            long entry = call.find(1);
            boolean wrong = entry != 0 && call.keyspace().type(entry) != Keyspace.TYPE_SET;
            Sets set = call.shard().sets();
            if (!wrong) {
                set.open(call.address(1), call.length(1), entry);
            }
            if (hop > 0) {
                boolean target = values.number() == TARGET;
                if (target && hop == 1) {
                    set.add(call.address(2), call.length(2));
                    call.keyspace().written();
                } else if (!target && hop == 2) {
                    set.remove(call.address(2), call.length(2));
                    call.keyspace().written();
                }
            } else if (wrong) {
                values.number(WRONG_TYPE);
            } else if (values.number() == SOURCE) {
                values.number(entry == 0
                        ? 0
                        : set.contains(call.address(2), call.length(2)) ? THERE : NO_MEMBER);
            }
        }

        @Override
        public boolean goesOn(Transaction transaction, int hop) {
            Values target = transaction.values(transaction.owner(1));
            if (transaction.values(transaction.owner(0)).number() != THERE || target.number() == WRONG_TYPE) {
                return false;
            }
            target.number(TARGET);
            return true;
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            long source = transaction.values(transaction.owner(0)).number();
            if (source == WRONG_TYPE
                    || source != 0 && transaction.values(transaction.owner(1)).number() == WRONG_TYPE) {
                reply.error(Errors.WRONG_TYPE);
            } else {
                reply.integer(source == THERE ? 1 : 0);
            }
            return true;
        }
    }
}
