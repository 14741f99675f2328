package io.solaster.http;

import java.time.Duration;

import io.solaster.config.HttpConfig;
import io.solaster.config.ServerConfig;

/**
 * The limits that connections go by, in plain numbers.
 *
 * @param maxTarget the longest request target in bytes
 * @param maxHeaderSize the most bytes of a request's headers, their line ends included
 * @param maxHeaders the most headers of a request
 * @param maxBody the longest body that is gathered, in bytes
 * @param maxPipelined requests of one connection under way at once
 * @param headNanos how long a head may take
 * @param bodyNanos how long a client may be silent within a body, or not read
 * @param requestNanos how long a handler may take to begin its response
 * @param idleNanos how long a connection may be idle between requests
 */
record HttpLimits(int maxTarget, int maxHeaderSize, int maxHeaders, long maxBody, int maxPipelined, long headNanos,
        long bodyNanos, long requestNanos, long idleNanos) {
    /** Far enough that no sum of a time and this overflows. */
    static final long NEVER = Long.MAX_VALUE / 4;

    static HttpLimits of(ServerConfig server) {
        HttpConfig config = server.http();
        return new HttpLimits(config.maxTarget().intBytes(), config.maxHeaderSize().intBytes(), config.maxHeaders(),
                config.maxBody().bytes(), config.maxPipelined(), config.headerTimeout().toNanos(),
                config.bodyTimeout().toNanos(), orNever(config.requestTimeout()),
                Math.min(orNever(config.keepAliveTimeout()), orNever(server.limits().idleTimeout())));
    }

    private static long orNever(Duration duration) {
        return duration.isZero() ? NEVER : duration.toNanos();
    }
}
