package io.solaster.config.server;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What one HTTP client may take of a server, and what its responses carry.
 *
 * @param headerTimeout how long a request's head may take, from its first byte to its last
 * @param bodyTimeout how long a client may be silent, or fall behind min-body-rate, within a request's body, or not read
 *            within a response's
 * @param requestTimeout how long a handler may take to begin its response, from the end of the request; 0 for ever
 * @param keepAliveTimeout how long a connection may be idle between requests; 0 for ever
 * @param maxTarget the longest request target, path and query
 * @param maxHeaderSize the most bytes of a request's headers
 * @param maxHeaders the most headers of a request
 * @param maxBody the longest body that is gathered in memory; one that is read in parts has no limit
 * @param minBodyRate the fewest bytes of a body that a client may send in a second, over the length of body-timeout; 0 for
 *            any rate
 * @param maxPipelined requests of one connection under way at once; more are not read
 * @param serverHeader what the header Server says of every response; none by default
 * @param compression which responses are compressed
 * @param websocket what connections go by that have become WebSockets
 * @param accessLog which exchanges are logged
 * @param halfClose whether a client that ends its side of a plain connection is answered all the same; one that has left
 *            altogether is then noticed only when it is written to, and what is done for it goes on until then
 * @param http2 what connections go by that speak HTTP/2
 */
public record HttpConfig(@DefaultValue("10s") Duration headerTimeout, @DefaultValue("30s") Duration bodyTimeout,
        @DefaultValue("60s") Duration requestTimeout, @DefaultValue("75s") Duration keepAliveTimeout,
        @DefaultValue("8KB") ByteSize maxTarget, @DefaultValue("16KB") ByteSize maxHeaderSize,
        @DefaultValue("100") @Range(min = 1, max = 10_000) int maxHeaders, @DefaultValue("10MB") ByteSize maxBody,
        @DefaultValue("256B") ByteSize minBodyRate,
        @DefaultValue("128") @Range(min = 1, max = 100_000) int maxPipelined, @Nullable String serverHeader,
        @NestedConfigurationProperty @DefaultValue CompressionConfig compression,
        @NestedConfigurationProperty @DefaultValue WebSocketConfig websocket,
        @NestedConfigurationProperty @DefaultValue AccessLogConfig accessLog,
        @DefaultValue("false") boolean halfClose,
        @NestedConfigurationProperty @DefaultValue Http2Config http2) {

    /** What an empty configuration gives. */
    public static HttpConfig defaults() {
        return new HttpConfig(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(60),
                Duration.ofSeconds(75), new ByteSize(8 << 10), new ByteSize(16 << 10), 100, new ByteSize(10 << 20),
                new ByteSize(256),
                128,
                null, CompressionConfig.defaults(), WebSocketConfig.defaults(), AccessLogConfig.defaults(), false,
                Http2Config.defaults());
    }

    /** This with another limit on the headers of a request. */
    public HttpConfig withMaxHeaderSize(ByteSize newMaxHeaderSize) {
        return new HttpConfig(headerTimeout, bodyTimeout, requestTimeout, keepAliveTimeout, maxTarget, newMaxHeaderSize,
                maxHeaders, maxBody, minBodyRate, maxPipelined, serverHeader, compression, websocket, accessLog,
                halfClose, http2);
    }

    /** This with another Server header; null for none. */
    public HttpConfig withServerHeader(@Nullable String newServerHeader) {
        return new HttpConfig(headerTimeout, bodyTimeout, requestTimeout, keepAliveTimeout, maxTarget, maxHeaderSize,
                maxHeaders, maxBody, minBodyRate, maxPipelined, newServerHeader, compression, websocket, accessLog,
                halfClose, http2);
    }

    /** This with another compression. */
    public HttpConfig withCompression(CompressionConfig newCompression) {
        return new HttpConfig(headerTimeout, bodyTimeout, requestTimeout, keepAliveTimeout, maxTarget, maxHeaderSize,
                maxHeaders, maxBody, minBodyRate, maxPipelined, serverHeader, newCompression, websocket, accessLog,
                halfClose, http2);
    }

    /** This with another HTTP/2. */
    public HttpConfig withHttp2(Http2Config newHttp2) {
        return new HttpConfig(headerTimeout, bodyTimeout, requestTimeout, keepAliveTimeout, maxTarget, maxHeaderSize,
                maxHeaders, maxBody, minBodyRate, maxPipelined, serverHeader, compression, websocket, accessLog,
                halfClose, newHttp2);
    }
}
