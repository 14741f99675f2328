package io.solaster.store.type;

import io.solaster.engine.memory.Memory;

/**
 * Whole numbers in ascending order, one behind the other, each of 2, 4 or 8 bytes: what a small set of numbers is. Who
 * keeps them knows how many there are and how wide they are, and makes room before it inserts. On the owning shard.
 */
public final class IntSet {
    private IntSet() {}

    /** How many bytes a number needs. */
    public static int width(long number) {
        return number == (short) number ? 2 : number == (int) number ? 4 : 8;
    }

    /** The number at an index. */
    public static long get(long numbers, int width, int index) {
        long at = numbers + (long) index * width;
        return width == 2 ? Memory.getShort(at) : width == 4 ? Memory.getInt(at) : Memory.getLong(at);
    }

    private static void put(long numbers, int width, int index, long number) {
        long at = numbers + (long) index * width;
        if (width == 2) {
            Memory.putShort(at, (short) number);
        } else if (width == 4) {
            Memory.putInt(at, (int) number);
        } else {
            Memory.putLong(at, number);
        }
    }

    /** Where a number is; where it is not, the index before which it belongs, as {@code -index - 1}. */
    public static int find(long numbers, int width, int count, long number) {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            long there = get(numbers, width, middle);
            if (there == number) {
                return middle;
            }
            if (there < number) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -low - 1;
    }

    /** Inserts a number that is no wider than the others, before an index; there is room for one more. */
    public static void insert(long numbers, int width, int count, int index, long number) {
        long at = numbers + (long) index * width;
        Memory.copy(at, at + width, (long) (count - index) * width);
        put(numbers, width, index, number);
    }

    /** Removes the number at an index. */
    public static void remove(long numbers, int width, int count, int index) {
        long at = numbers + (long) index * width;
        Memory.copy(at + width, at, (long) (count - index - 1) * width);
    }

    /** Makes numbers wider where they lie; there is room for it. */
    public static void widen(long numbers, int width, int wider, int count) {
        for (int i = count - 1; i >= 0; i--) {
            put(numbers, wider, i, get(numbers, width, i));
        }
    }
}
