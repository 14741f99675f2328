package io.solaster.store.keyspace;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;

/**
 * What a keyspace must know of a type whose values may have nodes: blocks of {@link Keyspace#nodes} that the value names
 * and nothing else does. Such a value is a <em>root record</em> in the key's entry: it is copied as bytes when the entry
 * moves, so no node may hold its address. All calls on the owning shard; none may call the keyspace.
 */
public interface ValueType {
    /** First byte of a value without nodes, which is all in its entry; of a root record it is any other. */
    byte PACKED = 0;

    /** One of the {@code TYPE_} constants of {@link Keyspace}, save {@link Keyspace#TYPE_STRING}; up to 15. */
    int number();

    /** Whether a value is a root record, of 1 to {@link Keyspace#MAX_ROOT} bytes. */
    default boolean hasNodes(long value, int length) {
        return length > 0 && Memory.getByte(value) != PACKED;
    }

    /**
     * Frees about so many nodes of a value that is no key's any more. It is called until all are freed, each time with
     * what the last call left in the record.
     *
     * @param root
     *            a copy of the root record
     * @return whether all nodes are freed
     */
    boolean free(Slabs nodes, long root, int steps);

    /** Bytes of a value's nodes, rounded to blocks. May take as long as there are nodes. */
    long nodeBytes(Slabs nodes, long root);

    /**
     * Looks at about so many nodes, and moves those of which {@link Slabs#isLeaving} holds: it allocates another block,
     * copies, frees, and has all that named the node name the other one. A node that lies in a large block stays. If
     * the memory for another block is refused, the node stays.
     *
     * @param root
     *            the root record where it lies
     * @param cursor
     *            0 at first, else what the last call returned. The value may have been written meanwhile: a cursor is a
     *            rank or a bucket, say, never an address
     * @return the cursor to go on with; 0 at the end
     */
    long defragment(Slabs nodes, long root, long cursor, int steps);
}
