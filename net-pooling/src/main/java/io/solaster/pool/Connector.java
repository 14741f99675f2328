package io.solaster.pool;

import java.time.Duration;

import io.netty.channel.Channel;
import io.solaster.engine.ShardFuture;

/** Makes connections, through proxies and encryption where there are any. On any shard. {@code Connectors} gives those of TCP. */
@FunctionalInterface
public interface Connector {

    /**
     * Connects from the calling shard.
     *
     * @param timeout how long all of it may take
     * @return the channel, with nobody's handlers in it but those of proxies and encryption, whose work is done; failed
     *         with why no connection came about. A stage that is not asynchronous adds its handlers before anything is
     *         read. Cancelling it ends what is under way
     */
    ShardFuture<Channel> connect(Endpoint endpoint, Duration timeout);
}
