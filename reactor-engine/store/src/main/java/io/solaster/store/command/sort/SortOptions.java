package io.solaster.store.command.sort;

import java.util.ArrayList;
import java.util.List;

import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.KeyPositions;
import org.jspecify.annotations.Nullable;

/** What stands behind the key of {@code SORT}. */
final class SortOptions {
    /** The key. */
    static final int SOURCE = 1;

    private final List<SortPattern> gets = new ArrayList<>();
    private @Nullable SortPattern by;
    private boolean descending;
    private boolean letters;
    private boolean unsorted;
    private boolean ofScript;
    private long start;
    private long most = -1;
    private int target;
    private @Nullable String error;

    private SortOptions() {}

    /** @param stores whether the result may become a key's value */
    static SortOptions read(CommandCall call, boolean stores) {
        SortOptions options = new SortOptions();
        options.ofScript = call.isOfScript();
        options.error = options.look(call, stores);
        return options;
    }

    private @Nullable String look(CommandCall call, boolean stores) {
        for (int i = SOURCE + 1; i < call.count(); i++) {
            int behind = call.count() - i - 1;
            if (call.is(i, "asc")) {
                descending = false;
            } else if (call.is(i, "desc")) {
                descending = true;
            } else if (call.is(i, "alpha")) {
                letters = true;
            } else if (call.is(i, "limit") && behind >= 2) {
                if (!call.isInteger(i + 1)) {
                    return Errors.NOT_INTEGER;
                }
                start = call.integer();
                if (!call.isInteger(i + 2)) {
                    return Errors.NOT_INTEGER;
                }
                most = call.integer();
                i += 2;
            } else if (stores && call.is(i, "store") && behind >= 1) {
                target = ++i;
            } else if (call.is(i, "by") && behind >= 1) {
                SortPattern pattern = SortPattern.of(call.text(++i));
                by = pattern;
                unsorted |= !pattern.namesKeys();
            } else if (call.is(i, "get") && behind >= 1) {
                gets.add(SortPattern.of(call.text(++i)));
            } else {
                return Errors.SYNTAX;
            }
        }
        return null;
    }

    /** Finds the keys of a call: the one that is sorted, the one that is written, and any other if a pattern names some. */
    static void keys(CommandCall call, int from, int count, KeyPositions found, boolean stores) {
        found.add(from + SOURCE);
        found.toAll();
        int target = 0;
        for (int i = SOURCE + 1; i < count; i++) {
            int at = from + i;
            int behind = count - i - 1;
            if (call.is(at, "limit")) {
                i += 2;
            } else if (stores && behind >= 1 && call.is(at, "store")) {
                target = ++i;
            } else if (behind >= 1 && (call.is(at, "by") || call.is(at, "get"))) {
                i++;
                if (hasStar(call, from + i)) {
                    found.addAny();
                }
            }
        }
        if (target > 0) {
            found.add(from + target);
        }
    }

    private static boolean hasStar(CommandCall call, int argument) {
        return call.text(argument).indexOf('*') >= 0;
    }

    /** Why they are wrong, in Redis's words; null if they are not. */
    @Nullable
    String error() {
        return error;
    }

    boolean descending() {
        return descending;
    }

    /** Whether to compare bytes, and not numbers. */
    boolean letters(boolean set) {
        return letters || unsorted && !isUnsorted(set);
    }

    /** Whether elements stay in the order in which they are; those of a set have none, for who stores or calculates. */
    boolean isUnsorted(boolean set) {
        return unsorted && !(set && (target > 0 || ofScript));
    }

    /** What the elements are sorted by; null if by themselves. */
    @Nullable
    SortPattern by(boolean set) {
        return unsorted && !isUnsorted(set) || by == null || !by.namesKeys() ? null : by;
    }

    List<SortPattern> gets() {
        return gets;
    }

    /** Whether what is answered lies at keys that have to be looked up. */
    boolean getsKeys() {
        return gets.stream().anyMatch(SortPattern::namesKeys);
    }

    /** Which argument the key is that is written; 0 for none. */
    int target() {
        return target;
    }

    /** The first element that is answered. */
    long first(long count) {
        long first = Math.min(Math.max(start, 0), count);
        return first >= count ? Math.max(0, count - 1) : first;
    }

    /** How many are answered. */
    long answered(long count) {
        long first = Math.min(Math.max(start, 0), count);
        if (first >= count) {
            return 0;
        }
        return most < 0 ? count - first : Math.min(Math.min(most, count), count - first);
    }
}
