package io.solaster.http.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionDecoder;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.DefaultHttp2FrameWriter;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2PromisedRequestVerifier;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;
import io.solaster.config.server.Http2Config;
import io.solaster.engine.net.RequestStats;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.wire.HttpLimits;

/** Makes the sessions of a shard's HTTP/2 clients, by its configuration. On the owning shard. */
public final class Http2Sessions extends AbstractHttp2ConnectionHandlerBuilder<Http2Session, Http2Sessions> {
    private static final int EMPTY_FRAMES = 16;
    /** Continuations of a head that are shorter than they need be. */
    private static final int SHORT_CONTINUATIONS = 16;

    private final HttpShard shard;
    private final RequestStats requests;
    private final Http2Turns turns;

    private Http2Sessions(HttpShard shard, RequestStats requests, Http2Turns turns) {
        this.shard = shard;
        this.requests = requests;
        this.turns = turns;
    }

    public static Http2Session session(HttpShard shard, RequestStats requests) {
        Http2Config config = shard.config().http().http2();
        DefaultHttp2Connection connection = new DefaultHttp2Connection(true);
        // Before the client has heard of the limit, too.
        connection.remote().maxActiveStreams(config.maxConcurrentStreams());
        // Priorities, which RFC 9113 has given up, would let a client have trees of them kept.
        connection.remote().flowController(
                new DefaultHttp2RemoteFlowController(connection, new UniformStreamByteDistributor(connection)));
        HttpLimits limits = shard.limits();
        long headers = (long) limits.maxHeaderSize() + limits.maxTarget();
        StreamIds reset = new StreamIds(config.maxConcurrentStreams());
        Http2Turns turns = new Http2Turns(
                new DefaultHttp2FrameReader(new DefaultHttp2HeadersDecoder(true, headers), SHORT_CONTINUATIONS),
                connection, reset);
        Http2ConnectionEncoder encoder = new Http2Answers(
                new DefaultHttp2ConnectionEncoder(connection, new Frames()),
                config.maxResets(), reset, shard.shard().environment().clock());
        return new Http2Sessions(shard, requests, turns)
                .initialSettings(new Http2Settings().maxConcurrentStreams(config.maxConcurrentStreams())
                        .initialWindowSize(config.initialWindow().intBytes()).maxFrameSize(config.maxFrame().intBytes())
                        .maxHeaderListSize(headers).connectProtocolEnabled(true))
                .decoderEnforceMaxRstFramesPerWindow(config.maxResets(), Http2Answers.RESETS_SECONDS)
                .decoderEnforceMaxConsecutiveEmptyDataFrames(EMPTY_FRAMES)
                .codec(new DefaultHttp2ConnectionDecoder(connection, encoder, turns,
                        Http2PromisedRequestVerifier.ALWAYS_VERIFY, true, true, true, true), encoder)
                .build();
    }

    /** Tells the session what leaves, which neither windows nor promises tell of a part of a response. */
    private static final class Frames extends DefaultHttp2FrameWriter {

        Frames() {
            super((name, value) -> HttpHeaderNames.SET_COOKIE.contentEquals(name));
        }

        @Override
        public ChannelFuture writeData(ChannelHandlerContext context, int id, ByteBuf data, int padding, boolean last,
                ChannelPromise promise) {
            ((Http2Session) context.handler()).sends(id, data.readableBytes());
            return super.writeData(context, id, data, padding, last, promise);
        }
    }

    @Override
    protected Http2Session build(Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder,
            Http2Settings settings) {
        return new Http2Session(shard, requests, turns, decoder, encoder, settings);
    }
}
