package io.solaster.http;

import java.io.InputStream;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.engine.ShardFuture;

/**
 * A request's body: taken as a whole, or read in parts as it comes. One of the two, once. On the owning shard.
 *
 * <p>
 * Nothing of it is read from the client before one of them is asked for, beyond what came with the head. What a handler
 * has not read when the response ends is skipped, or the connection closed where that would take too long.
 */
public interface RequestBody {

    /** How many bytes the client has announced; 0 for none, -1 if it did not say (chunked). */
    long length();

    /**
     * Gathers the body, up to the server's limit ({@code max-body}); it may be asked for again. The buffer is released
     * when the exchange ends: retain it to keep it.
     *
     * @return fails with an {@link HttpException} of status 413 if it is longer, 400 if it is malformed, 408 if it does
     *         not come in time, and with an {@link java.io.IOException} if the client has gone, or the response ends before
     */
    ShardFuture<ByteBuf> whole();

    /**
     * The body, already gathered.
     *
     * @throws IllegalStateException if it is not: use {@link #whole}, or have the router gather it
     */
    ByteBuf content();

    /** The body, already gathered, as text in the charset that the client named, UTF-8 if none. */
    String text();

    /**
     * Reads it as a stream, which waits for what has not come yet: on a virtual thread of the shard, in a handler that is
     * {@linkplain HttpHandler#streaming streaming} and {@linkplain HttpHandler#blocking blocking}. One part is in memory at
     * a time. Reading fails with an {@link java.io.IOException} if the body does not come whole. Close it.
     */
    InputStream asInputStream();

    /** Reads it in parts; none is handed over before {@link #request}. */
    void read(Reader reader);

    /** Lets so many further parts be handed over; the client is not read from while there are none to hand over. */
    void request(long parts);

    /** What takes the parts of a body. On the owning shard. */
    interface Reader {

        /** A part; to be released by the reader. */
        void part(ByteBuf part);

        /** That was the last. */
        void end(HttpHeaders trailers);

        /**
         * It will not come whole: see {@link RequestBody#whole} for the causes. End the response, or have it
         * {@linkplain HttpResponse#fail fail}: where neither is done, the server breaks it off after {@code body-timeout}.
         * Where the response has ended, only a reader that waits for a part is told, and nothing is left to do.
         */
        void failed(Throwable cause);
    }
}
