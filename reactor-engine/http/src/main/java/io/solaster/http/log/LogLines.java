package io.solaster.http.log;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Lines of an access log, in memory that is used again: filled by a shard, then read by the thread that logs them. All of
 * it is ASCII; whatever a client sends is escaped, so that nobody can write lines of their own.
 */
final class LogLines {
    /** Then they are handed over. */
    private static final int ENOUGH = 16 << 10;
    private static final int FIRST = ENOUGH + (4 << 10);
    /** Characters of one thing that a client has sent. */
    private static final int LONGEST = 4096;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private final AccessLog owner;
    private byte[] bytes = new byte[FIRST];
    private int length;
    private int count;
    /** Lines that there was no room for before these. */
    private long dropped;

    LogLines(AccessLog owner) {
        this.owner = owner;
    }

    AccessLog owner() {
        return owner;
    }

    boolean isEmpty() {
        return length == 0;
    }

    boolean isFull() {
        return length >= ENOUGH;
    }

    long dropped() {
        return dropped;
    }

    void dropped(long lines) {
        dropped = lines;
    }

    /** How many lines. */
    int count() {
        return count;
    }

    /** All of them as they are, until {@link #clear}. */
    ByteBuf bytes() {
        return Unpooled.wrappedBuffer(bytes, 0, length);
    }

    void clear() {
        length = 0;
        count = 0;
        dropped = 0;
        if (bytes.length > 2 * FIRST) {
            bytes = new byte[FIRST];
        }
    }

    /** Hands over each line, without its end. */
    void forEach(Consumer<String> line) {
        int from = 0;
        for (int at = 0; at < length; at++) {
            if (bytes[at] == '\n') {
                line.accept(new String(bytes, from, at - from, StandardCharsets.ISO_8859_1));
                from = at + 1;
            }
        }
    }

    void end() {
        put('\n');
        count++;
    }

    private void room(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
        }
    }

    LogLines put(char c) {
        room(1);
        bytes[length++] = (byte) c;
        return this;
    }

    /** Text of ours, which needs no escapes. */
    LogLines put(String ascii) {
        int count = ascii.length();
        room(count);
        for (int i = 0; i < count; i++) {
            bytes[length + i] = (byte) ascii.charAt(i);
        }
        length += count;
        return this;
    }

    LogLines put(byte[] ascii) {
        room(ascii.length);
        System.arraycopy(ascii, 0, bytes, length, ascii.length);
        length += ascii.length;
        return this;
    }

    /** A number of at least 0. */
    LogLines put(long number) {
        int digits = 1;
        for (long rest = number / 10; rest > 0; rest /= 10) {
            digits++;
        }
        return digits(number, digits);
    }

    /** The last digits of a number. */
    LogLines digits(long number, int digits) {
        room(digits);
        long rest = number;
        for (int i = digits - 1; i >= 0; i--) {
            bytes[length + i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += digits;
        return this;
    }

    /** Text in which quotes, backslashes and whatever is not printed are escaped as Apache does: {@code \"}, {@code \x0a}. */
    LogLines escaped(String text) {
        return escaped(text, true);
    }

    /** The same as a string of JSON has it, without its quotes. */
    LogLines json(String text) {
        return escaped(text, false);
    }

    /** @param shortly whether a character of one byte is told in two digits */
    private LogLines escaped(String text, boolean shortly) {
        int count = Math.min(text.length(), LONGEST);
        room(6 * count + 3);
        for (int i = 0; i < count; i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c < 0x7F) {
                if (c == '"' || c == '\\') {
                    bytes[length++] = '\\';
                }
                bytes[length++] = (byte) c;
            } else {
                boolean two = shortly && c < 0x100;
                bytes[length++] = '\\';
                bytes[length++] = (byte) (two ? 'x' : 'u');
                hex(c, two ? 2 : 4);
            }
        }
        return text.length() > LONGEST ? put("...") : this;
    }

    private void hex(char c, int digits) {
        for (int i = digits - 1; i >= 0; i--) {
            bytes[length++] = HEX[c >>> 4 * i & 15];
        }
    }
}
