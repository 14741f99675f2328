package io.solaster.spring.pool;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigValidator;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Upstream;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.discovery.DnsDiscovery;
import io.solaster.pool.discovery.DnsResolver;
import io.solaster.pool.frame.FramedClient;
import io.solaster.pool.frame.FramedConnection;
import io.solaster.pool.frame.FramedProtocol;
import io.solaster.pool.health.HealthCheck;
import io.solaster.pool.health.HealthChecks;
import io.solaster.pool.http.HttpClientConnection;
import io.solaster.pool.http.HttpClientProtocol;
import io.solaster.pool.http.PooledHttpClient;
import io.solaster.pool.resp.RespClient;
import io.solaster.pool.resp.RespConnection;
import io.solaster.pool.resp.RespProtocol;
import io.solaster.pool.upstream.Upstreams;
import io.solaster.spring.server.Draining;
import io.solaster.spring.server.ServerLifecycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.SmartLifecycle;

/**
 * The pools of {@code solaster.pools}. They are started with this, so that other beans may use them in their constructors,
 * all of them or none; at the end of the application this waits for what is under way, after the servers have drained, and
 * they are closed before the engine. Any thread may call, but no shard, unless a method says otherwise.
 */
public final class Pools implements SmartLifecycle, AutoCloseable {
    /** After Spring Boot's web servers have stopped: what they answer may need a pool. */
    private static final int PHASE = ServerLifecycle.PHASE - 2048;
    private static final long LOOK_MILLIS = 5;
    private static final Logger log = LoggerFactory.getLogger(Pools.class);

    private final Engine engine;
    private final Supplier<DnsResolver> dns;
    private final Collaborators with;
    private final Map<String, PoolHandle> pools;
    private volatile SolasterConfig config;
    private volatile boolean running;
    /** Who waits for the end. */
    private final List<Runnable> stopping = new ArrayList<>();

    /**
     * What has a say in pools.
     *
     * @param customizers in their order
     * @param discoveries for types that are not built in; of two for one type the first is taken
     * @param endpoints of pools whose endpoints are told elsewhere than in the configuration, by name
     * @param bundles null where the application has none
     * @param keys find the keys of requests where nothing else does
     * @param hosts what the URL that is configured for a declared client names as its host, by pool; null for none
     */
    public record Collaborators(List<PoolCustomizer> customizers, List<PoolDiscovery> discoveries,
            Map<String, List<EndpointConfig>> endpoints, @Nullable SslBundles bundles, List<PoolKeySource> keys,
            Function<String, @Nullable String> hosts) {}

    /**
     * Starts every pool.
     *
     * @param dns asked for once there is a pool
     * @throws InvalidConfigException naming everything that keeps a pool from starting
     */
    public Pools(Engine engine, SolasterConfig config, Supplier<DnsResolver> dns, Collaborators with) {
        this.engine = engine;
        this.config = config;
        this.dns = dns;
        this.with = with;
        Map<String, PoolHandle> started = new LinkedHashMap<>();
        try {
            plan(config).forEach((name, pool) -> started.put(name, start(name, pool)));
        } catch (RuntimeException | Error e) {
            started.values().forEach(PoolHandle::close);
            throw e;
        }
        this.pools = Collections.unmodifiableMap(started);
    }

    /** The configuration of each pool, after all have had their say. */
    private Map<String, PoolConfig> plan(SolasterConfig from) {
        Map<String, PoolConfig> planned = new LinkedHashMap<>();
        from.pools().forEach((name, pool) -> {
            List<EndpointConfig> told = with.endpoints.get(name);
            PoolConfig wanted = told == null
                    ? pool
                    : pool.withEndpoints(told).withDiscovery(DiscoveryConfig.defaults());
            if (pool.protocol() == PoolConfig.Protocol.HTTP && pool.http().host() == null) {
                // For encrypted connections too, which are made before anybody has named a URL.
                wanted = wanted.withHttp(pool.http().withHost(with.hosts.apply(name)));
            }
            for (PoolCustomizer customizer : with.customizers) {
                wanted = customizer.config(name, wanted);
            }
            planned.put(name, wanted);
        });
        SolasterConfig all = from.withPools(planned);
        List<Violation> violations = new ArrayList<>(ConfigValidator.checkEndpoints(all, List.of()));
        ConfigValidator.check(all).stream().filter(
                violation -> violation.isError() && violation.key().startsWith("solaster.pools"))
                .forEach(violations::add);
        if (!violations.isEmpty()) {
            throw new InvalidConfigException(violations);
        }
        return planned;
    }

    private PoolHandle start(String name, PoolConfig pool) {
        PoolTls tls = PoolTls.of(name, pool, with.bundles);
        Discovery discovery = discovery(name, pool.discovery());
        PoolHandle.Connection connection = new PoolHandle.Connection(engine, pool, dns.get(), tls);
        Function<PoolConfig, @Nullable HealthCheck> builtIn = HealthChecks.of(engine, dns.get(), tls);
        Upstream upstream = Upstreams.start(engine, name, pool, discovery, wanted -> {
            HealthCheck check = builtIn.apply(wanted);
            for (PoolCustomizer customizer : with.customizers) {
                check = customizer.healthCheck(name, wanted, check);
            }
            return check;
        });
        try {
            PoolHandle started = start(name, pool, upstream, connection);
            if (tls != null) {
                // Or connections that were made with the old certificate would be there for as long as they live.
                tls.onUpdate(started::renew);
            }
            return started;
        } catch (RuntimeException | Error e) {
            upstream.close();
            throw e;
        }
    }

    private PoolHandle start(String name, PoolConfig pool, Upstream upstream, PoolHandle.Connection connection) {
        return switch (pool.protocol()) {
            case HTTP -> {
                HttpClientProtocol protocol = HttpClientProtocol.of(pool);
                for (PoolCustomizer customizer : with.customizers) {
                    protocol = customizer.http(name, protocol);
                }
                ConnectionPool<HttpClientConnection> connections = ConnectionPools.start(engine, name, pool,
                        protocol,
                        upstream, connection);
                PooledHttpClient client = PooledHttpClient.over(engine, connections);
                yield new PoolHandle(connections, client, client::stats, connection);
            }
            case RESP -> {
                RespProtocol protocol = RespProtocol.shared(pool);
                for (PoolCustomizer customizer : with.customizers) {
                    protocol = customizer.resp(name, protocol);
                }
                ConnectionPool<RespConnection> connections = ConnectionPools.start(engine, name, pool, protocol,
                        upstream, connection);
                RespClient client = RespClient.over(engine, connections);
                int alone = pool.resp().exclusive();
                if (alone == 0) {
                    yield new PoolHandle(connections, client, client::stats, connection);
                }
                ConnectionPool<RespConnection> exclusive = ConnectionPools.start(engine, name,
                        PoolHandle.alone(pool, alone), protocol.alone(), upstream.twin(), connection);
                yield new PoolHandle(connections, client.withExclusive(exclusive), client::stats, connection,
                        exclusive);
            }
            case TCP -> {
                FramedProtocol protocol = FramedProtocol.defaults();
                for (PoolCustomizer customizer : with.customizers) {
                    protocol = customizer.framed(name, protocol);
                }
                ConnectionPool<FramedConnection> connections = ConnectionPools.start(engine, name, pool, protocol,
                        upstream, connection);
                FramedClient client = FramedClient.over(engine, connections, protocol);
                yield new PoolHandle(connections, client, client::stats, connection);
            }
        };
    }

    private Discovery discovery(String pool, DiscoveryConfig discovery) {
        for (PoolDiscovery own : with.discoveries) {
            if (own.type() == discovery.type()) {
                return own.discovery(pool, discovery);
            }
        }
        return switch (discovery.type()) {
            case NONE -> Discovery.of(List.of());
            case DNS -> DnsDiscovery.addresses(engine, dns.get(), discovery);
            case SRV -> DnsDiscovery.services(engine, dns.get(), discovery);
            case KUBERNETES -> throw lacking(pool, "kubernetes", "add io.fabric8:kubernetes-client");
            case SPRING -> throw lacking(pool, "spring", "add a DiscoveryClient of Spring Cloud");
        };
    }

    private static InvalidConfigException lacking(String pool, String type, String what) {
        return new InvalidConfigException(List.of(new Violation("solaster.pools." + pool + ".discovery.type", type,
                "what '" + type + "' needs is not there", what + ", or a bean of type PoolDiscovery")));
    }

    /** All pools, in the order of the configuration. Any thread. */
    public Collection<PoolHandle> all() {
        return pools.values();
    }

    /** A pool by its name; empty if there is none. Any thread. */
    public Optional<PoolHandle> find(String name) {
        return Optional.ofNullable(pools.get(name));
    }

    /**
     * A pool by its name. Any thread.
     *
     * @throws IllegalArgumentException if there is none
     */
    public PoolHandle get(String name) {
        return find(name).orElseThrow(() -> new IllegalArgumentException("there is no pool '" + name + "'; "
                + (pools.isEmpty()
                        ? "define it as solaster.pools." + name
                        : "take one of " + String.join(", ", pools.keySet()) + ", or define it as solaster.pools."
                                + name)));
    }

    /** The client of an HTTP pool. Any thread. */
    public PooledHttpClient http(String name) {
        return client(name, PooledHttpClient.class);
    }

    // No signature here names a class of spring-web, which the application may lack: Spring reads all of them.

    Engine engine() {
        return engine;
    }

    List<PoolKeySource> keySources() {
        return with.keys;
    }

    /** Whether a bean finds the keys of requests to a pool. Any thread. */
    public boolean findsKeys(String name) {
        return with.keys.stream().anyMatch(source -> source.isFor(name));
    }

    /** The client of a RESP pool. Any thread. */
    public RespClient resp(String name) {
        return client(name, RespClient.class);
    }

    /** The client of a pool of frames. Any thread. */
    public FramedClient framed(String name) {
        return client(name, FramedClient.class);
    }

    /** The connections of an HTTP pool. Any thread. */
    public ConnectionPool<HttpClientConnection> httpPool(String name) {
        return http(name).pool();
    }

    /** The connections of a RESP pool. Any thread. */
    public ConnectionPool<RespConnection> respPool(String name) {
        return resp(name).pool();
    }

    /** The connections of a pool of frames. Any thread. */
    public ConnectionPool<FramedConnection> framedPool(String name) {
        return framed(name).pool();
    }

    private <T> T client(String name, Class<T> type) {
        PoolHandle pool = get(name);
        if (!type.isInstance(pool.client())) {
            throw new IllegalArgumentException("pool '" + name + "' has a " + pool.client().getClass().getSimpleName()
                    + " and no " + type.getSimpleName() + "; change solaster.pools." + name + ".protocol");
        }
        return type.cast(pool.client());
    }

    /** What keeps the pools from going by another configuration; empty if nothing. Changes nothing. */
    public List<Violation> check(SolasterConfig newConfig) {
        try {
            plan(newConfig);
            return List.of();
        } catch (InvalidConfigException e) {
            return e.violations();
        }
    }

    /**
     * Puts what has changed in force: endpoints, balancing, bounds, requests, health. Pools neither come nor go, since
     * beans of theirs are injected: a reload that names another set of them is refused before it comes here.
     *
     * @return done once every shard goes by it
     */
    public CompletableFuture<?> reconfigure(SolasterConfig newConfig) {
        config = newConfig;
        List<CompletableFuture<?>> answers = new ArrayList<>();
        try {
            plan(newConfig).forEach((name, pool) -> {
                PoolHandle running = pools.get(name);
                if (running != null && !pool.equals(running.config())) {
                    answers.add(running.reconfigure(pool));
                }
            });
        } catch (InvalidConfigException e) {
            log.error("The pools stay as they are: {}", e.getMessage());
            return CompletableFuture.failedFuture(e);
        }
        return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new));
    }

    @Override
    public void start() {
        running = true;
    }

    /** Waits until nothing is under way. */
    @Override
    public void stop() {
        Draining.await(this::stop);
    }

    /**
     * Waits until nothing is under way, within {@code solaster.engine.shutdown-timeout}, and tells what is cut short.
     * Returns at once; who asks while it waits already is told at the same time.
     */
    @Override
    public void stop(Runnable callback) {
        Duration patience = config.engine().shutdownTimeout();
        boolean isIdle = busy() == 0 || patience.isZero();
        synchronized (stopping) {
            boolean isWaiting = !stopping.isEmpty();
            if (isWaiting || !isIdle) {
                stopping.add(callback);
            }
            if (isWaiting) {
                return;
            }
        }
        if (isIdle) {
            stopped(List.of(callback));
            return;
        }
        log.info("{} request(s) of {} pool(s) finish, within {} s", busy(), pools.size(), patience.toSeconds());
        Thread.ofPlatform().name(engine.name() + "-drain-pools").start(() -> {
            try {
                long end = System.nanoTime() + patience.toNanos();
                while (busy() > 0 && System.nanoTime() - end < 0) {
                    TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                List<Runnable> all;
                synchronized (stopping) {
                    all = List.copyOf(stopping);
                    stopping.clear();
                }
                stopped(all);
            }
        });
    }

    private void stopped(List<Runnable> callbacks) {
        List<String> left = pools.values().stream().filter(pool -> pool.busy() > 0)
                .map(pool -> pool.busy() + " of pool '" + pool.name() + "'").toList();
        if (!left.isEmpty()) {
            log.warn("{} s (solaster.engine.shutdown-timeout) are over, and requests are cut short: {}",
                    config.engine().shutdownTimeout().toSeconds(), String.join(", ", left));
        }
        running = false;
        callbacks.forEach(Runnable::run);
    }

    private long busy() {
        return pools.values().stream().mapToLong(PoolHandle::busy).sum();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    /** The servers are not paused, and what they answer may need a pool. */
    @Override
    public boolean isPauseable() {
        return false;
    }

    /** Closes every connection. */
    @Override
    public void close() {
        pools.values().forEach(PoolHandle::close);
    }
}
