package io.solaster.http.wire;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.ConnectionTimer;

/**
 * The limits that connections go by, in plain numbers.
 *
 * @param maxTarget the longest request target in bytes
 * @param maxHeaderSize the most bytes of a request's headers, their line ends included
 * @param maxHeaders the most headers of a request
 * @param maxBody the longest body that is gathered, in bytes
 * @param nanosPerByte how long a client may take for a byte of a body; 0 for any time
 * @param maxPipelined requests of one connection under way at once
 * @param headNanos how long a head may take
 * @param bodyNanos how long a client may be silent or fall behind within a body, or not read
 * @param requestNanos how long a handler may take to begin its response
 * @param idleNanos how long a connection may be idle between requests
 */
public record HttpLimits(int maxTarget, int maxHeaderSize, int maxHeaders, long maxBody, long nanosPerByte,
        int maxPipelined, long headNanos,
        long bodyNanos, long requestNanos, long idleNanos) {
    /** As {@link ConnectionTimer#NEVER}. */
    public static final long NEVER = ConnectionTimer.NEVER;

    public static HttpLimits of(ServerConfig server) {
        HttpConfig config = server.http();
        return new HttpLimits(config.maxTarget().intBytes(), config.maxHeaderSize().intBytes(), config.maxHeaders(),
                config.maxBody().bytes(), nanosPerByte(config.minBodyRate().bytes()),
                config.maxPipelined(), config.headerTimeout().toNanos(),
                config.bodyTimeout().toNanos(), orNever(config.requestTimeout()),
                Math.min(orNever(config.keepAliveTimeout()), orNever(server.limits().idleTimeout())));
    }

    private static long nanosPerByte(long bytesPerSecond) {
        return bytesPerSecond == 0 ? 0 : Math.max(1, TimeUnit.SECONDS.toNanos(1) / bytesPerSecond);
    }

    /** What is left of the patience with a client that has sent or read some of a body, of so much that was left before. */
    public long patience(long left, int bytes) {
        return nanosPerByte == 0 ? bodyNanos : Math.min(bodyNanos, left + bytes * nanosPerByte);
    }

    private static long orNever(Duration duration) {
        return duration.isZero() ? NEVER : duration.toNanos();
    }
}
