package io.solaster.pool.http;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Consumer;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import org.jspecify.annotations.Nullable;

/**
 * A request of HTTP. Immutable, but for the array of its body; any thread. Host, Content-Length and Transfer-Encoding are
 * set when it goes out; what traces requests puts its headers here.
 */
public final class ClientRequest {
    private static final byte[] NOTHING = {};

    private final HttpMethod method;
    private final String path;
    private final HttpHeaders headers;
    private final byte[] body;
    private final @Nullable BodySource source;
    private final long length;
    private final boolean expectsContinue;
    private final boolean idempotent;
    private final long key;
    private final long timeoutNanos;

    private ClientRequest(HttpMethod method, String path, HttpHeaders headers, byte[] body,
            @Nullable BodySource source, long length, boolean expectsContinue, boolean idempotent, long key,
            long timeoutNanos) {
        this.method = method;
        this.path = path;
        this.headers = headers;
        this.body = body;
        this.source = source;
        this.length = length;
        this.expectsContinue = expectsContinue;
        this.idempotent = idempotent;
        this.key = key;
        this.timeoutNanos = timeoutNanos;
    }

    /**
     * A request without a body.
     *
     * @param method such as {@code GET}
     * @param path and query, as they stand in the request line: encoded, and beginning with a slash
     * @throws IllegalArgumentException if either cannot stand there
     */
    public static ClientRequest of(String method, String path) {
        HttpMethod named = HttpMethod.valueOf(method);
        if (named.equals(HttpMethod.CONNECT)) {
            throw new IllegalArgumentException("CONNECT makes a tunnel, which no pool keeps; use a proxy");
        }
        boolean begins = path.startsWith("/") || path.equals("*") && named.equals(HttpMethod.OPTIONS);
        for (int i = 0; i < path.length(); i++) {
            char each = path.charAt(i);
            if (each <= ' ' || each >= 0x7f || each == '#') {
                begins = false;
            }
        }
        if (!begins) {
            throw new IllegalArgumentException("path '" + path
                    + "': begin with a slash, and write what is no visible ASCII as %XX");
        }
        return new ClientRequest(named, path, new DefaultHttpHeaders(), NOTHING, null, 0, false,
                isIdempotent(named.name()), 0, 0);
    }

    /** GET of a path. */
    public static ClientRequest get(String path) {
        return of("GET", path);
    }

    private static boolean isIdempotent(String method) {
        return switch (method) {
            case "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE" -> true;
            default -> false;
        };
    }

    /**
     * This with a header more.
     *
     * @throws IllegalArgumentException if name or value cannot be one's
     */
    public ClientRequest header(CharSequence name, Object value) {
        return headers(all -> all.add(name, value));
    }

    /** This with headers changed. */
    public ClientRequest headers(Consumer<HttpHeaders> change) {
        HttpHeaders changed = headers.copy();
        change.accept(changed);
        changed.forEach(header -> refuseBreaks(header.getKey(), header.getValue()));
        return new ClientRequest(method, path, changed, body, source, length, expectsContinue, idempotent, key,
                timeoutNanos);
    }

    /** What ends a line would begin another header, or another request. */
    private static void refuseBreaks(String name, String value) {
        for (int i = 0; i < value.length(); i++) {
            char each = value.charAt(i);
            if (each == '\r' || each == '\n' || each == 0) {
                throw new IllegalArgumentException("header '" + name + "': its value has byte "
                        + (int) each + " at " + i + ", which ends a line");
            }
        }
    }

    /** This with a body, which must not change until the answer is there. */
    public ClientRequest body(byte[] bytes) {
        return new ClientRequest(method, path, headers, bytes, null, bytes.length, expectsContinue, idempotent, key,
                timeoutNanos);
    }

    /** This with a body in UTF-8, and a Content-Type. */
    public ClientRequest body(String text, String contentType) {
        return headers(all -> all.set(HttpHeaderNames.CONTENT_TYPE, contentType))
                .body(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * This with a body that comes piece by piece. It goes out once: the request is not tried again after that has begun.
     *
     * @param bytes how many there will be; -1 if nobody knows
     */
    public ClientRequest body(BodySource newSource, long bytes) {
        return new ClientRequest(method, path, headers, NOTHING, newSource, bytes, expectsContinue, idempotent, key,
                timeoutNanos);
    }

    /** This as one whose body waits until the server has asked for it (Expect: 100-continue), or for a second. */
    public ClientRequest expectContinue() {
        return new ClientRequest(method, path, headers, body, source, length, true, idempotent, key, timeoutNanos);
    }

    /** This as one that may be acted upon twice or not; else its method says so. */
    public ClientRequest idempotent(boolean mayRepeat) {
        return new ClientRequest(method, path, headers, body, source, length, expectsContinue, mayRepeat, key,
                timeoutNanos);
    }

    /** This with a key, for balancing that goes by keys; 0 for none, so that it goes to any endpoint. */
    public ClientRequest key(long newKey) {
        return new ClientRequest(method, path, headers, body, source, length, expectsContinue, idempotent, newKey,
                timeoutNanos);
    }

    /** This with a time of its own that it may take in all. */
    public ClientRequest timeout(Duration timeout) {
        return new ClientRequest(method, path, headers, body, source, length, expectsContinue, idempotent, key,
                Math.max(1, timeout.toNanos()));
    }

    /** The method. */
    public String method() {
        return method.name();
    }

    /** The path and the query. */
    public String path() {
        return path;
    }

    HttpMethod nettyMethod() {
        return method;
    }

    HttpHeaders headers() {
        return headers;
    }

    byte[] bytes() {
        return body;
    }

    @Nullable
    BodySource source() {
        return source;
    }

    /** Bytes of the body; -1 if nobody knows. */
    long length() {
        return length;
    }

    boolean expectsContinue() {
        return expectsContinue;
    }

    boolean isIdempotent() {
        return idempotent && source == null;
    }

    long key() {
        return key;
    }

    long timeoutNanos() {
        return timeoutNanos;
    }

    @Override
    public String toString() {
        return method + " " + path;
    }
}
