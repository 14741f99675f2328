package io.solaster.store.shard;

import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

import io.solaster.engine.memory.Memory;

/**
 * Copies of strings of bytes, one behind the other off the heap: arguments of commands that run elsewhere or later, and
 * values that shards hand to each other. Used again and again, so that nothing is allocated for a usual one. Belongs to one
 * shard at a time.
 */
public final class ByteStrings implements AutoCloseable {
    /** In the place of a length: there is no string. */
    private static final int NONE = -1;
    /** What is kept between uses, in bytes and in strings. */
    private static final int KEPT = 64 * 1024;
    private static final int KEPT_STRINGS = 4096;
    private static final LongAdder HELD = new LongAdder();

    private int[] lengths = new int[64];
    private int count;
    private long memory;
    private int capacity;
    private int size;

    // Where next() is.
    private int at = -1;
    private int offset;
    private int behind;

    /** Adds a copy of {@code length} bytes. */
    public void add(long address, int length) {
        reserve(length);
        note(length);
        Memory.copy(address, memory + size, length);
        size += length;
    }

    /** Adds the place of a string that does not exist. */
    public void addNone() {
        note(NONE);
    }

    private void note(int length) {
        if (count == lengths.length) {
            lengths = Arrays.copyOf(lengths, count * 2);
        }
        lengths[count++] = length;
    }

    private void reserve(int bytes) {
        if (size + (long) bytes <= capacity) {
            return;
        }
        long needed = (long) size + bytes;
        if (needed > Integer.MAX_VALUE) {
            throw new OutOfMemoryError("more than 2 GiB of arguments or values at once");
        }
        int larger = (int) Math.min(Integer.MAX_VALUE, Math.max(2L * capacity, Math.max(1024, needed)));
        long block = Memory.allocate(larger);
        if (size > 0) {
            Memory.copy(memory, block, size);
        }
        letGo();
        HELD.add(larger);
        memory = block;
        capacity = larger;
    }

    private void letGo() {
        if (memory != 0) {
            Memory.free(memory);
            HELD.add(-capacity);
            memory = 0;
            capacity = 0;
        }
    }

    /** Bytes that all of this process have taken from the system, and not given back. Any thread. */
    public static long held() {
        return HELD.sum();
    }

    /** How many there are, those that do not exist among them. */
    public int count() {
        return count;
    }

    /** Bytes of all of them. */
    public int size() {
        return size;
    }

    /**
     * Gives strings to a call as its arguments.
     *
     * @param first the first of them
     * @param from where that lies among the bytes: 0, or what the last call of this returned
     * @return where the string behind them lies
     */
    public int load(CommandCall call, int first, int strings, int from) {
        call.begin(strings);
        long address = memory + from;
        for (int i = 0; i < strings; i++) {
            int length = lengths[first + i];
            call.argument(i, address, length);
            address += length;
        }
        return (int) (address - memory);
    }

    /** Goes back to before the first one. */
    public void rewind() {
        at = -1;
        offset = 0;
        behind = 0;
    }

    /** Moves to the next one, or says that there is none. */
    public boolean next() {
        if (at + 1 >= count) {
            return false;
        }
        at++;
        offset = behind;
        behind += Math.max(0, lengths[at]);
        return true;
    }

    /** Goes to behind the last one. */
    public void toEnd() {
        at = count;
        offset = size;
        behind = size;
    }

    /** Moves to the one before, or says that there is none. */
    public boolean previous() {
        if (at <= 0) {
            return false;
        }
        at--;
        behind = offset;
        offset -= Math.max(0, lengths[at]);
        return true;
    }

    /** Whether the string where {@link #next} is exists. */
    public boolean exists() {
        return lengths[at] != NONE;
    }

    public long address() {
        return memory + offset;
    }

    public int length() {
        return lengths[at];
    }

    public void clear() {
        count = 0;
        size = 0;
        rewind();
        if (capacity > KEPT) {
            letGo();
        }
        if (lengths.length > KEPT_STRINGS) {
            lengths = new int[64];
        }
    }

    /** Bytes that are kept between uses. */
    public int kept() {
        return capacity + Integer.BYTES * lengths.length;
    }

    /** Gives the memory back; what comes next takes some again. */
    @Override
    public void close() {
        clear();
        letGo();
    }
}
