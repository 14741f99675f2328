package io.solaster.resp;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

/** Writes requests as a client. Keeps no state; the buffer grows as needed and belongs to the caller's thread. */
public final class RequestWriter {
    private RequestWriter() {}

    /** Writes a whole request of strings in UTF-8. */
    public static void request(ByteBuf out, String... arguments) {
        begin(out, arguments.length);
        for (String argument : arguments) {
            argument(out, argument);
        }
    }

    /**
     * Begins a request; exactly as many calls that write an argument must follow.
     *
     * @throws IllegalArgumentException
     *             if there is no argument: a server would not answer
     */
    public static void begin(ByteBuf out, int arguments) {
        if (arguments < 1) {
            throw new IllegalArgumentException("arguments: " + arguments + ", a request has one at least");
        }
        header(out, '*', arguments);
    }

    /** Writes an argument in UTF-8. */
    public static void argument(ByteBuf out, String text) {
        header(out, '$', ByteBufUtil.utf8Bytes(text));
        ByteBufUtil.writeUtf8(out, text);
        crlf(out);
    }

    /** Writes an argument. */
    public static void argument(ByteBuf out, byte[] bytes) {
        header(out, '$', bytes.length);
        out.writeBytes(bytes);
        crlf(out);
    }

    /** Writes an argument: the readable bytes of {@code bytes}, whose indices stay as they are. */
    public static void argument(ByteBuf out, ByteBuf bytes) {
        header(out, '$', bytes.readableBytes());
        out.writeBytes(bytes, bytes.readerIndex(), bytes.readableBytes());
        crlf(out);
    }

    /** Writes a number as an argument. */
    public static void argument(ByteBuf out, long value) {
        String digits = Long.toString(value);
        header(out, '$', digits.length());
        out.writeCharSequence(digits, StandardCharsets.US_ASCII);
        crlf(out);
    }

    private static void header(ByteBuf out, char type, int number) {
        if (number < 10) {
            out.writeInt(type << 24 | '0' + number << 16 | '\r' << 8 | '\n');
            return;
        }
        out.writeByte(type);
        if (number < 100) {
            out.writeInt('0' + number / 10 << 24 | '0' + number % 10 << 16 | '\r' << 8 | '\n');
            return;
        }
        out.writeCharSequence(Integer.toString(number), StandardCharsets.US_ASCII);
        crlf(out);
    }

    private static void crlf(ByteBuf out) {
        out.writeShort('\r' << 8 | '\n');
    }
}
