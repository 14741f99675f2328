package io.solaster.engine.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.netty.channel.unix.UnixChannelOption;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.net.accept.AcceptPolicies;
import io.solaster.engine.net.accept.AcceptPolicy;
import io.solaster.engine.net.accept.ClientCounts;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.transport.TransportChoice;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A TCP server on every shard. Each shard has a listening socket of its own (SO_REUSEPORT), so that a connection is
 * accepted, served and closed by one thread; on nio, on a Unix domain socket, and where it is configured so, shard 0 accepts
 * and hands each connection to the shard that has the fewest, or that another {@link AcceptPolicy} names. Beside that each shard
 * may have a port of its own, whose connections are its own.
 *
 * <p>
 * The port is ours alone: the first socket is bound without SO_REUSEPORT, which fails if anybody has the port, and
 * allows others beside it only afterwards. Any thread may call, but no shard.
 */
public final class TcpServer implements AutoCloseable {
    /** The user event that asks a connection to finish. */
    public static final Object DRAIN = new Object() {
        @Override
        public String toString() {
            return "TcpServer.DRAIN";
        }
    };

    private static final Logger log = LoggerFactory.getLogger(TcpServer.class);
    /** Long enough for a turn that reads what the kernel already holds. */
    private static final long LAST_READ_MILLIS = 2;
    private static final Duration LAST_WRITES = Duration.ofMillis(500);
    /** How long a shard may take for what takes no time unless somebody blocks it. */
    private static final Duration ANSWER = Duration.ofSeconds(5);

    private final Engine engine;
    private final String name;
    private final ConnectionHandler handler;
    private volatile ServerConfig config;
    private final SchedulingGroup group;
    private final List<Listener> listeners = new ArrayList<>();
    private final @Nullable UnixSocket unix;
    private final ProxyIntake.Trust proxies;
    private final SocketOptions options;
    private final ClientCounts clients = new ClientCounts();
    private final AcceptPolicy policy;
    /** Each shard accepts on the server's port; else shard 0 alone does. */
    private final boolean everyShard;
    private volatile InetSocketAddress address;
    private volatile boolean closed;
    /** The shard whose own port is being bound; -1 where it is the server's. For the thread that binds. */
    private int binding = -1;

    private TcpServer(Engine engine, String name, ServerConfig config, ConnectionHandler handler,
            @Nullable AcceptPolicy policy) {
        this.engine = engine;
        this.handler = handler;
        this.name = name;
        this.config = config;
        this.proxies = new ProxyIntake.Trust(config);
        this.group = engine.groups().get(config.group());
        this.unix = UnixSocket.of(config, engine.transport().kind(), engine.environment().random());
        this.options = new SocketOptions(config, engine.transport().kind());
        AcceptPolicy asked = policy == null ? AcceptPolicies.of(config.distribution(), engine.shards().size()) : policy;
        this.everyShard = unix == null && asked.everyShardAccepts() && engine.transport().reusePort();
        // One that accepts for all would keep them all.
        this.policy = !everyShard && asked.equals(AcceptPolicies.OWN_SHARD)
                ? AcceptPolicies.of(ServerConfig.Distribution.LEAST_CONNECTIONS, engine.shards().size())
                : asked;
        this.address = unix == null
                ? new InetSocketAddress(config.host(), config.port())
                : InetSocketAddress.createUnresolved(config.host(), 0);
    }

    /**
     * Binds a server; when this returns, it accepts on all shards.
     *
     * @throws BindException if it cannot; nothing stays open then
     * @throws IllegalStateException if the engine is stopping
     * @throws IllegalArgumentException if the engine has no scheduling group of that name
     */
    public static TcpServer bind(Engine engine, String name, ServerConfig config, ConnectionHandler handler) {
        return bind(engine, name, config, handler, null);
    }

    /**
     * As {@link #bind(Engine, String, ServerConfig, ConnectionHandler)}, with a policy of one's own that says which shard owns a
     * new connection.
     *
     * @param policy in place of the one that {@link ServerConfig#distribution} names; null for that
     */
    public static TcpServer bind(Engine engine, String name, ServerConfig config, ConnectionHandler handler,
            @Nullable AcceptPolicy policy) {
        if (engine.isStopping()) {
            throw new IllegalStateException("server '" + name + "': engine '" + engine.name() + "' is stopping");
        }
        TcpServer server = new TcpServer(engine, name, config, handler, policy);
        for (Shard shard : engine.shards()) {
            server.listeners.add(new Listener(server, shard, handler, server.acceptor(shard)));
        }
        try {
            server.bindAll();
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
        log.info("Server '{}' speaks {} on {} in group '{}', accepting on {}{}", name, config.protocol(),
                config.withPort(server.port()).where(), server.group,
                server.acceptsOnEveryShard() ? "every shard" : "shard 0 for all shards", server.ownPorts());
        List<String> ignored = server.options.ignored();
        if (!ignored.isEmpty()) {
            log.info("Server '{}': {} on {} has no solaster.servers.{}.socket.{}: left as the system has it", name,
                    TransportChoice.label(engine.transport().kind()), config.isUnix() ? "a Unix domain socket" : "TCP",
                    name,
                    String.join(", .", ignored));
        }
        return server;
    }

    private String ownPorts() {
        int first = config.shardPorts();
        return first == 0
                ? ""
                : "; each shard also on a port of its own, " + first + " to " + (first + listeners.size() - 1);
    }

    /** Whether every connection stays where it was accepted. */
    private boolean keeps() {
        return everyShard && policy.equals(AcceptPolicies.OWN_SHARD);
    }

    /** What gives connections to other shards; null for a shard that keeps what it accepts. */
    private @Nullable Acceptor acceptor(Shard shard) {
        boolean gives = everyShard ? !keeps() : shard.id() == 0;
        return gives ? new Acceptor(this, shard, listeners, policy, engine.shards().size()) : null;
    }

    /**
     * Runs an action on a connection that is asked to {@link #DRAIN}, once it has read what the kernel holds of it now: what
     * had arrived by then is to be answered. On the owning shard.
     */
    public static void afterLastRead(ChannelHandlerContext connection, Runnable action) {
        connection.executor().schedule(action, LAST_READ_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void bindAll() {
        UnixSocket socket = unix;
        if (socket != null) {
            bind(socket);
            return;
        }
        boolean reusePort = acceptsOnEveryShard();
        for (Listener listener : reusePort ? listeners : listeners.subList(0, 1)) {
            boolean first = listener.shard().id() == 0;
            ServerChannel channel = open(listener, reusePort && !first);
            await(listener, listener.register(channel));
            listener.listensOn(channel);
            await(listener, channel.bind(address));
            if (first) {
                address = (InetSocketAddress) channel.localAddress();
                if (reusePort) {
                    channel.config().setOption(UnixChannelOption.SO_REUSEPORT, true);
                }
            }
        }
        if (config.shardPorts() > 0) {
            for (Listener listener : listeners) {
                bindOwn(listener, config.shardPorts() + listener.shard().id());
            }
        }
    }

    private void bindOwn(Listener listener, int port) {
        try {
            binding = listener.shard().id();
            if (port > 65_535) {
                throw failure(new IllegalArgumentException("port " + port));
            }
            ServerChannel channel = open(listener, false);
            await(listener, listener.register(channel));
            listener.listensOnItsOwn(channel);
            await(listener, channel.bind(new InetSocketAddress(address.getAddress(), port)));
        } finally {
            binding = -1;
        }
    }

    private void bind(UnixSocket socket) {
        try {
            SocketAddress wanted = socket.toBind();
            Listener first = listeners.getFirst();
            ServerChannel channel = open(first, false);
            await(first, first.register(channel));
            first.listensOn(channel);
            await(first, channel.bind(wanted));
            socket.bound();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private ServerChannel open(Listener listener, boolean besideOthers) {
        ServerChannel channel = null;
        try {
            channel = unix == null
                    ? engine.transport().serverChannels().get()
                    : engine.transport().unixServerChannel();
            channel.config().setOption(ChannelOption.SO_BACKLOG, config.backlog());
            options.listens(channel);
            if (besideOthers) {
                channel.config().setOption(UnixChannelOption.SO_REUSEPORT, true);
            }
        } catch (ChannelException e) {
            if (channel != null) {
                channel.unsafe().closeForcibly();
            }
            throw failure(e.getCause() == null ? e : e.getCause());
        }
        RequestStats.countFor(channel, requests());
        channel.pipeline().addLast(listener);
        return channel;
    }

    private void await(Listener listener, ChannelFuture future) {
        if (!engine.environment().threads().await(future, ANSWER)) {
            // What comes of it later belongs to nobody.
            future.addListener(ChannelFutureListener.CLOSE);
            throw failure(
                    new TimeoutException("shard " + listener.shard().id() + " has not answered within " + ANSWER));
        }
        if (!future.isSuccess()) {
            throw failure(future.cause());
        }
    }

    private BindException failure(Throwable cause) {
        int port = binding < 0 ? config.port() : config.shardPorts() + binding;
        return BindFailure.of(name, config, port, binding, !address.isUnresolved(), cause);
    }

    /** The key below {@code solaster.servers}. */
    public String name() {
        return name;
    }

    /**
     * Puts other limits and credentials in force; connections stay. Any thread.
     *
     * @return done once every shard goes by it
     */
    public ShardFuture<List<Boolean>> reconfigure(ServerConfig newConfig) {
        proxies.configure(newConfig);
        config = newConfig;
        return engine.submitToAll(shard -> {
            handler.reconfigured(shard, newConfig);
            return true;
        });
    }

    /** What the server goes by: what it was bound with, or what {@link #reconfigure} has put in its place. */
    public ServerConfig config() {
        return config;
    }

    /** The port it listens on; the one it was given where 0 was asked for. 0 for a Unix domain socket. */
    public int port() {
        return address.getPort();
    }

    /** The port that a shard has for itself; 0 where shards have none. */
    public int shardPort(int shard) {
        return config.shardPorts() == 0 ? 0 : config.shardPorts() + listeners.get(shard).shard().id();
    }

    /** Connections that are open, over all shards. */
    public long connections() {
        long sum = 0;
        for (Listener listener : listeners) {
            sum += listener.accepted() - listener.closed();
        }
        return sum;
    }

    /** Connections that are open on one shard, those on their way to it included. */
    public long connections(int shard) {
        return listeners.get(shard).connections();
    }

    /** Connections accepted so far. */
    public long accepted() {
        return listeners.stream().mapToLong(Listener::accepted).sum();
    }

    /** Connections refused so far because there were as many as allowed. */
    public long refused() {
        return listeners.stream().mapToLong(Listener::refused).sum();
    }

    /** Times that the {@link AcceptPolicy} threw, or named a shard that takes no connections. */
    public long policyFailures() {
        return listeners.stream().mapToLong(Listener::policyFailures).sum();
    }

    /** Connections that one shard has accepted and handed to another so far. */
    public long handedOver() {
        return listeners.stream().mapToLong(Listener::arrivedFromOthers).sum();
    }

    /** Times that accepting paused for want of file descriptors. */
    public long acceptPauses() {
        return listeners.stream().mapToLong(Listener::acceptPauses).sum();
    }

    /** What each shard counts of this server's requests, by the number of the shard. Any thread. */
    public List<RequestStats> requests() {
        return listeners.stream().map(Listener::requests).toList();
    }

    /** What encrypts its connections; null where nothing does. Any thread. */
    public @Nullable Tls tls() {
        return handler.tls();
    }

    /** Whether it accepts connections. */
    public boolean isListening() {
        return !closed && listeners.stream().anyMatch(Listener::isListening);
    }

    /** Whether it has been asked to drain, or to close. */
    public boolean isDraining() {
        return closed;
    }

    /** Whether a shard takes no more connections of this server while others do. */
    public boolean isDrained(int shard) {
        return listeners.get(shard).isRetired();
    }

    /** Which proxies say whose connections they pass on. */
    ProxyIntake.Trust proxies() {
        return proxies;
    }

    /** The scheduling group that its connections run in. */
    SchedulingGroup group() {
        return group;
    }

    boolean acceptsOnEveryShard() {
        return everyShard;
    }

    /** How many connections each client has, where that is limited. */
    ClientCounts clients() {
        return clients;
    }

    SocketOptions options() {
        return options;
    }

    /** Connections that other shards have accepted for one so far. */
    long givenTo(int shard) {
        if (keeps()) {
            return 0;
        }
        long sum = 0;
        int acceptors = everyShard ? listeners.size() : 1;
        for (int i = 0; i < acceptors; i++) {
            sum += listeners.get(i).givenTo(shard);
        }
        return sum;
    }

    /**
     * Stops accepting, has every connection answer what it has received, and closes.
     *
     * @param deadline after which connections that have not finished are closed
     * @return how many had to be closed
     */
    public int drain(Duration deadline) {
        long end = now() + deadline.toNanos();
        stopAccepting();
        awaitAll("drain", end, Listener::drain);
        int cut = 0;
        for (Integer count : awaitAll("close its connections", now() + ANSWER.toNanos(),
                Listener::closeAll)) {
            cut += count;
        }
        if (cut > 0) {
            awaitAll("see its connections close", now() + LAST_WRITES.toNanos(), Listener::drain);
            log.warn("Server '{}': {} connection(s) had not finished within {} and were closed", name, cut, deadline);
        }
        return cut;
    }

    /**
     * Has one shard take no more connections of this server, for good, and asks those that it has to finish; the other
     * shards go on. Not on a shard.
     *
     * @return how many connections had to be closed at the deadline
     * @throws IllegalStateException if no other shard would be left to accept
     */
    public int drain(int shard, Duration deadline) {
        Listener leaving = listeners.get(shard);
        synchronized (listeners) {
            if (listeners.stream().noneMatch(other -> other != leaving && !other.isRetired())) {
                throw new IllegalStateException("shard " + shard + " is the last that takes connections of server '"
                        + name + "'; drain the server instead");
            }
            leaving.retire();
        }
        long end = now() + deadline.toNanos();
        await(List.of(leaving), "stop accepting", now() + ANSWER.toNanos(),
                // Where one shard accepts for all, it goes on.
                acceptsOnEveryShard() ? Listener::stopListening : Listener::stopListeningOnItsOwn);
        await(List.of(leaving), "drain", end, Listener::drain);
        int cut = 0;
        for (Integer count : await(List.of(leaving), "close its connections", now() + ANSWER.toNanos(),
                Listener::closeAll)) {
            cut += count;
        }
        log.info("Server '{}': shard {} is drained; {} connection(s) had not finished within {} and were closed", name,
                shard, cut, deadline);
        return cut;
    }

    private long now() {
        return engine.environment().clock().nanoTime();
    }

    private void stopAccepting() {
        closed = true;
        UnixSocket socket = unix;
        if (socket != null) {
            socket.remove();
        }
        awaitAll("stop accepting", now() + ANSWER.toNanos(), Listener::stopListening);
    }

    /** Has every shard do something at the same time; returns the answers that came in time. */
    private <T> List<T> awaitAll(String what, long end, Function<Listener, CompletableFuture<T>> work) {
        return await(listeners, what, end, work);
    }

    private <T> List<T> await(List<Listener> asked, String what, long end,
            Function<Listener, CompletableFuture<T>> work) {
        List<CompletableFuture<T>> answers = asked.stream().map(work).toList();
        List<T> results = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
            try {
                CompletableFuture<T> answer = answers.get(i);
                engine.environment().threads().await(answer, Duration.ofNanos(Math.max(0, end - now())));
                if (answer.state() == Future.State.SUCCESS) {
                    results.add(answer.resultNow());
                } else {
                    log.debug("Server '{}': shard {} did not {} in time: {}", name, asked.get(i).shard().id(), what,
                            answer);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return results;
    }

    /** Stops accepting, and closes: at once where connections finish at once, within half a second where not. */
    @Override
    public void close() {
        drain(LAST_WRITES);
    }
}
