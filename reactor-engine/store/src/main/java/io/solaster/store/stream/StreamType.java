package io.solaster.store.stream;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.ValueType;
import org.jspecify.annotations.Nullable;

/** Streams, as a keyspace sees them: the root record leads to a head, and that to all else. On the owning shard. */
public final class StreamType implements ValueType {
    /** A cursor with this bit is about groups: below it which one, then which consumer, from 1, or 0 for the group. */
    private static final long GROUPS = 1L << 62;
    private static final int CONSUMER_BITS = 30;
    private static final int MOST_MOVED = 4096;

    private @Nullable StreamMemory memory;
    private @Nullable IdTree tree;

    private StreamMemory memory(Slabs nodes, long counter) {
        StreamMemory its = memory;
        if (its == null) {
            its = new StreamMemory(nodes);
            memory = its;
        }
        its.open(nodes, counter);
        return its;
    }

    private IdTree tree(StreamMemory of) {
        IdTree its = tree;
        if (its == null) {
            its = new IdTree(of);
            tree = its;
        }
        return its;
    }

    @Override
    public int number() {
        return Keyspace.TYPE_STREAM;
    }

    @Override
    public long nodeBytes(Slabs nodes, long root) {
        return Memory.getLong(StreamHead.head(root) + StreamHead.BYTES_USED);
    }

    @Override
    public boolean free(Slabs nodes, long root, int steps) {
        long head = StreamHead.head(root);
        if (head == 0) {
            return true;
        }
        StreamMemory its = memory(nodes, 0);
        IdTree blocks = tree(its).open(head + StreamHead.BLOCKS, Long.BYTES);
        for (int i = 0; i < steps; i++) {
            long row = blocks.dismantle();
            if (row == 0) {
                return freeGroups(its, root, head, steps);
            }
            long block = Memory.getLong(row);
            its.free(block, Block.room(block));
        }
        return false;
    }

    private boolean freeGroups(StreamMemory its, long root, long head, int steps) {
        long groups = head + StreamHead.GROUPS;
        for (int i = 0; i < steps; i++) {
            int count = StreamHead.count(groups);
            if (count == 0) {
                its.free(head, StreamHead.HEAD_BYTES);
                Memory.putLong(root + 8, 0);
                return true;
            }
            if (freeGroup(its, tree(its), StreamHead.get(groups, count - 1))) {
                StreamHead.remove(its, groups, count - 1);
            }
        }
        return false;
    }

    /** Frees a few nodes of a group; whether none is left. */
    static boolean freeGroup(StreamMemory its, IdTree tree, long group) {
        if (!tree.open(group + StreamHead.PENDING, StreamHead.ROW).freeRows(8)) {
            return false;
        }
        long consumers = group + StreamHead.CONSUMERS;
        int count = StreamHead.count(consumers);
        if (count > 0) {
            long consumer = StreamHead.get(consumers, count - 1);
            if (tree.open(consumer + StreamHead.OWN, 0).freeRows(8)) {
                its.free(consumer, StreamHead.room(consumer, StreamHead.CONSUMER_NAME));
                StreamHead.remove(its, consumers, count - 1);
            }
            return false;
        }
        its.free(group, StreamHead.room(group, StreamHead.GROUP_NAME));
        return true;
    }

    // ---- moving nodes

    /** A copy of a node that is to leave its page, which is freed; 0 if it stays. */
    static long copied(StreamMemory memory, long node, int room) {
        if (node == 0 || Slabs.large(room) || !Slabs.isLeaving(node)) {
            return 0;
        }
        long other;
        try {
            other = memory.allocate(room);
        } catch (OutOfMemoryError e) {
            return 0;
        }
        Memory.copy(node, other, room);
        memory.free(node, room);
        return other;
    }

    @Override
    public long defragment(Slabs nodes, long root, long cursor, int steps) {
        StreamMemory its = memory(nodes, 0);
        long head = StreamHead.head(root);
        if (cursor == 0) {
            head = moveHead(nodes, root, head);
        }
        its.counter(head + StreamHead.BYTES_USED);
        return cursor < GROUPS ? blocks(its, head, cursor, steps) : groups(its, head, cursor - GROUPS, steps);
    }

    private long moveHead(Slabs nodes, long root, long head) {
        if (!Slabs.isLeaving(head)) {
            return head;
        }
        long other;
        try {
            other = nodes.allocate(StreamHead.HEAD_BYTES);
        } catch (OutOfMemoryError e) {
            return head;
        }
        Memory.copy(head, other, StreamHead.HEAD_BYTES);
        nodes.free(head);
        Memory.putLong(root + 8, other);
        return other;
    }

    /** Goes on in a tree at the id that the head has noted; 0 at its end. */
    private long blocks(StreamMemory its, long head, long cursor, int steps) {
        IdTree blocks = tree(its).open(head + StreamHead.BLOCKS, Long.BYTES);
        long ms = cursor == 0 ? 0 : Memory.getLong(head + StreamHead.SCAN);
        long seq = cursor == 0 ? 0 : Memory.getLong(head + StreamHead.SCAN + 8);
        if (!blocks.defragment(ms, seq)) {
            return GROUPS;
        }
        for (int i = 0; i < steps; i++) {
            long block = Memory.getLong(blocks.value());
            long other = copied(its, block, Block.room(block));
            if (other != 0) {
                Memory.putLong(blocks.value(), other);
            }
            boolean newLeaf = blocks.isLastOfLeaf();
            if (!blocks.next()) {
                return GROUPS;
            }
            if (newLeaf) {
                blocks.defragment(blocks.ms(), blocks.seq());
            }
        }
        Memory.putLong(head + StreamHead.SCAN, blocks.ms());
        Memory.putLong(head + StreamHead.SCAN + 8, blocks.seq());
        return 1;
    }

    private long groups(StreamMemory its, long head, long cursor, int steps) {
        long groups = head + StreamHead.GROUPS;
        int index = (int) (cursor >>> CONSUMER_BITS);
        int which = (int) (cursor & (1 << CONSUMER_BITS) - 1);
        if (cursor == 0) {
            StreamHead.moveList(its, groups);
        }
        for (int left = steps; left > 0; left -= 8) {
            if (index >= StreamHead.count(groups)) {
                return 0;
            }
            long group = StreamHead.get(groups, index);
            if (which == 0) {
                long other = copied(its, group, StreamHead.room(group, StreamHead.GROUP_NAME));
                if (other != 0) {
                    group = other;
                    StreamHead.set(groups, index, group);
                }
                StreamHead.moveList(its, group + StreamHead.CONSUMERS);
                left -= all(its, group + StreamHead.PENDING, StreamHead.ROW);
            } else {
                left -= consumer(its, group, which - 1);
            }
            which++;
            if (which > StreamHead.count(group + StreamHead.CONSUMERS)) {
                which = 0;
                index++;
            }
        }
        return GROUPS | (long) index << CONSUMER_BITS | which;
    }

    private int consumer(StreamMemory its, long group, int index) {
        long consumers = group + StreamHead.CONSUMERS;
        if (index >= StreamHead.count(consumers)) {
            return 1;
        }
        long consumer = StreamHead.get(consumers, index);
        int moved = all(its, consumer + StreamHead.OWN, 0);
        // Each of its rows in the group's tree names it: with very many it stays.
        if (IdTree.count(consumer + StreamHead.OWN) > MOST_MOVED) {
            return moved;
        }
        long other = copied(its, consumer, StreamHead.room(consumer, StreamHead.CONSUMER_NAME));
        if (other != 0) {
            StreamHead.set(consumers, index, other);
            IdTree pending = tree(its).open(group + StreamHead.PENDING, StreamHead.ROW);
            for (boolean more = pending.first(); more; more = pending.next()) {
                if (Memory.getLong(pending.value() + StreamHead.CONSUMER) == consumer) {
                    Memory.putLong(pending.value() + StreamHead.CONSUMER, other);
                }
            }
        }
        return moved;
    }

    /** Moves nodes of a tree; how many leaves were looked at. */
    private int all(StreamMemory its, long treeHead, int valueBytes) {
        IdTree of = tree(its).open(treeHead, valueBytes);
        int leaves = 1;
        for (boolean more = of.defragment(0, 0); more;) {
            boolean newLeaf = of.isLastOfLeaf();
            more = of.next();
            if (more && newLeaf) {
                leaves++;
                of.defragment(of.ms(), of.seq());
            }
        }
        return leaves;
    }
}
