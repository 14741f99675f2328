package io.solaster.rpc.server;

import io.netty.buffer.ByteBuf;
import io.solaster.rpc.RpcException;
import io.solaster.rpc.RpcMethod;

/** Where the answers of a call go, for {@link ServerCall}: its connection, or the way home to it. On the shard that serves the call. */
interface CallHome {

    /** What the shard serves calls with. */
    ServerShard shard();

    /** Nobody waits for a call any more. */
    void forget(long id);

    /** The handler of a call has ended. */
    void handlerEnded();

    /** The call has come to its answer. */
    <A> void answered(RpcMethod<?, A> method, long id, A answer);

    /**
     * The same of one that is bytes already.
     *
     * @param answer whose readable bytes are it; it is not released
     */
    void answeredBytes(long id, ByteBuf answer);

    /** The call has failed. */
    void failed(RpcMethod<?, ?> method, long id, boolean answers, Throwable failure);

    /** The call was surely not begun, though it was taken. */
    void refused(long id, boolean answers, RpcException why);

    /** The shard that serves the call has ended with it. Any thread. */
    void abandoned(boolean begun);

    /** The time of the call is over. */
    void outOfTime(long id, String words);

    /** What a handler has for the case that nobody waits any more has thrown. */
    void unheard(RpcMethod<?, ?> method, Throwable thrown);

    /** All was said of a call for now. */
    void goIfDone();
}
