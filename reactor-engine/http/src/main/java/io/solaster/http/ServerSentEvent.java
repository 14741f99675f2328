package io.solaster.http;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import org.jspecify.annotations.Nullable;

/**
 * One event of {@link ServerSentEvents}.
 *
 * @param id what a client that comes back says it has seen; null to leave that as it is
 * @param event the event's type; null for {@code message}
 * @param data of any number of lines
 */
public record ServerSentEvent(@Nullable String id, @Nullable String event, String data) {
    private static final byte[] ID = ascii("id: ");
    private static final byte[] EVENT = ascii("event: ");
    private static final byte[] DATA = ascii("data: ");

    /** Such an event. */
    public ServerSentEvent {
        requireLine("id", id);
        requireLine("event", event);
        if (id != null && id.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("id '" + id + "' of a server-sent event holds a NUL");
        }
    }

    /** An event that has nothing but data. */
    public static ServerSentEvent of(String data) {
        return new ServerSentEvent(null, null, data);
    }

    /** A typed event. */
    public static ServerSentEvent of(String event, String data) {
        return new ServerSentEvent(null, event, data);
    }

    private static void requireLine(String what, @Nullable String text) {
        if (text != null && (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0)) {
            throw new IllegalArgumentException(what + " '" + text + "' of a server-sent event has more than one line");
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * The event as it is sent: for {@link ServerSentEvents#send(ByteBuf)}, so that what goes to many is encoded once.
     *
     * @return the caller's to release
     */
    public ByteBuf encode() {
        int most = ByteBufUtil.utf8MaxBytes(data.length()) + 32;
        ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(most);
        if (id != null) {
            line(out, ID, id, 0, id.length());
        }
        if (event != null) {
            line(out, EVENT, event, 0, event.length());
        }
        int from = 0;
        while (true) {
            int end = from;
            while (end < data.length() && data.charAt(end) != '\n' && data.charAt(end) != '\r') {
                end++;
            }
            line(out, DATA, data, from, end);
            if (end == data.length()) {
                break;
            }
            boolean two = data.charAt(end) == '\r' && end + 1 < data.length() && data.charAt(end + 1) == '\n';
            from = end + (two ? 2 : 1);
        }
        return out.writeByte('\n');
    }

    /** A comment, which clients pass over. */
    static ByteBuf comment(String text) {
        requireLine("comment", text);
        ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(ByteBufUtil.utf8MaxBytes(text.length()) + 4);
        out.writeByte(':').writeByte(' ');
        ByteBufUtil.writeUtf8(out, text);
        return out.writeByte('\n').writeByte('\n');
    }

    private static void line(ByteBuf out, byte[] field, String text, int from, int to) {
        out.writeBytes(field);
        ByteBufUtil.writeUtf8(out, text, from, to);
        out.writeByte('\n');
    }
}
