package io.solaster.store.keyspace;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;

/** Numbers in nodes that each lead to the next: a type as simple as one with nodes can be. */
final class ChainType implements ValueType {
    /** Bytes of a root record: a mark, how many, the first node. */
    static final int ROOT = 24;
    private static final int COUNT = 8;
    private static final int FIRST = 16;

    // A node: the next one, the number, and whatever room it was made with.
    private static final int NUMBER = 8;
    static final int LEAST_NODE = 16;

    @Override
    public int number() {
        return Keyspace.TYPE_LIST;
    }

    static void init(long root) {
        Memory.putLong(root, 1);
        Memory.putLong(root + COUNT, 0);
        Memory.putLong(root + FIRST, 0);
    }

    static void push(long root, long node, long number) {
        Memory.putLong(node, Memory.getLong(root + FIRST));
        Memory.putLong(node + NUMBER, number);
        Memory.putLong(root + FIRST, node);
        Memory.putLong(root + COUNT, count(root) + 1);
    }

    static long count(long root) {
        return Memory.getLong(root + COUNT);
    }

    static long[] numbers(long root) {
        long[] numbers = new long[(int) count(root)];
        long node = Memory.getLong(root + FIRST);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Memory.getLong(node + NUMBER);
            node = Memory.getLong(node);
        }
        if (node != 0) {
            throw new AssertionError("more nodes than " + numbers.length);
        }
        return numbers;
    }

    @Override
    public boolean free(Slabs nodes, long root, int steps) {
        long node = Memory.getLong(root + FIRST);
        for (int i = 0; i < steps && node != 0; i++) {
            long next = Memory.getLong(node);
            nodes.free(node);
            node = next;
        }
        Memory.putLong(root + FIRST, node);
        return node == 0;
    }

    @Override
    public long nodeBytes(Slabs nodes, long root) {
        long bytes = 0;
        for (long node = Memory.getLong(root + FIRST); node != 0; node = Memory.getLong(node)) {
            bytes += nodes.capacity(node);
        }
        return bytes;
    }

    @Override
    public long defragment(Slabs nodes, long root, long cursor, int steps) {
        long link = root + FIRST;
        for (long rank = 0; rank < cursor + steps; rank++) {
            long node = Memory.getLong(link);
            if (node == 0) {
                return 0;
            }
            if (rank >= cursor && Slabs.isLeaving(node)) {
                int bytes = nodes.capacity(node);
                long to;
                try {
                    to = nodes.allocate(bytes);
                } catch (OutOfMemoryError refused) {
                    return 0;
                }
                Memory.copy(node, to, bytes);
                nodes.free(node);
                Memory.putLong(link, to);
                node = to;
            }
            link = node;
        }
        return cursor + steps;
    }
}
