package io.solaster.rpc.server;

import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.connection.LaneStream;
import org.jspecify.annotations.Nullable;

/** A call for which somebody waits, as its connection knows it. On the shard that owns the connection. */
interface OpenCall {

    /** Nobody waits for it any more, and who made it knows. */
    void callerLeft();

    /** What was called. */
    RpcMethod<?, ?> method();

    /** Its streams; null where it has none. */
    @Nullable
    LaneStream<?, ?> stream();
}
