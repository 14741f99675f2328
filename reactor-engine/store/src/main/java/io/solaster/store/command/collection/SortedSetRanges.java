package io.solaster.store.command.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Commands on ranges of sorted sets. A range by scores or by members is one of ranks: how many members are before its first
 * one, and up to its last one.
 */
public final class SortedSetRanges {
    private static final String NOT_FLOATS = "ERR min or max is not a float";
    private static final String NOT_STRINGS = "ERR min or max not valid string range item";
    private static final String LIMIT_BY_RANK = "ERR syntax error, LIMIT is only supported in combination with either"
            + " BYSCORE or BYLEX";
    private static final String SCORES_BY_LEX = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";

    /** What the bounds of a range are. */
    private enum By {
        RANK, SCORE, LEX
    }

    private SortedSetRanges() {}

    public static void zrange(CommandCall call) {
        range(call, null, false);
    }

    public static void zrevrange(CommandCall call) {
        range(call, By.RANK, true);
    }

    public static void zrangebyscore(CommandCall call) {
        range(call, By.SCORE, false);
    }

    public static void zrevrangebyscore(CommandCall call) {
        range(call, By.SCORE, true);
    }

    public static void zrangebylex(CommandCall call) {
        range(call, By.LEX, false);
    }

    public static void zrevrangebylex(CommandCall call) {
        range(call, By.LEX, true);
    }

    /** @param fixed null if options may say what the bounds are, and whether the last come first */
    private static void range(CommandCall call, @Nullable By fixed, boolean fixedReverse) {
        @Nullable
        By chosen = fixed;
        boolean reverse = fixedReverse;
        boolean scores = false;
        long offset = 0;
        long limit = -1;
        for (int i = 4; i < call.count(); i++) {
            if (call.is(i, "withscores")) {
                scores = true;
            } else if (call.is(i, "limit") && i + 2 < call.count()) {
                if (!isInteger(call, i + 1)) {
                    return;
                }
                offset = call.integer();
                if (!isInteger(call, i + 2)) {
                    return;
                }
                limit = call.integer();
                i += 2;
            } else if (fixed == null && !reverse && call.is(i, "rev")) {
                reverse = true;
            } else if (chosen == null && call.is(i, "bylex")) {
                chosen = By.LEX;
            } else if (chosen == null && call.is(i, "byscore")) {
                chosen = By.SCORE;
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        By by = chosen == null ? By.RANK : chosen;
        if (limit != -1 && by == By.RANK) {
            call.reply().error(LIMIT_BY_RANK);
        } else if (scores && by == By.LEX) {
            call.reply().error(SCORES_BY_LEX);
        } else if (by == By.RANK) {
            byRank(call, reverse, scores);
        } else {
            byBounds(call, by, reverse, scores, offset, limit);
        }
    }

    private static boolean isInteger(CommandCall call, int argument) {
        if (!call.isInteger(argument)) {
            call.reply().error(Errors.NOT_INTEGER);
            return false;
        }
        return true;
    }

    private static void byRank(CommandCall call, boolean reverse, boolean scores) {
        if (!isInteger(call, 2)) {
            return;
        }
        long start = call.integer();
        if (!isInteger(call, 3)) {
            return;
        }
        long stop = call.integer();
        SortedSets set = SortedSetCommands.set(call, true);
        if (set == null) {
            return;
        }
        long count = set.count();
        long first = first(start, count);
        long last = Math.min(count - 1, stop < 0 ? count + stop : stop);
        answerRange(call.reply(), set, reverse ? count - 1 - first : first, last - first + 1, reverse, scores);
    }

    /** The rank that a range begins with, or how many members there are if it lies behind them: more would overflow. */
    private static long first(long start, long count) {
        return Math.min(count, Math.max(0, start < 0 ? count + start : start));
    }

    private static void byBounds(CommandCall call, By by, boolean reverse, boolean scores, long offset, long limit) {
        int low = reverse ? 3 : 2;
        int high = reverse ? 2 : 3;
        if (!areBounds(call, by, low, high)) {
            return;
        }
        SortedSets set = SortedSetCommands.set(call, true);
        if (set == null) {
            return;
        }
        long from = before(call, set, by, low, false);
        // None where the bounds stand the wrong way round; less than none would overflow with a large offset.
        long count = Math.max(0, before(call, set, by, high, true) - from);
        long left = offset < 0 ? 0 : count - offset;
        long answers = limit < 0 ? left : Math.min(left, limit);
        answerRange(call.reply(), set, reverse ? from + count - 1 - offset : from + offset, answers, reverse, scores);
    }

    /** Whether both arguments are bounds; if not, that is answered. */
    private static boolean areBounds(CommandCall call, By by, int low, int high) {
        boolean are = by == By.SCORE
                ? !Double.isNaN(bound(call, low)) && !Double.isNaN(bound(call, high))
                : isLexBound(call, low) && isLexBound(call, high);
        if (!are) {
            call.reply().error(by == By.SCORE ? NOT_FLOATS : NOT_STRINGS);
        }
        return are;
    }

    private static double bound(CommandCall call, int argument) {
        return Floats.bound(call, argument, Floats.isExclusive(call, argument));
    }

    private static boolean isLexBound(CommandCall call, int argument) {
        int length = call.length(argument);
        return switch (length == 0 ? 0 : Memory.getByte(call.address(argument))) {
            case '-', '+' -> length == 1;
            case '(', '[' -> true;
            default -> false;
        };
    }

    /** How many members are before the first in a range, or up to its last one. */
    private static long before(CommandCall call, SortedSets set, By by, int argument, boolean upTo) {
        if (by == By.SCORE) {
            return set.below(bound(call, argument), Floats.isExclusive(call, argument) != upTo);
        }
        long address = call.address(argument);
        return switch (Memory.getByte(address)) {
            case '-' -> 0;
            case '+' -> set.count();
            case '(' -> set.below(address + 1, call.length(argument) - 1, !upTo);
            default -> set.below(address + 1, call.length(argument) - 1, upTo);
        };
    }

    private static void answerRange(ReplyWriter reply, SortedSets set, long rank, long count, boolean reverse,
            boolean scores) {
        if (count <= 0) {
            reply.arrayHeader(0);
            return;
        }
        boolean nested = scores && reply.resp3();
        reply.arrayHeader((int) (scores && !nested ? 2 * count : count));
        set.seek(rank);
        answer(reply, set, count, reverse, scores, nested);
    }

    /** Answers so many members from the one that was found. */
    static void answer(ReplyWriter reply, SortedSets set, long count, boolean reverse, boolean scores, boolean nested) {
        for (long left = count; left > 0; left--) {
            answerOne(reply, set, scores, nested);
            if (left > 1) {
                if (reverse) {
                    set.previous();
                } else {
                    set.next();
                }
            }
        }
    }

    /** Answers the member that was found, with its score if asked to: as an array of both or one behind the other. */
    static void answerOne(ReplyWriter reply, SortedSets set, boolean scores, boolean nested) {
        if (nested) {
            reply.arrayHeader(2);
        }
        SortedSetCommands.member(reply, set);
        if (scores) {
            reply.doubleValue(set.score());
        }
    }

    public static void zcount(CommandCall call) {
        count(call, By.SCORE);
    }

    public static void zlexcount(CommandCall call) {
        count(call, By.LEX);
    }

    private static void count(CommandCall call, By by) {
        if (!areBounds(call, by, 2, 3)) {
            return;
        }
        SortedSets set = SortedSetCommands.set(call, true);
        if (set != null) {
            long from = before(call, set, by, 2, false);
            call.reply().integer(Math.max(0, before(call, set, by, 3, true) - from));
        }
    }

    public static void zremrangebyscore(CommandCall call) {
        remove(call, By.SCORE);
    }

    public static void zremrangebylex(CommandCall call) {
        remove(call, By.LEX);
    }

    private static void remove(CommandCall call, By by) {
        if (!areBounds(call, by, 2, 3)) {
            return;
        }
        SortedSets set = SortedSetCommands.set(call, false);
        if (set != null) {
            long from = before(call, set, by, 2, false);
            remove(call, set, from, before(call, set, by, 3, true) - from);
        }
    }

    public static void zremrangebyrank(CommandCall call) {
        if (!isInteger(call, 2)) {
            return;
        }
        long start = call.integer();
        if (!isInteger(call, 3)) {
            return;
        }
        long stop = call.integer();
        SortedSets set = SortedSetCommands.set(call, false);
        if (set != null) {
            long count = set.count();
            long first = first(start, count);
            long last = Math.min(count - 1, stop < 0 ? count + stop : stop);
            remove(call, set, first, last - first + 1);
        }
    }

    private static void remove(CommandCall call, SortedSets set, long rank, long count) {
        if (count > 0) {
            set.removeRange(rank, count);
        }
        call.reply().integer(Math.max(0, count));
    }
}
