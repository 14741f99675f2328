package io.solaster.rpc.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.engine.mesh.Message;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcHandler;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.connection.LaneStream;
import org.jspecify.annotations.Nullable;

/**
 * A call about a key of another shard: it goes there by the mesh, is served, and comes home once its handler has ended, to be answered
 * on its connection. One that is cancelled goes on until then, and is answered to nobody.
 */
final class FarCall extends Message implements OpenCall, CallHome {
    /** So many bytes of a request take a credit of the mesh. */
    private static final int BYTES_PER_CREDIT = 16 * 1024;

    private final ServerConnection connection;
    private final ServerShard home;
    private final ServerShard target;
    private final RpcMethod<?, ?> method;
    private final long id;
    private final int slot;
    private final long nanosLeft;
    /** The request on the way there. */
    private @Nullable ByteBuf request;
    // What comes home: an answer, or a failure.
    private @Nullable ByteBuf answer;
    private @Nullable RpcException failure;
    private boolean isHome;
    // On the target.
    private @Nullable ServerCall<?, ?> serving;
    private boolean handlerEnded;
    private boolean left;
    private boolean cancelled;

    FarCall(ServerConnection connection, ServerShard target, RpcMethod<?, ?> method, long id, int slot, long nanosLeft,
            ByteBuf body) {
        this.connection = connection;
        this.home = connection.shard();
        this.target = target;
        this.method = method;
        this.id = id;
        this.slot = slot;
        this.nanosLeft = nanosLeft;
        this.request = PooledByteBufAllocator.DEFAULT.directBuffer(Math.max(1, body.readableBytes())).writeBytes(body);
    }

    /** At home: on its way. */
    void send() {
        ByteBuf body = request;
        int bytes = body == null ? 0 : body.readableBytes();
        home.shard.mesh().send(target.shard.id(), this, 1 + bytes / BYTES_PER_CREDIT);
    }

    @Override
    public void deliver() {
        if (isHome) {
            arrived();
        } else {
            serve();
        }
    }

    // ---- on the target

    private void serve() {
        ByteBuf body = request;
        request = null;
        if (body == null) {
            return;
        }
        try {
            ServedMethod<?, ?> served = target.method(method.hash());
            if (cancelled || served == null) {
                goHome();
            } else if (!served.admit()) {
                target.counts.refused.increment();
                failure = new RpcException(RpcStatus.RESOURCE_EXHAUSTED, served.used, true, null);
                goHome();
            } else {
                target.counts.begun.increment();
                begin(served, body);
            }
        } finally {
            body.release();
        }
    }

    private <Q, A> void begin(ServedMethod<Q, A> served, ByteBuf body) {
        if (served.group == null && served.handler instanceof RpcHandler.Direct<Q, A> direct) {
            try {
                direct(direct, body);
            } finally {
                served.release();
            }
            goHome();
            return;
        }
        target.counts.running.increment();
        ServerCall<Q, A> call = new ServerCall<>(this, served, id, slot, nanosLeft);
        serving = call;
        call.begin(body);
    }

    private <Q, A> void direct(RpcHandler.Direct<Q, A> handler, ByteBuf body) {
        ByteBuf to = PooledByteBufAllocator.DEFAULT.directBuffer();
        try {
            handler.handle(body, to);
            answer = to;
        } catch (Throwable thrown) {
            to.release();
            failed(method, id, true, thrown);
        }
    }

    @Override
    public ServerShard shard() {
        return target;
    }

    @Override
    public void forget(long ended) {
        // Home knows once the call has come home.
    }

    @Override
    public void handlerEnded() {
        handlerEnded = true;
        target.counts.running.add(-1);
    }

    @Override
    public <A> void answered(RpcMethod<?, A> of, long ended, A message) {
        ByteBuf to = PooledByteBufAllocator.DEFAULT.directBuffer();
        try {
            of.answers().encode(message, to);
            answer = to;
        } catch (Throwable thrown) {
            to.release();
            failed(of, ended, true, thrown);
        }
    }

    @Override
    public void answeredBytes(long ended, ByteBuf bytes) {
        answer = bytes.retain();
    }

    @Override
    public void failed(RpcMethod<?, ?> of, long ended, boolean answers, Throwable thrown) {
        failure = connection.failure(target, of, thrown);
    }

    @Override
    public void refused(long ended, boolean answers, RpcException why) {
        target.counts.failed.increment();
        failure = why;
    }

    /** The target's thread has ended: nothing else comes home of it. */
    @Override
    public void abandoned(boolean begun) {
        if (!left) {
            left = true;
            isHome = true;
            failure = stopped(!begun);
            home.shard.hereOrElse(this::arrived, () -> {});
        }
    }

    private RpcException stopped(boolean notBegun) {
        return new RpcException(RpcStatus.UNAVAILABLE, "shard " + target.shard.id() + " has stopped", notBegun, null);
    }

    @Override
    public void unheard(RpcMethod<?, ?> of, Throwable thrown) {
        connection.unheard(of, thrown);
    }

    @Override
    public void outOfTime(long ended, String words) {
        failure = new RpcException(RpcStatus.DEADLINE_EXCEEDED, words);
    }

    @Override
    public void goIfDone() {
        if (handlerEnded) {
            goHome();
        }
    }

    private void goHome() {
        if (!left) {
            left = true;
            isHome = true;
            target.shard.mesh().sendFree(home.shard.id(), this);
        }
    }

    /** Cancelled at home: the word of it, behind the call itself. */
    private final class Cancelled extends Message {
        @Override
        public void deliver() {
            cancelled = true;
            if (serving != null) {
                serving.callerLeft();
            }
        }
    }

    // ---- at home

    @Override
    public void callerLeft() {
        connection.forget(id);
        home.shard.mesh().sendFree(target.shard.id(), new Cancelled());
    }

    @Override
    public RpcMethod<?, ?> method() {
        return method;
    }

    @Override
    public @Nullable LaneStream<?, ?> stream() {
        return null;
    }

    private void arrived() {
        ByteBuf bytes = answer;
        answer = null;
        try {
            connection.cameHome(this, id, method, bytes, failure);
        } finally {
            if (bytes != null) {
                bytes.release();
            }
        }
    }

    /** A shard has ended on the way. */
    @Override
    public void abandon() {
        if (request != null) {
            request.release();
            request = null;
        }
        if (isHome) {
            if (answer != null) {
                answer.release();
                answer = null;
            }
            return;
        }
        failure = stopped(true);
        home.shard.hereOrElse(this::arrived, () -> {});
    }
}
