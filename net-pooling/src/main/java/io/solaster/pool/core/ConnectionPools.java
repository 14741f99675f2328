package io.solaster.pool.core;

import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Connector;
import io.solaster.pool.PooledConnection;
import io.solaster.pool.Protocol;
import io.solaster.pool.Upstream;

/** Starts pools. */
public final class ConnectionPools {

    private ConnectionPools() {}

    /**
     * Starts one. Not on a shard; it waits for {@code min-idle} connections as long as {@code warm-up} says.
     *
     * @param name what it is called in logs and meters: the key below {@code solaster.pools}
     * @param config the bounds on its connections, and their ages
     * @param protocol what its connections speak
     * @param upstream where they go; it is not closed with the pool, and no other pool may stand on it
     * @param connector makes them
     */
    public static <C extends PooledConnection> ConnectionPool<C> start(Engine engine, String name, PoolConfig config,
            Protocol<C> protocol, Upstream upstream, Connector connector) {
        DefaultConnectionPool<C> pool = new DefaultConnectionPool<>(engine, name, config, protocol, upstream,
                connector);
        pool.begin();
        return pool;
    }
}
