package io.solaster.engine.net.udp;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

import io.netty.channel.socket.DatagramChannel;
import io.solaster.config.server.UdpConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.net.BindException;
import io.solaster.engine.net.BindFailure;
import io.solaster.engine.net.QuietLog;
import io.solaster.engine.net.udp.UdpEndpoint.Bound;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.transport.TransportChoice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A server of datagrams on every shard. Each shard has a socket of its own (SO_REUSEPORT), and the kernel sends all that comes
 * from one address and port to the same; where there is no such thing, shard 0 receives for all.
 *
 * <p>
 * The port is ours alone: the first socket is bound without SO_REUSEPORT, which fails if anybody has the port, and
 * allows others beside it only afterwards. Any thread may call, but no shard.
 */
public final class UdpServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(UdpServer.class);
    private static final Duration LAST_WRITES = Duration.ofMillis(500);
    /** How long a shard may take for what takes no time unless somebody blocks it. */
    private static final Duration ANSWER = Duration.ofSeconds(5);

    private final Engine engine;
    private final String name;
    private final SchedulingGroup group;
    private final List<UdpEndpoint> endpoints = new ArrayList<>();
    private final QuietLog oversize = new QuietLog(log, Level.WARN);
    private final QuietLog limited = new QuietLog(log, Level.WARN);
    private final QuietLog full = new QuietLog(log, Level.WARN);
    private final QuietLog failures = new QuietLog(log, Level.ERROR);
    private volatile UdpConfig config;
    private volatile InetSocketAddress address;
    private volatile boolean closed;
    private String means = "";
    private int sockets;

    private UdpServer(Engine engine, String name, UdpConfig config, DatagramHandler handler) {
        this.engine = engine;
        this.name = name;
        this.config = config;
        this.group = engine.groups().get(config.group());
        this.address = new InetSocketAddress(config.host(), config.port());
        for (Shard shard : engine.shards()) {
            endpoints.add(new UdpEndpoint(this, shard, handler));
        }
    }

    /**
     * Binds a server; when this returns, it receives on all shards.
     *
     * @throws BindException if it cannot; nothing stays open then
     * @throws IllegalStateException if the engine is stopping
     * @throws IllegalArgumentException if the engine has no scheduling group of that name
     */
    public static UdpServer bind(Engine engine, String name, UdpConfig config, DatagramHandler handler) {
        if (engine.isStopping()) {
            throw new IllegalStateException("UDP server '" + name + "': engine '" + engine.name() + "' is stopping");
        }
        UdpServer server = new UdpServer(engine, name, config, handler);
        try {
            server.bindAll();
        } catch (RuntimeException e) {
            server.close();
            throw e;
        }
        log.info("UDP server '{}' speaks {} on {} in group '{}' over {}: {} {}", name, config.protocol(),
                config.withPort(server.port()).where(), server.group, TransportChoice.label(engine.transport().kind()),
                server.sockets == engine.shards().size()
                        ? "a socket on every shard"
                        : "one socket, on shard 0 for all shards,",
                server.means);
        return server;
    }

    private void bindAll() {
        Bound first = bind(endpoints.getFirst(), false);
        address = first.address();
        means = first.means();
        sockets = 1;
        tellBuffers(first);
        if (endpoints.size() > 1 && OpenedSocket.sharePort(first.channel())) {
            for (UdpEndpoint endpoint : endpoints.subList(1, endpoints.size())) {
                bind(endpoint, true);
                sockets++;
            }
        }
    }

    private Bound bind(UdpEndpoint endpoint, boolean besideOthers) {
        InetSocketAddress where = address;
        CompletableFuture<Bound> bound = engine.submitStageTo(endpoint.shard().id(), CallOptions.in(group),
                () -> endpoint.bind(where, besideOthers));
        try {
            if (!engine.environment().threads().await(bound, ANSWER)) {
                throw failure(new TimeoutException(
                        "shard " + endpoint.shard().id() + " has not answered within " + ANSWER));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failure(e);
        }
        if (bound.state() != Future.State.SUCCESS) {
            Throwable cause = bound.isCancelled() ? endpoint.shard().stopped() : bound.exceptionNow();
            throw failure(cause);
        }
        return bound.resultNow();
    }

    private BindException failure(Throwable cause) {
        return BindFailure.ofDatagrams(name, config, address, cause);
    }

    /** The kernel gives what it allows, without a word. */
    private void tellBuffers(Bound first) {
        tellBuffer("receive-buffer", config.receiveBuffer(),
                OpenedSocket.given(first.channel(), first.channel().config().getReceiveBufferSize()),
                "net.core.rmem_max");
        tellBuffer("send-buffer", config.sendBuffer(),
                OpenedSocket.given(first.channel(), first.channel().config().getSendBufferSize()),
                "net.core.wmem_max");
    }

    private void tellBuffer(String key, ByteSize asked, int given, String limit) {
        if (given < asked.bytes()) {
            Path file = Path.of("/proc/sys", limit.replace('.', '/'));
            log.warn("UDP server '{}': the kernel gives {} of the {} that solaster.udp.{}.{} asks for; raise {}{}",
                    name,
                    new ByteSize(given), asked, name, key, limit, Files.exists(file) ? " (sysctl)" : "");
        }
    }

    /** The key below {@code solaster.udp}. */
    public String name() {
        return name;
    }

    /** What the server goes by: what it was bound with, or what {@link #reconfigure} has put in its place. */
    public UdpConfig config() {
        return config;
    }

    /** The port it receives on; the one it was given where 0 was asked for. */
    public int port() {
        return address.getPort();
    }

    /** Where it receives. */
    public InetSocketAddress address() {
        return address;
    }

    /** How many sockets it has: one a shard, or one. */
    public int sockets() {
        return sockets;
    }

    /** What the transport and the kernel do for its sockets, as the log says at the start. */
    public String means() {
        return means;
    }

    /** What each shard counts, by the number of the shard. */
    public List<UdpStats> stats() {
        return endpoints.stream().map(UdpEndpoint::stats).toList();
    }

    /** Whether it receives. */
    public boolean isListening() {
        return !closed && endpoints.stream().anyMatch(UdpEndpoint::isListening);
    }

    /** Whether it has been asked to drain, or to close. */
    public boolean isDraining() {
        return closed;
    }

    /** On any shard. */
    DatagramChannel newChannel() {
        return engine.transport().datagramChannels().get();
    }

    List<UdpEndpoint> endpoints() {
        return endpoints;
    }

    SchedulingGroup group() {
        return group;
    }

    QuietLog oversize() {
        return oversize;
    }

    QuietLog limited() {
        return limited;
    }

    QuietLog full() {
        return full;
    }

    QuietLog failures() {
        return failures;
    }

    /**
     * Puts other limits in force. Sources are counted anew.
     *
     * @return done once every shard goes by them
     */
    public ShardFuture<List<Boolean>> reconfigure(UdpConfig newConfig) {
        config = newConfig;
        return engine.submitToAll(shard -> {
            endpoints.get(shard.id()).reconfigured(newConfig);
            return true;
        });
    }

    /**
     * Hands over what has come, waits for what handlers still have to send, sends it, and closes.
     *
     * @param deadline after which sockets are closed whatever waits
     * @return how many sockets had not finished
     */
    public int drain(Duration deadline) {
        closed = true;
        awaitAll(now() + deadline.toNanos(), UdpEndpoint::drain);
        int cut = 0;
        for (Boolean open : awaitAll(now() + ANSWER.toNanos(), UdpEndpoint::close)) {
            cut += open ? 1 : 0;
        }
        if (cut > 0) {
            log.warn("UDP server '{}': {} socket(s) had not finished within {} and were closed", name, cut, deadline);
        }
        return cut;
    }

    private long now() {
        return engine.environment().clock().nanoTime();
    }

    /** Has every shard do something at the same time; returns the answers that came in time. */
    private List<Boolean> awaitAll(long end, Function<UdpEndpoint, CompletableFuture<Boolean>> work) {
        List<CompletableFuture<Boolean>> answers = endpoints.stream().map(work).toList();
        List<Boolean> results = new ArrayList<>();
        for (CompletableFuture<Boolean> answer : answers) {
            try {
                engine.environment().threads().await(answer, Duration.ofNanos(Math.max(0, end - now())));
                if (answer.state() == Future.State.SUCCESS) {
                    results.add(answer.resultNow());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return results;
    }

    /** Drains, within half a second. */
    @Override
    public void close() {
        drain(LAST_WRITES);
    }
}
