package io.solaster.pool.http;

import java.nio.charset.StandardCharsets;

import io.netty.handler.codec.http.HttpHeaders;

/**
 * An answer of HTTP, whole.
 *
 * @param status such as 200
 * @param headers as they came; their names in any case
 * @param body its bytes, unpacked if they came packed; not a copy
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record ClientResponse(int status, HttpHeaders headers, byte[] body) {

    /** The body as UTF-8. */
    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return "HTTP " + status + " with " + body.length + " bytes";
    }
}
