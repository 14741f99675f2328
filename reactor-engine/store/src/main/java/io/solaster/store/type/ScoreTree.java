package io.solaster.store.type;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;

/**
 * The members of a large sorted set by score, and of one score by their bytes: a B+ tree whose inner nodes count what is
 * below, so that ranks are found as quickly as scores. Leaves lead to those beside them. The members themselves belong to
 * the set's table; a tree knows their addresses.
 *
 * <p>
 * A place is found by {@link #seek} or {@link #seekRank}, and is what {@link #insert} and the like work at; a change ends
 * it. What needs memory takes it first: where that is refused, the tree is as it was. One object serves all trees of a
 * shard; {@link #open} comes first.
 *
 * <p>
 * Splits are even, save at either end: scores that ascend, as times do, leave full leaves behind. Of what removals leave
 * sparse, two neighbours become one. On the owning shard.
 */
public final class ScoreTree {
    // In the root record of the set's table, where that keeps nothing.
    private static final int HEIGHT = 1; // a byte
    private static final int TOP = 48;
    private static final int BYTES = 56;

    private static final int MOST_LEVELS = 16;
    private static final int EXACT = 0;
    private static final int BEFORE_SCORE = 1;
    private static final int BEHIND_SCORE = 2;
    private static final int BEFORE_MEMBER = 3;
    private static final int BEHIND_MEMBER = 4;

    private final long[] path = new long[MOST_LEVELS];
    private final int[] rows = new int[MOST_LEVELS];
    private final long[] spares = new long[MOST_LEVELS];
    private Slabs nodes;
    private long root;
    private int height;

    // What is sought.
    private int kind;
    private double score;
    private long address;
    private int length;

    public ScoreTree(Slabs nodes) {
        this.nodes = nodes;
    }

    /** Says which tree the calls to come are about: that of a table's root record. */
    public void open(Slabs blocks, long rootRecord) {
        nodes = blocks;
        root = rootRecord;
        height = Memory.getByte(root + HEIGHT);
    }

    /** Makes an empty tree. */
    public void create(Slabs blocks, long rootRecord) {
        Memory.putByte(rootRecord + HEIGHT, (byte) 0);
        Memory.putLong(rootRecord + BYTES, 0);
        open(blocks, rootRecord);
        Memory.putLong(root + TOP, allocate(0));
        height = 1;
        Memory.putByte(root + HEIGHT, (byte) 1);
    }

    /** Bytes of the nodes' blocks. */
    public static long bytes(long root) {
        return Memory.getLong(root + BYTES);
    }

    // ---- places

    /** Goes to where a score and a member are, or would be. */
    public void seek(double newScore, long member, int memberLength) {
        kind = EXACT;
        score = newScore;
        address = member;
        length = memberLength;
        descend();
    }

    /** Goes before the first member of a score, or behind the last. */
    public void seekScore(double newScore, boolean behind) {
        kind = behind ? BEHIND_SCORE : BEFORE_SCORE;
        score = newScore;
        descend();
    }

    /** Goes before or behind a member where all have one score. */
    public void seekMember(long member, int memberLength, boolean behind) {
        kind = behind ? BEHIND_MEMBER : BEFORE_MEMBER;
        address = member;
        length = memberLength;
        descend();
    }

    private void descend() {
        long node = Memory.getLong(root + TOP);
        for (int level = height - 1; level > 0; level--) {
            int row = Math.max(0, below(node, level) - 1);
            path[level] = node;
            rows[level] = row;
            node = TreeNode.child(node, row);
        }
        path[0] = node;
        rows[0] = below(node, 0);
    }

    /** How many of a node's rows are before what is sought. */
    private int below(long node, int level) {
        int low = 0;
        int high = TreeNode.rows(node);
        while (low < high) {
            int middle = low + high >>> 1;
            if (isBelow(node, level, middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private boolean isBelow(long node, int level, int row) {
        if (kind <= BEHIND_SCORE) {
            double its = TreeNode.score(node, row);
            if (its != score) {
                return its < score;
            }
            if (kind != EXACT) {
                return kind == BEHIND_SCORE;
            }
        }
        int order = compare(TreeNode.member(node, level, row), address, length);
        // The child that begins with the member itself is the one that has it.
        return order < 0 || order == 0 && (kind == BEHIND_MEMBER || kind == EXACT && level > 0);
    }

    /** Compares a member with some bytes. */
    static int compare(long member, long address, int length) {
        return compare(FieldNode.fieldAddress(member), FieldNode.fieldLength(member), address, length);
    }

    /** Compares bytes as numbers without sign; what is the beginning of the other comes first. */
    public static int compare(long a, int aLength, long b, int bLength) {
        int common = Math.min(aLength, bLength);
        int at = 0;
        for (; at + 8 <= common; at += 8) {
            long one = Memory.getLong(a + at);
            long other = Memory.getLong(b + at);
            if (one != other) {
                return Long.compareUnsigned(Long.reverseBytes(Memory.littleEndian(one)),
                        Long.reverseBytes(Memory.littleEndian(other)));
            }
        }
        for (; at < common; at++) {
            int difference = (Memory.getByte(a + at) & 0xFF) - (Memory.getByte(b + at) & 0xFF);
            if (difference != 0) {
                return difference;
            }
        }
        return Integer.compare(aLength, bLength);
    }

    /** Goes to a rank, from 0. */
    public void seekRank(long rank) {
        long node = Memory.getLong(root + TOP);
        int left = (int) rank;
        for (int level = height - 1; level > 0; level--) {
            int row = 0;
            int last = TreeNode.rows(node) - 1;
            for (int size = TreeNode.size(node, 0); row < last && left >= size; size = TreeNode.size(node, row)) {
                left -= size;
                row++;
            }
            path[level] = node;
            rows[level] = row;
            node = TreeNode.child(node, row);
        }
        path[0] = node;
        rows[0] = left;
    }

    /** How many members are before the place. */
    public int rank() {
        int rank = rows[0];
        for (int level = height - 1; level > 0; level--) {
            rank += TreeNode.sizes(path[level], rows[level]);
        }
        return rank;
    }

    /** The leaf of the place. */
    public long leaf() {
        return path[0];
    }

    /** The row of the place in its leaf; as many as that has for behind the last. */
    public int row() {
        return rows[0];
    }

    /** The member of a leaf's row. */
    public static long member(long leaf, int row) {
        return TreeNode.member(leaf, 0, row);
    }

    /** How many members a leaf has. */
    public static int members(long leaf) {
        return TreeNode.rows(leaf);
    }

    /** The leaf behind one, or 0. */
    public static long next(long leaf) {
        return TreeNode.next(leaf);
    }

    /** The leaf before one, or 0. */
    public static long previous(long leaf) {
        return TreeNode.previous(leaf);
    }

    // ---- changes

    /** Inserts a member, which is in no tree of this score. */
    public void insert(double newScore, long member) {
        seek(newScore, FieldNode.fieldAddress(member), FieldNode.fieldLength(member));
        takeSpares();
        long right = put(0, rows[0], newScore, member, 0, 0);
        for (int level = 1; level < height; level++) {
            long left = path[level - 1];
            long node = path[level];
            int row = rows[level];
            if (right == 0) {
                TreeNode.size(node, row, TreeNode.size(node, row) + 1);
                if (rows[level - 1] == 0) {
                    TreeNode.copyKey(left, level - 1, node, row);
                }
            } else {
                int size = TreeNode.total(right, level - 1);
                TreeNode.size(node, row, TreeNode.total(left, level - 1));
                TreeNode.copyKey(left, level - 1, node, row);
                right = put(level, row + 1, TreeNode.score(right, 0), TreeNode.member(right, level - 1, 0), right,
                        size);
            }
        }
        if (right != 0) {
            addTop(right);
        }
    }

    private void addTop(long right) {
        long top = spares[height];
        long left = path[height - 1];
        int level = height - 1;
        TreeNode.rows(top, 2);
        TreeNode.copyKey(left, level, top, 0);
        TreeNode.child(top, 0, left);
        TreeNode.size(top, 0, TreeNode.total(left, level));
        TreeNode.copyKey(right, level, top, 1);
        TreeNode.child(top, 1, right);
        TreeNode.size(top, 1, TreeNode.total(right, level));
        Memory.putLong(root + TOP, top);
        height++;
        Memory.putByte(root + HEIGHT, (byte) height);
    }

    /** A node for each that is full on the path from the leaf up, and one more if all are. */
    private void takeSpares() {
        int level = 0;
        try {
            while (level < height && TreeNode.rows(path[level]) == TreeNode.most(level)) {
                spares[level] = allocate(level);
                level++;
            }
            if (level == height) {
                spares[level] = allocate(level);
            }
        } catch (OutOfMemoryError e) {
            while (--level >= 0) {
                free(spares[level]);
            }
            throw e;
        }
    }

    /** Puts a row into a node of the path; returns the node split off to its right, or 0. */
    private long put(int level, int row, double itsScore, long member, long child, int size) {
        long node = path[level];
        long right = 0;
        int at = row;
        int count = TreeNode.rows(node);
        if (count == TreeNode.most(level)) {
            right = spares[level];
            int middle = row == count && TreeNode.next(node) == 0
                    ? count
                    : row == 0 && TreeNode.previous(node) == 0 ? 0 : count / 2;
            TreeNode.moveRows(node, middle, right, level);
            long next = TreeNode.next(node);
            TreeNode.links(right, node, next);
            TreeNode.lead(node, next, right, right);
            if (row > middle || row == count) {
                node = right;
                at = row - middle;
            }
        }
        TreeNode.openRow(node, level, at);
        TreeNode.score(node, at, itsScore);
        TreeNode.member(node, level, at, member);
        if (level > 0) {
            TreeNode.child(node, at, child);
            TreeNode.size(node, at, size);
        }
        return right;
    }

    /**
     * Gives a member another score where that changes nothing else.
     *
     * @return whether that was possible; if not, nothing was changed
     */
    public boolean rescore(double oldScore, double newScore, long member) {
        seek(oldScore, FieldNode.fieldAddress(member), FieldNode.fieldLength(member));
        long leaf = path[0];
        int row = rows[0];
        if (row == 0 || row + 1 >= TreeNode.rows(leaf) || TreeNode.score(leaf, row - 1) >= newScore
                || TreeNode.score(leaf, row + 1) <= newScore) {
            return false;
        }
        TreeNode.score(leaf, row, newScore);
        return true;
    }

    /** Removes a member. */
    public void remove(double itsScore, long member) {
        seek(itsScore, FieldNode.fieldAddress(member), FieldNode.fieldLength(member));
        for (int level = 1; level < height; level++) {
            long node = path[level];
            TreeNode.size(node, rows[level], TreeNode.size(node, rows[level]) - 1);
        }
        removeRow(0, rows[0]);
    }

    /** Removes a row from a node of the path, and what is sparse then. */
    private void removeRow(int level, int row) {
        long node = path[level];
        TreeNode.closeRow(node, level, row);
        int count = TreeNode.rows(node);
        if (row == 0 && count > 0) {
            keysChanged(level);
        }
        if (level == height - 1) {
            lowerTop();
            return;
        }
        long parent = path[level + 1];
        int its = rows[level + 1];
        if (count == 0) {
            unlink(node);
            removeRow(level + 1, its);
        } else if (count < TreeNode.most(level) / 4) {
            int limit = TreeNode.most(level) / 4 * 3;
            if (its + 1 < TreeNode.rows(parent) && TreeNode.rows(TreeNode.child(parent, its + 1)) + count <= limit) {
                merge(level, parent, its);
            } else if (its > 0 && TreeNode.rows(TreeNode.child(parent, its - 1)) + count <= limit) {
                merge(level, parent, its - 1);
            }
        }
    }

    /** Makes a child and the next one of its parent, which is on the path, into one. */
    private void merge(int level, long parent, int row) {
        long left = TreeNode.child(parent, row);
        long right = TreeNode.child(parent, row + 1);
        TreeNode.moveRows(right, 0, left, level);
        TreeNode.size(parent, row, TreeNode.size(parent, row) + TreeNode.size(parent, row + 1));
        unlink(right);
        removeRow(level + 1, row + 1);
    }

    private void unlink(long node) {
        long previous = TreeNode.previous(node);
        long next = TreeNode.next(node);
        TreeNode.lead(previous, next, next, previous);
        free(node);
    }

    /** Tells the nodes above that the first row of one on the path is another. */
    private void keysChanged(int level) {
        for (int each = level; each + 1 < height; each++) {
            TreeNode.copyKey(path[each], each, path[each + 1], rows[each + 1]);
            if (rows[each + 1] != 0) {
                return;
            }
        }
    }

    private void lowerTop() {
        long top = Memory.getLong(root + TOP);
        while (height > 1 && TreeNode.rows(top) == 1) {
            long child = TreeNode.child(top, 0);
            height--;
            free(top);
            top = child;
        }
        Memory.putLong(root + TOP, top);
        Memory.putByte(root + HEIGHT, (byte) height);
    }

    /** Takes note that a member, which is still as it was, lies elsewhere from now on. */
    void moved(double itsScore, long from, long to) {
        seek(itsScore, FieldNode.fieldAddress(from), FieldNode.fieldLength(from));
        TreeNode.member(path[0], 0, rows[0], to);
        if (rows[0] == 0) {
            keysChanged(0);
        }
    }

    // ---- nodes

    private long allocate(int level) {
        long node = nodes.allocate(TreeNode.bytes(level));
        TreeNode.clear(node);
        Memory.putLong(root + BYTES, bytes(root) + nodes.capacity(node));
        return node;
    }

    private void free(long node) {
        Memory.putLong(root + BYTES, bytes(root) - nodes.capacity(node));
        nodes.free(node);
    }

    /** Frees about so many nodes of a tree that is used no more; whether none is left. */
    public static boolean free(Slabs nodes, long root, int steps) {
        // Level by level from the top. The count of bytes has had its time: in its place is the first of the next level.
        for (int i = 0; i < steps; i++) {
            int levels = Memory.getByte(root + HEIGHT);
            if (levels == 0) {
                return true;
            }
            long node = Memory.getLong(root + TOP);
            if (TreeNode.previous(node) == 0) {
                Memory.putLong(root + BYTES, levels == 1 ? 0 : TreeNode.child(node, 0));
            }
            long next = TreeNode.next(node);
            nodes.free(node);
            if (next == 0) {
                Memory.putByte(root + HEIGHT, (byte) (levels - 1));
                next = Memory.getLong(root + BYTES);
            }
            Memory.putLong(root + TOP, next);
        }
        return Memory.getByte(root + HEIGHT) == 0;
    }

    /** Moves the nodes to the leaf of a rank that are to leave their pages; returns the first rank of the next leaf. */
    long defragment(long rank) {
        seekRank(rank);
        for (int level = height - 1; level >= 0; level--) {
            long node = path[level];
            if (Slabs.isLeaving(node)) {
                move(node, level);
            }
        }
        return rank - rows[0] + TreeNode.rows(path[0]);
    }

    private void move(long node, int level) {
        long to;
        try {
            to = allocate(level);
        } catch (OutOfMemoryError e) {
            return;
        }
        Memory.copy(node, to, TreeNode.bytes(level));
        TreeNode.lead(TreeNode.previous(node), TreeNode.next(node), to, to);
        if (level == height - 1) {
            Memory.putLong(root + TOP, to);
        } else {
            TreeNode.child(path[level + 1], rows[level + 1], to);
        }
        path[level] = to;
        free(node);
    }
}
