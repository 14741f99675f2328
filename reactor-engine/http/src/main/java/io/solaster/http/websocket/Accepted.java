package io.solaster.http.websocket;

import java.util.Map;

import io.solaster.config.server.WebSocketConfig;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a connection from its request, which is gone when the conversation begins.
 *
 * @param path percent-decoded
 * @param pathParams in the order of the path
 * @param subprotocol that was agreed upon; null if none
 * @param deflate what was agreed upon about compression; null if nothing
 */
record Accepted(String path, Map<String, String> pathParams, @Nullable String subprotocol,
        @Nullable DeflateOffer deflate) {

    /** Whether a message of so many bytes is compressed by itself. */
    boolean compresses(int bytes, WebSocketConfig config) {
        return deflate != null && bytes > 0 && bytes >= config.compression().threshold().bytes();
    }

    /** Whether a message of so many bytes may be compressed once for many. */
    boolean sharesCompression(int bytes, WebSocketConfig config) {
        return deflate != null && compresses(bytes, config) && !deflate.ourTakeover() && bytes <= deflate.window();
    }
}
