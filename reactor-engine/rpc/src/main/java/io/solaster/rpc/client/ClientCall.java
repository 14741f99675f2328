package io.solaster.rpc.client;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcMethod;
import io.solaster.rpc.RpcStatus;
import org.jspecify.annotations.Nullable;

/** A call that was made: its deadline's timer, and what its future is the answer to. On the shard that calls. */
final class ClientCall<Q, A> extends Timer implements ShardFuture.Source {
    private static final int MOST_TRIES = 3;

    final RpcMethod<Q, A> method;
    final Q request;
    final int slot;
    final long deadline;
    private final Shard shard;
    private final ShardFuture<A> future;
    private @Nullable ClientConnection connection;
    private long id;
    private int tries;
    private boolean over;

    ClientCall(ClientShard home, RpcMethod<Q, A> method, Q request, int slot, long deadline) {
        super(home.lanes.timers(), true);
        this.method = method;
        this.request = request;
        this.slot = slot;
        this.deadline = deadline;
        this.shard = home.shard;
        this.future = home.shard.newFuture(this);
    }

    ShardFuture<A> future() {
        return future;
    }

    void start(long now) {
        if (deadline != Long.MAX_VALUE) {
            arm(deadline - now);
        }
    }

    /** Whether nobody waits for it any more. */
    boolean isOver() {
        return over;
    }

    /** By which the connection knows it. */
    long id() {
        return id;
    }

    /** It is about to be sent. */
    void sent(ClientConnection over, long newId) {
        connection = over;
        id = newId;
        tries++;
    }

    /** It was sent, and surely not begun; whether it may be sent again. */
    boolean mayTryAgain() {
        connection = null;
        return !over && tries < MOST_TRIES;
    }

    void answer(A answer) {
        if (!over) {
            over = true;
            cancel();
            future.resolve(answer);
        }
    }

    void fail(RpcException why) {
        if (!over) {
            over = true;
            cancel();
            future.fail(why);
        }
    }

    /** The time is over. */
    @Override
    protected void fire() {
        leave();
        fail(new RpcException(RpcStatus.DEADLINE_EXCEEDED,
                "'" + method + "' was not answered in time" + (id == 0 ? ", and was not sent" : ""), id == 0, null));
    }

    @Override
    protected void abandoned() {
        fail(new RpcException(RpcStatus.UNAVAILABLE, "shard " + shard.id() + " has stopped"));
    }

    /** Nobody waits for the future any more, or it has failed. Any thread. */
    @Override
    public void giveUp() {
        shard.hereOrElse(this::leave, () -> {});
    }

    /** Has the server leave it. */
    private void leave() {
        if (over) {
            return;
        }
        if (future.isDone()) {
            over = true;
            cancel();
        }
        ClientConnection on = connection;
        if (on != null) {
            connection = null;
            on.cancel(id);
        }
    }
}
