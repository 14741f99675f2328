package io.solaster.http;

import java.io.OutputStream;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * A response's body in parts. What is asked of it on another thread is done on the owning shard, in the order of the
 * calls.
 */
public interface ResponseStream {

    /**
     * Sends a part, at the latest at the end of the turn of the loop. On a virtual thread of the shard it waits while the
     * client has enough to read.
     *
     * @param part the stream's own from then on
     * @return whether there is room for more; if not, what is written all the same is kept, see {@link #onWritable}. On a
     *         virtual thread false says that the exchange was cut off, and that whatever else is written goes nowhere; on a
     *         thread of another shard or of none it is what was known last
     */
    boolean write(ByteBuf part);

    /** Done once there is room for more, or the exchange is over. On the owning shard, or on a virtual thread of it. */
    ShardFuture<@Nullable Void> writable();

    /**
     * The body as a stream for code that blocks, on a virtual thread of the shard: it waits while the client has enough to
     * read, fails with an {@link java.io.IOException} where the client has gone, and ends the response when it is closed.
     */
    OutputStream asOutputStream();

    /** Hands what was written to the kernel now. */
    void flush();

    /** Whether there is room for more: the client has read enough. */
    boolean isWritable();

    /** Told once each time that there is room again after there was none. On the owning shard. */
    void onWritable(Runnable listener);

    /** Ends the response. */
    void end();

    /** Ends it with trailers, which a client that did not ask for them ({@code TE: trailers}) is not sent. */
    void end(HttpHeaders trailers);
}
