package io.solaster.store.command.algebra;

import java.util.function.BooleanSupplier;

import io.solaster.store.collection.Sets;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.shard.CommandCall;

/** A walk over all members of a set or a sorted set, over several turns if it is large. Nobody may write to it meanwhile. */
public final class SourceWalk {
    /** Members of a large set that are found at once. */
    private static final int AT_ONCE = 64;

    private long place;

    /** What is told of a member. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * A member, which lies where it is told until the call returns.
         *
         * @param score 1 where it has none
         */
        void visit(long address, int length, double score);
    }

    public void begin() {
        place = 0;
    }

    /** Whether a value is one that has members. */
    public static boolean isOne(Keyspace keys, long entry) {
        return keys.type(entry) == Keyspace.TYPE_SET || keys.type(entry) == Keyspace.TYPE_ZSET;
    }

    /** How many members the set of an argument has. */
    public static long count(CommandCall call, int argument, long entry) {
        if (entry == 0) {
            return 0;
        }
        if (call.keyspace().type(entry) == Keyspace.TYPE_SET) {
            Sets set = call.shard().otherSets();
            set.open(call.address(argument), call.length(argument), entry);
            return set.count();
        }
        SortedSets set = call.shard().otherSortedSets();
        set.open(call.address(argument), call.length(argument), entry);
        return set.count();
    }

    /** The score of a member in the set of an argument, 1 if that has none, or NaN where it is no member. */
    static double score(CommandCall call, int argument, long entry, long address, int length) {
        if (entry == 0) {
            return Double.NaN;
        }
        if (call.keyspace().type(entry) == Keyspace.TYPE_SET) {
            Sets set = call.shard().otherSets();
            set.open(call.address(argument), call.length(argument), entry);
            return set.contains(address, length) ? 1 : Double.NaN;
        }
        SortedSets set = call.shard().otherSortedSets();
        set.open(call.address(argument), call.length(argument), entry);
        return set.find(address, length) ? set.score() : Double.NaN;
    }

    /**
     * Goes on with the walk.
     *
     * @param yield whether to leave off, asked at each member
     * @return whether all were visited
     */
    public boolean goOn(CommandCall call, int argument, long entry, BooleanSupplier yield, Visitor visitor) {
        return call.keyspace().type(entry) == Keyspace.TYPE_SET
                ? set(call, argument, entry, yield, visitor)
                : sortedSet(call, argument, entry, yield, visitor);
    }

    private boolean set(CommandCall call, int argument, long entry, BooleanSupplier yield, Visitor visitor) {
        Sets set = call.shard().sets();
        set.open(call.address(argument), call.length(argument), entry);
        if (!set.isTable()) {
            set.begin();
            while (set.next()) {
                visitor.visit(set.address(), set.length(), 1);
            }
            return true;
        }
        boolean stop = false;
        do {
            place = set.scan(place, AT_ONCE);
            while (set.scanned()) {
                visitor.visit(set.address(), set.length(), 1);
                stop |= yield.getAsBoolean();
            }
        } while (place != 0 && !stop);
        return place == 0;
    }

    private boolean sortedSet(CommandCall call, int argument, long entry, BooleanSupplier yield, Visitor visitor) {
        SortedSets set = call.shard().sortedSets();
        set.open(call.address(argument), call.length(argument), entry);
        long count = set.count();
        set.seek(place);
        while (true) {
            visitor.visit(set.address(), set.length(), set.score());
            if (++place == count) {
                return true;
            }
            if (yield.getAsBoolean()) {
                return false;
            }
            set.next();
        }
    }
}
