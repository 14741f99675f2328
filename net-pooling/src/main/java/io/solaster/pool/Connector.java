package io.solaster.pool;

import java.time.Duration;
import java.util.function.Supplier;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.connect.TcpConnector;
import org.jspecify.annotations.Nullable;

/** Makes connections, through proxies and encryption where there are any. On any shard. */
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

    /**
     * Connects over TCP as a pool's configuration says: Happy Eyeballs, keep-alive, {@code ssl}, {@code proxy}.
     *
     * @param resolver finds the addresses of hosts
     * @param tls asked on a shard for each new connection, where {@code ssl} is used: it returns a client's context that is
     *            there already; null where {@code ssl} is not used
     */
    static Connector of(Engine engine, PoolConfig config, Resolver resolver, @Nullable Supplier<SslContext> tls) {
        return new TcpConnector(engine, config, resolver, tls);
    }
}
