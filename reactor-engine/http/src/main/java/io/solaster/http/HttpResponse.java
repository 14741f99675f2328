package io.solaster.http;

import java.nio.channels.FileChannel;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.file.ShardFile;
import org.jspecify.annotations.Nullable;

/**
 * The response to a request. What is asked of it on another thread is done on the owning shard, in the order of the
 * calls; the buffers handed to it are its own from then on. Responses leave in the order of their requests, whichever is
 * ended first.
 *
 * <p>
 * The server itself writes {@code Date}, {@code Content-Length} or {@code Transfer-Encoding}, and {@code Connection};
 * a body is not sent where the protocol has none (HEAD, 204, 304).
 */
public interface HttpResponse {

    /** Sets the status; 200 if it is never called. */
    HttpResponse status(HttpResponseStatus status);

    HttpResponseStatus status();

    /**
     * Sets a header, in place of those of that name.
     *
     * @throws IllegalArgumentException if name or value hold what a header cannot
     * @throws IllegalStateException if the head has been sent
     */
    HttpResponse header(CharSequence name, CharSequence value);

    /** Adds a header beside those of that name. */
    HttpResponse addHeader(CharSequence name, CharSequence value);

    /** A header that was set; null if it was not. */
    @Nullable
    String header(CharSequence name);

    /** Ends the response without a body. */
    void send();

    /** Ends it with this text in UTF-8, as {@code text/plain} unless a Content-Type is set. */
    void send(CharSequence text);

    /** Ends it with these bytes, which must not change any more. */
    void send(byte[] body);

    /** Ends it with this buffer. */
    void send(ByteBuf body);

    /**
     * Ends it with a part of a file, read off the shard by {@link io.solaster.engine.Offload} as the client takes it.
     *
     * @param file closed at the end of the exchange
     * @param position where the part begins, in bytes
     * @param count of its bytes; if the file has fewer, the connection ends
     */
    void sendFile(FileChannel file, long position, long count);

    /**
     * Ends it with a part of a file of the owning shard, which waits for no disk. Of one that was opened to be sent ({@link
     * io.solaster.engine.file.ShardFiles#openToSend}), the kernel sends by itself what it has in its page cache, over a plain
     * connection of HTTP/1 on epoll; all else is read through the file.
     *
     * @param file closed at the end of the exchange
     * @param position where the part begins, in bytes
     * @param count of its bytes; if the file has fewer, or cannot be read, that is answered with 5xx where the first of them is
     *        missing, and ends the connection later
     */
    void sendFile(ShardFile file, long position, long count);

    /**
     * Ends it with the status of an {@link HttpException}, else with 500, which is logged; if the head has been sent,
     * the connection ends.
     */
    void fail(Throwable cause);

    /**
     * Sends the head, and then a body in parts: chunked, or as long as the Content-Length that is set. Once.
     */
    ResponseStream stream();

    /**
     * Answers 101 with the headers that are set, takes HTTP off the connection and hands it over. What the client has
     * sent behind the request is read by the handlers that the consumer adds. A request for a WebSocket that came over
     * HTTP/2 is answered with 200, and its stream is handed over as a channel of its own.
     */
    void upgrade(Consumer<Channel> connection);

    /**
     * Bytes of the body that were handed to the connection up to now, as they are sent: compressed, and without what frames
     * them; -1 before the head. On the owning shard.
     */
    long bodyBytes();

    /** Whether the head has been sent, or a body handed over. */
    boolean isCommitted();

    boolean isEnded();

    /**
     * Told once when the server drains and this response has not ended: one that would never end by itself, such as a
     * stream of events, had better end then, or it is cut off at the deadline. At once if the server drains already. On
     * the owning shard; one listener, the last that was given.
     */
    void onDrain(Runnable listener);

    /**
     * Told when the exchange is over: null if the response has been handed to the kernel, else why not. On the owning
     * shard; the last in the life of request and response. One that another thread gives to a shard that ends is told so
     * by a {@link io.solaster.engine.ShardStoppedException}, on any thread.
     */
    void onEnd(Consumer<@Nullable Throwable> listener);
}
