package io.solaster.store.rdb;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongPredicate;

import io.solaster.store.collection.Hashes;
import io.solaster.store.collection.NewValue;
import io.solaster.store.collection.Sets;
import io.solaster.store.collection.SortedSets;
import io.solaster.store.collection.Unplaced;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.stream.Streams;
import io.solaster.store.type.FieldTable;
import org.jspecify.annotations.Nullable;

/**
 * What works on whole values of one shard, and what commands have come to that take several turns for that: each leaves its
 * work here, and finds it again by its number. On the owning shard.
 *
 * <p>
 * What is kept between the hops of a transaction has its key's slot for a number, which nobody else uses meanwhile. Such a
 * work ends with the slot's use, however that ends.
 */
public final class ValueWorks implements AutoCloseable {
    /** What a command does in steps. */
    public interface Work extends AutoCloseable {
        /** Gives back what it holds. */
        @Override
        void close();
    }

    private final Keyspace keys;
    private final FieldTable table;
    private final Hashes hashes;
    private final Sets sets;
    private final SortedSets sortedSets;
    private final Streams streams;
    private @Nullable Unplaced unplaced;
    /** By number; that of a slot is below 0. */
    private final Map<Long, Work> works = new HashMap<>();
    private long next = 1;

    /** For the values of a keyspace, which are read by these. */
    public ValueWorks(Keyspace keys, FieldTable table, Hashes hashes, Sets sets, SortedSets sortedSets,
            Streams streams) {
        this.keys = keys;
        this.table = table;
        this.hashes = hashes;
        this.sets = sets;
        this.sortedSets = sortedSets;
        this.streams = streams;
    }

    /** A writer, for one value at a time. */
    public ValueWriter writer() {
        return new ValueWriter(keys, hashes, sets, sortedSets, streams);
    }

    /**
     * A reader, for one value.
     *
     * @param longestString what a string may have, in bytes
     * @param now Unix milliseconds: fields that expired before are left out
     */
    public ValueReader reader(int longestString, long now) {
        return new ValueReader(unplaced(), longestString, now);
    }

    /**
     * A value in the making.
     *
     * @param type the keyspace's number of it
     */
    public NewValue newValue(int type) {
        return new NewValue(unplaced(), type);
    }

    private Unplaced unplaced() {
        Unplaced made = unplaced;
        if (made == null) {
            made = new Unplaced(keys, table);
            unplaced = made;
        }
        return made;
    }

    /** Keeps a work until it is ended; the number that it is found by, above 0. */
    public long add(Work work) {
        long number = next++;
        works.put(number, work);
        return number;
    }

    /** Keeps a work with a slot; another one that was left there ends. */
    public void put(int slot, Work work) {
        end(~slot);
        works.put((long) ~slot, work);
    }

    /** The work of a number, which is there. */
    public Work get(long number) {
        return Objects.requireNonNull(works.get(number), "no work has this number");
    }

    /** The work of a slot; null if there is none. */
    public @Nullable Work ofSlot(int slot) {
        return works.get((long) ~slot);
    }

    /** Ends the work of a slot, if there is one. */
    public void endOfSlot(int slot) {
        end(~slot);
    }

    /** Ends the work of a number, if there is one. */
    public void end(long number) {
        Work work = works.remove(number);
        if (work != null) {
            work.close();
        }
    }

    /** Ends those of slots that nobody uses any more: their command has ended, or its client's shard has. */
    public void endOf(LongPredicate unused) {
        if (!works.isEmpty()) {
            works.entrySet().removeIf(each -> {
                boolean over = each.getKey() < 0 && unused.test(~each.getKey());
                if (over) {
                    each.getValue().close();
                }
                return over;
            });
        }
    }

    /** Before the keyspace is closed. */
    @Override
    public void close() {
        works.values().forEach(Work::close);
        works.clear();
        if (unplaced != null) {
            unplaced.close();
        }
    }
}
