package io.solaster.store.stream;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;

/**
 * A B+-tree of ids, each with a few bytes. {@link #open} names one by its head, and all other calls are about that one till the
 * next. A place is found by a call that seeks, and holds until the tree is changed. What needs memory takes it before anything is
 * changed. By address, on the owning shard.
 *
 * <p>
 * A node is as long as it must be while it has few rows, so that a tree of one row is small.
 *
 * <p>
 * Longer than 500 lines because all that changes a tree works on one path through it.
 */
final class IdTree {
    /** Bytes of a head: the top node, how many rows, how high. */
    static final int HEAD = 24;

    private static final int COUNT = 8;
    private static final int HEIGHT = 16;

    // A node.
    private static final int NEXT = 0;
    private static final int PREVIOUS = 8;
    private static final int ROWS = 16;
    private static final int ROOM = 20;
    private static final int HEADER = 24;
    private static final int ID = 16;
    private static final int CHILD = 8;

    private static final int SMALL = 96;
    private static final int LARGE = 2016;
    private static final int MOST_LEVELS = 16;

    private final StreamMemory memory;
    private final long[] path = new long[MOST_LEVELS];
    private final int[] rows = new int[MOST_LEVELS];
    private final long[] spares = new long[MOST_LEVELS + 1];
    private long head;
    private int valueBytes;

    IdTree(StreamMemory memory) {
        this.memory = memory;
    }

    /** Writes the head of an empty tree. */
    static void clear(long head) {
        Memory.fill(head, HEAD, (byte) 0);
    }

    static long count(long head) {
        return Memory.getLong(head + COUNT);
    }

    /** @param bytes of a row beside its id */
    IdTree open(long newHead, int bytes) {
        head = newHead;
        valueBytes = bytes;
        return this;
    }

    private int height() {
        return Memory.getInt(head + HEIGHT);
    }

    private long top() {
        return Memory.getLong(head);
    }

    private int stride(int level) {
        return ID + (level == 0 ? valueBytes : CHILD);
    }

    private static int rowsOf(long node) {
        return Memory.getInt(node + ROWS);
    }

    private static void rowsOf(long node, int count) {
        Memory.putInt(node + ROWS, count);
    }

    private int most(long node, int level) {
        return (Memory.getInt(node + ROOM) - HEADER) / stride(level);
    }

    private long row(long node, int level, int row) {
        return node + HEADER + (long) row * stride(level);
    }

    private long child(long node, int row) {
        return Memory.getLong(row(node, 1, row) + ID);
    }

    /** Compares two ids. */
    static int compare(long ms, long seq, long otherMs, long otherSeq) {
        int order = Long.compareUnsigned(ms, otherMs);
        return order != 0 ? order : Long.compareUnsigned(seq, otherSeq);
    }

    // ---- places

    /** The row of the place: its id, and behind that its bytes. */
    long at() {
        return row(path[0], 0, rows[0]);
    }

    /** The bytes of the place. */
    long value() {
        return at() + ID;
    }

    long ms() {
        return Memory.getLong(at());
    }

    long seq() {
        return Memory.getLong(at() + 8);
    }

    /** How many rows of a node have an id below this one, or not above it. */
    private int below(long node, int level, long ms, long seq, boolean inclusive) {
        int low = 0;
        int high = rowsOf(node);
        while (low < high) {
            int middle = low + high >>> 1;
            long at = row(node, level, middle);
            int order = compare(Memory.getLong(at), Memory.getLong(at + 8), ms, seq);
            if (order < 0 || inclusive && order == 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private void descend(long ms, long seq) {
        long node = top();
        for (int level = height() - 1; level > 0; level--) {
            int row = Math.max(0, below(node, level, ms, seq, true) - 1);
            path[level] = node;
            rows[level] = row;
            node = child(node, row);
        }
        path[0] = node;
        rows[0] = node == 0 ? 0 : below(node, 0, ms, seq, false);
    }

    /** Goes to an id; whether it is there. */
    boolean find(long ms, long seq) {
        if (height() == 0) {
            return false;
        }
        descend(ms, seq);
        return rows[0] < rowsOf(path[0]) && ms() == ms && seq() == seq;
    }

    /** Goes to the first id that is not below; whether there is one. */
    boolean seekFrom(long ms, long seq) {
        if (height() == 0) {
            return false;
        }
        descend(ms, seq);
        if (rows[0] == rowsOf(path[0])) {
            rows[0]--;
            return next();
        }
        return true;
    }

    /** Goes to the last id that is not above; whether there is one. */
    boolean seekTo(long ms, long seq) {
        if (height() == 0) {
            return false;
        }
        descend(ms, seq);
        if (rows[0] < rowsOf(path[0]) && ms() == ms && seq() == seq) {
            return true;
        }
        return previous();
    }

    /** Goes to the first id; whether there is one. */
    boolean first() {
        return seekFrom(0, 0);
    }

    /** Goes to the last id; whether there is one. */
    boolean last() {
        return seekTo(-1, -1);
    }

    /** Goes to the next id; false if there is none, and the place is no more. */
    boolean next() {
        if (++rows[0] < rowsOf(path[0])) {
            return true;
        }
        long next = Memory.getLong(path[0] + NEXT);
        if (next == 0) {
            return false;
        }
        path[0] = next;
        rows[0] = 0;
        return true;
    }

    /** Goes to the id before; false if there is none, and the place is no more. */
    boolean previous() {
        if (--rows[0] >= 0) {
            return true;
        }
        long previous = Memory.getLong(path[0] + PREVIOUS);
        if (previous == 0) {
            return false;
        }
        path[0] = previous;
        rows[0] = rowsOf(previous) - 1;
        return true;
    }

    // ---- changes

    /** Inserts an id, which is not there; goes there. Its bytes are undefined. */
    void insert(long ms, long seq) {
        if (height() == 0) {
            long leaf = node(SMALL);
            Memory.putLong(head, leaf);
            Memory.putInt(head + HEIGHT, 1);
            path[0] = leaf;
            rows[0] = 0;
        } else {
            descend(ms, seq);
        }
        takeSpares();
        for (int level = height() - 1; level > 0; level--) {
            long at = row(path[level], level, rows[level]);
            if (compare(ms, seq, Memory.getLong(at), Memory.getLong(at + 8)) < 0) {
                id(at, ms, seq);
            }
        }
        Memory.putLong(head + COUNT, count(head) + 1);
        put(0, ms, seq, 0);
    }

    private static void id(long at, long ms, long seq) {
        Memory.putLong(at, ms);
        Memory.putLong(at + 8, seq);
    }

    /** Grows full nodes of the path that are small, and takes a node for each other that will be split. */
    private void takeSpares() {
        int level = 0;
        int height = height();
        try {
            while (level < height && rowsOf(path[level]) == most(path[level], level)) {
                int room = Memory.getInt(path[level] + ROOM);
                if (room < LARGE) {
                    replace(level, node(Math.min(LARGE, 2 * room)));
                    return;
                }
                spares[level] = node(LARGE);
                level++;
            }
            if (level == height) {
                spares[level] = node(SMALL);
            }
        } catch (OutOfMemoryError e) {
            while (--level >= 0) {
                free(spares[level]);
            }
            throw e;
        }
    }

    private void put(int level, long ms, long seq, long child) {
        long node = path[level];
        int count = rowsOf(node);
        int at = rows[level];
        if (count < most(node, level)) {
            open(node, level, at, ms, seq, child);
            return;
        }
        long right = spares[level];
        long next = Memory.getLong(node + NEXT);
        // Ids mostly come in their order: then the left one stays full.
        int middle = at == count && next == 0 ? count : count / 2;
        Memory.copy(row(node, level, middle), row(right, level, 0), (long) (count - middle) * stride(level));
        rowsOf(right, count - middle);
        rowsOf(node, middle);
        Memory.putLong(right + NEXT, next);
        Memory.putLong(right + PREVIOUS, node);
        Memory.putLong(node + NEXT, right);
        if (next != 0) {
            Memory.putLong(next + PREVIOUS, right);
        }
        boolean isRight = at > middle || at == count && middle == count;
        open(isRight ? right : node, level, isRight ? at - middle : at, ms, seq, child);
        long first = row(right, level, 0);
        long rightMs = Memory.getLong(first);
        long rightSeq = Memory.getLong(first + 8);
        if (level + 1 == height()) {
            long up = spares[level + 1];
            long left = row(node, level, 0);
            id(row(up, level + 1, 0), Memory.getLong(left), Memory.getLong(left + 8));
            Memory.putLong(row(up, level + 1, 0) + ID, node);
            id(row(up, level + 1, 1), rightMs, rightSeq);
            Memory.putLong(row(up, level + 1, 1) + ID, right);
            rowsOf(up, 2);
            Memory.putLong(head, up);
            Memory.putInt(head + HEIGHT, level + 2);
        } else {
            rows[level + 1]++;
            put(level + 1, rightMs, rightSeq, right);
        }
        if (level == 0) {
            path[0] = isRight ? right : node;
            rows[0] = isRight ? at - middle : at;
        }
    }

    private void open(long node, int level, int row, long ms, long seq, long child) {
        long at = row(node, level, row);
        int count = rowsOf(node);
        Memory.copy(at, at + stride(level), (long) (count - row) * stride(level));
        rowsOf(node, count + 1);
        id(at, ms, seq);
        if (level > 0) {
            Memory.putLong(at + ID, child);
        }
    }

    /** Removes the id that was found by {@link #find}. */
    void remove() {
        Memory.putLong(head + COUNT, count(head) - 1);
        removeRow(0);
    }

    private void removeRow(int level) {
        long node = path[level];
        int row = rows[level];
        int count = rowsOf(node) - 1;
        Memory.copy(row(node, level, row + 1), row(node, level, row), (long) (count - row) * stride(level));
        rowsOf(node, count);
        int height = height();
        if (level == height - 1) {
            lower(node, count, level);
            return;
        }
        if (count == 0) {
            unlink(node);
            removeRow(level + 1);
            return;
        }
        long parent = path[level + 1];
        int its = rows[level + 1];
        if (count < most(node, level) / 4 && its + 1 < rowsOf(parent)) {
            long right = child(parent, its + 1);
            int more = rowsOf(right);
            if (more + count <= most(node, level) * 3 / 4) {
                Memory.copy(row(right, level, 0), row(node, level, count), (long) more * stride(level));
                rowsOf(node, count + more);
                unlink(right);
                rows[level + 1]++;
                removeRow(level + 1);
            }
        }
    }

    private void lower(long top, int count, int level) {
        if (level == 0) {
            if (count == 0) {
                free(top);
                Memory.putLong(head, 0);
                Memory.putInt(head + HEIGHT, 0);
            }
            return;
        }
        long node = top;
        int height = level + 1;
        while (height > 1 && rowsOf(node) == 1) {
            long child = child(node, 0);
            free(node);
            node = child;
            height--;
        }
        Memory.putLong(head, node);
        Memory.putInt(head + HEIGHT, height);
    }

    private void unlink(long node) {
        long next = Memory.getLong(node + NEXT);
        long previous = Memory.getLong(node + PREVIOUS);
        if (previous != 0) {
            Memory.putLong(previous + NEXT, next);
        }
        if (next != 0) {
            Memory.putLong(next + PREVIOUS, previous);
        }
        free(node);
    }

    // ---- nodes

    private long node(int bytes) {
        long node = memory.allocate(bytes);
        Memory.fill(node, HEADER, (byte) 0);
        Memory.putInt(node + ROOM, memory.room(node, bytes));
        return node;
    }

    private void free(long node) {
        memory.free(node, Memory.getInt(node + ROOM));
    }

    /** Puts another node, of more room, in the place of one of the path. */
    private void replace(int level, long other) {
        long old = path[level];
        int room = Memory.getInt(other + ROOM);
        Memory.copy(old, other, HEADER + (long) rowsOf(old) * stride(level));
        Memory.putInt(other + ROOM, room);
        long next = Memory.getLong(old + NEXT);
        long previous = Memory.getLong(old + PREVIOUS);
        if (previous != 0) {
            Memory.putLong(previous + NEXT, other);
        }
        if (next != 0) {
            Memory.putLong(next + PREVIOUS, other);
        }
        if (level == height() - 1) {
            Memory.putLong(head, other);
        } else {
            Memory.putLong(row(path[level + 1], level + 1, rows[level + 1]) + ID, other);
        }
        path[level] = other;
        free(old);
    }

    /** Moves the nodes that lead to an id, and its leaf, where they are to leave their pages; goes to the first id not below. */
    boolean defragment(long ms, long seq) {
        if (height() == 0) {
            return false;
        }
        descend(ms, seq);
        for (int level = height() - 1; level >= 0; level--) {
            if (Slabs.isLeaving(path[level])) {
                try {
                    replace(level, node(Memory.getInt(path[level] + ROOM)));
                } catch (OutOfMemoryError e) {
                    return seekFrom(ms, seq);
                }
            }
        }
        return seekFrom(ms, seq);
    }

    /** Whether the place is the last of its leaf. */
    boolean isLastOfLeaf() {
        return rows[0] == rowsOf(path[0]) - 1;
    }

    /**
     * Takes a tree apart that is used no more: the next call is about the last row, or there is none.
     *
     * @return the bytes of the last row, which is gone then; 0 if there is none
     */
    long dismantle() {
        while (height() > 0) {
            long node = top();
            long parent = 0;
            for (int level = height() - 1; level > 0; level--) {
                parent = node;
                node = child(node, rowsOf(node) - 1);
            }
            int count = rowsOf(node);
            if (count > 0) {
                rowsOf(node, count - 1);
                return row(node, 0, count - 1) + ID;
            }
            free(node);
            if (parent == 0) {
                Memory.putInt(head + HEIGHT, 0);
            } else {
                dropLast();
            }
        }
        return 0;
    }

    /** The last leaf is gone: so is its row, and each node above that has none any more. */
    private void dropLast() {
        int height = height();
        long node = top();
        for (int level = height - 1; level > 0; level--) {
            path[level] = node;
            node = child(node, rowsOf(node) - 1);
        }
        for (int level = 1; level < height; level++) {
            int left = rowsOf(path[level]) - 1;
            rowsOf(path[level], left);
            if (left > 0) {
                return;
            }
            free(path[level]);
        }
        Memory.putInt(head + HEIGHT, 0);
    }

    /** Frees a few nodes of a tree whose rows lead to nothing; whether none is left. */
    boolean freeRows(int steps) {
        for (int i = 0; i < steps; i++) {
            if (dismantle() == 0) {
                return true;
            }
            // The other rows of the leaf go with it.
            long node = top();
            for (int level = height() - 1; level > 0; level--) {
                node = child(node, rowsOf(node) - 1);
            }
            rowsOf(node, 0);
        }
        return height() == 0;
    }
}
