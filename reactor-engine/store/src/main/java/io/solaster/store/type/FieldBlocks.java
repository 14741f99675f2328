package io.solaster.store.type;

import static io.solaster.store.type.FieldBuckets.ADDRESS_SHIFT;
import static io.solaster.store.type.FieldBuckets.BYTES;
import static io.solaster.store.type.FieldBuckets.LAST;
import static io.solaster.store.type.FieldBuckets.LINE;
import static io.solaster.store.type.FieldBuckets.LINK;
import static io.solaster.store.type.FieldBuckets.address;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;

/** The blocks that {@link FieldTable}s are made of: each is counted in the root record of its table. On the owning shard. */
final class FieldBlocks {
    private final Slabs nodes;

    FieldBlocks(Slabs nodes) {
        this.nodes = nodes;
    }

    long newBlock(long root, long bytes) {
        long block = nodes.allocate(bytes);
        long capacity = Slabs.large(bytes) ? Slabs.largeCapacity(block) : nodes.capacity(block);
        Memory.putLong(root + BYTES, FieldBuckets.bytes(root) + capacity);
        return block;
    }

    void freeBlock(long root, long block) {
        Memory.putLong(root + BYTES, FieldBuckets.bytes(root) - nodes.capacity(block));
        nodes.free(block);
    }

    void freeLargeBlock(long root, long block) {
        Memory.putLong(root + BYTES, FieldBuckets.bytes(root) - Slabs.largeCapacity(block));
        nodes.freeLarge(block);
    }

    long newNode(long root, int flags, long bytes, long field, int length, long value, int valueLength,
            long expiry) {
        long node = newBlock(root, bytes);
        FieldNode.write(node, flags, Slabs.large(bytes), field, length, valueLength, expiry);
        if (valueLength > 0) {
            Memory.copy(value, FieldNode.valueAddress(node), valueLength);
        }
        return node;
    }

    void freeNode(long root, long node) {
        if (FieldNode.isLarge(node)) {
            freeLargeBlock(root, node);
        } else {
            freeBlock(root, node);
        }
    }

    /** Whether a node of so many bytes can take this one's place and leave no more than an eighth of it empty. */
    boolean fits(long node, long bytes) {
        long capacity = FieldNode.isLarge(node) ? Slabs.largeCapacity(node) : nodes.capacity(node);
        return bytes <= capacity && bytes >= capacity - capacity / 8 - 8;
    }

    /** The block, or where its content lies now if it was in a page that is to be emptied. */
    long moved(long block) {
        long to = copyOf(block);
        if (to != block) {
            nodes.free(block);
        }
        return to;
    }

    /** As {@link #moved(long)}, of a node that something else knows too. */
    long moved(long node, long root, FieldTable.Moves moves) {
        long to = copyOf(node);
        if (to != node) {
            moves.moved(root, node, to);
            nodes.free(node);
        }
        return to;
    }

    private long copyOf(long block) {
        if (!Slabs.isLeaving(block)) {
            return block;
        }
        int capacity = nodes.capacity(block);
        long to;
        try {
            to = nodes.allocate(capacity);
        } catch (OutOfMemoryError e) {
            // It stays where it is, which does no harm.
            return block;
        }
        Memory.copy(block, to, capacity);
        return to;
    }

    /** Adds a slot to a bucket, given by its first line. */
    void add(long root, long first, long slot) {
        long line = first;
        long last = Memory.getLong(line + LAST);
        while (last < 0) {
            line = address(last);
            last = Memory.getLong(line + LAST);
        }
        if (last == 0) {
            long at = line;
            while (Memory.getLong(at) != 0) {
                at += 8;
            }
            Memory.putLong(at, slot);
            return;
        }
        long more = newBlock(root, LINE);
        Memory.fill(more, LINE, (byte) 0);
        Memory.putLong(more, last);
        Memory.putLong(more + 8, slot);
        Memory.putLong(line + LAST, LINK | more << ADDRESS_SHIFT);
    }

    /** Removes a slot of a bucket, given by its first line; another one takes its place. */
    void remove(long root, long first, long at) {
        long before = 0;
        long line = first;
        for (long last = Memory.getLong(line + LAST); last < 0; last = Memory.getLong(line + LAST)) {
            before = line;
            line = address(last);
        }
        long end = line + LAST;
        while (Memory.getLong(end) == 0) {
            end -= 8;
        }
        Memory.putLong(at, Memory.getLong(end));
        Memory.putLong(end, 0);
        if (before != 0 && end == line + 8) {
            // A single slot has room where the way to its line was.
            Memory.putLong(before + LAST, Memory.getLong(line));
            freeBlock(root, line);
        }
    }
}
