package io.solaster.streams.topic;

import java.util.Arrays;

import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/**
 * How far groups have come in the partitions of one shard, a row for each group and partition: below its low-water mark all is
 * acknowledged, and of what is from there on a bit says so. Bits are there only while something is acknowledged out of order. On
 * the shard.
 */
@Internal
public final class Cursors {
    private static final long NONE = -1;
    private static final int FIRST_BITS = 64;
    /** A group is given no entry that is so far beyond its oldest unacknowledged one, so that a row's bits have a bound. */
    public static final int SPAN = 1 << 16;

    private final int columns;
    private long[] low = {};
    private long[] given = {};
    private int[] counts = {};
    /** By row, a power of two of bits, of which one stands for all sequences that are equal but for a multiple of that. */
    private long[] @Nullable [] bits = {};

    /** @param columns partitions of the shard */
    Cursors(int columns) {
        this.columns = columns;
    }

    int columns() {
        return columns;
    }

    /** The row of a group and a partition, by their numbers on this shard. */
    public int row(int group, int column) {
        return group * columns + column;
    }

    private void ensure(int rows) {
        int before = low.length;
        if (rows > before) {
            int size = Math.max(rows, before * 2);
            low = Arrays.copyOf(low, size);
            given = Arrays.copyOf(given, size);
            counts = Arrays.copyOf(counts, size);
            bits = Arrays.copyOf(bits, size);
            Arrays.fill(low, before, size, NONE);
        }
    }

    /** Whether the group has come to know the partition. */
    boolean isThere(int row) {
        return row < low.length && low[row] != NONE;
    }

    /** All below is acknowledged, and nothing else is. */
    void set(int row, long newLow) {
        ensure(row + 1);
        low[row] = newLow;
        given[row] = newLow;
        counts[row] = 0;
        bits[row] = null;
    }

    void remove(int row) {
        if (row < low.length) {
            set(row, NONE);
        }
    }

    /** The sequence of the first entry that is not acknowledged. */
    public long low(int row) {
        return low[row];
    }

    /** The sequence of the next entry that a member is to be given. */
    public long given(int row) {
        return given[row];
    }

    public void given(int row, long sequence) {
        given[row] = sequence;
    }

    /** How many are acknowledged beyond the low-water mark. */
    int beyond(int row) {
        return counts[row];
    }

    /** How many are acknowledged beyond the low-water mark, from a sequence on. */
    int beyond(int row, long from) {
        int all = counts[row];
        long[] words = bits[row];
        if (words != null) {
            for (long each = low[row]; each < Math.min(from, low[row] + words.length * 64L); each++) {
                all -= has(words, each) ? 1 : 0;
            }
        }
        return all;
    }

    public boolean isAcknowledged(int row, long sequence) {
        long[] words = bits[row];
        return sequence < low[row] || words != null && sequence - low[row] < words.length * 64L && has(words, sequence);
    }

    /** Acknowledges one; false if it was already. */
    boolean acknowledge(int row, long sequence) {
        if (isAcknowledged(row, sequence)) {
            return false;
        }
        if (sequence == low[row]) {
            low[row]++;
            settle(row);
            return true;
        }
        set(room(row, sequence), sequence);
        counts[row]++;
        return true;
    }

    /** Goes on behind entries that are not there any more. */
    public void jump(int row, long to) {
        long[] words = bits[row];
        for (long each = low[row]; each < to && counts[row] > 0 && words != null; each++) {
            if (has(words, each)) {
                clear(words, each);
                counts[row]--;
            }
        }
        low[row] = Math.max(low[row], to);
        given[row] = Math.max(given[row], to);
        settle(row);
    }

    private void settle(int row) {
        long[] words = bits[row];
        if (words == null) {
            return;
        }
        while (counts[row] > 0 && has(words, low[row])) {
            clear(words, low[row]++);
            counts[row]--;
        }
        if (counts[row] == 0) {
            bits[row] = null;
        }
    }

    private long[] room(int row, long sequence) {
        long[] words = bits[row];
        long span = sequence - low[row] + 1;
        if (words == null || words.length * 64L < span) {
            long[] larger = new long[(int) (Math.max(FIRST_BITS, Long.highestOneBit(span - 1) * 2) / 64)];
            if (words != null) {
                for (long each = low[row]; each < low[row] + words.length * 64L; each++) {
                    if (has(words, each)) {
                        set(larger, each);
                    }
                }
            }
            bits[row] = larger;
            words = larger;
        }
        return words;
    }

    /** Words of bits from the low-water mark on, up to the last that is set. */
    int words(int row) {
        long[] words = bits[row];
        if (words == null) {
            return 0;
        }
        for (int at = words.length - 1; at >= 0; at--) {
            if (word(row, at) != 0) {
                return at + 1;
            }
        }
        return 0;
    }

    /** 64 bits from the low-water mark on. */
    long word(int row, int at) {
        long[] words = bits[row];
        if (words == null) {
            return 0;
        }
        long from = low[row] + at * 64L;
        int shift = (int) (from & 63);
        int first = (int) (from >>> 6) & words.length - 1;
        int second = first + 1 & words.length - 1;
        if (shift == 0) {
            return words[first];
        }
        long upper = at == words.length - 1 ? words[second] & (1L << shift) - 1 : words[second];
        return words[first] >>> shift | upper << 64 - shift;
    }

    private static boolean has(long[] words, long sequence) {
        return (words[(int) (sequence >>> 6) & words.length - 1] & 1L << sequence) != 0;
    }

    private static void set(long[] words, long sequence) {
        words[(int) (sequence >>> 6) & words.length - 1] |= 1L << sequence;
    }

    private static void clear(long[] words, long sequence) {
        words[(int) (sequence >>> 6) & words.length - 1] &= ~(1L << sequence);
    }
}
