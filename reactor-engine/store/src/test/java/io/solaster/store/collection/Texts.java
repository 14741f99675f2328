package io.solaster.store.collection;

import java.nio.charset.StandardCharsets;

import io.solaster.engine.memory.Memory;

/** Memory that a test puts one text at a time in; each character is a byte. */
final class Texts implements AutoCloseable {
    private static final int ROOM = 1 << 20;

    final long address = Memory.allocate(ROOM);
    int length;

    Texts put(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        Memory.copy(bytes, 0, address, bytes.length);
        length = bytes.length;
        return this;
    }

    static String read(long address, int length) {
        byte[] bytes = new byte[length];
        Memory.copy(address, bytes, 0, length);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() {
        Memory.free(address);
    }
}
