package io.solaster.store.type;

import io.solaster.engine.memory.Memory;

/**
 * A node of a {@link ScoreTree}: a header, then columns of as many rows as its kind has. A leaf's row is a score and the
 * address of its member; an inner node's row is the first score and member of a child, the child, and how many members
 * are below it. Columns keep what a search compares close together. By address, on the owning shard.
 */
final class TreeNode {
    private static final int NEXT = 0;
    private static final int PREVIOUS = 8;
    private static final int ROWS = 16;
    private static final int HEADER = 24;

    /** Rows of a leaf: with the header a size of block. */
    static final int LEAF_ROWS = 65;
    /** Rows of an inner node: so too, but for a few bytes. */
    static final int INNER_ROWS = 61;
    static final int LEAF_BYTES = HEADER + LEAF_ROWS * 16;
    static final int INNER_BYTES = HEADER + INNER_ROWS * 28;
    private static final int CHILDREN = HEADER + INNER_ROWS * 16;
    private static final int SIZES = HEADER + INNER_ROWS * 24;

    private TreeNode() {}

    /** Rows that a node of a level has; leaves are of level 0. */
    static int most(int level) {
        return level == 0 ? LEAF_ROWS : INNER_ROWS;
    }

    static int bytes(int level) {
        return level == 0 ? LEAF_BYTES : INNER_BYTES;
    }

    static void clear(long node) {
        Memory.putLong(node + NEXT, 0);
        Memory.putLong(node + PREVIOUS, 0);
        Memory.putInt(node + ROWS, 0);
    }

    /** The next node of the same level, or 0. */
    static long next(long node) {
        return Memory.getLong(node + NEXT);
    }

    /** The node before of the same level, or 0. */
    static long previous(long node) {
        return Memory.getLong(node + PREVIOUS);
    }

    static void links(long node, long previous, long next) {
        Memory.putLong(node + PREVIOUS, previous);
        Memory.putLong(node + NEXT, next);
    }

    /** Has the neighbours of a node, where there are some, lead to these. */
    static void lead(long previous, long next, long forwards, long backwards) {
        if (previous != 0) {
            Memory.putLong(previous + NEXT, forwards);
        }
        if (next != 0) {
            Memory.putLong(next + PREVIOUS, backwards);
        }
    }

    static int rows(long node) {
        return Memory.getInt(node + ROWS);
    }

    static void rows(long node, int rows) {
        Memory.putInt(node + ROWS, rows);
    }

    static double score(long node, int row) {
        return Double.longBitsToDouble(Memory.getLong(node + HEADER + 8L * row));
    }

    static void score(long node, int row, double score) {
        Memory.putLong(node + HEADER + 8L * row, Double.doubleToRawLongBits(score));
    }

    static long member(long node, int level, int row) {
        return Memory.getLong(node + HEADER + 8L * (most(level) + row));
    }

    static void member(long node, int level, int row, long member) {
        Memory.putLong(node + HEADER + 8L * (most(level) + row), member);
    }

    static long child(long node, int row) {
        return Memory.getLong(node + CHILDREN + 8L * row);
    }

    static void child(long node, int row, long child) {
        Memory.putLong(node + CHILDREN + 8L * row, child);
    }

    static int size(long node, int row) {
        return Memory.getInt(node + SIZES + 4L * row);
    }

    static void size(long node, int row, int size) {
        Memory.putInt(node + SIZES + 4L * row, size);
    }

    /** Members below the rows from the first up to one. */
    static int sizes(long node, int end) {
        int sum = 0;
        for (int row = 0; row < end; row++) {
            sum += size(node, row);
        }
        return sum;
    }

    /** Members in a node and below. */
    static int total(long node, int level) {
        return level == 0 ? rows(node) : sizes(node, rows(node));
    }

    /** Copies the first row's score and member of a node to the row that leads to it. */
    static void copyKey(long node, int level, long parent, int row) {
        score(parent, row, score(node, 0));
        member(parent, level + 1, row, member(node, level, 0));
    }

    /** Makes a row, of undefined content; there must be one less than {@link #most}. */
    static void openRow(long node, int level, int row) {
        int rows = rows(node);
        copyRows(node, row, node, row + 1, rows - row, level);
        rows(node, rows + 1);
    }

    static void closeRow(long node, int level, int row) {
        int rows = rows(node);
        copyRows(node, row + 1, node, row, rows - row - 1, level);
        rows(node, rows - 1);
    }

    /** Appends the rows of a node from one on to another node, and takes them from the first. */
    static void moveRows(long from, int row, long to, int level) {
        int moved = rows(from) - row;
        copyRows(from, row, to, rows(to), moved, level);
        rows(to, rows(to) + moved);
        rows(from, row);
    }

    private static void copyRows(long from, int row, long to, int toRow, int count, int level) {
        if (count <= 0) {
            return;
        }
        long most = most(level);
        copy(from + HEADER + 8L * row, to + HEADER + 8L * toRow, 8L * count);
        copy(from + HEADER + 8 * (most + row), to + HEADER + 8 * (most + toRow), 8L * count);
        if (level > 0) {
            copy(from + CHILDREN + 8L * row, to + CHILDREN + 8L * toRow, 8L * count);
            copy(from + SIZES + 4L * row, to + SIZES + 4L * toRow, 4L * count);
        }
    }

    private static void copy(long from, long to, long bytes) {
        Memory.copy(from, to, bytes);
    }
}
