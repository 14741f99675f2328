package io.solaster.config.server;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What HTTP/2 connections go by; a change holds for those that come after it.
 *
 * @param enabled whether HTTP/2 is spoken: over TLS with clients that agree on it (ALPN), else with those that begin with it;
 *            for WebFlux, {@code server.http2.enabled} has to say so, too
 * @param maxConcurrentStreams requests of one connection under way at once; more are refused, and may be sent again
 * @param initialWindow bytes of a request's body that a client may send before the handler takes them; a connection may
 *            send 8 times as many, over all its requests
 * @param maxFrame the longest frame that a client may send
 * @param maxResets requests that a client may cancel within 30 seconds before its connection is closed
 * @param upgrade whether clients may also ask for it with a request of HTTP/1.1 on a plain port ({@code Upgrade: h2c}), which
 *            RFC 9113 has given up
 */
public record Http2Config(@DefaultValue("true") boolean enabled,
        @DefaultValue("256") @Range(min = 1, max = 100_000) int maxConcurrentStreams,
        @DefaultValue("256KB") ByteSize initialWindow, @DefaultValue("16KB") ByteSize maxFrame,
        @DefaultValue("1000") @Range(min = 1, max = 1_000_000) int maxResets,
        @DefaultValue("false") boolean upgrade) {

    /** What an empty configuration gives. */
    public static Http2Config defaults() {
        return new Http2Config(true, 256, new ByteSize(256 << 10), new ByteSize(16 << 10), 1000, false);
    }

    /** This switched on or off. */
    public Http2Config withEnabled(boolean newEnabled) {
        return new Http2Config(newEnabled, maxConcurrentStreams, initialWindow, maxFrame, maxResets, upgrade);
    }
}
