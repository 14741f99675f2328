package io.solaster.http.websocket;

import java.util.Map;

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
        @Nullable DeflateOffer deflate) {}
