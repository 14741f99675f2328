package io.solaster.http.http2;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.solaster.http.exchange.RequestHead;
import io.solaster.http.wire.HeaderList;
import org.jspecify.annotations.Nullable;

/**
 * A request of HTTP/1.1 whose client would rather have the answer over HTTP/2, which Java's own client asks for over plain
 * connections: RFC 7540, 3.2. Requests with a body are answered as they came.
 *
 * @param settings what the client goes by
 * @param request the same request as HTTP/2 has it
 */
public record Http2Upgrade(Http2Settings settings, Http2Headers request) {
    public static final byte[] ACCEPTED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
            .getBytes(StandardCharsets.US_ASCII);
    /** RFC 9113, 3.4: how a client begins that knows us to speak HTTP/2. */
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final String SETTINGS = "http2-settings";
    private static final int SETTING_BYTES = 6;

    /** Whether this is how HTTP/2 begins, as far as it has come. */
    public static boolean mayBePreface(ByteBuf in) {
        int known = Math.min(in.readableBytes(), PREFACE.length);
        for (int i = 0; i < known; i++) {
            if (in.getByte(in.readerIndex() + i) != PREFACE[i]) {
                return false;
            }
        }
        return true;
    }

    /** Whether all of that has come. */
    public static boolean isPreface(ByteBuf in) {
        return in.readableBytes() >= PREFACE.length && mayBePreface(in);
    }

    /**
     * What a request of HTTP/1.1 without a body asks for; null if it asks for something else, or does not know how.
     *
     * @param path with the query
     */
    public static @Nullable Http2Upgrade of(RequestHead head, String path) {
        int upgrade = head.find("upgrade", 0);
        int said = head.find(SETTINGS, 0);
        if (upgrade < 0 || !head.value(upgrade).equalsIgnoreCase("h2c") || said < 0
                || head.find(SETTINGS, said + 1) >= 0 || !isForThisConnection(head)) {
            return null;
        }
        Http2Settings settings = settings(head.value(said));
        return settings == null ? null : new Http2Upgrade(settings, request(head, path));
    }

    /** Whether the settings are the client's own (RFC 7540, 3.2.1), and no proxy has passed on those of another. */
    private static boolean isForThisConnection(RequestHead head) {
        for (int i = head.find(HttpHeaderNames.CONNECTION, 0); i >= 0; i = head.find(HttpHeaderNames.CONNECTION,
                i + 1)) {
            for (String option : head.value(i).split(",", -1)) {
                if (option.strip().equalsIgnoreCase(SETTINGS)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static @Nullable Http2Settings settings(String said) {
        Http2Settings settings = new Http2Settings();
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(said));
            if (bytes.remaining() % SETTING_BYTES != 0) {
                return null;
            }
            while (bytes.hasRemaining()) {
                char key = bytes.getChar();
                settings.put(key, Long.valueOf(bytes.getInt() & 0xFFFF_FFFFL));
            }
            return settings;
        } catch (IllegalArgumentException malformed) {
            return null;
        }
    }

    private static Http2Headers request(RequestHead head, String path) {
        Http2Headers headers = new DefaultHttp2Headers(false).method(head.method().asciiName()).scheme("http")
                .path(path.isEmpty() || path.startsWith("?") ? "/" + path : path);
        for (int i = 0; i < head.count(); i++) {
            String name = head.name(i).toLowerCase(Locale.ROOT);
            if (name.equals("host")) {
                headers.authority(head.value(i));
            } else if (!name.equals(SETTINGS) && !name.equals("te") && isEndToEnd(name)) {
                headers.add(name, head.value(i));
            }
        }
        return headers;
    }

    private static boolean isEndToEnd(String name) {
        return switch (HeaderList.own(name)) {
            case CONNECTION, TRANSFER_ENCODING, HOP_BY_HOP -> false;
            default -> true;
        };
    }
}
