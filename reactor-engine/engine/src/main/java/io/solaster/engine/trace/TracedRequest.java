package io.solaster.engine.trace;

import java.net.SocketAddress;

import org.jspecify.annotations.Nullable;

/**
 * What a request is known by when it begins. A protocol's connection or request may be this itself, so that asking costs
 * nothing. On the owning shard.
 */
public interface TracedRequest {

    /** The server that it came in by. */
    TracedServer server();

    /** The client's address; null if it has none. */
    @Nullable
    SocketAddress peer();

    /** Nanoseconds that it has been here and nobody could look at it, since others were under way before it. */
    default long queueWaitNanos() {
        return 0;
    }

    /** What the client sent beside it, such as {@code traceparent}; null if it sent none, or the protocol has none. */
    default @Nullable String traceHeader(String name) {
        return null;
    }
}
