package io.solaster.pool.http;

import java.util.List;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpContentDecompressor;
import io.netty.handler.codec.http.HttpDecoderConfig;
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
import io.solaster.pool.Endpoint;
import io.solaster.pool.PoolException;
import io.solaster.pool.request.Attempt;
import org.jspecify.annotations.Nullable;

/**
 * A connection that speaks HTTP/1.1. It takes its next request only once the answer before is there to the end, and
 * nothing after it: what a server sends unasked closes it. On the shard that owns it.
 */
final class Http1ClientConnection extends HttpClientConnection implements Origin {
    /** Taken off what a server says it keeps a connection for. */
    private static final long MARGIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private long quietSince;
    private long keptNanos = Long.MAX_VALUE;

    // Of the request under way.
    private OutgoingRequest.@Nullable Receiver receiver;
    private @Nullable HttpMethod method;
    private @Nullable Upload upload;
    private boolean headed;
    private boolean ended;
    /** While it is read piece by piece. */
    private @Nullable ResponseBody body;

    Http1ClientConnection(Shard shard, Channel channel, Endpoint endpoint, HttpClientProtocol protocol) {
        super(shard, channel, endpoint, protocol);
        channel.pipeline().addLast("http-encoder", new HttpRequestEncoder());
        channel.pipeline().addLast("http-decoder", new Decoder(protocol.maxHeaderBytes()));
        if (protocol.gzip()) {
            channel.pipeline().addLast("http-gzip", new HttpContentDecompressor(0));
        }
        channel.pipeline().addLast("http", new Answering());
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
                && (keptNanos == Long.MAX_VALUE || now() - quietSince < keptNanos);
    }

    @Override
    void giveUp(Attempt<?> attempt) {
        abort();
    }

    private void abort() {
        receiver = null;
        body = null;
        stopSending();
        closeNow();
    }

    @Override
    public ResponseBody newBody() {
        ResponseBody pieces = new ResponseBody(shard, this);
        body = pieces;
        channel().config().setAutoRead(false);
        return pieces;
    }

    @Override
    public void readMore() {
        if (body != null) {
            channel().read();
        }
    }

    @Override
    public void giveUpBody() {
        OutgoingRequest.Receiver left = receiver;
        abort();
        if (left != null) {
            left.fail(lost("was closed, since its answer is not read further", null), now());
        }
    }

    @Override
    void send(ClientRequest request, Attempt<?> attempt, OutgoingRequest.Receiver newReceiver) {
        if (!isOpen()) {
            newReceiver.fail(closed(), now());
            return;
        }
        sending();
        receiver = newReceiver;
        method = request.nettyMethod();
        headed = false;
        body = null;
        channel().write(new DefaultHttpRequest(HttpVersion.HTTP_1_1, request.nettyMethod(), request.path(),
                headers(request)), channel().voidPromise());
        if (request.length() == 0) {
            channel().writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT, channel().voidPromise());
        } else {
            Upload sends = new Upload(channel(), request, this::bodyFailed);
            upload = sends;
            sends.start(shard);
        }
    }

    private void stopSending() {
        if (upload != null) {
            upload.stop();
            upload = null;
        }
    }

    /** The answer cannot come to what was sent in half. */
    private void bodyFailed(Throwable failure) {
        OutgoingRequest.Receiver waits = receiver;
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
        OutgoingRequest.Receiver waits = receiver;
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

    private void head(HttpResponse response, OutgoingRequest.Receiver waits, long now) {
        int status = response.status().code();
        if (status == 100) {
            if (upload != null) {
                upload.proceed();
            }
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
        if (upload != null && upload.isUnderWay()) {
            // It answers before it has heard all: the rest would be taken for another request.
            takeNothingNew();
        }
        stopSending();
        if (!waits.head(response, this, now)) {
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
        OutgoingRequest.Receiver waits = receiver;
        PoolException failure = lost(what, cause);
        abort();
        if (waits != null) {
            waits.fail(failure, now);
        }
    }

    /** All that was read is taken in: if the answer has ended, and nothing follows it, the connection is free. */
    private void readComplete() {
        OutgoingRequest.Receiver waits = receiver;
        if (!ended || waits == null) {
            return;
        }
        ended = false;
        receiver = null;
        served();
        quietSince = now();
        if (body != null) {
            body = null;
            channel().config().setAutoRead(true);
        }
        closeIfDrained();
        waits.end(quietSince);
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
