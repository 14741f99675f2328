package io.solaster.rpc.server;

import io.solaster.engine.ShardFuture;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.RpcWriter;
import io.solaster.rpc.connection.LaneStream;
import org.jspecify.annotations.Nullable;

/** Writes the one answer to a stream of requests: it needs no credit, and ends the call. On the shard that serves it. */
final class SingleAnswer<A> implements RpcWriter<A> {
    private final ServerCall<?, A> call;
    private final LaneStream<?, A> stream;

    SingleAnswer(ServerCall<?, A> call, LaneStream<?, A> stream) {
        this.call = call;
        this.stream = stream;
    }

    @Override
    public boolean isWritable() {
        return !isOver();
    }

    @Override
    public void whenWritable(Runnable action) {
        action.run();
    }

    @Override
    public ShardFuture<@Nullable Void> writable() {
        return stream.writableIf(isWritable());
    }

    @Override
    public void write(A answer) {
        if (isOver()) {
            throw new RpcException(RpcStatus.CANCELLED, "nothing can be written any more: the call has ended");
        }
        call.answer(answer);
    }

    @Override
    public void end() {
        if (!isOver()) {
            fail(new RpcException(RpcStatus.INTERNAL, "the handler ended without an answer"));
        }
    }

    @Override
    public void fail(RpcException why) {
        stream.fail(why);
    }

    @Override
    public boolean isOver() {
        return stream.isOver();
    }
}
