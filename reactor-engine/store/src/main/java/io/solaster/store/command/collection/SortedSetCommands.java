package io.solaster.store.command.collection;

import java.util.random.RandomGenerator;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.InTurns;
import io.solaster.store.shard.ScanArguments;
import org.jspecify.annotations.Nullable;

/** Commands on sorted sets, but for those that answer or remove ranges. */
public final class SortedSetCommands {
    private static final String NOT_A_NUMBER = "ERR resulting score is not a number (NaN)";
    private static final String XX_AND_NX = "ERR XX and NX options at the same time are not compatible";
    private static final String GT_LT_NX = "ERR GT, LT, and/or NX options at the same time are not compatible";
    private static final String ONE_INCR = "ERR INCR option supports a single increment-element pair";
    private static final String NOT_POSITIVE = "ERR value is out of range, must be positive";

    /** Only new members. */
    public static final int NX = 1;
    /** Only members that are there. */
    public static final int XX = 1 << 1;
    private static final int GT = 1 << 2;
    private static final int LT = 1 << 3;
    private static final int INCR = 1 << 4;
    /** Members that got another score are counted too. */
    public static final int CH = 1 << 5;

    // What became of a member.
    private static final int NOTHING = 0;
    private static final int SAME = 1;
    private static final int UPDATED = 2;
    private static final int ADDED = 3;
    private static final int NAN = 4;

    private SortedSetCommands() {}

    /** The sorted set of the first key, opened; null if the key is something else, and then that is answered. */
    public static @Nullable SortedSets set(CommandCall call, boolean reads) {
        long entry = reads ? call.read(1) : call.find(1);
        if (call.isWrongType(entry, Keyspace.TYPE_ZSET)) {
            return null;
        }
        SortedSets sets = call.shard().sortedSets();
        sets.open(call.address(1), call.length(1), entry);
        return sets;
    }

    /** Answers the member that was found. */
    static void member(ReplyWriter reply, SortedSets set) {
        if (set.isNumber()) {
            reply.bulkInteger(set.number());
        } else {
            reply.bulk(set.address(), set.length());
        }
    }

    public static void zadd(CommandCall call) {
        int options = 0;
        int first = 2;
        for (int option = option(call, first); option != 0; option = option(call, ++first)) {
            options |= option;
        }
        int words = call.count() - first;
        if (words == 0 || (words & 1) != 0) {
            call.reply().error(Errors.SYNTAX);
        } else if ((options & NX) != 0 && (options & XX) != 0) {
            call.reply().error(XX_AND_NX);
        } else if (Integer.bitCount(options & (GT | LT | NX)) > 1) {
            call.reply().error(GT_LT_NX);
        } else if ((options & INCR) != 0 && words > 2) {
            call.reply().error(ONE_INCR);
        } else if (ManyArguments.are(call)) {
            add(call, options, first, 2, NUMBERS);
        } else {
            add(call, options, first);
        }
    }

    /** What scores are made of. */
    public interface Scores {
        /** Why some arguments are no score, in Redis's words; null if they are. */
        @Nullable
        String wrong(CommandCall call, int argument);

        /** The score that they are. */
        double of(CommandCall call, int argument);
    }

    private static final Scores NUMBERS = new Scores() {
        @Override
        public @Nullable String wrong(CommandCall call, int argument) {
            return Double.isNaN(Floats.parse(call, argument)) ? Errors.NOT_FLOAT : null;
        }

        @Override
        public double of(CommandCall call, int argument) {
            return Floats.parse(call, argument);
        }
    };

    /**
     * Adds members, none if something is wrong with a score; answers how many, or why not.
     *
     * @param first the first argument of a score
     * @param step from one to the next; the last ones of as many are members
     */
    public static void add(CommandCall call, int options, int first, int step, Scores scores) {
        InTurns.run(call, 1, new LongSortedSets.Add(options, first, step, scores));
    }

    /** Adds a member; how many that counts for. */
    static int addCounted(SortedSets set, int options, double given, long address, int length) {
        int done = add(set, options, given, address, length);
        return done == ADDED || done == UPDATED && (options & CH) != 0 ? 1 : 0;
    }

    private static int option(CommandCall call, int i) {
        if (i >= call.count()) {
            return 0;
        }
        return switch (call.length(i)) {
            case 2 -> call.is(i, "nx")
                    ? NX
                    : call.is(i, "xx")
                            ? XX
                            : call.is(i, "gt") ? GT : call.is(i, "lt") ? LT : call.is(i, "ch") ? CH : 0;
            case 4 -> call.is(i, "incr") ? INCR : 0;
            default -> 0;
        };
    }

    public static void zincrby(CommandCall call) {
        add(call, INCR, 2);
    }

    private static void add(CommandCall call, int options, int first) {
        for (int i = first; i < call.count(); i += 2) {
            if (Double.isNaN(Floats.parse(call, i))) {
                call.reply().error(Errors.NOT_FLOAT);
                return;
            }
        }
        SortedSets set = set(call, false);
        if (set == null) {
            return;
        }
        int added = 0;
        int updated = 0;
        int done = NOTHING;
        for (int i = first; i < call.count(); i += 2) {
            done = add(set, options, Floats.parse(call, i), call.address(i + 1), call.length(i + 1));
            if (done == NAN) {
                call.reply().error(NOT_A_NUMBER);
                return;
            }
            added += done == ADDED ? 1 : 0;
            updated += done == UPDATED ? 1 : 0;
        }
        if ((options & INCR) == 0) {
            call.reply().integer((options & CH) != 0 ? added + updated : added);
        } else if (done == NOTHING) {
            call.reply().nullValue();
        } else if (done == ADDED) {
            // As it was given: a small set keeps no sign of zero.
            call.reply().doubleValue(Floats.parse(call, first));
        } else {
            set.find(call.address(first + 1), call.length(first + 1));
            call.reply().doubleValue(set.score());
        }
    }

    static int add(SortedSets set, int options, double given, long address, int length) {
        if (!set.find(address, length)) {
            if ((options & XX) != 0) {
                return NOTHING;
            }
            set.add(given, address, length);
            return ADDED;
        }
        if ((options & NX) != 0) {
            return NOTHING;
        }
        double old = set.score();
        double score = (options & INCR) != 0 ? old + given : given;
        if (Double.isNaN(score)) {
            return NAN;
        }
        if ((options & LT) != 0 && score >= old || (options & GT) != 0 && score <= old) {
            return NOTHING;
        }
        if (score == old) {
            return SAME;
        }
        set.rescore(score, address, length);
        return UPDATED;
    }

    public static void zrem(CommandCall call) {
        SortedSets set = set(call, false);
        if (set == null) {
            return;
        }
        if (ManyArguments.are(call)) {
            ManyArguments.each(call, its -> set(its, false), 2, 1, SortedSetCommands::remove,
                    (its, removed) -> its.reply().integer(removed));
            return;
        }
        int removed = 0;
        for (int i = 2; i < call.count(); i++) {
            removed += remove(call, i);
        }
        call.reply().integer(removed);
    }

    /** Removes a member from the set that is open; how many were removed. */
    private static int remove(CommandCall call, int member) {
        SortedSets set = call.shard().sortedSets();
        boolean there = set.find(call.address(member), call.length(member));
        if (there) {
            set.removeFound();
        }
        return there ? 1 : 0;
    }

    public static void zcard(CommandCall call) {
        SortedSets set = set(call, true);
        if (set != null) {
            call.reply().integer(set.count());
        }
    }

    public static void zscore(CommandCall call) {
        SortedSets set = set(call, true);
        if (set != null) {
            score(call, set, 2);
        }
    }

    public static void zmscore(CommandCall call) {
        SortedSets set = set(call, true);
        if (set == null) {
            return;
        }
        if (ManyArguments.are(call)) {
            ManyArguments.answerEach(call, its -> set(its, true), 2, (its, i) -> {
                score(its, its.shard().sortedSets(), i);
                return 1;
            });
            return;
        }
        call.reply().arrayHeader(call.count() - 2);
        for (int i = 2; i < call.count(); i++) {
            score(call, set, i);
        }
    }

    private static void score(CommandCall call, SortedSets set, int member) {
        if (set.find(call.address(member), call.length(member))) {
            call.reply().doubleValue(set.score());
        } else {
            call.reply().nullValue();
        }
    }

    public static void zrank(CommandCall call) {
        rank(call, false, "ERR wrong number of arguments for 'zrank' command");
    }

    public static void zrevrank(CommandCall call) {
        rank(call, true, "ERR wrong number of arguments for 'zrevrank' command");
    }

    private static void rank(CommandCall call, boolean reverse, String tooMany) {
        boolean scores = call.count() == 4;
        if (call.count() > 4) {
            call.reply().error(tooMany);
            return;
        }
        if (scores && !call.is(3, "withscore")) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        SortedSets set = set(call, true);
        if (set == null) {
            return;
        }
        if (!set.find(call.address(2), call.length(2))) {
            if (scores) {
                call.reply().nullArray();
            } else {
                call.reply().nullValue();
            }
            return;
        }
        long rank = set.rank();
        if (scores) {
            call.reply().arrayHeader(2);
        }
        call.reply().integer(reverse ? set.count() - 1 - rank : rank);
        if (scores) {
            call.reply().doubleValue(set.score());
        }
    }

    public static void zpopmin(CommandCall call) {
        pop(call, false);
    }

    public static void zpopmax(CommandCall call) {
        pop(call, true);
    }

    private static void pop(CommandCall call, boolean highest) {
        boolean counts = call.count() > 2;
        if (call.count() > 3) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        if (counts && (!call.isInteger(2) || call.integer() < 0)) {
            call.reply().error(NOT_POSITIVE);
            return;
        }
        long asked = counts ? call.integer() : 1;
        SortedSets set = set(call, false);
        if (set == null) {
            return;
        }
        long count = set.count();
        long popped = Math.min(asked, count);
        boolean nested = counts && call.reply().resp3();
        if (popped <= ListCommands.FEW) {
            call.reply().arrayHeader((int) (nested ? popped : 2 * popped));
            if (popped > 0) {
                set.seek(highest ? count - 1 : 0);
                SortedSetRanges.answer(call.reply(), set, popped, highest, true, nested);
                set.removeRange(highest ? count - popped : 0, popped);
            }
        } else {
            InTurns.run(call, 1, new LongSortedSets.Pop(1, false, highest, nested, count, popped));
        }
    }

    public static void zrandmember(CommandCall call) {
        if (call.count() == 2) {
            SortedSets set = set(call, true);
            if (set == null) {
                return;
            }
            if (set.count() == 0) {
                call.reply().nullValue();
            } else {
                set.seek(random(call).nextLong(set.count()));
                member(call.reply(), set);
            }
            return;
        }
        long asked = Drawing.count(call, 2);
        boolean scores = call.count() > 3;
        if (asked == Drawing.REFUSED) {
            return;
        }
        if (call.count() > 4 || scores && !call.is(3, "withscores")) {
            call.reply().error(Errors.SYNTAX);
        } else if (asked < -Drawing.MOST || scores && asked > Long.MAX_VALUE / 2) {
            call.reply().error(Drawing.OUT_OF_RANGE);
        } else {
            SortedSets set = set(call, true);
            if (set != null) {
                randomMembers(call, set, asked, scores);
            }
        }
    }

    private static RandomGenerator random(CommandCall call) {
        return call.shard().shard().environment().random();
    }

    /** @param asked negative if a member may be answered twice */
    private static void randomMembers(CommandCall call, SortedSets set, long asked, boolean scores) {
        ReplyWriter reply = call.reply();
        long count = set.count();
        int answers = count == 0 ? 0 : (int) (asked < 0 ? -asked : Math.min(asked, count));
        boolean nested = scores && reply.resp3();
        if (answers == 0) {
            reply.arrayHeader(0);
        } else if (asked < 0) {
            InTurns.run(call, 1, new LongSortedSets.Again(answers, scores, nested));
        } else if (answers == count) {
            SortedSetRanges.answerRange(call, set, count - 1, count, true, scores);
        } else {
            InTurns.run(call, 1, new LongSortedSets.Some(answers, scores, nested, answers <= count / 8));
        }
    }

    public static void zscan(CommandCall call) {
        ScanArguments scan = ScanArguments.read(call);
        if (scan == null) {
            return;
        }
        SortedSets set = set(call, true);
        if (set == null) {
            return;
        }
        long count = set.count();
        if (count == 0) {
            scan.answerCursor(0);
            call.reply().arrayHeader(0);
            return;
        }
        if (!scan.readOptions(false)) {
            return;
        }
        long next = set.scan(scan.cursor(), scan.wanted());
        // How many there are stands before them.
        int found = 0;
        while (set.scanned()) {
            found += scan.matches(set.address(), set.length()) ? 1 : 0;
        }
        scan.answerCursor(next);
        call.reply().arrayHeader(2 * found);
        set.scannedAgain();
        while (set.scanned()) {
            if (scan.matches(set.address(), set.length())) {
                member(call.reply(), set);
                scannedScore(call.reply(), set);
            }
        }
    }

    /** In Redis a small set's whole scores are whole numbers, which shows here alone. */
    private static void scannedScore(ReplyWriter reply, SortedSets set) {
        double score = set.score();
        if (!set.isTree() && score == (long) score && Math.abs(score) <= 0x1p62) {
            reply.bulkInteger((long) score);
        } else {
            reply.bulkDouble(score);
        }
    }
}
