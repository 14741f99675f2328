package io.solaster.store.stream;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;

/** The nodes of one stream, counted in its head. On the owning shard. */
final class StreamMemory {
    private Slabs nodes;
    /** Where the bytes of all nodes are counted; 0 while they go and nobody asks. */
    private long counter;

    StreamMemory(Slabs nodes) {
        this.nodes = nodes;
    }

    void open(Slabs newNodes, long newCounter) {
        nodes = newNodes;
        counter = newCounter;
    }

    void counter(long newCounter) {
        counter = newCounter;
    }

    Slabs nodes() {
        return nodes;
    }

    long allocate(long bytes) {
        long node = nodes.allocate(bytes);
        count(room(node, bytes));
        return node;
    }

    /** How many bytes a node of so many has. */
    int room(long node, long bytes) {
        return (int) (Slabs.large(bytes) ? Slabs.largeCapacity(node) : nodes.capacity(node));
    }

    /** Frees a node that was allocated for so many bytes, or that has this room. */
    void free(long node, long bytes) {
        count(-room(node, bytes));
        if (Slabs.large(bytes)) {
            nodes.freeLarge(node);
        } else {
            nodes.free(node);
        }
    }

    private void count(int bytes) {
        if (counter != 0) {
            Memory.putLong(counter, Memory.getLong(counter) + bytes);
        }
    }
}
