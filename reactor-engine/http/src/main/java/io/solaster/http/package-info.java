/**
 * HTTP on the shards: what applications see of it. A request is read, handled and answered on the shard that owns its
 * connection, without a hop. {@link io.solaster.http.HttpHandler} is what an application writes,
 * {@link io.solaster.http.route.Router} chooses between them, and {@link io.solaster.http.server.HttpProtocol} serves them
 * to a {@link io.solaster.engine.net.TcpServer}'s connections. All other packages of HTTP stand on this one, and it on none
 * of them. On the owning shard, unless a type says otherwise.
 *
 * <p>
 * Holds more than 20 files because a request and its response are one thing to learn, and what reads and answers bodies
 * belongs to them.
 */
@NullMarked
package io.solaster.http;

import org.jspecify.annotations.NullMarked;
