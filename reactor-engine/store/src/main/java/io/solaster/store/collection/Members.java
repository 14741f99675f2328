package io.solaster.store.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.store.type.FieldNode;
import io.solaster.store.type.FieldTable;

/**
 * Members without a key: what a command on several sets has found. They are in no order. Whoever made it closes it, in the
 * same turn; one walk is under way at a time, over these or over a set. On the owning shard.
 */
public final class Members implements AutoCloseable {
    private final FieldTable table;
    private final long root = Memory.allocate(FieldTable.ROOT);
    private long node;

    Members(FieldTable table) {
        this.table = table;
        try {
            table.create(root);
        } catch (OutOfMemoryError e) {
            Memory.free(root);
            throw e;
        }
    }

    /** Adds a copy of a member; whether it is new. */
    public boolean add(long member, int length) {
        return table.put(root, member, length, 0, FieldNode.NO_VALUE, 0);
    }

    /** Whether the member was there; it no longer is. */
    public boolean remove(long member, int length) {
        return table.remove(root, member, length);
    }

    /** Whether it has a member. */
    public boolean contains(long member, int length) {
        return table.find(root, member, length) != 0;
    }

    /** How many there are. */
    public long count() {
        return FieldTable.count(root);
    }

    /** Begins a walk over all of them. */
    public void begin() {
        table.begin();
    }

    /** Goes to the next member on the walk; false at the end. */
    public boolean next() {
        node = table.next(root);
        return node != 0;
    }

    /** Of the member on the walk. */
    public long address() {
        return FieldNode.fieldAddress(node);
    }

    /** Of the member on the walk. */
    public int length() {
        return FieldNode.fieldLength(node);
    }

    @Override
    public void close() {
        table.free(root, Integer.MAX_VALUE);
        Memory.free(root);
    }
}
