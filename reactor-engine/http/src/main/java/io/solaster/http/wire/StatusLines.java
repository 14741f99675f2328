package io.solaster.http.wire;

import java.nio.charset.StandardCharsets;

import io.netty.handler.codec.http.HttpResponseStatus;
import org.jspecify.annotations.Nullable;

/** {@code HTTP/1.1 200 OK CR LF} and its like, made once. Any thread. */
public final class StatusLines {
    private static final byte[] @Nullable [] KNOWN = new byte[600][];

    static {
        for (int code = 100; code < KNOWN.length; code++) {
            HttpResponseStatus status = HttpResponseStatus.valueOf(code);
            if (!status.reasonPhrase().endsWith("(" + code + ")")) {
                KNOWN[code] = encode(status);
            }
        }
    }

    private StatusLines() {}

    public static byte[] of(HttpResponseStatus status) {
        int code = status.code();
        byte[] known = code < KNOWN.length ? KNOWN[code] : null;
        return known != null && status.reasonPhrase().equals(HttpResponseStatus.valueOf(code).reasonPhrase())
                ? known
                : encode(status);
    }

    private static byte[] encode(HttpResponseStatus status) {
        return ("HTTP/1.1 " + status.code() + " " + status.reasonPhrase() + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }
}
