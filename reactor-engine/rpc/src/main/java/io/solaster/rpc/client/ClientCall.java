package io.solaster.rpc.client;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.timer.Timer;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcStatus;
import io.solaster.rpc.connection.LaneStream;
import org.jspecify.annotations.Nullable;

/** A call that was made, and its deadline's timer. On the shard that calls. */
abstract class ClientCall<Q, A> extends Timer {
    private static final int MOST_TRIES = 3;

    final RpcMethod<Q, A> method;
    final @Nullable Q request;
    final int slot;
    /** In nanoseconds of the shard's clock; {@link Long#MAX_VALUE} for none. */
    final long deadline;
    private @Nullable ClientConnection connection;
    private long id;
    private int tries;
    private boolean anyPort;
    private boolean over;

    ClientCall(ClientShard home, RpcMethod<Q, A> method, @Nullable Q request, int slot, long deadline) {
        super(home.lanes.timers(), true);
        this.method = method;
        this.request = request;
        this.slot = slot;
        this.deadline = deadline;
    }

    final void start(long now) {
        if (deadline != Long.MAX_VALUE) {
            arm(deadline - now);
        }
    }

    /** Whether nobody waits for it any more. */
    final boolean isOver() {
        return over;
    }

    /** By which the connection knows it. */
    final long id() {
        return id;
    }

    /** Its REQUEST was written. */
    void sent(ClientConnection on, long newId) {
        connection = on;
        id = newId;
        tries++;
    }

    /** It was sent, and surely not begun; whether it may be sent again. */
    final boolean mayTryAgain() {
        connection = null;
        return !over && tries < MOST_TRIES;
    }

    /** From now on it goes by the port for all: to the owner's, there is no connection. */
    final void takeAnyPort() {
        anyPort = true;
    }

    final boolean takesAnyPort() {
        return anyPort;
    }

    /** Its streams; null where it has none. */
    @Nullable
    LaneStream<A, Q> stream() {
        return null;
    }

    /** The answer has come. */
    abstract void response(ByteBuf body);

    /** It was sent, and nothing comes back. */
    abstract void told();

    /** It has failed. */
    void fail(RpcException why) {
        if (settle()) {
            failed(why);
        }
    }

    abstract void failed(RpcException why);

    /** It has come to its end; false if it had already. */
    final boolean settle() {
        if (over) {
            return false;
        }
        over = true;
        cancel();
        return true;
    }

    /** Has the server leave it. */
    final void leave() {
        ClientConnection on = connection;
        if (on != null) {
            connection = null;
            on.cancel(id);
        }
    }

    /** The time is over. */
    @Override
    protected void fire() {
        boolean sent = connection != null;
        leave();
        fail(new RpcException(RpcStatus.DEADLINE_EXCEEDED,
                "'" + method + "' was not answered in time" + (sent ? "" : ", and was not sent"), !sent, null));
    }

    @Override
    protected void abandoned() {
        fail(new RpcException(RpcStatus.UNAVAILABLE, "the shard has stopped"));
    }
}
