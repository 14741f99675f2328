package io.solaster.store.command.collection;

import java.util.random.RandomGenerator;

import io.solaster.resp.ReplyWriter;
import io.solaster.store.collection.Sets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.InTurns;

/** What commands do with very many members of a set that is a table: steps of a few members each. */
final class LongSets {
    /** Members that are found at once. */
    private static final int SCANNED = 64;

    private LongSets() {}

    private static Sets open(CommandCall call, long entry) {
        if (entry == 0 || call.keyspace().type(entry) != Keyspace.TYPE_SET) {
            throw new IllegalStateException("the set has gone while it was used");
        }
        Sets set = call.shard().sets();
        set.open(call.address(1), call.length(1), entry);
        return set;
    }

    private static RandomGenerator random(CommandCall call) {
        return call.shard().shard().environment().random();
    }

    private static void answer(ReplyWriter reply, Sets set) {
        reply.bulk(set.address(), set.length());
    }

    /** Answers members that chance chooses, one after the other, and removes each; fewer than all. */
    static final class Pop implements InTurns.Steps {
        private final long count;
        private long popped;

        Pop(long count) {
            this.count = count;
        }

        @Override
        public boolean goOn(CommandCall call) {
            Sets set = open(call, call.find(1));
            if (popped == 0) {
                call.reply().setHeader((int) count);
            }
            RandomGenerator random = random(call);
            while (popped < count) {
                SetCommands.pop(call, set, random);
                popped++;
                if (popped < count && call.isToPause(set.length())) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Answers all members, and removes the set then. */
    static final class PopAll implements InTurns.Steps {
        private boolean begun;
        private long cursor;

        @Override
        public boolean goOn(CommandCall call) {
            Sets set = open(call, call.find(1));
            if (!begun) {
                begun = true;
                call.reply().setHeader((int) set.count());
            }
            do {
                cursor = set.scan(cursor, SCANNED);
                boolean leaves = false;
                while (set.scanned()) {
                    answer(call.reply(), set);
                    leaves |= call.isToPause(set.length());
                }
                if (leaves && cursor != 0) {
                    return false;
                }
            } while (cursor != 0);
            set.removeKey();
            return true;
        }
    }
}
