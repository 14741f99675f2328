package io.solaster.store.collection;

import java.util.function.BooleanSupplier;

import io.solaster.engine.memory.Memory;

/**
 * Addresses of records in some order, off the heap: as many at most as was said when it was made. They can be sorted, a piece
 * in each turn. The memory is a {@link Workspace}'s.
 */
public final class Addresses {
    /** Runs of so many are sorted by insertion first. */
    private static final int RUN = 8;

    private final Workspace workspace;
    private final long capacity;
    private long from;
    private long count;

    // How far the sort is: runs of a width lie sorted in from, and are merged into other.
    private long other;
    private long width;
    private long low;
    private long left;
    private long right;
    private long out;

    /** Which of two records comes first. */
    @FunctionalInterface
    public interface Order {
        /** Below 0 if the first one does, above 0 if the second one. */
        int compare(long one, long other);
    }

    public Addresses(Workspace workspace, long capacity) {
        this.workspace = workspace;
        this.capacity = capacity;
        this.from = workspace.allocate(Long.BYTES * Math.max(1, capacity));
    }

    /** Adds one behind all others. */
    public void add(long record) {
        if (count == capacity) {
            throw new IllegalStateException("more than " + capacity + " records");
        }
        Memory.putLong(from + Long.BYTES * count++, record);
    }

    public long count() {
        return count;
    }

    public long get(long index) {
        return Memory.getLong(from + Long.BYTES * index);
    }

    /** Puts a record in the place of another. */
    public void set(long index, long record) {
        Memory.putLong(from + Long.BYTES * index, record);
    }

    /** Forgets all but so many from one on. */
    public void keep(long first, long some) {
        from += Long.BYTES * first;
        count = some;
    }

    /**
     * Goes on with sorting, bottom-up by merging, so that what is equal stays in its order.
     *
     * @param yield whether to leave off, asked at each comparison
     * @return whether all is sorted
     */
    public boolean sort(Order order, BooleanSupplier yield) {
        if (width == 0) {
            while (low < count) {
                insertionSort(order, low, Math.min(low + RUN, count));
                low += RUN;
                if (yield.getAsBoolean() && low < count) {
                    return false;
                }
            }
            width = RUN;
            if (count > RUN) {
                other = workspace.allocate(Long.BYTES * count);
            }
            beginRound();
        }
        while (width < count) {
            while (low < count) {
                if (!merge(order, yield)) {
                    return false;
                }
                beginPair(low + 2 * width);
            }
            long merged = other;
            other = from;
            from = merged;
            width *= 2;
            beginRound();
        }
        return true;
    }

    private void beginRound() {
        out = 0;
        beginPair(0);
    }

    private void beginPair(long newLow) {
        low = newLow;
        left = newLow;
        right = Math.min(newLow + width, count);
    }

    private boolean merge(Order order, BooleanSupplier yield) {
        long middle = Math.min(low + width, count);
        long end = Math.min(low + 2 * width, count);
        while (left < middle || right < end) {
            boolean first = right >= end || left < middle && order.compare(get(left), get(right)) <= 0;
            Memory.putLong(other + Long.BYTES * out++, get(first ? left++ : right++));
            if (yield.getAsBoolean()) {
                return left == middle && right == end;
            }
        }
        return true;
    }

    private void insertionSort(Order order, long first, long end) {
        for (long i = first + 1; i < end; i++) {
            long record = get(i);
            long at = i;
            while (at > first && order.compare(get(at - 1), record) > 0) {
                Memory.putLong(from + Long.BYTES * at, get(at - 1));
                at--;
            }
            Memory.putLong(from + Long.BYTES * at, record);
        }
    }
}
