package io.solaster.store.command.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Lists;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.Spread;
import io.solaster.store.shard.Transaction;
import io.solaster.store.shard.Values;

/**
 * Commands that take an element from an end of one list and put it at an end of another: first it is there, then it is not
 * here any more, as there may be no memory for it.
 */
public final class ListMoves {
    /** {@code LMOVE} from one shard to another. */
    public static final Spread LMOVE = new Move(true, false);
    /** {@code RPOPLPUSH} from one shard to another. */
    public static final Spread RPOPLPUSH = new Move(false, false);
    /** {@code BLMOVE} from one shard to another. */
    public static final Spread BLMOVE = new Move(true, true);
    /** {@code BRPOPLPUSH} from one shard to another. */
    public static final Spread BRPOPLPUSH = new Move(false, true);

    private ListMoves() {}

    public static void lmove(CommandCall call) {
        if (!isEnd(call, 3) || !isEnd(call, 4)) {
            call.reply().error(Errors.SYNTAX);
        } else if (!move(call, isFirst(call, 3), isFirst(call, 4))) {
            call.reply().nullValue();
        }
    }

    public static void rpoplpush(CommandCall call) {
        if (!move(call, false, true)) {
            call.reply().nullValue();
        }
    }

    public static void blmove(CommandCall call) {
        if (!isEnd(call, 3) || !isEnd(call, 4)) {
            call.reply().error(Errors.SYNTAX);
        } else {
            moveOrWait(call, isFirst(call, 3), isFirst(call, 4), 5);
        }
    }

    public static void brpoplpush(CommandCall call) {
        moveOrWait(call, false, true, 3);
    }

    private static void moveOrWait(CommandCall call, boolean fromFirst, boolean toFirst, int timeout) {
        String wrong = Timeout.wrong(call, timeout);
        if (wrong != null) {
            call.reply().error(wrong);
        } else if ((call.offered() < 0 || !move(call, fromFirst, toFirst))
                && !call.block(Timeout.millis(call, timeout), Keyspace.TYPE_LIST, 1, 1)) {
            call.reply().nullValue();
        }
    }

    private static boolean isEnd(CommandCall call, int argument) {
        return isFirst(call, argument) || call.is(argument, "right");
    }

    private static boolean isFirst(CommandCall call, int argument) {
        return call.is(argument, "left");
    }

    /** Moves within this shard and answers that; false if there is no list to take from, which is not answered. */
    private static boolean move(CommandCall call, boolean fromFirst, boolean toFirst) {
        long source = call.find(1);
        if (source == 0) {
            return false;
        }
        if (call.isWrongType(source, Keyspace.TYPE_LIST)) {
            return true;
        }
        long target = call.find(2);
        if (call.isWrongType(target, Keyspace.TYPE_LIST)) {
            return true;
        }
        Lists list = call.shard().lists();
        open(call, list, 1, source);
        list.seek(fromFirst ? 0 : list.count() - 1);
        int length = list.length();
        // What is put in must not lie in the keyspace, and what is taken out is answered.
        long element = Memory.allocate(Math.max(1, length));
        try {
            Memory.copy(list.address(), element, length);
            open(call, list, 2, target);
            list.push(toFirst, element, length);
            call.keyspace().written();
            open(call, list, 1, call.find(1));
            list.drop(fromFirst, 1);
            call.reply().bulk(element, length);
        } finally {
            Memory.free(element);
        }
        return true;
    }

    private static void open(CommandCall call, Lists list, int key, long entry) {
        list.open(call.address(key), call.length(key), entry);
    }

    /**
     * First both parts look at their keys, and the source's reads its element; then they have exchanged what they found, so
     * that the target's has the element and pushes it; and once it is there the source's drops it.
     */
    private static final class Move implements Spread {
        // What a part is, or has found.
        private static final int NOTHING = 0;
        private static final int SOURCE = 1;
        private static final int THERE = 2;
        private static final int WRONG_TYPE = 3;
        private static final int TARGET = 4;

        /** Whether the ends are arguments, behind a part's only key. */
        private final boolean named;
        /** Whether a timeout is the last argument. */
        private final boolean waits;

        Move(boolean named, boolean waits) {
            this.named = named;
            this.waits = waits;
        }

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
            if (named && (!isEnd(call, 2) || !isEnd(call, 3))) {
                values.error(Errors.SYNTAX);
                return;
            }
            String wrong = waits ? Timeout.wrong(call, call.count() - 1) : null;
            if (wrong != null) {
                values.error(wrong);
                return;
            }
            boolean fromFirst = named && isFirst(call, 2);
            Lists list = call.shard().lists();
            switch (hop) {
                case 0 -> look(call, list, values, fromFirst);
                case 1 -> {
                    ByteStrings element = values.strings();
                    if (values.number() == TARGET && element.next()) {
                        open(call, list, 1, call.find(1));
                        list.push(!named || isFirst(call, 3), element.address(), element.length());
                        call.keyspace().written();
                    }
                }
                default -> {
                    if (values.number() == SOURCE) {
                        open(call, list, 1, call.find(1));
                        list.drop(fromFirst, 1);
                        call.keyspace().written();
                    }
                }
            }
        }

        private static void look(CommandCall call, Lists list, Values values, boolean fromFirst) {
            boolean source = values.number() == SOURCE;
            long entry = call.find(1);
            if (entry == 0) {
                values.number(NOTHING);
            } else if (call.keyspace().type(entry) != Keyspace.TYPE_LIST) {
                values.number(WRONG_TYPE);
            } else if (source) {
                open(call, list, 1, entry);
                list.seek(fromFirst ? 0 : list.count() - 1);
                values.add(list.address(), list.length());
                values.number(THERE);
            }
        }

        @Override
        public boolean goesOn(Transaction transaction, int hop) {
            if (hop > 0) {
                return true;
            }
            int from = transaction.owner(0);
            int to = transaction.owner(1);
            if (waits && !transaction.isWanted()) {
                return false;
            }
            if (transaction.values(from).number() != THERE || transaction.values(to).number() == WRONG_TYPE) {
                return false;
            }
            transaction.exchange(from, to);
            transaction.values(from).number(SOURCE);
            transaction.values(to).number(TARGET);
            return true;
        }

        @Override
        public boolean isToWait(Transaction transaction) {
            return waits && transaction.values(transaction.owner(0)).number() == NOTHING;
        }

        @Override
        public boolean conclude(Transaction transaction, ReplyWriter reply) {
            Values source = transaction.values(transaction.owner(0));
            Values target = transaction.values(transaction.owner(1));
            if (target.number() == TARGET) {
                ByteStrings element = target.strings();
                element.next();
                reply.bulk(element.address(), element.length());
            } else if (source.number() == NOTHING) {
                reply.nullValue();
            } else {
                reply.error(Errors.WRONG_TYPE);
            }
            return true;
        }
    }
}
