package io.solaster.pool.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.IdentityHashMap;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2PingFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2PingFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Endpoint;
import io.solaster.pool.PoolException;
import io.solaster.pool.request.Attempt;
import org.jspecify.annotations.Nullable;

/**
 * A connection that speaks HTTP/2 from its first byte on: each request is an {@link Http2ClientStream}, and there are as many
 * at a time as the other end allows. It is ready once that has said what it allows. All requests of a turn go out in one
 * write. On the shard that owns it.
 */
final class Http2ClientConnection extends HttpClientConnection {
    /** Of an answer that nobody reads yet. */
    private static final int STREAM_WINDOW = 256 * 1024;
    /** Of all such answers: a few that nobody reads hold up no others. */
    private static final int CONNECTION_WINDOW = 64 * STREAM_WINDOW;
    private static final int INITIAL_WINDOW = 65_535;

    private final String address;
    private final long silenceNanos;
    private final ShardFuture<HttpClientConnection> greeted;
    private final Http2StreamChannelBootstrap streams;
    private final IdentityHashMap<Attempt<?>, Http2ClientStream> underWay = new IdentityHashMap<>();
    private final Runnable flush = this::flush;
    private boolean flushing;
    private int allowed = Integer.MAX_VALUE;
    private long lastRead;
    private @Nullable Throwable error;
    private @Nullable ShardFuture<Boolean> asked;
    private long question;

    Http2ClientConnection(Shard shard, Channel channel, Endpoint endpoint, HttpClientProtocol protocol) {
        super(shard, channel, endpoint, protocol);
        this.address = endpoint.address();
        this.silenceNanos = protocol.maxSilence().isZero() ? Long.MAX_VALUE : protocol.maxSilence().toNanos();
        this.greeted = shard.newFuture();
        this.lastRead = now();
        channel.pipeline().addLast("http2-heard", new Hearing());
        channel.pipeline().addLast("http2-codec", Http2FrameCodecBuilder.forClient()
                .initialSettings(Http2Settings.defaultSettings().pushEnabled(false).initialWindowSize(STREAM_WINDOW)
                        .maxHeaderListSize(protocol.maxHeaderBytes()))
                .encoderEnforceMaxConcurrentStreams(true).gracefulShutdownTimeoutMillis(0).build());
        channel.pipeline().addLast("http2-streams", new Http2MultiplexHandler(new Refusing()));
        channel.pipeline().addLast("http2", new Controlling());
        this.streams = new Http2StreamChannelBootstrap(channel);
        channel.writeAndFlush(new DefaultHttp2WindowUpdateFrame(CONNECTION_WINDOW - INITIAL_WINDOW));
    }

    /** Done once the other end has greeted; failed if it does not speak HTTP/2. */
    ShardFuture<HttpClientConnection> greeted() {
        return greeted;
    }

    @Override
    public boolean isShared() {
        return true;
    }

    @Override
    public boolean isUsable() {
        return super.isUsable() && channel().isActive();
    }

    @Override
    public int maxRequests() {
        return allowed;
    }

    @Override
    protected boolean isQuiet() {
        return underWay.isEmpty();
    }

    @Override
    public ShardFuture<?> validate() {
        if (!isUsable()) {
            return super.validate();
        }
        ShardFuture<Boolean> answer = shard.newFuture();
        asked = answer;
        channel().writeAndFlush(new DefaultHttp2PingFrame(++question));
        return answer;
    }

    @Override
    void send(ClientRequest request, Attempt<?> attempt, OutgoingRequest.Receiver receiver) {
        if (!isUsable()) {
            receiver.fail(unbegun("is closing", null, true), now());
            return;
        }
        sending();
        Http2ClientStream stream = new Http2ClientStream(this, request, attempt, receiver);
        underWay.put(attempt, stream);
        streams.handler(stream).open();
    }

    @Override
    void giveUp(Attempt<?> attempt) {
        Http2ClientStream stream = underWay.get(attempt);
        if (stream == null) {
            return;
        }
        stream.cancel();
        if (now() - Math.max(lastRead, stream.sentAt()) >= silenceNanos) {
            closeNow();
        }
    }

    // ---- what streams see

    Shard shard() {
        return shard;
    }

    long time() {
        return now();
    }

    boolean unpacks() {
        return protocol.gzip();
    }

    /** What was written goes out at the end of the turn. */
    void flushLater() {
        if (!flushing) {
            flushing = true;
            shard.execute(flush);
        }
    }

    private void flush() {
        flushing = false;
        channel().flush();
    }

    /** The other end takes no more requests. */
    void isGoing() {
        takeNothingNew();
    }

    void bytesCame() {
        heard();
    }

    /** A request is over, before its receiver hears of it. */
    void ended(Attempt<?> attempt, boolean answered) {
        underWay.remove(attempt);
        if (answered) {
            served();
        }
        closeIfDrained();
    }

    /** For a request that was under way when the connection went. */
    PoolException lost() {
        Throwable why = error;
        return lost("was lost" + (why == null ? "" : ": " + why.getMessage()), why);
    }

    /** For a request whose stream has ended before its answer. */
    PoolException broken(String what, @Nullable Throwable cause) {
        return new PoolException(PoolException.Reason.CONNECTION_LOST, "connection to " + address + ": " + what, cause);
    }

    /** For a request that the other end has surely not acted upon. */
    PoolException unbegun(String what, @Nullable Throwable cause, boolean elsewhereAtOnce) {
        return PoolException.refused("connection to " + address + " " + what, cause, elsewhereAtOnce);
    }

    private void fail(String what, @Nullable Throwable cause) {
        greeted.completeExceptionally(new IOException(address + " " + what
                + "; if it speaks HTTP/1.1 only, set http.version to http-1-1", cause));
        ShardFuture<Boolean> validating = asked;
        if (validating != null) {
            asked = null;
            validating.completeExceptionally(new IOException("connection to " + address + " " + what, cause));
        }
    }

    /** Before the codec: when anything has come. */
    private final class Hearing extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            lastRead = now();
            context.fireChannelRead(message);
        }
    }

    /** For streams that the other end begins, which it was told not to do. */
    @ChannelHandler.Sharable
    private static final class Refusing extends ChannelHandlerAdapter {

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            context.close();
        }
    }

    /** What concerns the connection as a whole. */
    private final class Controlling extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            try {
                if (message instanceof Http2SettingsFrame frame) {
                    settings(frame.settings());
                } else if (message instanceof Http2GoAwayFrame frame) {
                    goAway(frame);
                } else if (message instanceof Http2PingFrame ping && ping.ack() && ping.content() == question) {
                    answered();
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        private void settings(Http2Settings settings) {
            Long max = settings.maxConcurrentStreams();
            if (max != null) {
                allowed = (int) Math.min(Integer.MAX_VALUE, max);
            }
            greeted.complete(Http2ClientConnection.this);
        }

        /** What the other end has begun with it answers; its streams have heard of the rest. */
        private void goAway(Http2GoAwayFrame frame) {
            if (frame.errorCode() != Http2Error.NO_ERROR.code()) {
                error = new IOException("the endpoint closed it with " + Http2ClientStream.name(frame.errorCode()) + ' '
                        + frame.content().toString(StandardCharsets.UTF_8));
            }
            takeNothingNew();
            closeIfDrained();
        }

        private void answered() {
            ShardFuture<Boolean> validating = asked;
            if (validating != null) {
                asked = null;
                validating.complete(true);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            gone();
            fail("closed the connection before it greeted", error);
            context.fireChannelInactive();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            error = cause;
            fail("does not speak HTTP/2: " + cause.getMessage(), cause);
            closeNow();
        }
    }
}
