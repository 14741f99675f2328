package io.solaster.pool;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.RequestsConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstreams;

/** An engine, servers and pools of a test of clients, all ended with it. */
public final class Clients implements AutoCloseable {
    private static final Duration LONG = TestEngines.PATIENCE;

    private final List<AutoCloseable> open = new ArrayList<>();
    public final Engine engine;
    /** What pools are started with: round robin, patience of a minute, two retries at once. */
    public PoolConfig config;

    public Clients(Transport transport, int shards) {
        engine = TestEngines.start(transport, shards);
        config = Changed.with(PoolConfig.of(PoolConfig.Protocol.RESP)
                .withBalancing(BalancingConfig.of(Algorithm.ROUND_ROBIN))
                .withConnections(Changed.with(ConnectionsConfig.defaults(), "maxConnecting", 4, "connectTimeout", LONG,
                        "maxPending", 10_000, "acquireTimeout", LONG)),
                "requests", Changed.with(RequestsConfig.defaults(), "timeout", LONG, "tryTimeout", Duration.ZERO,
                        "retries", 2, "backoff", Duration.ofMillis(1)));
    }

    /** Changes what holds for requests. */
    public void requests(RequestsConfig requests) {
        config = Changed.with(config, "requests", requests);
    }

    public FakeServer server(FakeServer.Talk talk) throws IOException {
        return keep(FakeServer.start(talk));
    }

    public <T extends AutoCloseable> T keep(T closeable) {
        open.add(closeable);
        return closeable;
    }

    public <C extends PooledConnection> ConnectionPool<C> pool(Protocol<C> protocol, Endpoint... endpoints) {
        Upstream upstream = keep(Upstreams.start(engine, "test", config, Discovery.of(Arrays.asList(endpoints))));
        return keep(ConnectionPools.start(engine, "test", config, protocol, upstream, connector()));
    }

    public Connector connector() {
        return Connectors.of(engine, config, PoolTest::resolve, null);
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        engine.close();
    }
}
