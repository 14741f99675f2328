/**
 * Who calls over lanes: {@link io.solaster.rpc.client.RpcClient}, which any thread may use. All else is of the shard that calls.
 */
@NullMarked
package io.solaster.rpc.client;

import org.jspecify.annotations.NullMarked;
