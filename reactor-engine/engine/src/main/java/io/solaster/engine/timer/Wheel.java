package io.solaster.engine.timer;

import java.util.Arrays;

import io.solaster.engine.stats.Counter;
import org.jspecify.annotations.Nullable;

/**
 * Timers sorted by the tick that they are due at, as far as need be. On the owning shard.
 *
 * <p>
 * A hierarchical timing wheel (Varghese and Lauck, 1987) of nine levels with 64 slots each. A timer lies at the level
 * of the highest digit, to base 64, in which its tick differs from {@link #elapsed}, as in the radix buckets of
 * Seastar's {@code timer_set} and in Tokio's wheel. So a level never wraps round, the first slot of the lowest level
 * in use holds the earliest timers, two bitmaps find it, and a timer moves at most eight times however far its
 * deadline. A slot is a ring of nodes in arrays of numbers: linking and unlinking passes no barrier of the collector,
 * which finds no long lists to follow either, and moving a timer to a lower level does not touch the timer.
 *
 * <p>
 * Time stands still while a slot's timers move, so that whoever turns the wheel can stop after any number of them.
 */
final class Wheel {
    /** No deadline lies beyond: 2^63 ns at 2^10 ns a tick. */
    static final long LAST_TICK = (1L << 53) - 1;

    private static final int DIGIT_BITS = 6;
    private static final int SLOTS = 1 << DIGIT_BITS;
    private static final int LEVELS = 9;
    // Rings have a node of their own that is no timer, and those come first.
    private static final int MOVING = LEVELS * SLOTS;
    private static final int SOON = MOVING + 1;
    private static final int DUE = MOVING + 2;
    private static final int RINGS = MOVING + 3;
    private static final int NONE = -1;

    private static final int NODE_BITS = 2;
    private static final int CHUNK_BITS = 12;
    private static final int CHUNK = 1 << CHUNK_BITS;
    /** What is looked at in a slot before its beginning is taken for its first deadline. */
    private static final int FEW = 16;

    // In chunks, since to copy a million at once would be a pause. A node lies within a cache line: the node before it,
    // the node after it, its tick.
    private int[][] words = new int[1][];
    private @Nullable Timer[][] timers = new Timer[1][];
    private int nodes;
    private int free = NONE;

    private final long[] slotsInUse = new long[LEVELS];
    private int levelsInUse;
    private long elapsed;

    private final Counter moves;

    /** @param moves counts how often a timer moved to a lower level */
    Wheel(Counter moves) {
        this.moves = moves;
        addChunk();
        for (int ring = 0; ring < RINGS; ring++) {
            setBefore(ring, ring);
            setAfter(ring, ring);
        }
        nodes = RINGS;
    }

    /**
     * Puts a timer in.
     *
     * @return its node, until it is removed
     */
    int add(Timer timer, long tick) {
        int node = free;
        if (node != NONE) {
            free = after(node);
        } else {
            if ((nodes & CHUNK - 1) == 0) {
                addChunk();
            }
            node = nodes++;
        }
        timers[node >>> CHUNK_BITS][node & CHUNK - 1] = timer;
        place(node, tick);
        return node;
    }

    /** Gives a timer that is in here another tick. */
    void move(int node, long tick) {
        unlink(node);
        place(node, tick);
    }

    void remove(int node) {
        unlink(node);
        release(node);
    }

    /** What was late when it was added is due from now on, and not what is added late from now on. */
    void soonIsDue() {
        spill(SOON, DUE);
    }

    /** The node of the timer that has been due for longest; -1 for none. */
    int firstDue() {
        int node = after(DUE);
        return node == DUE ? NONE : node;
    }

    /** The timer at a node; null if the node is free. */
    @Nullable
    Timer timer(int node) {
        return timers[node >>> CHUNK_BITS][node & CHUNK - 1];
    }

    /** The tick that the wheel has come to: what is due after it is sorted still. */
    long elapsed() {
        return elapsed;
    }

    /**
     * Turns the wheel by one slot, if it is reached by {@code tick}, and moves what lay in there.
     *
     * @param atMost so many timers, and goes on with the rest next time
     * @return what it cost, in timers; 0 if there is nothing to do up to {@code tick}
     */
    int turn(long tick, int atMost) {
        if (after(MOVING) == MOVING) {
            if (levelsInUse == 0 || firstSlotBegins() > tick) {
                // Slots are placed by what differs from here, and all of them lie beyond.
                elapsed = Math.max(elapsed, tick);
                return 0;
            }
            int slot = firstSlot();
            elapsed = firstSlotBegins();
            clear(slot);
            if (slot < SLOTS) {
                spill(slot, DUE);
                return 1;
            }
            spill(slot, MOVING);
        }
        int moved = 0;
        for (int node; moved < atMost && (node = after(MOVING)) != MOVING; moved++) {
            unlink(node);
            long tickOf = tick(node);
            if (tickOf <= elapsed) {
                append(node, DUE);
            } else {
                placeLater(node, tickOf);
            }
        }
        moves.add(moved);
        return moved;
    }

    /** Whether {@link #turn} or {@link #firstDue} have work whatever the time. */
    boolean hasWork() {
        return after(DUE) != DUE || after(SOON) != SOON || after(MOVING) != MOVING;
    }

    /**
     * When to look again: exactly where the first slot holds few timers, when it begins where it holds many, since they
     * take time to move. {@link Long#MAX_VALUE} for never.
     */
    long nextTick() {
        if (levelsInUse == 0) {
            return Long.MAX_VALUE;
        }
        int slot = firstSlot();
        long begins = firstSlotBegins();
        if (slot < SLOTS) {
            return begins;
        }
        long first = Long.MAX_VALUE;
        int node = after(slot);
        for (int i = 0; i < FEW; i++) {
            first = Math.min(first, tick(node));
            node = after(node);
            if (node == slot) {
                return first;
            }
        }
        return begins;
    }

    /** Any node with a timer; -1 for none. */
    int any() {
        int ring = levelsInUse != 0 ? firstSlot() : after(MOVING) != MOVING ? MOVING : after(DUE) != DUE ? DUE : SOON;
        int node = after(ring);
        return node == ring ? NONE : node;
    }

    private int firstSlot() {
        int level = Integer.numberOfTrailingZeros(levelsInUse);
        return level * SLOTS + Long.numberOfTrailingZeros(slotsInUse[level]);
    }

    private long firstSlotBegins() {
        int level = Integer.numberOfTrailingZeros(levelsInUse);
        int shift = level * DIGIT_BITS;
        return (elapsed >>> shift + DIGIT_BITS << DIGIT_BITS | Long.numberOfTrailingZeros(slotsInUse[level])) << shift;
    }

    private void place(int node, long tick) {
        int[] chunk = words[node >>> CHUNK_BITS];
        int at = (node & CHUNK - 1) << NODE_BITS;
        chunk[at + 2] = (int) tick;
        chunk[at + 3] = (int) (tick >>> 32);
        if (tick <= elapsed) {
            append(node, SOON);
        } else {
            placeLater(node, tick);
        }
    }

    private void placeLater(int node, long tick) {
        int level = (63 - Long.numberOfLeadingZeros(tick ^ elapsed)) / DIGIT_BITS;
        int digit = (int) (tick >>> level * DIGIT_BITS) & SLOTS - 1;
        slotsInUse[level] |= 1L << digit;
        levelsInUse |= 1 << level;
        append(node, level * SLOTS + digit);
    }

    private void append(int node, int ring) {
        int last = before(ring);
        setAfter(last, node);
        setBefore(ring, node);
        int[] chunk = words[node >>> CHUNK_BITS];
        int at = (node & CHUNK - 1) << NODE_BITS;
        chunk[at] = last;
        chunk[at + 1] = ring;
    }

    private void unlink(int node) {
        int[] chunk = words[node >>> CHUNK_BITS];
        int at = (node & CHUNK - 1) << NODE_BITS;
        int before = chunk[at];
        int after = chunk[at + 1];
        setAfter(before, after);
        setBefore(after, before);
        if (before == after && before < MOVING) {
            clear(before);
        }
    }

    private void clear(int slot) {
        int level = slot / SLOTS;
        if ((slotsInUse[level] &= ~(1L << slot)) == 0) {
            levelsInUse &= ~(1 << level);
        }
    }

    private void release(int node) {
        timers[node >>> CHUNK_BITS][node & CHUNK - 1] = null;
        setAfter(node, free);
        free = node;
    }

    /** Hangs all of a ring behind what is in another, at once. */
    private void spill(int from, int to) {
        int first = after(from);
        if (first == from) {
            return;
        }
        int last = before(from);
        int end = before(to);
        setAfter(end, first);
        setBefore(first, end);
        setAfter(last, to);
        setBefore(to, last);
        setBefore(from, from);
        setAfter(from, from);
    }

    private void addChunk() {
        int chunk = nodes >>> CHUNK_BITS;
        if (chunk == words.length) {
            words = Arrays.copyOf(words, 2 * chunk);
            timers = Arrays.copyOf(timers, 2 * chunk);
        }
        words[chunk] = new int[CHUNK << NODE_BITS];
        timers[chunk] = new Timer[CHUNK];
    }

    private long tick(int node) {
        int[] chunk = words[node >>> CHUNK_BITS];
        int at = (node & CHUNK - 1) << NODE_BITS;
        return chunk[at + 2] & 0xFFFF_FFFFL | (long) chunk[at + 3] << 32;
    }

    private int before(int node) {
        return words[node >>> CHUNK_BITS][(node & CHUNK - 1) << NODE_BITS];
    }

    private int after(int node) {
        return words[node >>> CHUNK_BITS][((node & CHUNK - 1) << NODE_BITS) + 1];
    }

    private void setBefore(int node, int before) {
        words[node >>> CHUNK_BITS][(node & CHUNK - 1) << NODE_BITS] = before;
    }

    private void setAfter(int node, int after) {
        words[node >>> CHUNK_BITS][((node & CHUNK - 1) << NODE_BITS) + 1] = after;
    }
}
