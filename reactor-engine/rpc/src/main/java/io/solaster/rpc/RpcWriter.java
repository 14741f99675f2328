package io.solaster.rpc;

import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/** Writes the messages of one stream. On the shard of the stream. */
public interface RpcWriter<T> {

    /** Whether a message may be written now: the other side has asked for it, and there is room on the connection. */
    boolean isWritable();

    /**
     * Runs an action once it may be, or once nothing can be written any more: see {@link #isOver}. At once where that is so. There is one
     * such action at a time; a second replaces it.
     */
    void whenWritable(Runnable action);

    /**
     * The same for straight-line code, which waits for it.
     *
     * @return done once a message may be written; fails with {@link RpcException} if none can be any more
     */
    ShardFuture<@Nullable Void> writable();

    /**
     * Writes a message. One that is written before it may be waits here, up to 16 of them and as many bytes as a stream may have under way.
     *
     * @throws RpcException with {@link RpcStatus#RESOURCE_EXHAUSTED} if more would wait, or the message is longer than the other side
     *             takes; the stream goes on. With {@link RpcStatus#CANCELLED} if nothing can be written any more
     */
    void write(T message);

    /** Nothing more comes. Once it has ended, this does nothing. */
    void end();

    /** The call fails with this, now, whatever was written. Once it has ended, this does nothing. */
    void fail(RpcException why);

    /** Whether nothing can be written any more: ended, failed or cancelled. */
    boolean isOver();
}
