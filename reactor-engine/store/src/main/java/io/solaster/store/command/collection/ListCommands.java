package io.solaster.store.command.collection;

import java.util.Arrays;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Lists;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.type.Packed;
import org.jspecify.annotations.Nullable;

/** Commands on lists. */
public final class ListCommands {
    private static final String NOT_POSITIVE = "ERR value is out of range, must be positive";
    private static final String OUT_OF_RANGE = "ERR index out of range";
    private static final String LPOP_ARGUMENTS = "ERR wrong number of arguments for 'lpop' command";
    private static final String RPOP_ARGUMENTS = "ERR wrong number of arguments for 'rpop' command";
    private static final String NO_RANK_ZERO = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the"
            + " second ... or use negative to start from the end of the list";
    private static final String NEGATIVE_COUNT = "ERR COUNT can't be negative";
    private static final String NEGATIVE_MAXLEN = "ERR MAXLEN can't be negative";

    private ListCommands() {}

    /** The list of the first key, opened; null if the key is something else, and then that is answered. */
    private static @Nullable Lists list(CommandCall call, boolean reads) {
        long entry = reads ? call.read(1) : call.find(1);
        if (call.isWrongType(entry, Keyspace.TYPE_LIST)) {
            return null;
        }
        Lists lists = call.shard().lists();
        lists.open(call.address(1), call.length(1), entry);
        return lists;
    }

    public static void lpush(CommandCall call) {
        push(call, true, false);
    }

    public static void rpush(CommandCall call) {
        push(call, false, false);
    }

    public static void lpushx(CommandCall call) {
        push(call, true, true);
    }

    public static void rpushx(CommandCall call) {
        push(call, false, true);
    }

    private static void push(CommandCall call, boolean first, boolean onlyIfThere) {
        Lists list = list(call, false);
        if (list == null) {
            return;
        }
        long count = list.count();
        if (count == 0 && onlyIfThere) {
            call.reply().integer(0);
            return;
        }
        for (int i = 2; i < call.count(); i++) {
            list.push(first, call.address(i), call.length(i));
        }
        call.reply().integer(count + call.count() - 2);
    }

    public static void lpop(CommandCall call) {
        pop(call, true);
    }

    public static void rpop(CommandCall call) {
        pop(call, false);
    }

    private static void pop(CommandCall call, boolean first) {
        boolean counts = call.count() > 2;
        if (call.count() > 3) {
            call.reply().error(first ? LPOP_ARGUMENTS : RPOP_ARGUMENTS);
            return;
        }
        if (counts && (!call.isInteger(2) || call.integer() < 0)) {
            call.reply().error(NOT_POSITIVE);
            return;
        }
        long asked = counts ? call.integer() : 1;
        Lists list = list(call, false);
        if (list == null) {
            return;
        }
        long count = list.count();
        if (count == 0) {
            if (counts) {
                call.reply().nullArray();
            } else {
                call.reply().nullValue();
            }
            return;
        }
        int popped = (int) Math.min(asked, count);
        if (counts) {
            call.reply().arrayHeader(popped);
        }
        if (popped > 0) {
            list.seek(first ? 0 : count - 1);
            elements(call.reply(), list, popped, !first);
            list.drop(first, popped);
        }
    }

    /** Answers so many elements from the one that was found. */
    static void elements(ReplyWriter reply, Lists list, long count, boolean backwards) {
        for (long left = count; left > 0; left--) {
            element(reply, list.element());
            if (backwards) {
                list.previous();
            } else {
                list.next();
            }
        }
    }

    /** Answers an element of something packed. */
    static void element(ReplyWriter reply, long element) {
        if (Packed.isNumber(element)) {
            reply.bulkInteger(Packed.number(element));
        } else {
            reply.bulk(Packed.address(element), Packed.length(element));
        }
    }

    public static void llen(CommandCall call) {
        Lists list = list(call, true);
        if (list != null) {
            call.reply().integer(list.count());
        }
    }

    public static void lindex(CommandCall call) {
        Lists list = list(call, true);
        if (list == null) {
            return;
        }
        long count = list.count();
        if (count == 0) {
            call.reply().nullValue();
            return;
        }
        if (!isInteger(call, 2)) {
            return;
        }
        long index = call.integer() < 0 ? count + call.integer() : call.integer();
        if (index < 0 || index >= count) {
            call.reply().nullValue();
        } else {
            list.seek(index);
            element(call.reply(), list.element());
        }
    }

    /** Whether an argument is a whole number; if not, that is answered. */
    private static boolean isInteger(CommandCall call, int argument) {
        if (!call.isInteger(argument)) {
            call.reply().error(Errors.NOT_INTEGER);
            return false;
        }
        return true;
    }

    public static void lset(CommandCall call) {
        Lists list = list(call, false);
        if (list == null) {
            return;
        }
        long count = list.count();
        if (count == 0) {
            call.reply().error(Errors.NO_SUCH_KEY);
            return;
        }
        if (!isInteger(call, 2)) {
            return;
        }
        long index = call.integer() < 0 ? count + call.integer() : call.integer();
        if (index < 0 || index >= count) {
            call.reply().error(OUT_OF_RANGE);
        } else {
            list.set(index, call.address(3), call.length(3));
            call.reply().ok();
        }
    }

    public static void linsert(CommandCall call) {
        boolean before = call.is(2, "before");
        if (!before && !call.is(2, "after")) {
            call.reply().error(Errors.SYNTAX);
            return;
        }
        Lists list = list(call, false);
        if (list == null) {
            return;
        }
        long count = list.count();
        if (count == 0) {
            call.reply().integer(0);
            return;
        }
        list.seek(0);
        long index = 0;
        while (list.element() != 0 && !Packed.equal(list.element(), call.address(3), call.length(3))) {
            list.next();
            index++;
        }
        if (list.element() == 0) {
            call.reply().integer(-1);
        } else {
            list.insert(index, before, call.address(4), call.length(4));
            call.reply().integer(count + 1);
        }
    }

    public static void lrem(CommandCall call) {
        if (!isInteger(call, 2)) {
            return;
        }
        long most = call.integer();
        Lists list = list(call, false);
        if (list == null) {
            return;
        }
        if (list.count() == 0) {
            call.reply().integer(0);
            return;
        }
        call.reply().integer(list.removeEqual(most == 0 || most == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(most),
                most < 0, call.address(3), call.length(3)));
    }

    public static void ltrim(CommandCall call) {
        if (!isInteger(call, 2)) {
            return;
        }
        long start = call.integer();
        if (!isInteger(call, 3)) {
            return;
        }
        long stop = call.integer();
        Lists list = list(call, false);
        if (list == null) {
            return;
        }
        long count = list.count();
        if (count > 0) {
            long first = Math.max(0, start < 0 ? count + start : start);
            long last = Math.min(count - 1, stop < 0 ? count + stop : stop);
            if (first > last) {
                list.remove();
            } else {
                list.drop(false, count - 1 - last);
                list.drop(true, first);
            }
        }
        call.reply().ok();
    }

    public static void lrange(CommandCall call) {
        if (!isInteger(call, 2)) {
            return;
        }
        long start = call.integer();
        if (!isInteger(call, 3)) {
            return;
        }
        long stop = call.integer();
        Lists list = list(call, true);
        if (list == null) {
            return;
        }
        long count = list.count();
        long first = Math.max(0, start < 0 ? count + start : start);
        long last = Math.min(count - 1, stop < 0 ? count + stop : stop);
        if (first > last) {
            call.reply().arrayHeader(0);
            return;
        }
        long answered = call.leftAt();
        if (answered == 0) {
            call.reply().arrayHeader((int) (last - first + 1));
        }
        list.seek(first + answered);
        while (list.element() != 0 && first + answered <= last) {
            element(call.reply(), list.element());
            answered++;
            if (first + answered <= last && call.isToLeaveOff()) {
                call.goOn(answered);
                return;
            }
            list.next();
        }
    }

    public static void lpos(CommandCall call) {
        long rank = 1;
        long most = -1;
        long longest = 0;
        for (int i = 3; i < call.count(); i += 2) {
            if (i + 1 == call.count()) {
                call.reply().error(Errors.SYNTAX);
                return;
            }
            if (call.is(i, "rank")) {
                if (!isInteger(call, i + 1)) {
                    return;
                }
                rank = call.integer();
                if (rank == 0) {
                    call.reply().error(NO_RANK_ZERO);
                    return;
                }
            } else if (call.is(i, "count")) {
                if (!call.isInteger(i + 1) || call.integer() < 0) {
                    call.reply().error(NEGATIVE_COUNT);
                    return;
                }
                most = call.integer();
            } else if (call.is(i, "maxlen")) {
                if (!call.isInteger(i + 1) || call.integer() < 0) {
                    call.reply().error(NEGATIVE_MAXLEN);
                    return;
                }
                longest = call.integer();
            } else {
                call.reply().error(Errors.SYNTAX);
                return;
            }
        }
        Lists list = list(call, true);
        if (list != null) {
            positions(call, list, rank, most, longest == 0 ? Long.MAX_VALUE : longest);
        }
    }

    /**
     * Answers where an element is.
     *
     * @param rank the how manieth to begin with; negative from the end
     * @param most how many; 0 for all, -1 for one that is answered without an array
     * @param longest so many elements are looked at
     */
    private static void positions(CommandCall call, Lists list, long rank, long most, long longest) {
        boolean backwards = rank < 0;
        // The least number of all has no counterpart; Redis then begins with the first.
        long passed = rank == Long.MIN_VALUE ? 0 : Math.abs(rank) - 1;
        long count = list.count();
        long asked = most < 0 ? 1 : most == 0 ? Long.MAX_VALUE : most;
        long[] found = new long[most < 0 ? 1 : 16];
        int founds = 0;
        if (count > 0) {
            list.seek(backwards ? count - 1 : 0);
            for (long i = 0; i < count && i < longest && founds < asked; i++) {
                if (Packed.equal(list.element(), call.address(2), call.length(2)) && --passed < 0) {
                    if (founds == found.length) {
                        found = Arrays.copyOf(found, 2 * founds);
                    }
                    found[founds++] = backwards ? count - 1 - i : i;
                }
                if (backwards) {
                    list.previous();
                } else {
                    list.next();
                }
            }
        }
        ReplyWriter reply = call.reply();
        if (most < 0) {
            if (founds == 0) {
                reply.nullValue();
            } else {
                reply.integer(found[0]);
            }
            return;
        }
        reply.arrayHeader(founds);
        for (int i = 0; i < founds; i++) {
            reply.integer(found[i]);
        }
    }
}
