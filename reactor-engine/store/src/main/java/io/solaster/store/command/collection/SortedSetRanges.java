package io.solaster.store.command.collection;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.command.collection.RangeArguments.By;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.InTurns;
import org.jspecify.annotations.Nullable;

/** Commands on ranges of sorted sets. */
public final class SortedSetRanges {
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

    private static void range(CommandCall call, @Nullable By fixed, boolean fixedReverse) {
        RangeArguments range = RangeArguments.read(call, 2, fixed, fixedReverse, false);
        if (range.error() != null) {
            call.reply().error(range.error());
            return;
        }
        SortedSets set = SortedSetCommands.set(call, true);
        if (set != null) {
            range.find(call, set);
            answerRange(call, set, range.rank(), range.count(), range.reverse(), range.scores());
        }
    }

    private static boolean isInteger(CommandCall call, int argument) {
        if (!call.isInteger(argument)) {
            call.reply().error(Errors.NOT_INTEGER);
            return false;
        }
        return true;
    }

    /** Answers so many members from a rank on; leaves off where they are many. */
    static void answerRange(CommandCall call, SortedSets set, long rank, long count, boolean reverse,
            boolean scores) {
        ReplyWriter reply = call.reply();
        if (count <= 0) {
            reply.arrayHeader(0);
            return;
        }
        boolean nested = scores && reply.resp3();
        long answered = call.leftAt();
        if (answered == 0) {
            reply.arrayHeader((int) (scores && !nested ? 2 * count : count));
        }
        set.seek(reverse ? rank - answered : rank + answered);
        while (true) {
            answerOne(reply, set, scores, nested);
            if (++answered == count) {
                return;
            }
            if (call.isToLeaveOff()) {
                call.goOn(answered);
                return;
            }
            if (reverse) {
                set.previous();
            } else {
                set.next();
            }
        }
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
        String wrong = RangeArguments.wrongBounds(call, by, 2, 3);
        if (wrong != null) {
            call.reply().error(wrong);
            return;
        }
        SortedSets set = SortedSetCommands.set(call, true);
        if (set != null) {
            long from = RangeArguments.before(call, set, by, 2, false);
            call.reply().integer(Math.max(0, RangeArguments.before(call, set, by, 3, true) - from));
        }
    }

    public static void zremrangebyscore(CommandCall call) {
        remove(call, By.SCORE);
    }

    public static void zremrangebylex(CommandCall call) {
        remove(call, By.LEX);
    }

    private static void remove(CommandCall call, By by) {
        String wrong = RangeArguments.wrongBounds(call, by, 2, 3);
        if (wrong != null) {
            call.reply().error(wrong);
            return;
        }
        SortedSets set = SortedSetCommands.set(call, false);
        if (set != null) {
            long from = RangeArguments.before(call, set, by, 2, false);
            remove(call, set, from, RangeArguments.before(call, set, by, 3, true) - from);
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
            long first = RangeArguments.first(start, count);
            long last = Math.min(count - 1, stop < 0 ? count + stop : stop);
            remove(call, set, first, last - first + 1);
        }
    }

    private static void remove(CommandCall call, SortedSets set, long rank, long count) {
        if (count > LongSortedSets.REMOVED) {
            InTurns.run(call, 1, new LongSortedSets.Remove(rank, count));
            return;
        }
        if (count > 0) {
            set.removeRange(rank, count);
        }
        call.reply().integer(Math.max(0, count));
    }
}
