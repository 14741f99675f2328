package io.solaster.pool;

import static io.solaster.pool.TestEngines.await;
import static io.solaster.pool.TestEngines.get;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.PoolBalancingConfig;
import io.solaster.config.PoolBalancingConfig.Algorithm;
import io.solaster.config.PoolBreakerConfig;
import io.solaster.config.PoolConfig;
import io.solaster.config.PoolConnectionsConfig;
import io.solaster.config.PoolHealthConfig;
import io.solaster.config.PoolRequestsConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Lines.Line;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** An engine of two shards, backends on it, and a pool of {@link Lines} to them. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
abstract class Rig {
    static final Duration LONG = TestEngines.PATIENCE;

    private final Transport transport;
    final List<AutoCloseable> open = new ArrayList<>();
    Engine engine;
    /** Breakers and the like are tested elsewhere; here they would answer in the place of connections. */
    PoolConfig config = PoolConfig.of(PoolConfig.Protocol.TCP)
            .withBalancing(PoolBalancingConfig.of(Algorithm.ROUND_ROBIN))
            .withHealth(PoolHealthConfig.defaults().withBreaker(PoolBreakerConfig.none()))
            .withRequests(PoolRequestsConfig.defaults().withRetries(2, Duration.ofMillis(10)));
    ConnectionPool<Line> pool;
    Upstream upstream;

    Rig(Transport transport) {
        this.transport = transport;
    }

    @BeforeEach
    void start() {
        engine = TestEngines.start(transport, 2);
    }

    @AfterEach
    void stop() throws Exception {
        if (pool != null) {
            pool.close();
        }
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        if (engine != null) {
            engine.close();
        }
    }

    Backend backend(String name) {
        Backend backend = Backend.start(engine, name);
        open.add(backend);
        return backend;
    }

    FaultProxy before(Backend backend) {
        FaultProxy proxy = FaultProxy.before(engine, backend.port());
        open.add(proxy);
        return proxy;
    }

    ConnectionPool<Line> pool(boolean shared, Backend... backends) {
        return pool(new Lines(shared), Arrays.stream(backends).map(Backend::endpoint).toArray(Endpoint[]::new));
    }

    ConnectionPool<Line> pool(boolean shared, FaultProxy... proxies) {
        return pool(new Lines(shared), Arrays.stream(proxies).map(FaultProxy::endpoint).toArray(Endpoint[]::new));
    }

    ConnectionPool<Line> pool(Protocol<Line> protocol, Endpoint... endpoints) {
        return pool(protocol, Discovery.of(List.of(endpoints)), Connector.of(engine, config, Rig::resolve, null));
    }

    ConnectionPool<Line> pool(Protocol<Line> protocol, Discovery discovery, Connector connector) {
        upstream = Upstream.start(engine, "test", config, discovery);
        open.add(upstream);
        pool = ConnectionPool.start(engine, "test", config, protocol, upstream, connector);
        return pool;
    }

    static ShardFuture<List<InetAddress>> resolve(String host) {
        ShardFuture<List<InetAddress>> found = Shard.current().newFuture();
        try {
            found.complete(List.of(InetAddress.getAllByName(host)));
        } catch (UnknownHostException e) {
            found.completeExceptionally(e);
        }
        return found;
    }

    void connections(PoolConnectionsConfig connections) {
        config = config.withConnections(connections);
    }

    String ask(int shard, String line) {
        return await(engine, shard, () -> pool.use(0, null, LONG, connection -> connection.ask(line)));
    }

    /** Asks with another thread's patience: an answer, or what it failed with. */
    CompletableFuture<String> asking(int shard, Duration patience, String line) {
        return engine.submitStageTo(shard, CallOptions.DEFAULTS,
                () -> pool.use(0, null, patience, connection -> connection.ask(line)));
    }

    Line take(int shard) {
        return await(engine, shard, () -> pool.local().take(0, null, LONG));
    }

    void give(int shard, Line line) {
        TestEngines.on(engine, shard, () -> {
            pool.local().give(line);
            return null;
        });
    }

    PoolStats stats(int shard) {
        return pool.stats().get(shard);
    }

    static PoolException failure(CompletableFuture<?> future) {
        return catchThrowableOfType(PoolException.class, () -> get(future));
    }
}
