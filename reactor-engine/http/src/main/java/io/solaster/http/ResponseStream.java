package io.solaster.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;

/**
 * A response's body in parts. What is asked of it on another thread is done on the owning shard, in the order of the
 * calls.
 */
public interface ResponseStream {

    /**
     * Sends a part, at the latest at the end of the turn of the loop.
     *
     * @param part the stream's own from then on
     * @return whether there is room for more; if not, what is written all the same is kept, see {@link #onWritable}
     */
    boolean write(ByteBuf part);

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
