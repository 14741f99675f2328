package io.solaster.http.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.net.Digits;

/**
 * Writes responses straight into the memory of a direct buffer. {@link #to}, then bytes, then {@link #finish}: in between
 * the buffer's own indices are behind. One serves all connections of a shard in turn. On the owning shard.
 */
public final class Output {
    private ByteBuf out = Unpooled.EMPTY_BUFFER;
    private long at;
    private long base;

    /** Begins to write behind what the buffer holds, with room for so many bytes. */
    public void to(ByteBuf buffer, int room) {
        buffer.ensureWritable(room);
        out = buffer;
        base = Memory.address(buffer);
        at = base + buffer.writerIndex();
    }

    /** Nothing will be written. */
    public void toNothing() {
        out = Unpooled.EMPTY_BUFFER;
        base = 0;
        at = 0;
    }

    /** Publishes what was written, and lets go of the buffer. */
    public void finish() {
        out.writerIndex((int) (at - base));
        out = Unpooled.EMPTY_BUFFER;
    }

    public void bytes(byte[] bytes) {
        Memory.copy(bytes, 0, at, bytes.length);
        at += bytes.length;
    }

    public void bytes(byte[] bytes, int length) {
        Memory.copy(bytes, 0, at, length);
        at += length;
    }

    /** Of a buffer, which is left as it is. */
    public void bytes(ByteBuf bytes) {
        int length = bytes.readableBytes();
        out.setBytes((int) (at - base), bytes, bytes.readerIndex(), length);
        at += length;
    }

    /** Characters below 256, one byte each. */
    public void latin1(CharSequence text) {
        int length = text.length();
        if (text instanceof AsciiString ascii) {
            Memory.copy(ascii.array(), ascii.arrayOffset(), at, length);
            at += length;
            return;
        }
        for (int i = 0; i < length; i++) {
            Memory.putByte(at + i, (byte) text.charAt(i));
        }
        at += length;
    }

    /** Text of which the caller knows how long it is in UTF-8. */
    public void utf8(CharSequence text, int length) {
        if (length == text.length()) {
            latin1(text);
            return;
        }
        out.writerIndex((int) (at - base));
        at += ByteBufUtil.writeUtf8(out, text);
    }

    public void put(char c) {
        Memory.putByte(at++, (byte) c);
    }

    public void crlf() {
        Memory.putByte(at, (byte) '\r');
        Memory.putByte(at + 1, (byte) '\n');
        at += 2;
    }

    /** A line of a head. */
    public void header(CharSequence name, CharSequence value) {
        latin1(name);
        put(':');
        put(' ');
        latin1(value);
        crlf();
    }

    /** A number of at least 0 in decimal digits. */
    public void number(long number) {
        at = Digits.write(number, at);
    }

    /** A number of at least 0 in hexadecimal digits. */
    public void hex(int number) {
        int digits = Math.max(1, (35 - Integer.numberOfLeadingZeros(number)) >>> 2);
        for (int i = digits - 1; i >= 0; i--) {
            Memory.putByte(at++, (byte) Character.forDigit(number >>> 4 * i & 15, 16));
        }
    }
}
