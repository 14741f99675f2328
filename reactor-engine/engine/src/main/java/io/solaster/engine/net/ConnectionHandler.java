package io.solaster.engine.net;

import io.netty.channel.Channel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/** What a {@link TcpServer} does with its connections: a protocol. One instance serves all shards. */
public interface ConnectionHandler {

    /**
     * Sets up a new connection's pipeline. On the shard that owns the connection.
     *
     * <p>
     * When the server drains, {@link TcpServer#DRAIN} is fired through the pipeline as a user event: the handler answers
     * what it has received and closes the channel. Until the deadline; then the channel is closed for it.
     */
    void connected(Shard shard, Channel channel);

    /** What it speaks inside TLS, for clients that ask (ALPN). */
    default ApplicationProtocolConfig applicationProtocols() {
        return ApplicationProtocolConfig.DISABLED;
    }

    /** What encrypts its connections, for those who look at it; null where nothing does. */
    default @Nullable Tls tls() {
        return null;
    }

    /** What a client is told that cannot be served because the server has as many as it may; may be empty. */
    default byte[] refusal() {
        return new byte[0];
    }

    /**
     * Told of another configuration, whose limits hold from now on. On each shard.
     *
     * @param config what the server goes by now
     */
    default void reconfigured(Shard shard, ServerConfig config) {}

    /**
     * How many connections there may be at once, over all shards; what the server was configured with, unless the
     * protocol lets it be changed at run time. Any thread.
     *
     * @param configured what the server was bound with
     */
    default int maxConnections(int configured) {
        return configured;
    }
}
