package io.solaster.store.command.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Lists;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
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

    private static final String NO_KEYS = "ERR numkeys should be greater than 0";
    private static final String NO_COUNT = "ERR count should be greater than 0";

    /** How a command is written and answered. */
    private enum Form {
        LMPOP(Keyspace.TYPE_LIST, 1, "left", "right"), ZMPOP(Keyspace.TYPE_ZSET, 1, "min", "max");

        private final int type;
        /** Which argument says how many keys there are, which follow. */
        private final int number;
        private final String first;
        private final String last;

        Form(int type, int number, String first, String last) {
            this.type = type;
            this.number = number;
            this.first = first;
            this.last = last;
        }
    }

    /** What a call asks for. */
    private static final class Request {
        private final Form form;
        private int firstKey;
        private int keys;
        private boolean first;
        private long count = 1;
        private @Nullable String error;

        /** @param keysHere how many of the keys are this shard's; -1 for all of them */
        Request(CommandCall call, Form form, int keysHere) {
            this.form = form;
            this.firstKey = form.number + 1;
            if (!call.isInteger(form.number) || call.integer() < 1) {
                error = NO_KEYS;
                return;
            }
            long where = firstKey + (keysHere < 0 ? Math.min(call.integer(), call.count()) : keysHere);
            if (where >= call.count()) {
                error = Errors.SYNTAX;
                return;
            }
            keys = (int) where - firstKey;
            readOptions(call, (int) where);
        }

        private void readOptions(CommandCall call, int where) {
            first = call.is(where, form.first);
            if (!first && !call.is(where, form.last)) {
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

    private static void pop(CommandCall call, Form form) {
        Request request = new Request(call, form, -1);
        if (request.error != null) {
            call.reply().error(request.error);
            return;
        }
        int key = request.find(call);
        if (key < 0) {
            call.reply().nullArray();
        } else if (!request.isRightType(call, key)) {
            call.reply().error(Errors.WRONG_TYPE);
        } else if (form.type == Keyspace.TYPE_LIST) {
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
        ReplyWriter reply = call.reply();
        reply.arrayHeader(2);
        reply.bulk(call.address(key), call.length(key));
        reply.arrayHeader((int) popped);
        list.seek(request.first ? 0 : count - 1);
        ListCommands.elements(reply, list, popped, !request.first);
        list.drop(request.first, popped);
    }

    private static void popMembers(CommandCall call, Request request, int key) {
        SortedSets set = sortedSet(call, key);
        long count = set.count();
        long popped = Math.min(request.count, count);
        ReplyWriter reply = call.reply();
        reply.arrayHeader(2);
        reply.bulk(call.address(key), call.length(key));
        reply.arrayHeader((int) popped);
        set.seek(request.first ? 0 : count - 1);
        SortedSetRanges.answer(reply, set, popped, !request.first, true, true);
        set.removeRange(request.first ? 0 : count - popped, popped);
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
            if (form.type == Keyspace.TYPE_LIST) {
                Lists list = list(call, key);
                long count = list.count();
                long popped = Math.min(request.count, count);
                list.seek(request.first ? 0 : count - 1);
                for (long left = popped; left > 0 && room; left--) {
                    room = values.answer(list.address(), list.length());
                    if (request.first) {
                        list.next();
                    } else {
                        list.previous();
                    }
                }
                // Nobody is answered what is too much: then it stays.
                list.drop(request.first, room ? popped : 0);
            } else {
                SortedSets set = sortedSet(call, key);
                long count = set.count();
                long popped = Math.min(request.count, count);
                room = room && members(set, request.first, popped, values);
                set.removeRange(request.first ? 0 : count - popped, room ? popped : 0);
            }
            call.keyspace().written();
        }

        private static boolean members(SortedSets set, boolean lowest, long count, Values values) {
            long score = Memory.allocate(Long.BYTES);
            try {
                set.seek(lowest ? 0 : set.count() - 1);
                for (long left = count; left > 0; left--) {
                    Memory.putLong(score, Double.doubleToRawLongBits(set.score()));
                    if (!values.answer(set.address(), set.length()) || !values.answer(score, Long.BYTES)) {
                        return false;
                    }
                    if (left > 1 && lowest) {
                        set.next();
                    } else if (left > 1) {
                        set.previous();
                    }
                }
                return true;
            } finally {
                Memory.free(score);
            }
        }

        @Override
        public boolean goesOn(Transaction transaction, int hop) {
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
            boolean scores = form.type == Keyspace.TYPE_ZSET;
            reply.arrayHeader(2);
            taken.next();
            reply.bulk(taken.address(), taken.length());
            reply.arrayHeader(scores ? (taken.count() - 1) / 2 : taken.count() - 1);
            while (taken.next()) {
                if (scores) {
                    reply.arrayHeader(2);
                }
                reply.bulk(taken.address(), taken.length());
                if (scores) {
                    taken.next();
                    reply.doubleValue(Double.longBitsToDouble(Memory.getLong(taken.address())));
                }
            }
        }
    }
}
