/**
 * HTTP and WebSocket on the shards. A request is read, handled and answered on the shard that owns its connection,
 * without a hop; {@link io.solaster.http.HttpHandler} is what an application writes, {@link io.solaster.http.Router}
 * chooses between them, and {@link io.solaster.http.HttpProtocol} serves them to a
 * {@link io.solaster.engine.net.TcpServer}'s connections.
 */
@NullMarked
package io.solaster.http;

import org.jspecify.annotations.NullMarked;
