package io.solaster.store.command.collection;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Lists;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.Errors;
import io.solaster.store.shard.InTurns;
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

    /** So many elements are popped at once. */
    static final int FEW = 64;

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
        if (ManyArguments.are(call)) {
            ManyArguments.each(call, its -> list(its, false), 2, 1, (its, i) -> {
                its.shard().lists().push(first, its.address(i), its.length(i));
                return 1;
            }, (its, pushed) -> its.reply().integer(count + pushed));
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
        long popped = Math.min(asked, count);
        if (popped > FEW) {
            InTurns.run(call, 1, new LongLists.Pop(1, false, first, popped));
            return;
        }
        if (counts) {
            call.reply().arrayHeader((int) popped);
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
        } else if (LongLists.isNear(list, index)) {
            list.seek(index);
            element(call.reply(), list.element());
        } else {
            InTurns.run(call, 1,
                    new LongLists.Seek(index, false, (its, found) -> element(its.reply(), found.element())));
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
        } else if (LongLists.isNear(list, index)) {
            list.set(index, call.address(3), call.length(3));
            call.reply().ok();
        } else {
            InTurns.run(call, 1, new LongLists.Seek(index, true, (its, found) -> {
                found.setFound(index, its.address(3), its.length(3));
                its.reply().ok();
            }));
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
        if (list.count() == 0) {
            call.reply().integer(0);
            return;
        }
        InTurns.run(call, 1, new LongLists.Insert(before));
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
        InTurns.run(call, 1, new LongLists.Remove(
                most == 0 || most == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(most), most < 0));
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
            } else if (first + (count - 1 - last) > LongLists.DROPPED) {
                InTurns.run(call, 1, new LongLists.Trim(first, count - 1 - last));
                return;
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
        if (list == null) {
            return;
        }
        if (list.count() > 0) {
            InTurns.run(call, 1, new LongLists.Positions(rank, most, longest == 0 ? Long.MAX_VALUE : longest));
        } else if (most < 0) {
            call.reply().nullValue();
        } else {
            call.reply().arrayHeader(0);
        }
    }
}
