package io.solaster.spring.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigValidator;
import io.solaster.config.server.UdpConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.udp.DatagramHandler;
import io.solaster.engine.net.udp.UdpServer;
import io.solaster.spring.DatagramProtocol;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;

/**
 * Binds the servers of {@code solaster.udp} once all beans are there, all of them or none, and drains them while all beans
 * still are: beside those of {@link ServerLifecycle}, and as those, bound again after a stop on the same ports. Any thread may
 * call, but no shard.
 */
public final class UdpLifecycle implements SmartLifecycle {
    private final Engine engine;
    private volatile SolasterConfig config;
    private final List<DatagramProtocol> protocols;
    /** Made at the first start. */
    private @Nullable Map<String, DatagramHandler> handlers;
    /** Where each was bound last. */
    private final Map<String, Integer> ports = new HashMap<>();
    /** What each handler goes by. */
    private final Map<String, UdpConfig> told = new HashMap<>();
    /** In the order of the configuration; replaced as a whole. */
    private volatile Map<String, UdpServer> servers = Map.of();

    /**
     * Binds nothing yet.
     *
     * @param protocols what servers may speak; of two with one name, the first is taken
     */
    public UdpLifecycle(Engine engine, SolasterConfig config, Collection<DatagramProtocol> protocols) {
        this.engine = engine;
        this.config = config;
        this.protocols = List.copyOf(protocols);
    }

    /** The servers that are bound; none before the start and after the stop. */
    public Collection<UdpServer> servers() {
        return servers.values();
    }

    /** A server by the key below {@code solaster.udp}; empty if there is none or it is not bound. */
    public Optional<UdpServer> server(String name) {
        return Optional.ofNullable(servers.get(name));
    }

    /** The names of all servers that there should be, bound or not. */
    public Collection<String> names() {
        return config.udp().keySet();
    }

    /**
     * Binds every server.
     *
     * @throws InvalidConfigException if a server's protocol is not known
     * @throws io.solaster.engine.net.BindException if one cannot be bound; those bound before it are closed again
     */
    @Override
    public synchronized void start() {
        if (isRunning()) {
            return;
        }
        Map<String, DatagramHandler> wanted = handlers;
        if (wanted == null) {
            wanted = plan();
            handlers = wanted;
        }
        Map<String, UdpServer> bound = new LinkedHashMap<>();
        try {
            wanted.forEach((name, handler) -> bound.put(name, bind(name, handler)));
        } catch (RuntimeException | Error e) {
            bound.values().forEach(UdpServer::close);
            throw e;
        }
        servers = bound;
    }

    private UdpServer bind(String name, DatagramHandler handler) {
        UdpConfig wanted = Objects.requireNonNull(config.udp().get(name));
        UdpServer server = Rebinding.bind(name, wanted.port(), ports.get(name),
                port -> UdpServer.bind(engine, name, wanted.withPort(port), handler));
        ports.put(name, server.port());
        if (!wanted.equals(told.put(name, wanted))) {
            // It was changed while nothing was bound.
            server.reconfigure(wanted);
        }
        return server;
    }

    private Map<String, DatagramHandler> plan() {
        List<Violation> violations = ConfigValidator.checkDatagramProtocols(config,
                protocols.stream().map(DatagramProtocol::name).toList());
        if (!violations.isEmpty()) {
            throw new InvalidConfigException(violations);
        }
        Map<String, DatagramHandler> planned = new LinkedHashMap<>();
        config.udp().forEach((name, server) -> protocols.stream()
                .filter(protocol -> protocol.name().equals(server.protocol())).findFirst()
                .ifPresent(protocol -> {
                    planned.put(name, protocol.handler(name, server));
                    told.put(name, server);
                }));
        return planned;
    }

    /**
     * Puts other limits in force; what servers there are, and where they receive, stays.
     *
     * @return done once every server goes by it on every shard
     */
    public synchronized CompletableFuture<?> reconfigure(SolasterConfig newConfig) {
        SolasterConfig before = config;
        config = newConfig;
        List<CompletableFuture<?>> answers = new ArrayList<>();
        servers.forEach((name, server) -> {
            UdpConfig changed = newConfig.udp().get(name);
            if (changed != null && !changed.equals(before.udp().get(name))) {
                told.put(name, changed);
                answers.add(server.reconfigure(changed));
            }
        });
        return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new));
    }

    /** Drains, and waits for it. */
    @Override
    public void stop() {
        Draining.await(this::stop);
    }

    /** Drains, within {@code solaster.engine.shutdown-timeout}. Returns at once. */
    @Override
    public synchronized void stop(Runnable callback) {
        Map<String, UdpServer> drained = servers;
        List<UdpServer> draining = List.copyOf(drained.values());
        if (draining.isEmpty()) {
            callback.run();
            return;
        }
        Duration drainTimeout = config.engine().shutdownTimeout();
        Draining.start(engine.name() + "-drain-udp", draining, UdpServer::name, server -> server.drain(drainTimeout),
                () -> {
                    gone(drained);
                    callback.run();
                });
    }

    /** Only now: Spring does not wait for what says that it no longer runs. */
    @SuppressWarnings("ReferenceEquality") // after another stop, servers may be bound anew
    private synchronized void gone(Map<String, UdpServer> drained) {
        if (servers == drained) {
            servers = Map.of();
        }
    }

    /** Whether servers are bound, or draining. Without a server there is nothing to run. */
    @Override
    public boolean isRunning() {
        return !servers.isEmpty();
    }

    @Override
    public int getPhase() {
        return ServerLifecycle.PHASE;
    }

    /** A pause of the context leaves servers alone, as it does Spring Boot's web servers. */
    @Override
    public boolean isPauseable() {
        return false;
    }
}
