package io.solaster.store.tracking;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;

/** Names of keys, one behind the other; belongs to one shard at a time, and travels in messages. */
final class KeyList {
    private byte[] bytes = new byte[64];
    private int[] ends = new int[4];
    private int count;

    void add(long address, int length) {
        int start = size();
        room(start + length);
        Memory.copy(address, bytes, start, length);
        ends[count++] = start + length;
    }

    void add(KeyList other, int index) {
        int start = size();
        int length = other.length(index);
        room(start + length);
        System.arraycopy(other.bytes, other.start(index), bytes, start, length);
        ends[count++] = start + length;
    }

    void add(byte[] key) {
        int start = size();
        room(start + key.length);
        System.arraycopy(key, 0, bytes, start, key.length);
        ends[count++] = start + key.length;
    }

    private void room(int needed) {
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(needed, bytes.length * 2));
        }
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, count * 2);
        }
    }

    int count() {
        return count;
    }

    /** Bytes of all names. */
    int size() {
        return count == 0 ? 0 : ends[count - 1];
    }

    int start(int index) {
        return index == 0 ? 0 : ends[index - 1];
    }

    int length(int index) {
        return ends[index] - start(index);
    }

    byte[] key(int index) {
        return Arrays.copyOfRange(bytes, start(index), ends[index]);
    }

    /** Copies a name to there; how long it is. */
    int copy(int index, long to) {
        int length = length(index);
        Memory.copy(bytes, start(index), to, length);
        return length;
    }

    /** Bytes of the longest name. */
    int longest() {
        int longest = 0;
        for (int i = 0; i < count; i++) {
            longest = Math.max(longest, length(i));
        }
        return longest;
    }

    /** Whether a name is the one that was added last. */
    boolean isLast(long address, int length) {
        if (count == 0 || length(count - 1) != length) {
            return false;
        }
        int start = start(count - 1);
        for (int i = 0; i < length; i++) {
            if (Memory.getByte(address + i) != bytes[start + i]) {
                return false;
            }
        }
        return true;
    }
}
