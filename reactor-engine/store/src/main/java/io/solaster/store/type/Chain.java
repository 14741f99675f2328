package io.solaster.store.type;

import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.Slabs;

/**
 * A long list: nodes that lead to the next and to the one before, each with many elements as {@link Packed}. The root
 * record leads to both ends.
 *
 * <p>
 * A node's elements may have room on both sides, so that pushes and pops at either end move nothing. An element that
 * would not fit in a node has one of its own, which may be a large block.
 *
 * <p>
 * What needs memory takes it first: where that is refused, the list is as it was. By address, on the owning shard.
 */
public final class Chain {
    private static final byte CHAIN = 1;

    /** Bytes of a root record. */
    public static final int ROOT_BYTES = 48;

    // The root record. The first byte says that it is one.
    private static final int COUNT = 8;
    private static final int HEAD = 16;
    private static final int TAIL = 24;
    private static final int BYTES = 32; // of all nodes
    private static final int SCAN = 40; // the node at which defragment goes on, or 0

    // A node.
    private static final int NEXT = 0;
    private static final int PREVIOUS = 8;
    private static final int START = 16; // where its elements begin in it
    private static final int ROOM = 20; // bytes of the block
    private static final int NODE_HEADER = 24;

    /** Bytes of a node, unless it is new or has one large element. Sixteen fill a page of the slabs. */
    static final int NODE_BYTES = 4032;
    private static final int SMALL_NODE = 512;
    /** A node of more bytes has one element: others would keep its room when that one is gone, and move it when they go. */
    private static final int SHARED_BYTES = 4 * NODE_BYTES;

    private Chain() {}

    /** Writes a root record of a list without elements. */
    public static void clear(long root) {
        Memory.fill(root, ROOT_BYTES, (byte) 0);
        Memory.putByte(root, CHAIN);
    }

    /** Elements. */
    public static long count(long root) {
        return Memory.getLong(root + COUNT);
    }

    /** The first node, or 0. */
    public static long head(long root) {
        return Memory.getLong(root + HEAD);
    }

    /** The last node, or 0. */
    public static long tail(long root) {
        return Memory.getLong(root + TAIL);
    }

    /** Bytes of the nodes' blocks. */
    static long nodeBytes(long root) {
        return Memory.getLong(root + BYTES);
    }

    /** The next node, or 0. */
    public static long next(long node) {
        return Memory.getLong(node + NEXT);
    }

    /** The node before, or 0. */
    public static long previous(long node) {
        return Memory.getLong(node + PREVIOUS);
    }

    /** A node's elements. */
    public static long packed(long node) {
        return node + Memory.getInt(node + START);
    }

    // ---- ends

    /** Inserts an element before all others. */
    public static void pushFirst(Slabs nodes, long root, long address, int length) {
        int size = Packed.size(address, length);
        long node = roomAtEnd(nodes, root, size, true);
        putPacked(node, Packed.prepend(packed(node), address, length));
        add(root, 1);
    }

    /** Inserts an element behind all others. */
    public static void pushLast(Slabs nodes, long root, long address, int length) {
        int size = Packed.size(address, length);
        long packed = packed(roomAtEnd(nodes, root, size, false));
        Packed.insert(packed, Packed.end(packed), address, length);
        add(root, 1);
    }

    /** Removes so many of the first elements; no more than there are. */
    public static void dropFirst(Slabs nodes, long root, long count) {
        long left = count;
        while (left > 0) {
            long node = head(root);
            long packed = packed(node);
            int held = Packed.count(packed);
            int dropped = (int) Math.min(left, held);
            if (dropped == held) {
                unlink(nodes, root, node);
            } else {
                putPacked(node, Packed.removeFirst(packed, Packed.at(packed, dropped), dropped));
            }
            left -= dropped;
        }
        add(root, -count);
    }

    /** Removes so many of the last elements; no more than there are. */
    public static void dropLast(Slabs nodes, long root, long count) {
        long left = count;
        while (left > 0) {
            long node = tail(root);
            long packed = packed(node);
            int held = Packed.count(packed);
            int dropped = (int) Math.min(left, held);
            if (dropped == held) {
                unlink(nodes, root, node);
            } else {
                Packed.remove(packed, Packed.at(packed, held - dropped), Packed.end(packed), dropped);
            }
            left -= dropped;
        }
        add(root, -count);
    }

    // ---- within

    /**
     * Inserts an element.
     *
     * @param node where it is to be
     * @param element of that node, before which it is to be; or the end of its elements
     */
    public static void insert(Slabs nodes, long root, long node, long element, long address, int length) {
        int size = Packed.size(address, length);
        long packed = packed(node);
        int offset = (int) (element - packed);
        long roomy = takesOneMore(node) ? roomWithin(nodes, root, node, size) : 0;
        if (roomy != 0) {
            long elements = packed(roomy);
            Packed.insert(elements, elements + offset, address, length);
            add(root, 1);
            return;
        }
        if (element == Packed.first(packed)) {
            insertBetween(nodes, root, previous(node), node, address, length);
        } else {
            long right = element == Packed.end(packed) ? next(node) : split(nodes, root, node, element);
            insertBetween(nodes, root, node, right, address, length);
        }
        add(root, 1);
    }

    private static void insertBetween(Slabs nodes, long root, long left, long right, long address, int length) {
        int size = Packed.size(address, length);
        if (left != 0 && takesOneMore(left) && roomBehind(left) >= size) {
            Packed.insert(packed(left), Packed.end(packed(left)), address, length);
        } else if (right != 0 && takesOneMore(right) && roomBefore(right) >= size) {
            putPacked(right, Packed.prepend(packed(right), address, length));
        } else {
            long node = create(nodes, root, Math.max(SMALL_NODE, bytesFor(size)), false);
            link(root, node, left, right);
            Packed.insert(packed(node), Packed.end(packed(node)), address, length);
        }
    }

    /**
     * Puts an element in the place of another, if there is or can be room for it in the node.
     *
     * @return whether there was
     */
    public static boolean replace(Slabs nodes, long root, long node, long element, long address, int length) {
        int offset = (int) (element - packed(node));
        int more = Packed.size(address, length) - Packed.size(element);
        long roomy = more <= 0 ? node : roomWithin(nodes, root, node, more);
        if (roomy == 0) {
            return false;
        }
        Packed.replace(packed(roomy), packed(roomy) + offset, address, length);
        if (more < 0) {
            shorten(nodes, root, roomy);
        }
        return true;
    }

    /** Gives a node a smaller block that had a large element and has none any more. Memory refused leaves it be. */
    private static void shorten(Slabs nodes, long root, long node) {
        int used = Packed.bytes(packed(node));
        int room = Memory.getInt(node + ROOM);
        if (room <= NODE_BYTES || NODE_HEADER + used > room / 4) {
            return;
        }
        long smaller;
        try {
            smaller = allocate(nodes, root, Math.max(SMALL_NODE, NODE_HEADER + used));
        } catch (OutOfMemoryError e) {
            return;
        }
        Memory.putInt(smaller + START, NODE_HEADER);
        Memory.copy(packed(node), smaller + NODE_HEADER, used);
        replaceNode(nodes, root, node, smaller);
    }

    /** Removes an element. Others of its node may lie elsewhere then. */
    public static void remove(Slabs nodes, long root, long node, long element) {
        long packed = packed(node);
        add(root, -1);
        if (Packed.count(packed) == 1) {
            unlink(nodes, root, node);
        } else if (element == Packed.first(packed)) {
            putPacked(node, Packed.removeFirst(packed, Packed.next(element), 1));
        } else {
            Packed.remove(packed, element);
        }
    }

    /** Puts a node's elements and those of its next one into one, if both are sparse. Memory refused leaves them be. */
    public static void mergeWithNext(Slabs nodes, long root, long node) {
        long next = next(node);
        if (next == 0) {
            return;
        }
        long from = packed(next);
        int bytes = Packed.bytes(from) - Packed.HEADER;
        long to = packed(node);
        int count = Packed.count(to) + Packed.count(from);
        if (Packed.bytes(to) + bytes > NODE_BYTES / 2 || count > Packed.MOST_ELEMENTS) {
            return;
        }
        long roomy;
        try {
            roomy = takesOneMore(node) ? roomWithin(nodes, root, node, bytes) : 0;
        } catch (OutOfMemoryError e) {
            return;
        }
        if (roomy != 0) {
            to = packed(roomy);
            Packed.insertElements(to, Packed.end(to), Packed.first(from), bytes, Packed.count(from));
            unlink(nodes, root, next);
        }
    }

    // ---- room

    private static int roomBefore(long node) {
        return Memory.getInt(node + START) - NODE_HEADER;
    }

    private static int roomBehind(long node) {
        return Memory.getInt(node + ROOM) - Memory.getInt(node + START) - Packed.bytes(packed(node));
    }

    private static boolean takesOneMore(long node) {
        return Packed.count(packed(node)) < Packed.MOST_ELEMENTS && Memory.getInt(node + ROOM) <= SHARED_BYTES;
    }

    /** Bytes of a node with one element, say, of so many. */
    private static int bytesFor(int elements) {
        return NODE_HEADER + Packed.HEADER + elements;
    }

    private static void putPacked(long node, long packed) {
        Memory.putInt(node + START, (int) (packed - node));
    }

    /** The first or last node, with so much room at its outer side. */
    private static long roomAtEnd(Slabs nodes, long root, int size, boolean first) {
        long node = first ? head(root) : tail(root);
        if (node != 0 && takesOneMore(node)) {
            if ((first ? roomBefore(node) : roomBehind(node)) >= size) {
                return node;
            }
            int room = Memory.getInt(node + ROOM);
            int used = Packed.bytes(packed(node));
            int free = room - NODE_HEADER - used;
            if (free - size >= room >>> 2) {
                slide(node, size, first);
                return node;
            }
            if (room < NODE_BYTES && NODE_HEADER + used + size <= NODE_BYTES) {
                return enlarge(nodes, root, node, size, first);
            }
        }
        long fresh = create(nodes, root, Math.max(NODE_BYTES, bytesFor(size)), first);
        link(root, fresh, first ? 0 : node, first ? node : 0);
        return fresh;
    }

    /** The node, or another in its place, with so much room behind its elements; 0 if there is none. */
    private static long roomWithin(Slabs nodes, long root, long node, int size) {
        int room = Memory.getInt(node + ROOM);
        if (roomBehind(node) >= size) {
            return node;
        }
        int used = Packed.bytes(packed(node));
        if (room - NODE_HEADER - used >= size) {
            moveTo(node, NODE_HEADER);
            return node;
        }
        return room < NODE_BYTES && NODE_HEADER + used + size <= NODE_BYTES
                ? enlarge(nodes, root, node, size, false)
                : 0;
    }

    /** Moves the elements so that there is room for so many bytes at one side, and most of what else is free. */
    private static void slide(long node, int size, boolean before) {
        int free = Memory.getInt(node + ROOM) - NODE_HEADER - Packed.bytes(packed(node));
        int wanted = size + (free - size) / 4 * 3;
        moveTo(node, NODE_HEADER + (before ? wanted : free - wanted));
    }

    private static void moveTo(long node, int start) {
        long packed = packed(node);
        Memory.copy(packed, node + start, Packed.bytes(packed));
        Memory.putInt(node + START, start);
    }

    /** Gives a node a larger block. */
    private static long enlarge(Slabs nodes, long root, long node, int size, boolean before) {
        int used = Packed.bytes(packed(node));
        int bytes = Math.min(NODE_BYTES, Math.max(2 * Memory.getInt(node + ROOM), NODE_HEADER + used + size));
        long larger = allocate(nodes, root, bytes);
        Memory.putInt(larger + START, NODE_HEADER);
        Memory.copy(packed(node), larger + NODE_HEADER, used);
        slide(larger, size, before);
        replaceNode(nodes, root, node, larger);
        return larger;
    }

    /** Moves a node's elements from one on to a new node behind it, to the end of its room. */
    private static long split(Slabs nodes, long root, long node, long element) {
        long packed = packed(node);
        int bytes = (int) (Packed.end(packed) - element);
        int moved = 0;
        for (long at = element; at != Packed.end(packed); at = Packed.next(at)) {
            moved++;
        }
        long right = create(nodes, root, Math.max(SMALL_NODE, bytesFor(bytes)), true);
        long to = packed(right) - bytes;
        Packed.clear(to);
        putPacked(right, to);
        Packed.insertElements(to, Packed.end(to), element, bytes, moved);
        Packed.remove(packed, element, Packed.end(packed), moved);
        link(root, right, node, next(node));
        return right;
    }

    // ---- nodes

    private static void add(long root, long count) {
        Memory.putLong(root + COUNT, count(root) + count);
    }

    private static long allocate(Slabs nodes, long root, int bytes) {
        long node = nodes.allocate(bytes);
        int room = (int) (Slabs.large(bytes) ? Slabs.largeCapacity(node) : nodes.capacity(node));
        Memory.putInt(node + ROOM, room);
        Memory.putLong(root + BYTES, nodeBytes(root) + room);
        return node;
    }

    /** A node without elements and in no list, with its room before or behind them. */
    private static long create(Slabs nodes, long root, int bytes, boolean roomBefore) {
        long node = allocate(nodes, root, bytes);
        Memory.putInt(node + START, roomBefore ? Memory.getInt(node + ROOM) - Packed.HEADER : NODE_HEADER);
        Packed.clear(packed(node));
        return node;
    }

    /** Appends a node that holds elements of a piece; for lists that become long. */
    public static void append(Slabs nodes, long root, long packed) {
        int bytes = Packed.bytes(packed);
        long node = allocate(nodes, root, Math.max(Math.min(NODE_BYTES, 2 * bytes), NODE_HEADER + bytes));
        Memory.putInt(node + START, NODE_HEADER);
        Memory.copy(packed, node + NODE_HEADER, bytes);
        slide(node, 0, false);
        link(root, node, tail(root), 0);
        add(root, Packed.count(packed));
    }

    private static void link(long root, long node, long previous, long next) {
        Memory.putLong(node + NEXT, next);
        Memory.putLong(node + PREVIOUS, previous);
        lead(root, previous, next, node, node);
    }

    /** Has the neighbours of a place, or the root where there is none, lead to these nodes. */
    private static void lead(long root, long previous, long next, long forwards, long backwards) {
        Memory.putLong(previous == 0 ? root + HEAD : previous + NEXT, forwards);
        Memory.putLong(next == 0 ? root + TAIL : next + PREVIOUS, backwards);
    }

    private static void unlink(Slabs nodes, long root, long node) {
        long next = next(node);
        long previous = previous(node);
        lead(root, previous, next, next, previous);
        if (Memory.getLong(root + SCAN) == node) {
            Memory.putLong(root + SCAN, next);
        }
        free(nodes, root, node);
    }

    private static void free(Slabs nodes, long root, long node) {
        int room = Memory.getInt(node + ROOM);
        Memory.putLong(root + BYTES, nodeBytes(root) - room);
        if (Slabs.large(room)) {
            nodes.freeLarge(node);
        } else {
            nodes.free(node);
        }
    }

    /** Puts a node with the same elements in the place of another, which is freed. */
    private static void replaceNode(Slabs nodes, long root, long old, long node) {
        link(root, node, previous(old), next(old));
        if (Memory.getLong(root + SCAN) == old) {
            Memory.putLong(root + SCAN, node);
        }
        free(nodes, root, old);
    }

    // ---- what the keyspace asks for

    /** Frees so many of the first nodes; whether none is left. */
    public static boolean free(Slabs nodes, long root, int steps) {
        for (int i = 0; i < steps && head(root) != 0; i++) {
            long node = head(root);
            Memory.putLong(root + HEAD, next(node));
            free(nodes, root, node);
        }
        return head(root) == 0;
    }

    /** Moves nodes that are to leave their pages, so many looked at; 0 at the end. */
    static long defragment(Slabs nodes, long root, boolean anew, int steps) {
        if (anew) {
            Memory.putLong(root + SCAN, head(root));
        }
        for (int i = 0; i < steps; i++) {
            long node = Memory.getLong(root + SCAN);
            if (node == 0) {
                return 0;
            }
            Memory.putLong(root + SCAN, next(node));
            int room = Memory.getInt(node + ROOM);
            if (!Slabs.large(room) && Slabs.isLeaving(node)) {
                long other;
                try {
                    other = allocate(nodes, root, room);
                } catch (OutOfMemoryError e) {
                    continue;
                }
                Memory.copy(node, other, room);
                replaceNode(nodes, root, node, other);
            }
        }
        return 1;
    }
}
