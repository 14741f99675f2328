package io.solaster.pool.upstream;

import java.util.function.Function;

import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.Upstream;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.health.HealthCheck;
import io.solaster.pool.health.HealthChecks;
import org.jspecify.annotations.Nullable;

/** Starts upstreams. */
public final class Upstreams {

    private Upstreams() {}

    /**
     * Starts one whose endpoints are checked as the configuration says, over connections that are not encrypted. Not on
     * a shard.
     *
     * @param name what it is called in logs and meters: the key below {@code solaster.pools}
     * @param config its balancing, its health, and endpoints that are there beside those that are found
     * @param discovery what finds further members; closed with it. Those that it tells of before its {@code start}
     *            returns are there when this returns
     */
    public static Upstream start(Engine engine, String name, PoolConfig config, Discovery discovery) {
        return start(engine, name, config, discovery, HealthChecks.plain(engine));
    }

    /**
     * As {@link #start(Engine, String, PoolConfig, Discovery)}, with checks of one's own.
     *
     * @param checks gives the check that a configuration asks for, or another one; null for none. Asked again by
     *            {@link Upstream#reconfigure}
     */
    public static Upstream start(Engine engine, String name, PoolConfig config, Discovery discovery,
            Function<PoolConfig, @Nullable HealthCheck> checks) {
        DefaultUpstream upstream = new DefaultUpstream(engine, name, config, discovery, checks);
        upstream.begin();
        return upstream;
    }
}
