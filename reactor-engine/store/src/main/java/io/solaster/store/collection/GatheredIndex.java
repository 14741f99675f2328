package io.solaster.store.collection;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.KeyspaceHash;

/**
 * Finds records by their bytes: open addressing, at most half full, made as large as it may have to be. Of one object's
 * records all have the same numbers, though they may lie in several {@link Gathered}.
 */
public final class GatheredIndex {
    private static final int ADDRESS_BITS = 48;
    private static final long ADDRESS = (1L << ADDRESS_BITS) - 1;

    private final KeyspaceHash hash;
    private final Gathered layout;
    private final long slots;
    private final long mask;

    /**
     * @param hash seeded, so that nobody can choose members that collide
     * @param layout knows what a record looks like
     * @param most records that may be added
     */
    public GatheredIndex(Workspace workspace, KeyspaceHash hash, Gathered layout, long most) {
        this.hash = hash;
        this.layout = layout;
        long capacity = Math.max(16, Long.highestOneBit(Math.max(1, most)) << 2);
        mask = capacity - 1;
        slots = workspace.allocateZero(Long.BYTES * capacity);
    }

    /** The record of some bytes, or 0. */
    public long find(long address, int length) {
        return look(address, length, 0);
    }

    /** The record of the same bytes, which is this one if there was none: then it is added. */
    public long findOrAdd(long record) {
        return look(layout.address(record), layout.length(record), record);
    }

    private long look(long address, int length, long added) {
        long h = hash.hash(address, length);
        long tag = h << ADDRESS_BITS;
        for (long at = h >>> 16 & mask;; at = at + 1 & mask) {
            long slot = Memory.getLong(slots + Long.BYTES * at);
            if (slot == 0) {
                if (added != 0) {
                    Memory.putLong(slots + Long.BYTES * at, added & ADDRESS | tag);
                }
                return added;
            }
            long record = slot & ADDRESS;
            if ((slot & ~ADDRESS) == tag && layout.length(record) == length
                    && Memory.equal(layout.address(record), address, length)) {
                return record;
            }
        }
    }
}
