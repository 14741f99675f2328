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
import java.util.function.Supplier;

import io.solaster.config.Internal;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigValidator;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.ConnectionHandler;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.accept.AcceptPolicy;
import io.solaster.spring.ServerProtocol;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Binds the servers of {@code solaster.servers} once all beans are there, all of them or none, and drains them while
 * all beans still are. Bound again after a stop, they are what they were: on the same ports, with the same handlers, so
 * that whoever looks at what those count still does. A pause of the context leaves them alone, as it does Spring Boot's web
 * servers. Any thread may call, but no shard.
 */
public final class ServerLifecycle implements SmartLifecycle {
    /**
     * The phase in which Spring Boot's web servers finish their requests: the two drain side by side, after everything
     * that starts later has stopped, while a management port still answers.
     */
    public static final int PHASE = DEFAULT_PHASE - 1024;

    private static final Logger log = LoggerFactory.getLogger(ServerLifecycle.class);

    private final Engine engine;
    private final ServerTls tls;
    private volatile SolasterConfig config;
    private final List<ServerProtocol> protocols;
    private final Map<String, AcceptPolicy> policies;
    /** Made at the first start. */
    private @Nullable List<Planned> planned;
    /** Where each was bound last. */
    private final Map<String, Integer> ports = new HashMap<>();
    /** What each handler goes by. */
    private final Map<String, ServerConfig> told = new HashMap<>();
    /** In the order of the configuration; replaced as a whole. */
    private volatile Map<String, TcpServer> servers = Map.of();
    /** Servers that others bind; replaced as a whole. */
    private volatile Map<String, Shown> shown = Map.of();

    /**
     * Binds nothing yet.
     *
     * @param protocols what servers may speak; of two with one name, the first is taken
     * @param tls encrypts those that are to be
     * @param policies what servers may name as their accept policy
     */
    public ServerLifecycle(Engine engine, SolasterConfig config, Collection<ServerProtocol> protocols,
            ServerTls tls, Map<String, AcceptPolicy> policies) {
        this.policies = Map.copyOf(policies);
        this.tls = tls;
        this.engine = engine;
        this.config = config;
        this.protocols = List.copyOf(protocols);
    }

    /** The servers that are bound; none before the start and after the stop. */
    public Collection<TcpServer> servers() {
        Map<String, Shown> others = shown;
        if (others.isEmpty()) {
            return servers.values();
        }
        List<TcpServer> all = new ArrayList<>(servers.values());
        others.values().forEach(other -> other.server.get().ifPresent(all::add));
        return all;
    }

    /** A server by the key below {@code solaster.servers}; empty if there is none or it is not bound. */
    public Optional<TcpServer> server(String name) {
        TcpServer own = servers.get(name);
        Shown other = shown.get(name);
        return own != null || other == null ? Optional.ofNullable(own) : other.server.get();
    }

    /** The names of all servers that there should be, bound or not. */
    public Collection<String> names() {
        return planned().keySet();
    }

    /** What there should be, by name, in the order of the configuration; bound or not. */
    public Map<String, ServerConfig> planned() {
        Map<String, Shown> others = shown;
        if (others.isEmpty()) {
            return config.servers();
        }
        Map<String, ServerConfig> all = new LinkedHashMap<>(config.servers());
        others.forEach((name, other) -> all.putIfAbsent(name, other.planned));
        return all;
    }

    /**
     * Shows a server that somebody else binds and closes beside these: in health, meters and endpoints. One of the
     * configuration with that name stands before it.
     *
     * @param planned where it should listen
     * @param server the server while it is bound
     */
    public synchronized void show(String name, ServerConfig planned, Supplier<Optional<TcpServer>> server) {
        Map<String, Shown> all = new LinkedHashMap<>(shown);
        all.put(name, new Shown(planned, server));
        shown = all;
    }

    /**
     * Binds every server.
     *
     * @throws InvalidConfigException if a server's protocol is not known, or its SSL bundle
     * @throws io.solaster.engine.net.BindException if one cannot be bound; those bound before it are closed again
     */
    @Override
    public synchronized void start() {
        if (isRunning()) {
            return;
        }
        List<Planned> wanted = planned;
        if (wanted == null) {
            wanted = plan();
            planned = wanted;
        }
        Map<String, TcpServer> bound = new LinkedHashMap<>();
        try {
            for (Planned server : wanted) {
                bound.put(server.name, bind(server));
            }
        } catch (RuntimeException | Error e) {
            bound.values().forEach(TcpServer::close);
            throw e;
        }
        servers = bound;
    }

    private TcpServer bind(Planned planned) {
        String name = planned.name;
        ServerConfig wanted = Objects.requireNonNull(config.servers().get(name));
        TcpServer server = Rebinding.bind(engine, name, wanted, planned.handler, policy(wanted), ports.get(name));
        ports.put(name, server.port());
        if (!wanted.equals(told.put(name, wanted))) {
            // It was changed while nothing was bound.
            server.reconfigure(wanted);
        }
        return server;
    }

    private @Nullable AcceptPolicy policy(ServerConfig server) {
        String wanted = server.acceptPolicy();
        return wanted == null ? null : policies.get(wanted);
    }

    private List<Planned> plan() {
        List<Violation> violations = new ArrayList<>(ConfigValidator.checkProtocols(config,
                protocols.stream().map(ServerProtocol::name).toList()));
        violations.addAll(ConfigValidator.checkAcceptPolicies(config, policies.keySet()));
        if (!violations.isEmpty()) {
            throw new InvalidConfigException(violations);
        }
        List<Planned> planned = new ArrayList<>();
        config.servers().forEach((name, server) -> protocols.stream()
                .filter(protocol -> protocol.name().equals(server.protocol())).findFirst()
                .ifPresent(protocol -> {
                    planned.add(new Planned(name, tls.over(name, server, protocol.handler(name, server))));
                    told.put(name, server);
                }));
        return planned;
    }

    /**
     * Puts other limits and credentials in force; what servers there are, and where they listen, stays.
     *
     * @return each done once a server goes by it on every shard
     */
    @Internal
    public synchronized List<CompletableFuture<?>> reconfigure(SolasterConfig newConfig) {
        SolasterConfig before = config;
        config = newConfig;
        List<CompletableFuture<?>> answers = new ArrayList<>();
        servers.forEach((name, server) -> {
            ServerConfig changed = newConfig.servers().get(name);
            if (changed != null && !changed.equals(before.servers().get(name))) {
                told.put(name, changed);
                answers.add(server.reconfigure(changed));
            }
        });
        return answers;
    }

    /** Drains, and waits for it. */
    @Override
    public void stop() {
        Draining.await(this::stop);
    }

    /**
     * Has every connection answer what it has received and closes it, within {@code solaster.engine.shutdown-timeout}.
     * Returns at once.
     */
    @Override
    public synchronized void stop(Runnable callback) {
        Map<String, TcpServer> drained = servers;
        List<TcpServer> draining = List.copyOf(drained.values());
        if (draining.isEmpty()) {
            callback.run();
            return;
        }
        Duration drainTimeout = config.engine().shutdownTimeout();
        log.info("{} connection(s) of {} server(s) finish what they have received, within {} s",
                draining.stream().mapToLong(TcpServer::connections).sum(), draining.size(), drainTimeout.toSeconds());
        Draining.start(engine.name() + "-drain", draining, TcpServer::name, server -> server.drain(drainTimeout),
                () -> {
                    gone(drained);
                    callback.run();
                });
    }

    /** Only now: Spring does not wait for what says that it no longer runs. */
    @SuppressWarnings("ReferenceEquality") // after another stop, servers may be bound anew
    private synchronized void gone(Map<String, TcpServer> drained) {
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
        return PHASE;
    }

    /** Clients stay connected while a context is paused, as with Spring Boot's web servers. */
    @Override
    public boolean isPauseable() {
        return false;
    }

    private record Shown(ServerConfig planned, Supplier<Optional<TcpServer>> server) {}

    private record Planned(String name, ConnectionHandler handler) {}
}
