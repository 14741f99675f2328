package io.solaster.store.collection;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;

/**
 * Records that a command has gathered, in the order in which they were added: some bytes each, with some numbers in front. A
 * record is known by its address and stays where it is. The memory is a {@link Workspace}'s.
 */
public final class Gathered {
    private static final int FIRST_CHUNK = 1 << 10;
    private static final int LARGEST_CHUNK = 1 << 20;
    private static final int LENGTH = 4;
    /** In the place of a length. */
    private static final int NONE = -1;

    private final Workspace workspace;
    private final int numbers;
    private long[] chunks = new long[4];
    /** Bytes in use of each chunk. */
    private int[] used = new int[4];
    private int current = -1;
    private int room;
    private long count;

    private int chunk;
    private int offset;
    private long at;

    /** @param numbers of each record */
    public Gathered(Workspace workspace, int numbers) {
        this.workspace = workspace;
        this.numbers = numbers;
    }

    private int head() {
        return Double.BYTES * numbers + LENGTH;
    }

    /**
     * Adds a copy of some bytes; the record's numbers are undefined.
     *
     * @return the record
     */
    public long add(long address, int length) {
        long record = add(length, length);
        Memory.copy(address, record + head(), length);
        return record;
    }

    /** Adds the place of bytes that do not exist. */
    public long addNone() {
        return add(NONE, 0);
    }

    private long add(int length, int bytes) {
        long needed = (long) head() + bytes;
        if (current < 0 || used[current] + needed > room) {
            newChunk(needed);
        }
        long record = chunks[current] + used[current];
        Memory.putInt(record + head() - LENGTH, length);
        used[current] += (int) needed;
        count++;
        return record;
    }

    private void newChunk(long needed) {
        int size = current < 0 ? FIRST_CHUNK : Math.min(LARGEST_CHUNK, 2 * Math.max(room, FIRST_CHUNK));
        if (needed > Integer.MAX_VALUE) {
            throw new OutOfMemoryError("a record of " + needed + " bytes");
        }
        int bytes = (int) Math.max(size, needed);
        long chunk = workspace.allocate(bytes);
        current++;
        if (current == chunks.length) {
            chunks = Arrays.copyOf(chunks, 2 * current);
            used = Arrays.copyOf(used, 2 * current);
        }
        chunks[current] = chunk;
        used[current] = 0;
        room = bytes;
    }

    /** Records. */
    public long count() {
        return count;
    }

    /** A place to {@link #seek}: behind all records that there are, before those that come. */
    public long mark() {
        return current < 0 ? 0 : (long) current << 32 | used[current];
    }

    /** Goes to a place: {@link #next} tells the record behind it. 0 is the beginning. */
    public void seek(long mark) {
        chunk = (int) (mark >>> 32);
        offset = (int) mark;
    }

    /** Where {@link #next} goes on. */
    public long place() {
        return (long) chunk << 32 | offset;
    }

    /** Goes to the next record; false at the end. */
    public boolean next() {
        while (chunk <= current && offset == used[chunk]) {
            chunk++;
            offset = 0;
        }
        if (chunk > current) {
            return false;
        }
        at = chunks[chunk] + offset;
        offset += head() + Math.max(0, length(at));
        return true;
    }

    /** The record where {@link #next} is. */
    public long record() {
        return at;
    }

    public boolean exists(long record) {
        return Memory.getInt(record + head() - LENGTH) != NONE;
    }

    public long address(long record) {
        return record + head();
    }

    public int length(long record) {
        return Memory.getInt(record + head() - LENGTH);
    }

    public double number(long record, int which) {
        return Double.longBitsToDouble(Memory.getLong(record + (long) Double.BYTES * which));
    }

    public void number(long record, int which, double value) {
        Memory.putLong(record + (long) Double.BYTES * which, Double.doubleToRawLongBits(value));
    }

    /** One of the numbers, as its bits. */
    public long bits(long record, int which) {
        return Memory.getLong(record + (long) Double.BYTES * which);
    }

    public void bits(long record, int which, long value) {
        Memory.putLong(record + (long) Double.BYTES * which, value);
    }
}
