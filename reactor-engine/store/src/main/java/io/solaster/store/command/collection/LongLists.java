package io.solaster.store.command.collection;

import java.util.Arrays;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Lists;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.InTurns;
import io.solaster.store.type.Packed;

/** What commands do that walk through lists, which may be long: steps of a few nodes or elements each. */
final class LongLists {
    /** Nodes that are passed in a step on the way to an index, in some microseconds, and those whose elements are looked at. */
    private static final int PASSED = 64;
    private static final int SEARCHED = 4;
    private static final int NEAR = 1024;
    /** Elements that go in a step, in some microseconds at most. */
    static final int DROPPED = 256;
    /** Has the clock be looked at behind a step. */
    private static final int MANY = 1 << 16;

    private LongLists() {}

    /** The list of the first key, which was there before. */
    private static Lists open(CommandCall call, boolean writes) {
        long entry = writes ? call.find(1) : call.keyspace().peek(call.address(1), call.length(1), call.now());
        return open(call, 1, entry);
    }

    private static Lists open(CommandCall call, int key, long entry) {
        if (entry == 0 || call.keyspace().type(entry) != Keyspace.TYPE_LIST) {
            throw new IllegalStateException("the list has gone while it was used");
        }
        Lists list = call.shard().lists();
        list.open(call.address(key), call.length(key), entry);
        return list;
    }

    /** Whether an index is so near to an end that it is found at once, be there a node for each element. */
    static boolean isNear(Lists list, long index) {
        return Math.min(index, list.count() - index) <= NEAR;
    }

    /** Does something with the element at an index. */
    record Seek(long index, boolean writes, Lists.Place way, Found found) implements InTurns.Steps {
        interface Found {
            void at(CommandCall call, Lists list);
        }

        Seek(long index, boolean writes, Found found) {
            this(index, writes, new Lists.Place(), found);
        }

        @Override
        public boolean goOn(CommandCall call) {
            Lists list = open(call, writes);
            while (!list.seek(way, index, PASSED)) {
                if (call.isToPause(MANY)) {
                    return false;
                }
            }
            found.at(call, list);
            return true;
        }
    }

    /** {@code LINSERT}: looks for the pivot. */
    static final class Insert implements InTurns.Steps {
        private final boolean before;
        private final Lists.Place place = new Lists.Place();
        private boolean begun;
        private long index;

        Insert(boolean before) {
            this.before = before;
        }

        @Override
        public boolean goOn(CommandCall call) {
            Lists list = open(call, true);
            if (begun) {
                list.comeBack(place);
            } else {
                begun = true;
                list.seek(0);
            }
            boolean isLong = list.isLong();
            while (list.element() != 0 && !Packed.equal(list.element(), call.address(3), call.length(3))) {
                list.next();
                index++;
                if (isLong && call.isToPause(call.length(3))) {
                    list.leave(place);
                    return false;
                }
            }
            if (list.element() == 0) {
                call.reply().integer(-1);
            } else {
                long count = list.count();
                list.insert(index, before, call.address(4), call.length(4));
                call.reply().integer(count + 1);
            }
            return true;
        }
    }

    /** {@code LREM}: looks through all nodes, and removes what is equal. */
    static final class Remove implements InTurns.Steps {
        private final long most;
        private final boolean backwards;
        private final Lists.Place way = new Lists.Place();
        private long removed;

        Remove(long most, boolean backwards) {
            this.most = most;
            this.backwards = backwards;
        }

        @Override
        public boolean goOn(CommandCall call) {
            Lists list = open(call, true);
            while (!way.isOver() && removed < most) {
                removed += list.removeEqual(way, most - removed, backwards, call.address(3), call.length(3), SEARCHED);
                if (!way.isOver() && call.isToPause(MANY)) {
                    return false;
                }
            }
            call.reply().integer(removed);
            return true;
        }
    }

    /** {@code LTRIM}: drops elements at both ends, but not all. */
    static final class Trim implements InTurns.Steps {
        private long last;
        private long first;

        /**
         * @param first how many of the first elements go
         * @param last how many of the last ones
         */
        Trim(long first, long last) {
            this.first = first;
            this.last = last;
        }

        @Override
        public boolean goOn(CommandCall call) {
            Lists list = open(call, true);
            while (first + last > 0) {
                int some = (int) Math.min(DROPPED, last > 0 ? last : first);
                list.drop(last == 0, some);
                if (last > 0) {
                    last -= some;
                } else {
                    first -= some;
                }
                if (first + last > 0 && call.isToPause(MANY)) {
                    return false;
                }
            }
            call.reply().ok();
            return true;
        }
    }

    /** Answers elements of an end of a list, and drops them then. */
    static final class Pop implements InTurns.Steps {
        private final int key;
        private final boolean named;
        private final boolean first;
        private final long count;
        private final Lists.Place place = new Lists.Place();
        private long answered;
        private long dropped;

        /** @param named whether the key is answered before */
        Pop(int key, boolean named, boolean first, long count) {
            this.key = key;
            this.named = named;
            this.first = first;
            this.count = count;
        }

        @Override
        public boolean goOn(CommandCall call) {
            Lists list = open(call, key, call.find(key));
            if (answered < count && !answer(call, list)) {
                return false;
            }
            if (count == list.count()) {
                list.remove();
                return true;
            }
            while (dropped < count) {
                int some = (int) Math.min(DROPPED, count - dropped);
                list.drop(first, some);
                dropped += some;
                if (dropped < count && call.isToPause(MANY)) {
                    return false;
                }
            }
            return true;
        }

        private boolean answer(CommandCall call, Lists list) {
            if (answered == 0) {
                if (named) {
                    call.reply().arrayHeader(2);
                    call.reply().bulk(call.address(key), call.length(key));
                }
                call.reply().arrayHeader((int) count);
                list.seek(first ? 0 : list.count() - 1);
            } else {
                list.comeBack(place);
            }
            boolean isLong = list.isLong();
            while (answered < count) {
                ListCommands.element(call.reply(), list.element());
                int length = list.length();
                if (first) {
                    list.next();
                } else {
                    list.previous();
                }
                answered++;
                if (isLong && call.isToPause(length)) {
                    list.leave(place);
                    return false;
                }
            }
            return true;
        }
    }

    /** {@code LPOS}: where an element is. */
    static final class Positions implements InTurns.Steps {
        private final boolean backwards;
        private long passed;
        private final long most;
        private final long longest;
        private final long asked;
        private final Lists.Place place = new Lists.Place();
        private long[] found;
        private int founds;
        private long looked;

        /**
         * @param rank the how manieth to begin with; negative from the end
         * @param most how many; 0 for all, -1 for one that is answered without an array
         * @param longest so many elements are looked at
         */
        Positions(long rank, long most, long longest) {
            backwards = rank < 0;
            // The least number of all has no counterpart; Redis then begins with the first.
            passed = rank == Long.MIN_VALUE ? 0 : Math.abs(rank) - 1;
            this.most = most;
            this.longest = longest;
            asked = most < 0 ? 1 : most == 0 ? Long.MAX_VALUE : most;
            found = new long[most < 0 ? 1 : 16];
        }

        @Override
        public boolean goOn(CommandCall call) {
            Lists list = open(call, false);
            long count = list.count();
            if (looked == 0) {
                list.seek(backwards ? count - 1 : 0);
            } else {
                list.comeBack(place);
            }
            boolean isLong = list.isLong();
            while (looked < count && looked < longest && founds < asked) {
                if (Packed.equal(list.element(), call.address(2), call.length(2)) && --passed < 0) {
                    if (founds == found.length) {
                        found = Arrays.copyOf(found, 2 * founds);
                    }
                    found[founds++] = backwards ? count - 1 - looked : looked;
                }
                if (backwards) {
                    list.previous();
                } else {
                    list.next();
                }
                looked++;
                if (isLong && call.isToPause(call.length(2))) {
                    list.leave(place);
                    return false;
                }
            }
            answer(call.reply());
            return true;
        }

        private void answer(ReplyWriter reply) {
            if (most >= 0) {
                reply.arrayHeader(founds);
                for (int i = 0; i < founds; i++) {
                    reply.integer(found[i]);
                }
            } else if (founds == 0) {
                reply.nullValue();
            } else {
                reply.integer(found[0]);
            }
        }
    }
}
