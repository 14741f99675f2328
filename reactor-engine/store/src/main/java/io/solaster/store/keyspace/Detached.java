package io.solaster.store.keyspace;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;

/**
 * Values that are no key's any more and whose nodes are yet to be freed. Each stays in the block of the entry that it
 * had, so that to remove a key needs no memory and takes constant time: the first word leads to the next one, behind it
 * lies the root record. On the owning shard.
 */
final class Detached {
    /** Nodes that are freed at once with their key. */
    private static final int AT_ONCE = 32;
    private static final int ROUND = 128;

    // The first word: address of the next one, type, whether the block is a large one. The highest bit is 0, so that
    // the block is not taken for an entry.
    private static final long NEXT = (1L << 48) - 1;
    private static final int TYPE_SHIFT = 48;
    private static final long LARGE = 1L << 52;

    private final Slabs slabs;
    private final Slabs nodes;
    private final ValueTypes types;
    private long first;

    Detached(Slabs slabs, Slabs nodes, ValueTypes types) {
        this.slabs = slabs;
        this.nodes = nodes;
        this.types = types;
    }

    boolean isEmpty() {
        return first == 0;
    }

    /** Takes an entry that no slot leads to. */
    void add(long entry) {
        int type = Entries.type(entry);
        boolean large = Entries.isLarge(entry);
        long root = entry + 8;
        Memory.copy(Entries.valueAddress(entry), root, Entries.valueLength(entry));
        Memory.putLong(entry, first | (long) type << TYPE_SHIFT | (large ? LARGE : 0));
        first = entry;
        if (types.of(type).free(nodes, root, AT_ONCE)) {
            removeFirst();
        }
    }

    /**
     * Frees about so many nodes.
     *
     * @return how many were asked of the types
     */
    int free(int maxSteps) {
        int steps = 0;
        while (first != 0 && steps < maxSteps) {
            steps += ROUND;
            int type = (int) (Memory.getLong(first) >>> TYPE_SHIFT) & 15;
            if (types.of(type).free(nodes, first + 8, ROUND)) {
                removeFirst();
            }
        }
        return steps;
    }

    private void removeFirst() {
        long block = first;
        long word = Memory.getLong(block);
        first = word & NEXT;
        if ((word & LARGE) != 0) {
            slabs.freeLarge(block);
        } else {
            slabs.free(block);
        }
    }

    /** To be told that the slabs were dropped. */
    void clear() {
        first = 0;
    }
}
