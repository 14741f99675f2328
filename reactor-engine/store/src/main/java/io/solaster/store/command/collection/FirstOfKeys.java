package io.solaster.store.command.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Lists;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.InTurns;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;
import org.jspecify.annotations.Nullable;

/**
 * Commands that take elements out of the first of several keys that has some: lists from either end, sorted sets from the
 * lowest or the highest score.
 */
public final class FirstOfKeys {
    /** {@code LMPOP} over several shards. */
    public static final Spread LMPOP = new First(Form.LMPOP);
    /** {@code ZMPOP} over several shards. */
    public static final Spread ZMPOP = new First(Form.ZMPOP);
    /** {@code BLMPOP} over several shards. */
    public static final Spread BLMPOP = new First(Form.BLMPOP);
    /** {@code BZMPOP} over several shards. */
    public static final Spread BZMPOP = new First(Form.BZMPOP);
    /** {@code BLPOP} over several shards. */
    public static final Spread BLPOP = new First(Form.BLPOP);
    /** {@code BRPOP} over several shards. */
    public static final Spread BRPOP = new First(Form.BRPOP);
    /** {@code BZPOPMIN} over several shards. */
    public static final Spread BZPOPMIN = new First(Form.BZPOPMIN);
    /** {@code BZPOPMAX} over several shards. */
    public static final Spread BZPOPMAX = new First(Form.BZPOPMAX);

    private static final String NO_KEYS = "ERR numkeys should be greater than 0";
    private static final String NO_COUNT = "ERR count should be greater than 0";

    /** How a command is written and answered. */
    private enum Form {
        LMPOP(Keyspace.TYPE_LIST, 1, 0, true), ZMPOP(Keyspace.TYPE_ZSET, 1, 0, true), BLMPOP(Keyspace.TYPE_LIST, 2, 1,
                true), BZMPOP(Keyspace.TYPE_ZSET, 2, 1, true), BLPOP(Keyspace.TYPE_LIST, 0, -1, true), BRPOP(
                        Keyspace.TYPE_LIST, 0, -1,
                        false), BZPOPMIN(Keyspace.TYPE_ZSET, 0, -1, true), BZPOPMAX(Keyspace.TYPE_ZSET, 0, -1, false);

        private final int type;
        /** Which argument says how many keys there are, which follow; 0 for all arguments but a timeout. */
        private final int number;
        /** Which argument the timeout is, below 0 from the end; 0 if the command does not wait. */
        private final int timeout;
        /** Whether it pops from the beginning, where its arguments do not say. */
        private final boolean first;

        Form(int type, int number, int timeout, boolean first) {
            this.type = type;
            this.number = number;
            this.timeout = timeout;
            this.first = first;
        }

        boolean isList() {
            return type == Keyspace.TYPE_LIST;
        }

        boolean waits() {
            return timeout != 0;
        }

        /** Whether its arguments say from where it pops and how many, and it answers an array of what it popped. */
        boolean isCounted() {
            return number > 0;
        }
    }

    /** What a call asks for. */
    private static final class Request {
        private final Form form;
        private final int firstKey;
        private int keys;
        private boolean first;
        private long count = 1;
        private @Nullable String error;

        /** @param keysHere how many of the keys are this shard's; -1 for all of them */
        Request(CommandCall call, Form form, int keysHere) {
            this.form = form;
            this.firstKey = form.number + 1;
            this.first = form.first;
            if (!form.isCounted()) {
                keys = call.count() - 2;
            } else if (!call.isInteger(form.number) || call.integer() < 1) {
                error = NO_KEYS;
            } else {
                readCounted(call, keysHere < 0 ? Math.min(call.integer(), call.count()) : keysHere);
            }
            if (error == null && form.waits()) {
                error = Timeout.wrong(call, timeout(call));
            }
        }

        private void readCounted(CommandCall call, long number) {
            if (firstKey + number >= call.count()) {
                error = Errors.SYNTAX;
            } else {
                keys = (int) number;
                readOptions(call, firstKey + keys);
            }
        }

        /** Which argument the timeout is. */
        int timeout(CommandCall call) {
            return form.timeout < 0 ? call.count() + form.timeout : form.timeout;
        }

        private void readOptions(CommandCall call, int where) {
            first = call.is(where, form.isList() ? "left" : "min");
            if (!first && !call.is(where, form.isList() ? "right" : "max")) {
                error = Errors.SYNTAX;
            } else if (call.count() > where + 1) {
                if (!call.is(where + 1, "count") || where + 2 == call.count()) {
                    error = Errors.SYNTAX;
                } else if (!call.isInteger(where + 2) || call.integer() < 1) {
                    error = NO_COUNT;
                } else if (call.count() > where + 3) {
                    error = Errors.SYNTAX;
                } else {
                    count = call.integer();
                }
            }
        }

        /** The first of the keys, from 0, that is there; -1 if none is. */
        int find(CommandCall call) {
            int i = 0;
            while (i < keys && call.find(firstKey + i) == 0) {
                i++;
            }
            return i < keys ? i : -1;
        }

        /** As {@link #find}; leaves off where there are very many. */
        int findInTurns(CommandCall call) {
            for (int i = (int) call.cursor(); i < keys; i++) {
                if (i > call.cursor() && call.isToYield()) {
                    call.goOn(i);
                    return -1;
                }
                if (call.find(firstKey + i) != 0) {
                    return i;
                }
            }
            return -1;
        }

        boolean isRightType(CommandCall call, int key) {
            return call.keyspace().type(call.find(firstKey + key)) == form.type;
        }
    }

    private FirstOfKeys() {}

    public static void lmpop(CommandCall call) {
        pop(call, Form.LMPOP);
    }

    public static void zmpop(CommandCall call) {
        pop(call, Form.ZMPOP);
    }

    public static void blmpop(CommandCall call) {
        pop(call, Form.BLMPOP);
    }

    public static void bzmpop(CommandCall call) {
        pop(call, Form.BZMPOP);
    }

    public static void blpop(CommandCall call) {
        pop(call, Form.BLPOP);
    }

    public static void brpop(CommandCall call) {
        pop(call, Form.BRPOP);
    }

    public static void bzpopmin(CommandCall call) {
        pop(call, Form.BZPOPMIN);
    }

    public static void bzpopmax(CommandCall call) {
        pop(call, Form.BZPOPMAX);
    }

    private static void pop(CommandCall call, Form form) {
        Request request = new Request(call, form, -1);
        if (request.error != null) {
            call.reply().error(request.error);
            return;
        }
        int key = call.offered() == 0 ? request.find(call) : Math.max(-1, call.offered() - request.firstKey);
        if (key < 0) {
            if (!form.waits() || !call.block(Timeout.millis(call, request.timeout(call)), form.type, request.firstKey,
                    request.keys)) {
                call.reply().nullArray();
            }
        } else if (!request.isRightType(call, key)) {
            call.reply().error(Errors.WRONG_TYPE);
        } else if (form.isList()) {
            popElements(call, request, request.firstKey + key);
        } else {
            popMembers(call, request, request.firstKey + key);
        }
    }

    private static Lists list(CommandCall call, int key) {
        Lists list = call.shard().lists();
        list.open(call.address(key), call.length(key), call.find(key));
        return list;
    }

    private static SortedSets sortedSet(CommandCall call, int key) {
        SortedSets set = call.shard().sortedSets();
        set.open(call.address(key), call.length(key), call.find(key));
        return set;
    }

    private static void popElements(CommandCall call, Request request, int key) {
        Lists list = list(call, key);
        long count = list.count();
        long popped = Math.min(request.count, count);
        ByteStrings taken = call.taken();
        if (taken != null) {
            taken.add(call.address(key), call.length(key));
            elements(list, request.first, popped, noting(taken));
        }
        ReplyWriter reply = call.reply();
        if (popped > ListCommands.FEW && taken == null) {
            InTurns.run(call, key, new LongLists.Pop(key, true, request.first, popped));
            return;
        }
        reply.arrayHeader(2);
        reply.bulk(call.address(key), call.length(key));
        if (request.form.isCounted()) {
            reply.arrayHeader((int) popped);
        }
        list.seek(request.first ? 0 : count - 1);
        ListCommands.elements(reply, list, popped, !request.first);
        list.drop(request.first, popped);
    }

    private static void popMembers(CommandCall call, Request request, int key) {
        SortedSets set = sortedSet(call, key);
        long count = set.count();
        long popped = Math.min(request.count, count);
        ByteStrings taken = call.taken();
        if (taken != null) {
            taken.add(call.address(key), call.length(key));
            members(set, request.first, popped, noting(taken));
        }
        if (popped > ListCommands.FEW && taken == null) {
            InTurns.run(call, key, new LongSortedSets.Pop(key, true, !request.first, true, count, popped));
            return;
        }
        boolean counted = request.form.isCounted();
        ReplyWriter reply = call.reply();
        reply.arrayHeader(counted ? 2 : 3);
        reply.bulk(call.address(key), call.length(key));
        if (counted) {
            reply.arrayHeader((int) popped);
        }
        set.seek(request.first ? 0 : count - 1);
        SortedSetRanges.answer(reply, set, popped, !request.first, true, counted);
        set.removeRange(request.first ? 0 : count - popped, popped);
    }

    /** Where copies of what is taken go. */
    private interface Sink {
        /** Adds one; false if there is no room for it, and more need not be added. */
        boolean add(long address, int length);
    }

    private static Sink noting(ByteStrings taken) {
        return (address, length) -> {
            taken.add(address, length);
            return true;
        };
    }

    /** Copies elements from one end, the outermost first; false if there was no room for all. */
    private static boolean elements(Lists list, boolean first, long count, Sink to) {
        list.seek(first ? 0 : list.count() - 1);
        boolean room = true;
        for (long left = count; left > 0 && room; left--) {
            room = to.add(list.address(), list.length());
            if (first) {
                list.next();
            } else {
                list.previous();
            }
        }
        return room;
    }

    /** Copies members from one end, the outermost first, each with its score; false if there was no room for all. */
    private static boolean members(SortedSets set, boolean lowest, long count, Sink to) {
        long score = Memory.allocate(Long.BYTES);
        try {
            set.seek(lowest ? 0 : set.count() - 1);
            boolean room = true;
            for (long left = count; left > 0 && room; left--) {
                Memory.putLong(score, Double.doubleToRawLongBits(set.score()));
                room = to.add(set.address(), set.length()) && to.add(score, Long.BYTES);
                if (left > 1 && lowest) {
                    set.next();
                } else if (left > 1) {
                    set.previous();
                }
            }
            return room;
        } finally {
            Memory.free(score);
        }
    }

    /**
     * Each part says which of its keys is the first that is there. The client's shard finds the first of all, and that one's
     * part pops: it adds the key, and then each element, or each member and its score.
     */
    private static final class First implements Spread {
        private static final int WRONG_TYPE = 1;

        private final Form form;

        First(Form form) {
            this.form = form;
        }

        @Override
        public int hops() {
            return 2;
        }

        /** A part is told how many of its arguments are keys. */
        @Override
        public void prepare(Transaction transaction) {
            for (int key = 0; key < transaction.keys(); key++) {
                Values values = transaction.values(transaction.owner(key));
                values.number(values.number() + 1);
            }
        }

        @Override
        public void run(CommandCall call, Values values, int hop) {
            if (hop == 0) {
                int keys = (int) values.number();
                Request request = new Request(call, form, keys);
                values.error(request.error);
                int found = request.error == null ? request.findInTurns(call) : -1;
                if (call.isLeftOff()) {
                    return;
                }
                // Both in one number: which of the keys, from 1, and how many there are.
                values.number((long) keys << Integer.SIZE | found + 1);
                values.type(found >= 0 && !request.isRightType(call, found) ? WRONG_TYPE : 0);
            } else if ((int) values.number() > 0) {
                Request request = new Request(call, form, (int) (values.number() >>> Integer.SIZE));
                take(call, request, request.firstKey + (int) values.number() - 1, values);
            }
        }

        private void take(CommandCall call, Request request, int key, Values values) {
            boolean room = values.answer(call.address(key), call.length(key));
            if (form.isList()) {
                Lists list = list(call, key);
                long popped = Math.min(request.count, list.count());
                room = room && elements(list, request.first, popped, values::answer);
                // Nobody is answered what is too much: then it stays.
                list.drop(request.first, room ? popped : 0);
            } else {
                SortedSets set = sortedSet(call, key);
                long count = set.count();
                long popped = Math.min(request.count, count);
                room = room && members(set, request.first, popped, values::answer);
                set.removeRange(request.first ? 0 : count - popped, room ? popped : 0);
            }
            call.keyspace().written();
        }

        @Override
        public void putBack(CommandCall call, ByteStrings taken) {
            Request request = new Request(call, form, -1);
            long entry = call.keyspace().beginWrite(taken.address(), taken.length(), call.now());
            if (entry != 0 && call.keyspace().type(entry) != form.type) {
                return;
            }
            if (form.isList()) {
                Lists list = call.shard().lists();
                list.open(taken.address(), taken.length(), entry);
                taken.toEnd();
                for (int left = taken.count() - 1; left > 0; left--) {
                    taken.previous();
                    list.push(request.first, taken.address(), taken.length());
                }
            } else {
                SortedSets set = call.shard().sortedSets();
                set.open(taken.address(), taken.length(), entry);
                while (taken.next()) {
                    long member = taken.address();
                    int length = taken.length();
                    taken.next();
                    if (!set.find(member, length)) {
                        set.add(Double.longBitsToDouble(Memory.getLong(taken.address())), member, length);
                    }
                }
            }
        }

        @Override
        public boolean goesOn(Transaction transaction, int hop) {
            if (form.waits() && !transaction.isWanted()) {
                // Nothing is taken for a client that is gone.
                return false;
            }
            int[] seen = new int[transaction.shard().parts().count()];
            int winner = -1;
            for (int key = 0; key < transaction.keys() && winner < 0; key++) {
                int owner = transaction.owner(key);
                if (++seen[owner] == (int) transaction.values(owner).number()) {
                    winner = owner;
                }
            }
            for (int key = 0; key < transaction.keys(); key++) {
                if (transaction.owner(key) != winner) {
                    transaction.values(transaction.owner(key)).number(0);
                }
            }
            if (winner >= 0 && transaction.values(winner).type() == WRONG_TYPE) {
                transaction.values(winner).error(Errors.WRONG_TYPE);
                return false;
            }
            return winner >= 0;
        }

        @Override
        public boolean isToWait(Transaction transaction) {
            for (int key = 0; key < transaction.keys() && form.waits(); key++) {
                if (transaction.values(transaction.owner(key)).strings().count() > 0) {
                    return false;
                }
            }
            return form.waits();
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            for (int key = 0; key < transaction.keys(); key++) {
                ByteStrings taken = transaction.values(transaction.owner(key)).strings();
                if (taken.count() > 0) {
                    answer(reply, taken);
                    return true;
                }
            }
            reply.nullArray();
            return true;
        }

        private void answer(ReplyWriter reply, ByteStrings taken) {
            boolean counted = form.isCounted();
            reply.arrayHeader(counted || form.isList() ? 2 : 3);
            taken.next();
            reply.bulk(taken.address(), taken.length());
            if (counted) {
                reply.arrayHeader(form.isList() ? taken.count() - 1 : (taken.count() - 1) / 2);
            }
            while (taken.next()) {
                if (counted && !form.isList()) {
                    reply.arrayHeader(2);
                }
                reply.bulk(taken.address(), taken.length());
                if (!form.isList()) {
                    taken.next();
                    reply.doubleValue(Double.longBitsToDouble(Memory.getLong(taken.address())));
                }
            }
        }
    }
}
