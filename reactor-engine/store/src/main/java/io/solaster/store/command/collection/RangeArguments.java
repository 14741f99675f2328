package io.solaster.store.command.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The arguments that name a range of a sorted set: by rank, by score or by members. A range by scores or by members is one of
 * ranks: how many members are before its first one, and up to its last one.
 */
public final class RangeArguments {
    private static final String NOT_FLOATS = "ERR min or max is not a float";
    private static final String NOT_STRINGS = "ERR min or max not valid string range item";
    private static final String LIMIT_BY_RANK = "ERR syntax error, LIMIT is only supported in combination with either"
            + " BYSCORE or BYLEX";
    private static final String SCORES_BY_LEX = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";

    /** What the bounds of a range are. */
    public enum By {
        RANK, SCORE, LEX
    }

    private final int from;
    private By by = By.RANK;
    private boolean reverse;
    private boolean scores;
    private long offset;
    private long limit = -1;
    private long start;
    private long stop;
    private @Nullable String error;

    private long rank;
    private long count;

    private RangeArguments(int from) {
        this.from = from;
    }

    /**
     * Reads them.
     *
     * @param from the argument that is the first bound
     * @param fixed null if options may say what the bounds are, and whether the last come first
     * @param stores whether the range is stored rather than answered
     */
    public static RangeArguments read(CommandCall call, int from, @Nullable By fixed, boolean fixedReverse,
            boolean stores) {
        RangeArguments range = new RangeArguments(from);
        range.error = range.options(call, fixed, fixedReverse, stores);
        if (range.error == null) {
            range.error = range.by == By.RANK
                    ? range.ranks(call)
                    : wrongBounds(call, range.by, range.low(), range.high());
        }
        return range;
    }

    private @Nullable String options(CommandCall call, @Nullable By fixed, boolean fixedReverse, boolean stores) {
        @Nullable
        By chosen = fixed;
        reverse = fixedReverse;
        for (int i = from + 2; i < call.count(); i++) {
            if (!stores && call.is(i, "withscores")) {
                scores = true;
            } else if (call.is(i, "limit") && i + 2 < call.count()) {
                if (!call.isInteger(i + 1)) {
                    return Errors.NOT_INTEGER;
                }
                offset = call.integer();
                if (!call.isInteger(i + 2)) {
                    return Errors.NOT_INTEGER;
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
                return Errors.SYNTAX;
            }
        }
        by = chosen == null ? By.RANK : chosen;
        if (limit != -1 && by == By.RANK) {
            return LIMIT_BY_RANK;
        }
        return scores && by == By.LEX ? SCORES_BY_LEX : null;
    }

    private @Nullable String ranks(CommandCall call) {
        if (!call.isInteger(from)) {
            return Errors.NOT_INTEGER;
        }
        start = call.integer();
        if (!call.isInteger(from + 1)) {
            return Errors.NOT_INTEGER;
        }
        stop = call.integer();
        return null;
    }

    private int low() {
        return reverse ? from + 1 : from;
    }

    private int high() {
        return reverse ? from : from + 1;
    }

    /** Why they name no range, in Redis's words; null if they do. */
    public @Nullable String error() {
        return error;
    }

    /** Whether the last member comes first. */
    public boolean reverse() {
        return reverse;
    }

    /** Whether scores are answered, too. */
    public boolean scores() {
        return scores;
    }

    /** Finds the range in a set, which is open: {@link #rank} and {@link #count} say where it is. */
    public void find(CommandCall call, SortedSets set) {
        if (by == By.RANK) {
            long members = set.count();
            long first = first(start, members);
            long last = Math.min(members - 1, stop < 0 ? members + stop : stop);
            rank = reverse ? members - 1 - first : first;
            count = Math.max(0, last - first + 1);
            return;
        }
        long before = before(call, set, by, low(), false);
        // None where the bounds stand the wrong way round; less than none would overflow with a large offset.
        long members = Math.max(0, before(call, set, by, high(), true) - before);
        long left = offset < 0 ? 0 : members - offset;
        count = Math.max(0, limit < 0 ? left : Math.min(left, limit));
        rank = reverse ? before + members - 1 - offset : before + offset;
    }

    /** The rank of the member that comes first. */
    public long rank() {
        return rank;
    }

    /** How many members there are. */
    public long count() {
        return count;
    }

    /** The rank that a range begins with, or how many members there are if it lies behind them: more would overflow. */
    static long first(long start, long count) {
        return Math.min(count, Math.max(0, start < 0 ? count + start : start));
    }

    /** Why two arguments are no bounds; null if they are. */
    static @Nullable String wrongBounds(CommandCall call, By by, int low, int high) {
        if (by == By.SCORE) {
            return Double.isNaN(bound(call, low)) || Double.isNaN(bound(call, high)) ? NOT_FLOATS : null;
        }
        return isLexBound(call, low) && isLexBound(call, high) ? null : NOT_STRINGS;
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
    static long before(CommandCall call, SortedSets set, By by, int argument, boolean upTo) {
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
}
