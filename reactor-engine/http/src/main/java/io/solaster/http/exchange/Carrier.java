package io.solaster.http.exchange;

import java.net.InetSocketAddress;
import java.util.function.Consumer;
import javax.net.ssl.SSLSession;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.FileRegion;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.ssl.SslHandler;
import io.solaster.engine.net.PeerAddress;
import io.solaster.http.wire.HeaderList;
import io.solaster.http.wire.Output;
import org.jspecify.annotations.Nullable;

/**
 * What carries an exchange, and knows how its protocol writes a response: a connection of HTTP/1, or one stream of HTTP/2.
 * On the owning shard, unless it says otherwise.
 */
public interface Carrier {
    /** A body of a length that is not known, in chunks that say theirs. */
    long CHUNKED = -1;
    /** No body, whatever is set. */
    long NO_BODY = -2;
    /** A body of a length that is not known: it ends with what carries it. */
    long UNTIL_END = -3;

    /** Any thread. */
    Channel channel();

    default InetSocketAddress remoteAddress() {
        return PeerAddress.remote(channel());
    }

    default InetSocketAddress localAddress() {
        return PeerAddress.local(channel());
    }

    default @Nullable SSLSession tls() {
        SslHandler handler = channel().pipeline().get(SslHandler.class);
        return handler == null ? null : handler.engine().getSession();
    }

    /** Somebody wants of the body what there is of it, or will be. Any thread. */
    void wanted(Exchange exchange);

    /** How a body ends here whose length is not known: {@link #CHUNKED} or {@link #UNTIL_END}. */
    long endless(Exchange exchange);

    /**
     * Writes the head of a response, and what the server says in each.
     *
     * @param length of the body, or how it ends
     * @param room bytes that the caller writes behind it
     * @return where the caller writes on; {@link Output#finish} follows
     */
    Output head(Exchange exchange, HttpResponseStatus status, HeaderList headers, long length, int room);

    /** Where a body is to be written, copied; {@link Output#finish} follows. */
    Output output(Exchange exchange, int room);

    /** Sends a buffer behind what was written, as it is. */
    void write(Exchange exchange, ByteBuf bytes);

    /** Whether the kernel may send a part of a file for an exchange. */
    default boolean sendsFiles(Exchange exchange) {
        return false;
    }

    /** Has the kernel send a part of a file behind what was written; one at a time. Where {@link #sendsFiles} says so. */
    default void write(FileRegion part, ChannelFutureListener listener) {
        throw new UnsupportedOperationException("the kernel sends no file for " + this);
    }

    /** Hands the stream of an exchange over whose head was written. A carrier that is a connection is handed over by itself. */
    default void handOver(Exchange exchange, Consumer<Channel> next) {
        throw new UnsupportedOperationException(this + " is no stream");
    }

    /** Sends trailers with the end, behind a body that {@link #UNTIL_END} or its length ends; not every carrier can. */
    void trailers(Exchange exchange, HeaderList trailers);

    /** Whether an exchange may write more. */
    boolean isWritable(Exchange exchange);

    /** What was written is sent at the end of the batch, or of the turn. */
    void flushLater();

    /** What was written is sent. */
    void flushNow(Exchange exchange);

    /** The response has been written. */
    void ended(Exchange exchange);

    /** A response that was begun cannot be ended, which the client is made to see. */
    void abort(Exchange exchange, Throwable cause);

    /** Whether the server takes no more requests. */
    boolean isDraining();
}
