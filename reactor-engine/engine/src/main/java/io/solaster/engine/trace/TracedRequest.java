package io.solaster.engine.trace;

import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** What a request is known by when it begins. A protocol's connection may be this itself. On the owning shard. */
public interface TracedRequest {

    /** The connection of a {@link io.solaster.engine.net.TcpServer} that it came in by. */
    Channel channel();

    /** Nanoseconds that it has been here and nobody could look at it, since others were under way before it. */
    default long queueWaitNanos() {
        return 0;
    }

    /** What the client sent beside it, such as {@code traceparent}; null if it sent none, or the protocol has none. */
    default @Nullable String header(String name) {
        return null;
    }
}
