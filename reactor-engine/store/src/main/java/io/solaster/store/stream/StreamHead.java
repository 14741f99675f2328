package io.solaster.store.stream;

import io.solaster.engine.memory.Memory;

/**
 * What is where in the nodes that are not entries: a stream's head, groups and consumers; and lists of nodes by their names, in
 * one node. By address.
 */
final class StreamHead {
    /** Bytes of a root record: the first says that it is one, behind it is the head's address. */
    static final int ROOT = 16;

    // The head.
    static final int BYTES_USED = 0;
    static final int LENGTH = 8;
    static final int LAST = 16;
    static final int DELETED = 32;
    static final int ADDED = 48;
    static final int BLOCKS = 56;
    static final int GROUPS = BLOCKS + IdTree.HEAD;
    static final int SCAN = GROUPS + 16;
    static final int HEAD_BYTES = SCAN + 16;

    // A group.
    static final int READ = 16;
    static final int PENDING = 24;
    static final int CONSUMERS = PENDING + IdTree.HEAD;
    static final int GROUP_NAME = CONSUMERS + 16;

    // A consumer.
    static final int SEEN = 0;
    static final int ACTIVE = 8;
    static final int OWN = 16;
    static final int CONSUMER_NAME = OWN + IdTree.HEAD;

    /** Bytes of a row of a group's tree beside its id: when and how often it was delivered, and to whom. */
    static final int ROW = 24;
    static final int TIME = 0;
    static final int TIMES = 8;
    static final int CONSUMER = 16;

    private static final int COUNT = 8;
    private static final int ROOM = 12;
    private static final int FEW = 4;

    private StreamHead() {}

    static long head(long root) {
        return Memory.getLong(root + 8);
    }

    // ---- names: the room of the node, the length of the name, the name

    static long named(StreamMemory memory, int at, long name, int length) {
        long bytes = at + 8L + length;
        long node = memory.allocate(bytes);
        Memory.fill(node, at, (byte) 0);
        Memory.putInt(node + at, memory.room(node, bytes));
        Memory.putInt(node + at + 4, length);
        Memory.copy(name, node + at + 8, length);
        return node;
    }

    static int room(long node, int at) {
        return Memory.getInt(node + at);
    }

    static int nameLength(long node, int at) {
        return Memory.getInt(node + at + 4);
    }

    static long name(long node, int at) {
        return node + at + 8;
    }

    // ---- lists of nodes, in the order of their names

    static int count(long list) {
        return Memory.getInt(list + COUNT);
    }

    static void count(long list, int count) {
        Memory.putInt(list + COUNT, count);
    }

    static long get(long list, int index) {
        return Memory.getLong(Memory.getLong(list) + 8L * index);
    }

    static void set(long list, int index, long node) {
        Memory.putLong(Memory.getLong(list) + 8L * index, node);
    }

    /** Where a name is, or less than 0: the complement of where it belongs. */
    static int find(long list, int at, long name, int length) {
        int low = 0;
        int high = count(list);
        while (low < high) {
            int middle = low + high >>> 1;
            long node = get(list, middle);
            int order = compare(name(node, at), nameLength(node, at), name, length);
            if (order == 0) {
                return middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return ~low;
    }

    private static int compare(long a, int aLength, long b, int bLength) {
        int common = Math.min(aLength, bLength);
        for (int i = 0; i < common; i++) {
            int difference = (Memory.getByte(a + i) & 0xff) - (Memory.getByte(b + i) & 0xff);
            if (difference != 0) {
                return difference;
            }
        }
        return Integer.compare(aLength, bLength);
    }

    /** Makes room for one more, before that is made. */
    static void reserve(StreamMemory memory, long list) {
        int count = count(list);
        int room = Memory.getInt(list + ROOM);
        if (8L * (count + 1) <= room) {
            return;
        }
        long bytes = Math.max(8L * FEW, 16L * count);
        long larger = memory.allocate(bytes);
        Memory.copy(Memory.getLong(list), larger, 8L * count);
        freeList(memory, list);
        Memory.putLong(list, larger);
        Memory.putInt(list + ROOM, memory.room(larger, bytes));
    }

    static void insert(long list, int index, long node) {
        long at = Memory.getLong(list) + 8L * index;
        Memory.copy(at, at + 8, 8L * (count(list) - index));
        Memory.putLong(at, node);
        count(list, count(list) + 1);
    }

    static void remove(StreamMemory memory, long list, int index) {
        long at = Memory.getLong(list) + 8L * index;
        int left = count(list) - 1;
        Memory.copy(at + 8, at, 8L * (left - index));
        count(list, left);
        if (left == 0) {
            freeList(memory, list);
            Memory.putLong(list, 0);
            Memory.putInt(list + ROOM, 0);
        }
    }

    static void freeList(StreamMemory memory, long list) {
        int room = Memory.getInt(list + ROOM);
        if (room > 0) {
            memory.free(Memory.getLong(list), room);
        }
    }

    /** Gives the node of a list another block, where it is to leave its page. */
    static void moveList(StreamMemory memory, long list) {
        int room = Memory.getInt(list + ROOM);
        long other = StreamType.copied(memory, Memory.getLong(list), room);
        if (other != 0) {
            Memory.putLong(list, other);
        }
    }
}
