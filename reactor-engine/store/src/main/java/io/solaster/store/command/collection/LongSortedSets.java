package io.solaster.store.command.collection;

import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.InTurns;

/** What commands do with very many members of a sorted set: steps of a few members each. */
final class LongSortedSets {
    /** Members that go in a step, in some tens of microseconds. */
    static final int REMOVED = 64;
    /** Has the clock be looked at behind a step. */
    private static final int MANY = 1 << 16;

    private LongSortedSets() {}

    /** The sorted set of a key, which was there before. */
    private static SortedSets open(CommandCall call, int key, long entry) {
        if (entry == 0 || call.keyspace().type(entry) != Keyspace.TYPE_ZSET) {
            throw new IllegalStateException("the sorted set has gone while it was used");
        }
        SortedSets set = call.shard().sortedSets();
        set.open(call.address(key), call.length(key), entry);
        return set;
    }

    /** Removes the members from a rank on, and answers how many. */
    static final class Remove implements InTurns.Steps {
        private final long rank;
        private final long count;
        private long removed;

        Remove(long rank, long count) {
            this.rank = rank;
            this.count = count;
        }

        @Override
        public boolean goOn(CommandCall call) {
            SortedSets set = open(call, 1, call.find(1));
            removed = remove(call, set, rank, count, removed);
            if (removed < count) {
                return false;
            }
            call.reply().integer(count);
            return true;
        }
    }

    /** Removes members from a rank on, of which some are gone already; how many are then. */
    private static long remove(CommandCall call, SortedSets set, long rank, long count, long before) {
        if (before == 0 && count == set.count()) {
            set.remove();
            return count;
        }
        long removed = before;
        while (removed < count) {
            int some = (int) Math.min(REMOVED, count - removed);
            set.removeRange(rank, some);
            removed += some;
            if (removed < count && call.isToPause(MANY)) {
                break;
            }
        }
        return removed;
    }

    /** Answers the members of one end, each with its score, and removes them then. */
    static final class Pop implements InTurns.Steps {
        private final int key;
        private final boolean named;
        private final boolean highest;
        private final boolean nested;
        private final long count;
        private final long rank;
        private long answered;
        private long removed;

        /**
         * @param named whether the key is answered before
         * @param nested whether a member and its score are an array of their own
         * @param all how many members there are
         * @param count how many of them go
         */
        Pop(int key, boolean named, boolean highest, boolean nested, long all, long count) {
            this.key = key;
            this.named = named;
            this.highest = highest;
            this.nested = nested;
            this.count = count;
            this.rank = highest ? all - count : 0;
        }

        @Override
        public boolean goOn(CommandCall call) {
            SortedSets set = open(call, key, call.find(key));
            ReplyWriter reply = call.reply();
            if (answered == 0) {
                if (named) {
                    reply.arrayHeader(2);
                    reply.bulk(call.address(key), call.length(key));
                }
                reply.arrayHeader((int) (nested ? count : 2 * count));
            }
            if (answered < count) {
                set.seek(highest ? rank + count - 1 - answered : rank + answered);
            }
            while (answered < count) {
                SortedSetRanges.answerOne(reply, set, true, nested);
                int length = set.length();
                answered++;
                if (call.isToPause(length)) {
                    return false;
                }
                if (answered < count && highest) {
                    set.previous();
                } else if (answered < count) {
                    set.next();
                }
            }
            removed = remove(call, set, rank, count, removed);
            return removed == count;
        }
    }

    /** Adds members, once all of their scores are known to be some. */
    static final class Add implements InTurns.Steps {
        private final int options;
        private final int step;
        private final SortedSetCommands.Scores scores;
        private int checked;
        private int next;
        private long counted;

        Add(int options, int first, int step, SortedSetCommands.Scores scores) {
            this.options = options;
            this.checked = first;
            this.next = first;
            this.step = step;
            this.scores = scores;
        }

        @Override
        public boolean goOn(CommandCall call) {
            while (checked < call.count()) {
                String wrong = scores.wrong(call, checked);
                if (wrong != null) {
                    call.reply().error(wrong);
                    return true;
                }
                checked += step;
                if (call.isToPause(0)) {
                    return false;
                }
            }
            SortedSets set = SortedSetCommands.set(call, false);
            if (set == null) {
                return true;
            }
            while (next < call.count()) {
                int member = next + step - 1;
                counted += SortedSetCommands.addCounted(set, options, scores.of(call, next), call.address(member),
                        call.length(member));
                next += step;
                if (next < call.count() && call.isToPause(call.length(member))) {
                    return false;
                }
            }
            call.reply().integer(counted);
            return true;
        }
    }

    /** Answers members that chance chooses, of which each may be chosen again. */
    static final class Again implements InTurns.Steps {
        private final int answers;
        private final boolean scores;
        private final boolean nested;
        private boolean begun;
        private int answered;

        Again(int answers, boolean scores, boolean nested) {
            this.answers = answers;
            this.scores = scores;
            this.nested = nested;
        }

        @Override
        public boolean goOn(CommandCall call) {
            SortedSets set = read(call);
            RandomGenerator random = call.shard().shard().environment().random();
            if (!begun) {
                begun = true;
                header(call.reply(), answers, scores, nested);
            }
            while (answered < answers) {
                set.seek(random.nextLong(set.count()));
                SortedSetRanges.answerOne(call.reply(), set, scores, nested);
                answered++;
                if (call.isToPause(set.length())) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Answers different members that chance chooses. */
    static final class Some implements InTurns.Steps {
        private final int answers;
        private final boolean scores;
        private final boolean nested;
        /** Of few among many; else each is looked at. */
        private final boolean few;
        private final Set<Long> chosen = new HashSet<>();
        private boolean begun;
        private long rank;
        private int answered;

        Some(int answers, boolean scores, boolean nested, boolean few) {
            this.answers = answers;
            this.scores = scores;
            this.nested = nested;
            this.few = few;
        }

        @Override
        public boolean goOn(CommandCall call) {
            SortedSets set = read(call);
            RandomGenerator random = call.shard().shard().environment().random();
            if (!begun) {
                begun = true;
                header(call.reply(), answers, scores, nested);
            }
            long count = set.count();
            if (!few && rank < count) {
                set.seek(rank);
            }
            while (answered < answers) {
                // Where each is looked at, it has the chance that as many as are missing have among as many as are left.
                boolean chooses;
                if (few) {
                    long drawn = random.nextLong(count);
                    chooses = chosen.add(drawn);
                    if (chooses) {
                        set.seek(drawn);
                    }
                } else {
                    chooses = random.nextLong(count - rank) < answers - answered;
                    rank++;
                }
                if (chooses) {
                    SortedSetRanges.answerOne(call.reply(), set, scores, nested);
                    answered++;
                }
                if (call.isToPause(chooses ? set.length() : 0)) {
                    return false;
                }
                if (!few && rank < count) {
                    set.next();
                }
            }
            return true;
        }
    }

    private static SortedSets read(CommandCall call) {
        return open(call, 1, call.keyspace().peek(call.address(1), call.length(1), call.now()));
    }

    private static void header(ReplyWriter reply, int answers, boolean scores, boolean nested) {
        reply.arrayHeader(scores && !nested ? 2 * answers : answers);
    }
}
