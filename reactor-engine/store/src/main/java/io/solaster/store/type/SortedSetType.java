package io.solaster.store.type;

import java.util.Objects;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import org.jspecify.annotations.Nullable;

/**
 * Sorted sets, as a keyspace sees them: a large one is the root record of a {@link FieldTable}, which finds members and has
 * their scores as values, and within it that of a {@link ScoreTree}. On the owning shard.
 */
public final class SortedSetType implements ValueType {
    /** A cursor with this bit goes on in the tree. */
    private static final long IN_TREE = 1L << 62;
    /** Nodes of a table that a leaf's members count for, about. */
    private static final int LEAF_STEPS = 16;

    private final FieldTable.Moves moves = this::moved;
    private @Nullable FieldTable table;
    private @Nullable ScoreTree tree;

    private ScoreTree tree(Slabs nodes, long root) {
        ScoreTree its = tree;
        if (its == null) {
            its = new ScoreTree(nodes);
            tree = its;
        }
        its.open(nodes, root);
        return its;
    }

    private FieldTable table(Slabs nodes) {
        FieldTable its = table;
        if (its == null || its.nodes() != nodes) {
            its = new FieldTable(nodes);
            table = its;
        }
        return its;
    }

    /** Tells the tree, which was opened before. */
    private void moved(long root, long from, long to) {
        Objects.requireNonNull(tree).moved(score(from), from, to);
    }

    /** The score of a member, which is a node of the table. */
    public static double score(long member) {
        return Double.longBitsToDouble(Memory.getLong(FieldNode.valueAddress(member)));
    }

    @Override
    public int number() {
        return Keyspace.TYPE_ZSET;
    }

    @Override
    public boolean free(Slabs nodes, long root, int steps) {
        return ScoreTree.free(nodes, root, Math.max(1, steps / LEAF_STEPS)) && table(nodes).free(root, steps);
    }

    @Override
    public long nodeBytes(Slabs nodes, long root) {
        return FieldTable.bytes(root) + ScoreTree.bytes(root);
    }

    @Override
    public long defragment(Slabs nodes, long root, long cursor, int steps) {
        ScoreTree its = tree(nodes, root);
        if (cursor < IN_TREE) {
            long next = table(nodes).defragment(root, cursor, steps, moves);
            return next == 0 ? IN_TREE : next;
        }
        long rank = cursor - IN_TREE;
        for (int left = steps; left > 0 && rank < FieldTable.count(root); left -= LEAF_STEPS) {
            rank = its.defragment(rank);
        }
        return rank < FieldTable.count(root) ? IN_TREE + rank : 0;
    }
}
