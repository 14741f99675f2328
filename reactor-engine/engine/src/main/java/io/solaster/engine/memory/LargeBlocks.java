package io.solaster.engine.memory;

/**
 * Blocks that are too large to be cut from a page of {@link Slabs}: each one comes from the C allocator, and all are
 * linked, so that {@link #drop} finds them. On the owning shard.
 *
 * <p>
 * To give a block of hundreds of megabytes back takes the kernel tens of milliseconds. So a block over {@link #PIECE}
 * that is freed, and every block that is dropped, is only noted, and {@link #release} gives it back piece by piece.
 *
 * <p>
 * A block that is held outlives that it is freed or dropped: it is given back once it is let go as often as it was held.
 */
final class LargeBlocks {
    /** Bytes given back at once, about 60 us of the kernel's time. */
    static final long PIECE = 1 << 20;

    /** No kernel that Java runs on has larger ones, huge pages aside. */
    private static final long LARGEST_PAGE = 1 << 16;

    // A block's header: next, previous, capacity, holds. Of a block that is given back, capacity is what is resident still.
    private static final int PREVIOUS = 8;
    private static final int CAPACITY = 16;
    private static final int HOLDS = 24;
    private static final int HEADER = 32;
    private static final long FREED = 1L << 62; // beside the count of holds

    private final SystemMemory system;
    private long first;
    private long last;
    /** Those that are held and not freed: linked as the others are, apart from them. */
    private long firstHeld;
    /** Linked by their first word alone. */
    private long dropped;
    private long liveBytes;
    private long droppedBytes;
    private long heldBytes; // freed, and held

    LargeBlocks(SystemMemory system) {
        this.system = system;
    }

    /** Bytes in blocks that are handed out. */
    long liveBytes() {
        return liveBytes;
    }

    /** Bytes taken from the system: those of blocks not yet given back count too. */
    long usedBytes() {
        return liveBytes + heldBytes + droppedBytes;
    }

    static long capacity(long block) {
        return Memory.getLong(block - HEADER + CAPACITY);
    }

    /** A block of at least so many bytes, aligned to 8; content undefined, but zero from {@link Slabs#ZERO_FROM} on. */
    long allocate(long bytes) {
        long capacity = bytes + 7 & ~7L;
        long head = capacity < Slabs.ZERO_FROM
                ? system.allocate(HEADER + capacity)
                : system.allocateZero(HEADER + capacity);
        Memory.putLong(head + CAPACITY, capacity);
        Memory.putLong(head + HOLDS, 0);
        link(head);
        liveBytes += capacity;
        return head + HEADER;
    }

    private void link(long head) {
        Memory.putLong(head, first);
        Memory.putLong(head + PREVIOUS, 0);
        if (first != 0) {
            Memory.putLong(first + PREVIOUS, head);
        } else {
            last = head;
        }
        first = head;
    }

    private void unlink(long head) {
        long next = Memory.getLong(head);
        long previous = Memory.getLong(head + PREVIOUS);
        if (next != 0) {
            Memory.putLong(next + PREVIOUS, previous);
        } else if (last == head) {
            last = previous;
        }
        if (previous != 0) {
            Memory.putLong(previous, next);
        } else if (first == head) {
            first = next;
        } else {
            firstHeld = next;
        }
    }

    static boolean isHeld(long block) {
        return Memory.getLong(block - HEADER + HOLDS) != 0;
    }

    void hold(long block) {
        long head = block - HEADER;
        long holds = Memory.getLong(head + HOLDS);
        Memory.putLong(head + HOLDS, holds + 1);
        if (holds == 0) {
            unlink(head);
            Memory.putLong(head, firstHeld);
            Memory.putLong(head + PREVIOUS, 0);
            if (firstHeld != 0) {
                Memory.putLong(firstHeld + PREVIOUS, head);
            }
            firstHeld = head;
        }
    }

    void letGo(long block) {
        long head = block - HEADER;
        long holds = Memory.getLong(head + HOLDS) - 1;
        if (holds == FREED) {
            heldBytes -= Memory.getLong(head + CAPACITY);
            giveBack(head);
            return;
        }
        Memory.putLong(head + HOLDS, holds);
        if (holds == 0) {
            unlink(head);
            link(head);
        }
    }

    void free(long block) {
        long head = block - HEADER;
        unlink(head);
        liveBytes -= Memory.getLong(head + CAPACITY);
        if (isHeld(block)) {
            outlives(head);
        } else {
            giveBack(head);
        }
    }

    private void outlives(long head) {
        Memory.putLong(head + HOLDS, Memory.getLong(head + HOLDS) | FREED);
        heldBytes += Memory.getLong(head + CAPACITY);
    }

    private void giveBack(long head) {
        long capacity = Memory.getLong(head + CAPACITY);
        if (capacity > PIECE) {
            Memory.putLong(head, dropped);
            dropped = head;
            droppedBytes += capacity;
        } else {
            system.free(head);
        }
    }

    /** Takes all blocks back at once, in constant time but for those that are held; {@link #release} gives them to the system. */
    void drop() {
        while (firstHeld != 0) {
            long head = firstHeld;
            firstHeld = Memory.getLong(head);
            liveBytes -= Memory.getLong(head + CAPACITY);
            outlives(head);
        }
        if (first == 0) {
            return;
        }
        Memory.putLong(last, dropped);
        dropped = first;
        first = 0;
        last = 0;
        droppedBytes += liveBytes;
        liveBytes = 0;
    }

    /**
     * Gives back what was freed or dropped, about so many bytes of it.
     *
     * @return how many of the bytes asked for were not there to be given back; 0 or less where there may be more
     */
    long release(long bytes) {
        long left = bytes;
        while (dropped != 0 && left > 0) {
            long head = dropped;
            long resident = Memory.getLong(head + CAPACITY);
            long given = Math.min(resident, PIECE);
            if (resident > PIECE) {
                // From its end, so that the header stays; only whole pages can be given back.
                long end = head + HEADER + resident;
                long from = Math.max(head + HEADER + LARGEST_PAGE - 1, end - PIECE) & -LARGEST_PAGE;
                system.discard(from, (end & -LARGEST_PAGE) - from);
                Memory.putLong(head + CAPACITY, resident - PIECE);
            } else {
                dropped = Memory.getLong(head);
                system.free(head);
            }
            droppedBytes -= given;
            left -= given;
        }
        return left;
    }
}
