package io.solaster.pool.connect;

import java.util.function.Supplier;

import io.netty.handler.ssl.SslContext;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.Connector;
import io.solaster.pool.Resolver;
import org.jspecify.annotations.Nullable;

/** Gives connectors. */
public final class Connectors {

    private Connectors() {}

    /**
     * Connects over TCP as a pool's configuration says: Happy Eyeballs, keep-alive, {@code ssl}, {@code proxy}. Any thread.
     *
     * @param resolver finds the addresses of hosts
     * @param tls asked on a shard for each new connection, where {@code ssl} is used: it returns a client's context that is
     *            there already; null where {@code ssl} is not used
     */
    public static Connector of(Engine engine, PoolConfig config, Resolver resolver,
            @Nullable Supplier<SslContext> tls) {
        return new TcpConnector(engine, config, resolver, tls);
    }
}
