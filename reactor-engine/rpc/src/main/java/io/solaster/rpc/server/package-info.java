/**
 * Who serves calls over lanes: {@link io.solaster.rpc.server.RpcServer}, which any thread may use. All else is of the shard that
 * owns a connection.
 */
@NullMarked
package io.solaster.rpc.server;

import org.jspecify.annotations.NullMarked;
