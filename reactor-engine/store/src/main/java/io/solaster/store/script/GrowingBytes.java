package io.solaster.store.script;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Bytes that are put behind one another, with a limit. */
final class GrowingBytes {
    /** As many values as there is memory for; more are the same ones over and over. */
    private static final int MOST_VALUES = 1 << 20;

    private final long limit;
    private byte[] bytes = new byte[128];
    private int length;
    private int values;

    /** @param limit beyond which no more are taken */
    GrowingBytes(long limit) {
        this.limit = limit;
    }

    /** Another value is written. */
    void value() {
        values++;
        if (values > MOST_VALUES) {
            throw new LuaArguments.Failure("not enough memory");
        }
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    void add(int b) {
        need(1);
        bytes[length++] = (byte) b;
    }

    void add(byte[] more, int from, int count) {
        need(count);
        System.arraycopy(more, from, bytes, length, count);
        length += count;
    }

    void add(String text) {
        byte[] more = text.getBytes(StandardCharsets.ISO_8859_1);
        add(more, 0, more.length);
    }

    /** A number of so many bytes, the highest first. */
    void addBig(long value, int size) {
        for (int i = size - 1; i >= 0; i--) {
            add((int) (value >>> 8 * i));
        }
    }

    private void need(int more) {
        if (length + (long) more > limit) {
            throw new LuaArguments.Failure("not enough memory");
        }
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(length + more, bytes.length * 2));
        }
    }
}
