package io.solaster.store.keyspace;

import io.solaster.engine.memory.Memory;

/** A block that tests put keys or values in. */
public final class Bytes implements AutoCloseable {
    final long address;
    final int capacity;
    int length;

    Bytes(int capacity) {
        this.capacity = capacity;
        address = Memory.allocate(Math.max(1, capacity));
    }

    Bytes put(byte[] bytes) {
        Memory.copy(bytes, 0, address, bytes.length);
        length = bytes.length;
        return this;
    }

    /** Eight bytes of a number, first the highest. */
    Bytes put(long number) {
        Memory.putLong(address, Long.reverseBytes(number));
        length = 8;
        return this;
    }

    static byte[] read(long address, int length) {
        byte[] bytes = new byte[length];
        Memory.copy(address, bytes, 0, length);
        return bytes;
    }

    @Override
    public void close() {
        Memory.free(address);
    }
}
