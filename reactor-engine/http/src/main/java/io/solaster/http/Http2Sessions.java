package io.solaster.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;
import io.solaster.config.Http2Config;
import io.solaster.engine.net.RequestStats;

/** Makes the sessions of a shard's HTTP/2 clients, by its configuration. On the owning shard. */
final class Http2Sessions extends AbstractHttp2ConnectionHandlerBuilder<Http2Session, Http2Sessions> {
    /** A browser that leaves a page cancels all that it has asked for; who does so again and again wants something else. */
    private static final int RESETS_SECONDS = 30;
    /** Answers to pings and settings that a client leaves unread. */
    private static final int CONTROL_FRAMES = 1000;
    private static final int EMPTY_FRAMES = 16;

    private final HttpShard shard;
    private final RequestStats requests;

    private Http2Sessions(HttpShard shard, RequestStats requests) {
        this.shard = shard;
        this.requests = requests;
    }

    static Http2Session session(HttpShard shard, RequestStats requests) {
        Http2Config config = shard.config().http().http2();
        DefaultHttp2Connection connection = new DefaultHttp2Connection(true);
        // Before the client has heard of the limit, too.
        connection.remote().maxActiveStreams(config.maxConcurrentStreams());
        // Priorities, which RFC 9113 has given up, would let a client have trees of them kept.
        connection.remote().flowController(
                new DefaultHttp2RemoteFlowController(connection, new UniformStreamByteDistributor(connection)));
        HttpLimits limits = shard.limits();
        return new Http2Sessions(shard, requests).connection(connection)
                .initialSettings(new Http2Settings().maxConcurrentStreams(config.maxConcurrentStreams())
                        .initialWindowSize(config.initialWindow().intBytes()).maxFrameSize(config.maxFrame().intBytes())
                        .maxHeaderListSize((long) limits.maxHeaderSize() + limits.maxTarget()))
                .validateHeaders(true).validateRequiredPseudoHeaders(true)
                .headerSensitivityDetector((name, value) -> HttpHeaderNames.SET_COOKIE.contentEquals(name))
                .decoderEnforceMaxRstFramesPerWindow(config.maxResets(), RESETS_SECONDS)
                .encoderEnforceMaxRstFramesPerWindow(config.maxResets(), RESETS_SECONDS)
                .encoderEnforceMaxQueuedControlFrames(CONTROL_FRAMES)
                .decoderEnforceMaxConsecutiveEmptyDataFrames(EMPTY_FRAMES).build();
    }

    @Override
    protected Http2Session build(Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder,
            Http2Settings settings) {
        return new Http2Session(shard, requests, decoder, encoder, settings);
    }
}
