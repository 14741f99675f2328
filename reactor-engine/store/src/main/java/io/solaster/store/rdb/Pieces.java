package io.solaster.store.rdb;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;

/**
 * Bytes of a value in blocks off the heap, so that a long one is never copied to make room for more of it. What is reserved
 * in one go lies in one block. Whoever made it closes it. Belongs to one thread at a time.
 */
public final class Pieces implements AutoCloseable {
    private static final int LEAST = 1024;
    private static final int BLOCK = 256 << 10;

    private long[] addresses = new long[4];
    private int[] lengths = new int[4];
    private int count;
    private int room; // of the last block
    private long size;

    /** Room for so many bytes, in one block; what is {@link #wrote} of it counts. */
    public long reserve(int bytes) {
        if (count == 0 || room - lengths[count - 1] < bytes) {
            addBlock(bytes);
        }
        return addresses[count - 1] + lengths[count - 1];
    }

    private void addBlock(int bytes) {
        if (count == addresses.length) {
            addresses = Arrays.copyOf(addresses, 2 * count);
            lengths = Arrays.copyOf(lengths, 2 * count);
        }
        int usual = count == 0 ? LEAST : Math.min(BLOCK, 4 * room);
        int next = Math.max(usual, bytes);
        addresses[count] = Memory.allocate(next);
        lengths[count++] = 0;
        room = next;
    }

    /** So many bytes were written where {@link #reserve} has said. */
    public void wrote(int bytes) {
        lengths[count - 1] += bytes;
        size += bytes;
    }

    /** Writes a copy of bytes. */
    public void add(long address, int length) {
        Memory.copy(address, reserve(length), length);
        wrote(length);
    }

    /** Bytes that were written. */
    public long size() {
        return size;
    }

    /** Blocks. */
    public int count() {
        return count;
    }

    /** Where a block lies. */
    public long address(int block) {
        return addresses[block];
    }

    /** Bytes that a block holds. */
    public int length(int block) {
        return lengths[block];
    }

    /** Forgets all bytes; a small block is kept. */
    public void clear() {
        int kept = count == 1 && room <= BLOCK ? 1 : 0;
        for (int i = kept; i < count; i++) {
            Memory.free(addresses[i]);
        }
        count = kept;
        if (kept == 1) {
            lengths[0] = 0;
        } else {
            room = 0;
        }
        size = 0;
    }

    /** Gives the memory back; what comes next takes some again. */
    @Override
    public void close() {
        for (int i = 0; i < count; i++) {
            Memory.free(addresses[i]);
        }
        count = 0;
        room = 0;
        size = 0;
    }
}
