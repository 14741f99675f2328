package io.solaster.pool;

import java.util.concurrent.CompletionStage;

import io.netty.channel.Channel;
import io.solaster.engine.Shard;

/**
 * What a pool's connections speak: it makes a {@link PooledConnection} of a channel. One instance serves all shards.
 *
 * @param <C> its connections
 */
public interface Protocol<C extends PooledConnection> {

    /** What it is called in logs and meters, such as {@code resp}. */
    String name();

    /**
     * Whether its connections are shared, as {@link PooledConnection#isShared} tells of each: then a burst of requests does
     * not open as many connections before there is a first one.
     */
    default boolean isShared() {
        return false;
    }

    /** The key below {@code solaster.pools.<name>} that says how many of its connections there may be; for warnings. */
    default String maxKey() {
        return "connections.max";
    }

    /**
     * Makes a connection ready for its first request: adds handlers to the pipeline, says hello, proves who we are. On the
     * shard that owns the channel, which is connected, encrypted where it is to be, and reads by itself.
     *
     * @param endpoint the other end
     * @return done once requests may be sent; where it fails the channel is closed. The pool bounds its time
     */
    CompletionStage<C> open(Shard shard, Channel channel, Endpoint endpoint);
}
