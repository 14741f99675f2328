package io.solaster.store.collection;

import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.stream.Streams;
import io.solaster.store.type.FieldTable;
import org.jspecify.annotations.Nullable;

/** What makes values that no key has yet ({@link NewValue}), in the keyspace aside. One a shard; on the owning shard. */
public final class Unplaced implements AutoCloseable {
    final Keyspace keys;
    final Keyspace aside;
    final Hashes hashes;
    final Sets sets;
    final Lists lists;
    final SortedSets sortedSets;
    final Streams streams;
    /** Which value the collections were opened for. */
    @Nullable
    NewValue opened;
    private long next;

    public Unplaced(Keyspace keys, FieldTable table) {
        this.keys = keys;
        this.aside = keys.aside();
        this.hashes = new Hashes(aside, table);
        this.sets = new Sets(aside, table);
        this.lists = new Lists(aside);
        this.sortedSets = new SortedSets(aside, table);
        this.streams = new Streams(aside);
    }

    long nextId() {
        return ++next;
    }

    /** May be called twice. */
    @Override
    public void close() {
        hashes.close();
        sets.close();
        lists.close();
        sortedSets.close();
        streams.close();
    }
}
