package io.solaster.rpc.client;

import io.netty.buffer.ByteBuf;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.connection.LaneStream;
import org.jspecify.annotations.Nullable;

/** A call with a stream either way. On the shard that calls. */
final class StreamCall<Q, A> extends ClientCall<Q, A> implements LaneStream.Owner {
    private final LaneStream<A, Q> stream;

    StreamCall(ClientShard home, RpcMethod<Q, A> method, @Nullable Q request, int slot, long deadline) {
        super(home, method, request, slot, deadline);
        this.stream = new LaneStream<>(home.shard, this, method.answers(), method.requests(),
                (int) home.limits.window().streamBytes().bytes());
    }

    @Override
    LaneStream<A, Q> stream() {
        return stream;
    }

    @Override
    void sent(ClientConnection on, long newId) {
        super.sent(on, newId);
        stream.attach(on, newId, method.kind() == RpcMethod.Kind.REQUESTS);
        stream.endIfAsked();
    }

    @Override
    void response(ByteBuf body) {
        if (method.kind() != RpcMethod.Kind.REQUESTS) {
            fail(new RpcException(RpcStatus.INTERNAL,
                    "a single answer to '" + method + "', which has a stream of them"));
            return;
        }
        stream.read(body);
        answersEnded();
    }

    /** All answers have come, which ends the call. */
    void answersEnded() {
        if (!isOver()) {
            stream.peerEnded();
            if (settle()) {
                stream.finish();
            }
        }
    }

    @Override
    void told() {
        fail(new RpcException(RpcStatus.INTERNAL, "'" + method + "' has answers"));
    }

    @Override
    void failed(RpcException why) {
        stream.abort(why);
    }

    /** The server is told by END, which the stream has written. */
    @Override
    public void wroteAll() {}

    /** By the reader or the writer. */
    @Override
    public void fail(RpcException why) {
        leave();
        super.fail(why);
    }
}
