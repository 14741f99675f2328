package io.solaster.pool.http;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpContentDecompressor;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequestEncoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.solaster.engine.Shard;
import io.solaster.engine.timer.Timer;
import io.solaster.pool.Endpoint;
import io.solaster.pool.PoolException;
import io.solaster.pool.RequestConnection;
import org.jspecify.annotations.Nullable;

/**
 * A connection that speaks HTTP/1.1. It takes its next request only once the answer before is there to the end, and
 * nothing after it: what a server sends unasked closes it. On the shard that owns it.
 */
public final class HttpClientConnection extends RequestConnection {
    private static final long CONTINUE_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** Taken off what a server says it keeps a connection for. */
    private static final long MARGIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String host;
    private final HttpClientProtocol protocol;
    private long idleSince;
    private long keptNanos = Long.MAX_VALUE;

    // Of the request under way.
    private Exchange.@Nullable Receiver receiver;
    private @Nullable HttpMethod method;
    private @Nullable ClientRequest sending;
    private @Nullable Timer continueTimer;
    private boolean headed;
    private boolean ended;
    /** While it is read piece by piece. */
    private @Nullable ResponseBody body;

    HttpClientConnection(Shard shard, Channel channel, Endpoint endpoint, HttpClientProtocol protocol) {
        super(shard, channel, endpoint.address());
        this.protocol = protocol;
        String given = protocol.host();
        this.host = given != null ? given : hostOf(endpoint);
        channel.pipeline().addLast("http-encoder", new HttpRequestEncoder());
        channel.pipeline().addLast("http-decoder", new Decoder(protocol.maxHeaderBytes()));
        if (protocol.gzip()) {
            channel.pipeline().addLast("http-gzip", new HttpContentDecompressor(0));
        }
        channel.pipeline().addLast("http", new Answering());
    }

    private static String hostOf(Endpoint endpoint) {
        String all = endpoint.address();
        return endpoint.port() == 80 || endpoint.port() == 443 ? all.substring(0, all.lastIndexOf(':')) : all;
    }

    @Override
    public boolean isShared() {
        return false;
    }

    @Override
    protected boolean isQuiet() {
        return receiver == null;
    }

    @Override
    public boolean isUsable() {
        return super.isUsable() && isQuiet() && !ended
                && (keptNanos == Long.MAX_VALUE || now() - idleSince < keptNanos);
    }

    void abort() {
        receiver = null;
        body = null;
        stopWaiting();
        closeNow();
    }

    ResponseBody newBody() {
        ResponseBody pieces = new ResponseBody(shard, this);
        body = pieces;
        channel().config().setAutoRead(false);
        return pieces;
    }

    /** The body's reader wants more. */
    void readMore() {
        if (body != null) {
            channel().read();
        }
    }

    /** The body's reader wants no more. */
    void abandonBody() {
        Exchange.Receiver left = receiver;
        abort();
        if (left != null) {
            left.fail(lost("was closed, since its answer is not read further", null), now());
        }
    }

    void send(ClientRequest request, Exchange.Receiver newReceiver) {
        if (!isOpen()) {
            newReceiver.fail(closed(), now());
            return;
        }
        sending();
        receiver = newReceiver;
        method = request.nettyMethod();
        headed = false;
        body = null;
        DefaultHttpRequest head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, request.nettyMethod(), request.path(),
                headers(request));
        if (request.length() == 0) {
            channel().write(head, channel().voidPromise());
            channel().writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT, channel().voidPromise());
            return;
        }
        sending = request;
        if (request.expectsContinue()) {
            channel().writeAndFlush(head, channel().voidPromise());
            continueTimer = shard.timers().timer(this::sendBody);
            continueTimer.arm(CONTINUE_NANOS);
        } else {
            channel().write(head, channel().voidPromise());
            sendBody();
        }
    }

    private HttpHeaders headers(ClientRequest request) {
        HttpHeaders headers = request.headers().copy();
        if (!headers.contains(HttpHeaderNames.HOST)) {
            headers.set(HttpHeaderNames.HOST, host);
        }
        headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
        headers.remove(HttpHeaderNames.CONTENT_LENGTH);
        if (request.length() < 0) {
            headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        } else if (request.length() > 0 || request.source() != null || wantsLength(request.method())) {
            headers.set(HttpHeaderNames.CONTENT_LENGTH, request.length());
        }
        if (request.expectsContinue() && request.length() != 0) {
            headers.set(HttpHeaderNames.EXPECT, HttpHeaderValues.CONTINUE);
        }
        if (protocol.gzip() && !headers.contains(HttpHeaderNames.ACCEPT_ENCODING)) {
            headers.set(HttpHeaderNames.ACCEPT_ENCODING, HttpHeaderValues.GZIP);
        }
        return headers;
    }

    /** Methods that mean a body, of which a server wants to hear that it is empty. */
    private static boolean wantsLength(String method) {
        return method.equals("POST") || method.equals("PUT") || method.equals("PATCH");
    }

    private void stopWaiting() {
        sending = null;
        if (continueTimer != null) {
            continueTimer.cancel();
            continueTimer = null;
        }
    }

    private void sendBody() {
        ClientRequest request = sending;
        if (continueTimer != null) {
            continueTimer.cancel();
            continueTimer = null;
        }
        if (request == null) {
            return;
        }
        BodySource source = request.source();
        if (source == null) {
            sending = null;
            channel().writeAndFlush(new DefaultLastHttpContent(Unpooled.wrappedBuffer(request.bytes())),
                    channel().voidPromise());
        } else {
            sendPieces(request, source, 0);
        }
    }

    /** One piece after the other, each once the one before is with the kernel: so a slow server slows its source. */
    private void sendPieces(ClientRequest request, BodySource source, long sent) {
        source.next().whenComplete((piece, failure) -> {
            if (sending != request) {
                return;
            }
            if (failure != null) {
                bodyFailed(failure);
            } else if (piece == null) {
                if (request.length() >= 0 && sent != request.length()) {
                    bodyFailed(new IOException("the body of " + request + " has " + sent + " bytes, and "
                            + request.length() + " were announced"));
                    return;
                }
                sending = null;
                channel().writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT, channel().voidPromise());
            } else if (request.length() >= 0 && piece.length > request.length() - sent) {
                bodyFailed(new IOException("the body of " + request + " has more than the " + request.length()
                        + " bytes that were announced"));
            } else if (piece.length == 0) {
                sendPieces(request, source, sent);
            } else {
                channel().writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(piece)))
                        .addListener(written -> {
                            if (written.isSuccess() && sending == request) {
                                sendPieces(request, source, sent + piece.length);
                            }
                        });
            }
        });
    }

    /** The answer cannot come to what was sent in half. */
    private void bodyFailed(Throwable failure) {
        Exchange.Receiver waits = receiver;
        abort();
        if (waits != null) {
            waits.fail(failure, now());
        }
    }

    private void received(HttpObject part, long now) {
        if (part.decoderResult().isFailure()) {
            failed("sent what is no answer of HTTP: " + part.decoderResult().cause().getMessage(),
                    part.decoderResult().cause(), now);
            return;
        }
        Exchange.Receiver waits = receiver;
        if (waits == null || ended) {
            // What nobody asked for, or what came after the answer: whose answer would the next one be?
            closeNow();
            return;
        }
        if (part instanceof HttpResponse response) {
            head(response, waits, now);
        }
        if (part instanceof HttpContent content && headed && receiver != null) {
            if (content.content().isReadable() && !waits.piece(content.content(), now)) {
                abort();
                return;
            }
            if (content instanceof LastHttpContent) {
                ended = true;
            }
        }
    }

    private void head(HttpResponse response, Exchange.Receiver waits, long now) {
        int status = response.status().code();
        if (status == 100) {
            sendBody();
            return;
        }
        if (status < 200 && status != 101) {
            return;
        }
        if (status == 101) {
            failed("answered 101, which nobody asked for", null, now);
            return;
        }
        headed = true;
        if (!HttpUtil.isKeepAlive(response) || HttpUtil.getContentLength(response, -1L) < 0
                && !HttpUtil.isTransferEncodingChunked(response) && !isBodiless(status)) {
            takeNothingNew();
        }
        keptNanos = kept(response.headers().get("keep-alive"));
        if (sending != null) {
            // It answers before it has heard all: the rest would be taken for another request.
            takeNothingNew();
            stopWaiting();
        }
        if (!waits.head(response, now)) {
            abort();
        }
    }

    private boolean isBodiless(int status) {
        return status == 204 || status == 304 || HttpMethod.HEAD.equals(method);
    }

    /** For how long a server says that it keeps a connection that is idle: {@code Keep-Alive: timeout=5}. */
    private static long kept(@Nullable String header) {
        if (header == null) {
            return Long.MAX_VALUE;
        }
        for (String part : header.split(",", -1)) {
            String[] pair = part.trim().split("=", 2);
            if (pair.length == 2 && pair[0].equalsIgnoreCase("timeout") && pair[1].matches("\\d{1,6}")) {
                return Math.max(0, TimeUnit.SECONDS.toNanos(Long.parseLong(pair[1])) - MARGIN_NANOS);
            }
        }
        return Long.MAX_VALUE;
    }

    private void failed(String what, @Nullable Throwable cause, long now) {
        Exchange.Receiver waits = receiver;
        PoolException failure = lost(what, cause);
        abort();
        if (waits != null) {
            waits.fail(failure, now);
        }
    }

    /** All that was read is taken in: if the answer has ended, and nothing follows it, the connection is free. */
    private void readComplete() {
        Exchange.Receiver waits = receiver;
        if (!ended || waits == null) {
            return;
        }
        ended = false;
        receiver = null;
        served();
        idleSince = now();
        if (body != null) {
            body = null;
            channel().config().setAutoRead(true);
        }
        closeIfDrained();
        waits.end(idleSince);
    }

    /** Tells where a body ends, which nobody may be of two minds about. */
    private final class Decoder extends HttpResponseDecoder {

        Decoder(int maxHeaderBytes) {
            super(new HttpDecoderConfig().setMaxInitialLineLength(maxHeaderBytes).setMaxHeaderSize(maxHeaderBytes)
                    .setAllowDuplicateContentLengths(false).setStrictLineParsing(true)
                    .setUseRfc9112TransferEncoding(true));
        }

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) throws Exception {
            if (isClosing() && isQuiet()) {
                // Nobody waits for the rest of what has been read; of a packed body it may be a thousand times as much.
                in.skipBytes(in.readableBytes());
                return;
            }
            super.decode(context, in, out);
        }

        @Override
        protected boolean isContentAlwaysEmpty(HttpMessage message) {
            return HttpMethod.HEAD.equals(method) || super.isContentAlwaysEmpty(message);
        }

        @Override
        protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
            throw new IllegalArgumentException("Content-Length beside Transfer-Encoding");
        }
    }

    private final class Answering extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            heard();
            try {
                if (message instanceof HttpObject part) {
                    received(part, now());
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            readComplete();
            if (body != null && body.isWaiting()) {
                // What has come was no whole piece.
                context.read();
            }
            context.fireChannelReadComplete();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            gone();
            // A body that ends with the connection has just ended.
            readComplete();
            failed("was lost", null, now());
            context.fireChannelInactive();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            failed("was lost: " + cause.getMessage(), cause, now());
        }
    }
}
