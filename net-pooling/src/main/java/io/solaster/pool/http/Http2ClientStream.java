package io.solaster.pool.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.EncoderException;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpContentDecompressor;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception.HeaderListSizeException;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.codec.http2.HttpConversionUtil.ExtensionHeaderNames;
import io.netty.util.ReferenceCountUtil;
import io.solaster.pool.PoolException;
import io.solaster.pool.request.Attempt;
import org.jspecify.annotations.Nullable;

/**
 * One request of HTTP/2: a stream of its connection, which Netty gives a channel of its own, windows and all. What is not
 * read of its answer is not let come. On the shard that owns the connection.
 */
final class Http2ClientStream extends ChannelInboundHandlerAdapter implements Origin {
    private final Http2ClientConnection connection;
    private final ClientRequest request;
    private final Attempt<?> attempt;
    private final OutgoingRequest.Receiver receiver;
    private final long sentAt;
    private @Nullable Channel channel;
    private @Nullable Upload upload;
    private @Nullable ResponseBody body;
    private boolean headed;
    private boolean over;

    Http2ClientStream(Http2ClientConnection connection, ClientRequest request, Attempt<?> attempt,
            OutgoingRequest.Receiver receiver) {
        this.connection = connection;
        this.request = request;
        this.attempt = attempt;
        this.receiver = receiver;
        this.sentAt = connection.time();
    }

    long sentAt() {
        return sentAt;
    }

    /** Its name, or its number. */
    static String name(long error) {
        Http2Error known = Http2Error.valueOf(error);
        return known == null ? "error " + error : known.name();
    }

    // ---- the request

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        channel = context.channel();
        var pipeline = context.pipeline();
        pipeline.addBefore(context.name(), null, new Http2StreamFrameToHttpObjectCodec(false));
        if (connection.unpacks()) {
            pipeline.addBefore(context.name(), null, new HttpContentDecompressor(0));
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        Channel stream = context.channel();
        var headers = connection.headers(request);
        if (request.length() == 0) {
            headed(stream, new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, request.nettyMethod(), request.path(),
                    Unpooled.EMPTY_BUFFER, headers, EmptyHttpHeaders.INSTANCE));
            connection.flushLater();
        } else {
            headed(stream,
                    new DefaultHttpRequest(HttpVersion.HTTP_1_1, request.nettyMethod(), request.path(), headers));
            if (!over) {
                Upload sends = new Upload(stream, request, this::bodyFailed);
                upload = sends;
                sends.start(connection.shard());
            }
        }
        context.fireChannelActive();
    }

    private void headed(Channel stream, HttpObject head) {
        stream.write(head).addListener(written -> {
            Throwable failure = written.cause();
            if (failure instanceof EncoderException || failure instanceof HeaderListSizeException) {
                fail(failure);
            } else if (failure != null) {
                unbegun("is closing", failure, true);
            }
        });
    }

    private void bodyFailed(Throwable failure) {
        if (!over) {
            reset();
            receiver.fail(failure, connection.time());
        }
    }

    /** The other end has not acted on it: another one may, if all of it can go out again. */
    private void unbegun(String what, @Nullable Throwable cause, boolean elsewhereAtOnce) {
        if (over) {
            return;
        }
        if (elsewhereAtOnce) {
            connection.isGoing();
        }
        if (upload != null && upload.isSpent()) {
            fail(connection.broken("it " + what + ", and the body of " + request + " cannot be sent again", cause));
        } else {
            fail(connection.unbegun(what, cause, elsewhereAtOnce));
        }
    }

    /** Nobody waits for the answer any more. */
    void cancel() {
        if (!over) {
            reset();
        }
    }

    /** Ends it at once, and has the other end do so. */
    private void reset() {
        end(false);
        if (channel != null) {
            channel.close();
        }
    }

    private void end(boolean answered) {
        over = true;
        if (upload != null) {
            upload.stop();
        }
        connection.ended(attempt, answered);
    }

    private void fail(Throwable cause) {
        if (!over) {
            end(false);
            receiver.fail(cause, connection.time());
        }
    }

    // ---- the answer

    @Override
    public ResponseBody newBody() {
        ResponseBody pieces = new ResponseBody(connection.shard(), this);
        body = pieces;
        if (channel != null) {
            channel.config().setAutoRead(false);
        }
        return pieces;
    }

    @Override
    public void readMore() {
        if (channel != null && !over) {
            channel.read();
        }
    }

    @Override
    public void giveUpBody() {
        if (!over) {
            reset();
            receiver.fail(connection.broken("its answer is not read further", null), connection.time());
        }
    }

    private void received(HttpObject part, long now) {
        if (part.decoderResult().isFailure()) {
            malformed(part.decoderResult().cause());
            return;
        }
        if (part instanceof HttpResponse response) {
            head(response, now);
        }
        if (part instanceof HttpContent content && headed && !over) {
            if (content.content().isReadable() && !receiver.piece(content.content(), now)) {
                cancel();
            } else if (content instanceof LastHttpContent) {
                end(true);
                if (channel != null) {
                    // Sends no more of a request that has been answered; nothing happens where all of it is out.
                    channel.close();
                }
                receiver.end(now);
            }
        }
    }

    private void head(HttpResponse response, long now) {
        int status = response.status().code();
        if (status == 100 && upload != null) {
            upload.proceed();
        }
        if (status < 200) {
            return;
        }
        headed = true;
        response.headers().remove(ExtensionHeaderNames.STREAM_ID.text()).remove(HttpHeaderNames.TRANSFER_ENCODING);
        if (!receiver.head(response, this, now)) {
            cancel();
        }
    }

    private void malformed(Throwable cause) {
        if (!over) {
            PoolException failure = connection.broken("it sent what is no answer of HTTP/2: " + cause.getMessage(),
                    cause);
            reset();
            receiver.fail(failure, connection.time());
        }
    }

    // ---- the channel's events

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        connection.bytesCame();
        try {
            if (message instanceof HttpObject part && !over) {
                received(part, connection.time());
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (body != null && body.isWaiting() && !over) {
            // What has come was no whole piece.
            context.read();
        }
        context.fireChannelReadComplete();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof Http2ResetFrame reset) {
            connection.bytesCame();
            if (reset.errorCode() == Http2Error.REFUSED_STREAM.code()) {
                unbegun("refused " + request, null, false);
            } else {
                fail(connection.broken("it reset " + request + " with " + name(reset.errorCode()), null));
            }
        } else if (event instanceof Http2GoAwayFrame) {
            unbegun("has begun to close, and not begun with " + request, null, true);
        }
        context.fireUserEventTriggered(event);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (!over) {
            fail(connection.isUsable()
                    ? connection.broken("it ended its answer to " + request + " before that had begun", null)
                    : connection.lost());
        }
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        malformed(cause);
    }
}
