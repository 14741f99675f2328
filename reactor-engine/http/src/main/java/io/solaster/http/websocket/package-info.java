/**
 * WebSocket (RFC 6455, with permessage-deflate of RFC 7692) on the shards.
 * {@link io.solaster.http.websocket.WebSocketListener} is what an application writes,
 * {@link io.solaster.http.websocket.WebSockets} makes an HTTP handler of it and sends to many, and a
 * {@link io.solaster.http.websocket.WebSocket} is one connection.
 *
 * <p>
 * Holds more than 20 files because the parts of a connection and the messages' way through it are used by each other and by
 * nobody else. On the shard that owns the connection, unless a type says otherwise.
 */
@NullMarked
package io.solaster.http.websocket;

import org.jspecify.annotations.NullMarked;
