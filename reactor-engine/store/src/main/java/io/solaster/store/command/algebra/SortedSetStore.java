package io.solaster.store.command.algebra;

import java.util.function.BooleanSupplier;

import io.solaster.store.collection.Addresses;
import io.solaster.store.collection.Gathered;
import io.solaster.store.collection.NewValue;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.type.ScoreTree;
import org.jspecify.annotations.Nullable;

/**
 * Gives a key the sorted set of records that were gathered, whose first number is their score, in as many turns as it takes.
 * On the shard of the key.
 */
public final class SortedSetStore {
    private final Gathered layout;
    private final Addresses members;
    private @Nullable NewValue set;
    private long next;

    /** @param members different ones, best in the order of a sorted set */
    public SortedSetStore(Gathered layout, Addresses members) {
        this.layout = layout;
        this.members = members;
    }

    /** The order of a sorted set. */
    public static int compare(Gathered layout, long one, long other) {
        // Zero has no sign here.
        int scores = Double.compare(layout.number(one, 0) + 0.0, layout.number(other, 0) + 0.0);
        return scores != 0
                ? scores
                : ScoreTree.compare(layout.address(one), layout.length(one),
                        layout.address(other), layout.length(other));
    }

    /**
     * Goes on; whether the key has all. Where there is no member, there is no such key then.
     *
     * @param target which argument the key is
     */
    public boolean goOn(CommandCall call, int target, BooleanSupplier yield) {
        if (members.count() == 0) {
            remove(call, target);
            return true;
        }
        NewValue making = set;
        if (making == null) {
            making = call.shard().values().newValue(Keyspace.TYPE_ZSET);
            set = making;
        }
        while (next < members.count()) {
            long record = members.get(next++);
            making.add(layout.number(record, 0), layout.address(record), layout.length(record));
            if (yield.getAsBoolean()) {
                return false;
            }
        }
        call.find(target);
        making.place(call.address(target), call.length(target), 0);
        failed();
        return true;
    }

    /** Removes the key that is an argument. */
    public static void remove(CommandCall call, int target) {
        if (call.find(target) != 0) {
            call.keyspace().remove(call.address(target), call.length(target));
        }
    }

    /** Gives back what is in the making, if anything is, on the shard of the key. */
    public void failed() {
        if (set != null) {
            set.close();
            set = null;
        }
    }
}
