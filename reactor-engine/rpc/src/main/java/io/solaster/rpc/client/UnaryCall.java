package io.solaster.rpc.client;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcStatus;

/** A call with one answer, or none, which a future waits for. On the shard that calls. */
final class UnaryCall<Q, A> extends ClientCall<Q, A> implements ShardFuture.Source {
    private static final byte[] NOTHING = {};

    private final Shard shard;
    private final ShardFuture<A> future;

    UnaryCall(ClientShard home, RpcMethod<Q, A> method, Q request, int slot, long deadline) {
        super(home, method, request, slot, deadline);
        this.shard = home.shard;
        this.future = home.shard.newFuture(this);
    }

    ShardFuture<A> future() {
        return future;
    }

    @Override
    void response(ByteBuf body) {
        A answer;
        try {
            answer = method.answers().decode(body);
        } catch (RuntimeException | Error unreadable) {
            fail(new RpcException(RpcStatus.INTERNAL, "the answer is no message of '" + method + "': "
                    + unreadable.getMessage(), false, unreadable));
            return;
        }
        if (settle()) {
            future.resolve(answer);
        }
    }

    @Override
    @SuppressWarnings("unchecked") // the answers of one-way methods are bytes
    void told() {
        if (settle()) {
            future.resolve((A) NOTHING);
        }
    }

    @Override
    void failed(RpcException why) {
        future.fail(why);
    }

    /** Nobody waits for the future any more, or it has failed. Any thread. */
    @Override
    public void giveUp() {
        shard.hereOrElse(() -> {
            if (settle()) {
                leave();
            }
        }, () -> {});
    }
}
