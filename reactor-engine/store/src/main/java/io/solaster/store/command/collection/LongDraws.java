package io.solaster.store.command.collection;

import java.util.random.RandomGenerator;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Hashes;
import io.solaster.store.collection.Sets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.InTurns;
import org.jspecify.annotations.Nullable;

/** Answers very many members or fields that chance chooses: steps of a few each. */
final class LongDraws {
    /** Fewer are drawn at once. */
    static final int MANY = 1024;
    /** What is found at once of a table. */
    private static final int SCANNED = 64;
    /** Of a part as small as this, each is drawn by itself; else all are looked at. */
    private static final int SMALL_PART = 16;

    private LongDraws() {}

    /** A set or a hash that is a table. */
    interface Table {
        /** Finds it anew, at the beginning of each turn. */
        void open(CommandCall call);

        long scan(long cursor, int wanted);

        boolean scanned();

        void random(RandomGenerator random);

        /** Where what was found lies. */
        long address();

        int length();

        void header(ReplyWriter reply, int count);

        void answer(ReplyWriter reply);
    }

    /** Answers so many different ones; fewer than there are. */
    static void different(CommandCall call, Table table, int answers, long count) {
        InTurns.run(call, 1, different(table, answers, count));
    }

    /** Answers so many, of which each may be chosen again. */
    static void again(CommandCall call, Table table, int answers) {
        InTurns.run(call, 1, new Few(table, answers, null));
    }

    /** As {@link #different}, or {@link #again}, of a hash of which some fields expire. */
    static void ofExpiring(CommandCall call, Hashes hash, int what, int answers, boolean again) {
        InTurns.run(call, 1, new Expiring(hash, what, answers, again));
    }

    private static InTurns.Steps different(Table table, int answers, long count) {
        return (long) SMALL_PART * answers > count ? new Some(table, answers, count) : new Few(table, answers);
    }

    private static RandomGenerator random(CommandCall call) {
        return call.shard().shard().environment().random();
    }

    private static long entry(CommandCall call, int type) {
        long entry = call.keyspace().peek(call.address(1), call.length(1), call.now());
        if (entry == 0 || call.keyspace().type(entry) != type) {
            throw new IllegalStateException("the key has gone while it was used");
        }
        return entry;
    }

    /** A set. */
    static final class OfSet implements Table {
        private final Sets set;

        OfSet(Sets set) {
            this.set = set;
        }

        @Override
        public void open(CommandCall call) {
            set.open(call.address(1), call.length(1), entry(call, Keyspace.TYPE_SET));
        }

        @Override
        public long scan(long cursor, int wanted) {
            return set.scan(cursor, wanted);
        }

        @Override
        public boolean scanned() {
            return set.scanned();
        }

        @Override
        public void random(RandomGenerator random) {
            set.random(random);
        }

        @Override
        public long address() {
            return set.address();
        }

        @Override
        public int length() {
            return set.length();
        }

        @Override
        public void header(ReplyWriter reply, int count) {
            reply.arrayHeader(count);
        }

        @Override
        public void answer(ReplyWriter reply) {
            reply.bulk(set.address(), set.length());
        }
    }

    /** A hash of which no field is due. */
    static final class OfHash implements Table {
        private final Hashes hash;
        private final int what;

        /** @param what as {@link HashCommands#answerDrawn} takes it */
        OfHash(Hashes hash, int what) {
            this.hash = hash;
            this.what = what;
        }

        @Override
        public void open(CommandCall call) {
            hash.open(call.address(1), call.length(1), entry(call, Keyspace.TYPE_HASH), call.now());
        }

        @Override
        public long scan(long cursor, int wanted) {
            return hash.scan(cursor, wanted);
        }

        @Override
        public boolean scanned() {
            return hash.scanned();
        }

        @Override
        public void random(RandomGenerator random) {
            hash.random(random);
        }

        @Override
        public long address() {
            return hash.fieldAddress();
        }

        @Override
        public int length() {
            return hash.fieldLength() + hash.valueLength();
        }

        @Override
        public void header(ReplyWriter reply, int count) {
            HashCommands.drawnHeader(reply, count, what);
        }

        @Override
        public void answer(ReplyWriter reply) {
            HashCommands.answerDrawn(reply, hash, what);
        }
    }

    /** First removes what is due: what is left does not become due, as the command has one time. */
    private static final class Expiring implements InTurns.Steps {
        private final Hashes hash;
        private final int what;
        private final int answers;
        private final boolean again;
        private InTurns.@Nullable Steps draws;

        Expiring(Hashes hash, int what, int answers, boolean again) {
            this.hash = hash;
            this.what = what;
            this.answers = answers;
            this.again = again;
        }

        @Override
        public boolean goOn(CommandCall call) {
            InTurns.Steps known = draws;
            if (known == null) {
                hash.open(call.address(1), call.length(1),
                        call.keyspace().peek(call.address(1), call.length(1), call.now()), call.now());
                while (hash.hasDue()) {
                    hash.expireDue(SCANNED);
                    if (hash.hasDue() && call.isToPause(SCANNED << 8)) {
                        return false;
                    }
                }
                if (!hash.exists()) {
                    call.reply().arrayHeader(0);
                    return true;
                }
                Table table = new OfHash(hash, what);
                known = again
                        ? new Few(table, answers, null)
                        : different(table, (int) Math.min(answers, hash.count()), hash.count());
                draws = known;
            }
            return known.goOn(call);
        }
    }

    /** Draws one after the other. */
    private static final class Few implements InTurns.Steps {
        private final Table table;
        private final int answers;
        /** Where those lie that were drawn, by open addressing, at most half full; null where one may be drawn again. */
        private final long @Nullable [] seen;
        private int answered;

        Few(Table table, int answers) {
            this(table, answers, new long[Integer.highestOneBit(answers) * 4]);
        }

        Few(Table table, int answers, long @Nullable [] seen) {
            this.table = table;
            this.answers = answers;
            this.seen = seen;
        }

        @Override
        public boolean goOn(CommandCall call) {
            table.open(call);
            if (answered == 0) {
                table.header(call.reply(), answers);
            }
            RandomGenerator random = random(call);
            while (answered < answers) {
                table.random(random);
                if (seen == null || isNew(seen, table.address())) {
                    table.answer(call.reply());
                    answered++;
                }
                if (answered < answers && call.isToPause(table.length())) {
                    return false;
                }
            }
            return true;
        }

        private static boolean isNew(long[] seen, long address) {
            int at = (int) (address * 0x9E3779B97F4A7C15L >>> 32) & seen.length - 1;
            while (seen[at] != 0 && seen[at] != address) {
                at = at + 1 & seen.length - 1;
            }
            boolean isNew = seen[at] == 0;
            seen[at] = address;
            return isNew;
        }
    }

    /** Looks at all: each has the chance that as many as are missing have among as many as are left (Knuth, algorithm S). */
    private static final class Some implements InTurns.Steps {
        private final Table table;
        private final int answers;
        private int missing;
        private long left;
        private boolean begun;
        private long cursor;

        Some(Table table, int answers, long count) {
            this.table = table;
            this.answers = answers;
            this.missing = answers;
            this.left = count;
        }

        @Override
        public boolean goOn(CommandCall call) {
            table.open(call);
            RandomGenerator random = random(call);
            if (!begun) {
                begun = true;
                table.header(call.reply(), answers);
            }
            do {
                cursor = table.scan(cursor, SCANNED);
                boolean leaves = false;
                while (table.scanned()) {
                    boolean chosen = random.nextLong(left--) < missing;
                    if (chosen) {
                        table.answer(call.reply());
                        missing--;
                    }
                    leaves |= call.isToPause(chosen ? table.length() : 0);
                }
                if (leaves && missing > 0 && cursor != 0) {
                    return false;
                }
            } while (missing > 0 && cursor != 0);
            return true;
        }
    }
}
