package io.solaster.pool;

import static io.solaster.pool.TestEngines.await;
import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.BreakerConfig;
import io.solaster.config.pool.ConnectionsConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.config.pool.RequestsConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Lines.Line;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstreams;
import io.solaster.testkit.chaos.Direction;
import io.solaster.testkit.chaos.FaultProxy;
import io.solaster.testkit.chaos.Faults;
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
    PoolConfig config = Changed.with(PoolConfig.of(PoolConfig.Protocol.TCP)
            .withBalancing(BalancingConfig.of(Algorithm.ROUND_ROBIN)), "health",
            Changed.with(PoolHealthConfig.defaults(), "breaker", BreakerConfig.none()), "requests",
            Changed.with(RequestsConfig.defaults(), "retries", 2, "backoff", Duration.ofMillis(10)));
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
        FaultProxy proxy = FaultProxy.before(new InetSocketAddress("127.0.0.1", backend.port()), 42);
        open.add(proxy);
        return proxy;
    }

    static int port(FaultProxy proxy) {
        return proxy.address().getPort();
    }

    static Endpoint endpoint(FaultProxy proxy) {
        return Endpoint.of("127.0.0.1", port(proxy));
    }

    /** Nobody listens, and what was there is closed, as when a server ends. */
    static void down(FaultProxy proxy) {
        proxy.refuse();
        proxy.closeConnections();
    }

    static void answersLater(FaultProxy proxy, long millis) {
        proxy.set(Direction.TO_CLIENT, Faults.NONE.delayed(Duration.ofMillis(millis)));
    }

    ConnectionPool<Line> pool(boolean shared, Backend... backends) {
        return pool(new Lines(shared), Arrays.stream(backends).map(Backend::endpoint).toArray(Endpoint[]::new));
    }

    ConnectionPool<Line> pool(boolean shared, FaultProxy... proxies) {
        return pool(new Lines(shared), Arrays.stream(proxies).map(Rig::endpoint).toArray(Endpoint[]::new));
    }

    ConnectionPool<Line> pool(Protocol<Line> protocol, Endpoint... endpoints) {
        return pool(protocol, Discovery.of(List.of(endpoints)), Connectors.of(engine, config, Rig::resolve, null));
    }

    ConnectionPool<Line> pool(Protocol<Line> protocol, Discovery discovery, Connector connector) {
        upstream = Upstreams.start(engine, "test", config, discovery);
        open.add(upstream);
        pool = ConnectionPools.start(engine, "test", config, protocol, upstream, connector);
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

    void connections(ConnectionsConfig connections) {
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

    /** What came of requests: each was answered, or failed by name. */
    static Map<Reason, Integer> failures(List<CompletableFuture<String>> asked) {
        Map<Reason, Integer> failures = new EnumMap<>(Reason.class);
        for (CompletableFuture<String> each : asked) {
            try {
                each.get(TestEngines.PATIENCE.toSeconds(), TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                assertThat(e.getCause()).isInstanceOf(PoolException.class);
                failures.merge(((PoolException) e.getCause()).reason(), 1, Integer::sum);
            } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
                throw new AssertionError("a request was lost", e);
            }
        }
        return failures;
    }

    List<CompletableFuture<String>> askAll(int count, Duration patience) {
        List<CompletableFuture<String>> asked = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            asked.add(asking(i % 2, patience, "n" + i));
        }
        return asked;
    }

    void untilAnswered(int shard) {
        until("shard " + shard + " is answered", () -> {
            try {
                get(asking(shard, LONG, "x"));
                return true;
            } catch (PoolException e) {
                return false;
            }
        });
    }

    /** Nothing is out, nobody waits, and the kernel has no more connections than the pool knows of. */
    void assertNothingLeaked(int... ports) {
        for (int shard = 0; shard < 2; shard++) {
            PoolStats stats = stats(shard);
            until("nothing is out", () -> stats.active.get() == 0 && stats.pending.get() == 0
                    && stats.connecting.get() == 0);
        }
        until("the kernel agrees", () -> {
            long sockets = 0;
            for (int port : ports) {
                sockets += Sockets.to(port);
            }
            return sockets == stats(0).open.get() + stats(1).open.get();
        });
        pool.close();
        for (int port : ports) {
            until("no socket is left", () -> Sockets.to(port) == 0);
        }
    }

    /** Connections that were lost and connects that failed so far. */
    long ends() {
        return pool.stats().stream().mapToLong(shard -> shard.closed(CloseReason.REMOTE)
                + shard.closed(CloseReason.BROKEN) + shard.connectFailures.get()).sum();
    }

    static PoolException failure(CompletableFuture<?> future) {
        return catchThrowableOfType(PoolException.class, () -> get(future));
    }
}
