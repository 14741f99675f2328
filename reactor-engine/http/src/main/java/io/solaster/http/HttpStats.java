package io.solaster.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.stats.Counter;

/** What one shard counts of one HTTP server. Written by the shard, read by any thread. */
public final class HttpStats {
    /** Responses of 200 to 299. */
    public final Counter succeeded = new Counter();
    /** Responses of 300 to 399. */
    public final Counter redirected = new Counter();
    /** Responses of 400 to 499, those to malformed requests included. */
    public final Counter clientErrors = new Counter();
    /** Responses of 500 to 599. */
    public final Counter serverErrors = new Counter();
    /** Connections that were handed over to another protocol. */
    public final Counter upgrades = new Counter();
    /** Connections that have begun to speak HTTP/2. */
    public final Counter http2Connections = new Counter();
    /** Requests that came over HTTP/2; they are among the others, too. */
    public final Counter http2Requests = new Counter();
    /** Requests that came over HTTP/2 and that the client has cancelled. */
    public final Counter http2Resets = new Counter();
    /** Requests that were malformed, or beyond a limit on heads. */
    public final Counter malformed = new Counter();
    /** Connections that ended since a client or a handler took too long; idle ones are not counted. */
    public final Counter timeouts = new Counter();
    /** Connections that were closed since the client did not read. */
    public final Counter outputOverflows = new Counter();
    /** Bytes received, decrypted. */
    public final Counter bytesIn = new Counter();
    /** Bytes handed to sockets, before they are encrypted. */
    public final Counter bytesOut = new Counter();

    HttpStats() {}

    void answered(HttpResponseStatus status) {
        switch (status.code() / 100) {
            case 1 -> upgrades.increment();
            case 2 -> succeeded.increment();
            case 3 -> redirected.increment();
            case 4 -> clientErrors.increment();
            default -> serverErrors.increment();
        }
    }
}
