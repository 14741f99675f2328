package io.solaster.streams.topic;

import java.util.Arrays;

/** Where about in a shard's log the entries of one partition are: of each {@link #EACH}th, and of the first. On the shard. */
final class Positions {
    private static final int EACH = 512;

    private static final long[] NONE = {};

    private long[] sequences = NONE;
    private long[] records = NONE;
    private int size;
    private long last;

    /** @param sequence greater than that of the entry before */
    void add(long sequence, long record) {
        last = record;
        if (size > 0 && sequence - sequences[size - 1] < EACH) {
            return;
        }
        if (size == sequences.length) {
            int room = Math.max(1, 2 * size);
            sequences = Arrays.copyOf(sequences, room);
            records = Arrays.copyOf(records, room);
        }
        sequences[size] = sequence;
        records[size++] = record;
    }

    /** The record of the log from which on all entries from one on are; {@code none} where that is not known. */
    long before(long sequence, long none) {
        int found = Arrays.binarySearch(sequences, 0, size, sequence);
        int at = found >= 0 ? found : -found - 2;
        return at < 0 ? none : records[at];
    }

    /** The record of the newest entry; 0 for none. */
    long last() {
        return last;
    }

    /** A sequence below which no entry is in the log any more, up to {@link #EACH} less than there could be; 1 where none is known. */
    long oldest(long record) {
        int found = Arrays.binarySearch(records, 0, size, record);
        int at = found >= 0 ? found : Math.max(0, -found - 2);
        return at < size ? sequences[at] : 1;
    }

    /** Forgets where the entries are that the log has not any more. */
    void dropBefore(long record) {
        int found = Arrays.binarySearch(records, 0, size, record);
        int gone = found >= 0 ? found : -found - 1;
        // The one before may have entries that are kept behind it.
        gone = Math.max(0, gone - 1);
        if (gone > 0) {
            System.arraycopy(sequences, gone, sequences, 0, size - gone);
            System.arraycopy(records, gone, records, 0, size - gone);
            size -= gone;
        }
    }
}
