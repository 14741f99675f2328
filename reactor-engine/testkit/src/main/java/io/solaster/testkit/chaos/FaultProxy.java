package io.solaster.testkit.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Stands between TCP clients and a server, on the loopback interface, and does what networks and sick servers do. It has a
 * thread of its own, so that what is tested shares none with it. Faults take effect for what arrives after they were set;
 * what was counted shows that they happened.
 *
 * {@snippet :
 * try (FaultProxy proxy = FaultProxy.before(new InetSocketAddress("127.0.0.1", 6379), 42)) {
 *     proxy.set(Direction.TO_CLIENT, Faults.NONE.delayed(Duration.ofMillis(20)));
 *     connectTo(proxy.address());
 *     proxy.partition();
 *     proxy.heal();
 * }
 * }
 *
 * Any thread.
 */
public final class FaultProxy implements AutoCloseable {
    private static final int MOST_LOOKS = 50_000;

    private final Events events;
    private final EventLoopGroup loop;
    private final Random random;
    /** By the client's side of a connection, the server's. */
    private final Map<Channel, Channel> clients = new ConcurrentHashMap<>();
    private final Map<Direction, Faults> faults = new ConcurrentHashMap<>();
    private final Map<Direction, Integer> resetsAfter = new ConcurrentHashMap<>();
    private final Set<Passage> passages = ConcurrentHashMap.newKeySet();
    private final Map<Effect, LongAdder> effects = new ConcurrentHashMap<>();
    private final InetSocketAddress address;
    private volatile @Nullable InetSocketAddress server;
    private volatile @Nullable Channel listener;

    /** What a proxy has done so far. */
    public enum Effect {
        /** Connections of clients. */
        CONNECTIONS,
        /** Connections that were ended by RST. */
        RESETS,
        /** Connections of which one side is gone, and the other was not told. */
        HALF_OPEN,
        /** Bytes that arrived later than they were sent. */
        DELAYED_BYTES,
        /** Bytes that were changed. */
        CORRUPTED_BYTES,
        /** Bytes that never arrived. */
        LOST_BYTES,
        /** Bytes that arrived. */
        BYTES
    }

    private FaultProxy(@Nullable InetSocketAddress server, long seed, Events events) {
        this.server = server;
        this.random = new Random(seed);
        this.events = events;
        loop = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("fault-proxy", true),
                NioIoHandler.newFactory());
        address = listenOn(0);
    }

    /**
     * A proxy on a free port.
     *
     * @param server where connections go on to; on the loopback interface
     * @param seed what chance is drawn from
     */
    public static FaultProxy before(InetSocketAddress server, long seed) {
        return new FaultProxy(Loopback.only(server), seed, new Events());
    }

    /**
     * A proxy on a free port before a server that is yet to start. Until {@link #forwardTo} names one, it resets
     * connections.
     *
     * @param seed what chance is drawn from
     * @param events told of what the proxy is told to do
     */
    public static FaultProxy open(long seed, Events events) {
        return new FaultProxy(null, seed, events);
    }

    /**
     * New connections go on to this server.
     *
     * @param newServer on the loopback interface
     */
    public void forwardTo(InetSocketAddress newServer) {
        server = Loopback.only(newServer);
        tell("forwards to " + newServer);
    }

    private void tell(String what) {
        events.add("proxy " + address.getPort() + " " + what);
    }

    /** Where clients connect to. It stays the same when the proxy refuses and listens again. */
    public InetSocketAddress address() {
        return address;
    }

    /** How many connections there are. */
    public int connections() {
        return clients.size();
    }

    /** How much of something has happened. */
    public long count(Effect effect) {
        LongAdder counted = effects.get(effect);
        return counted == null ? 0 : counted.sum();
    }

    /** Sets the faults of one way. */
    public void set(Direction direction, Faults newFaults) {
        faults.put(direction, newFaults);
        tell(direction + ": " + newFaults);
    }

    /** Sets the faults of both ways. */
    public void set(Faults newFaults) {
        for (Direction direction : Direction.values()) {
            set(direction, newFaults);
        }
    }

    /** Nothing arrives on either side, and neither is told: connections look open, and new ones are made. */
    public void partition() {
        set(Faults.NONE.cut());
    }

    /**
     * All passes again. Bytes that were lost stay so: TCP connections that lost some are reset. Ends that were not told are
     * told now.
     */
    public void heal() {
        resetsAfter.clear();
        set(Faults.NONE);
        passages.forEach(Passage::healed);
    }

    /**
     * From now on, until {@link #heal}, a connection passes the first bytes of what comes next this way, and then is reset: a
     * server that dies in mid reply.
     *
     * @param bytes how many at most, 0 or more
     */
    public void resetAfter(Direction direction, int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("reset after " + bytes + " bytes; let 0 or more pass");
        }
        resetsAfter.put(direction, bytes);
        tell(direction + ": reset after " + bytes + " bytes");
    }

    /** Closes all connections, on both sides, as a server does that ends. */
    public void closeConnections() {
        tell("closes connections");
        passages.forEach(Passage::close);
    }

    /** Nobody listens any more; connections stay. Returns once that is so. */
    public void refuse() {
        tell("refuses");
        stopListening();
    }

    private void stopListening() {
        Channel here = listener;
        if (here != null && here.isOpen()) {
            here.close().syncUninterruptibly();
            // The selector lets go of a closed socket in its next pass only; until then the kernel accepts.
            for (int looks = 0; looks < MOST_LOOKS && isListening(); looks++) {
                LockSupport.parkNanos(100_000);
            }
        }
    }

    private boolean isListening() {
        try (ServerSocket other = new ServerSocket()) {
            other.setReuseAddress(true);
            other.bind(address);
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /** Listens again on the same port, after {@link #refuse}. */
    public void listen() {
        tell("listens");
        listenOn(address.getPort());
    }

    /** Ends all connections by RST, on both sides. */
    public void reset() {
        tell("resets " + clients.size() + " connection(s)");
        clients.keySet().forEach(this::reset);
    }

    /**
     * As if the server's machine had lost power: its side of each connection is gone, and clients are not told. What they
     * send is lost, and never answered.
     */
    public void loseServer() {
        tell("loses the server's side of " + clients.size() + " connection(s)");
        clients.forEach((client, backend) -> lose(backend, client));
    }

    /** As {@link #loseServer}, the other way round: the clients' side is gone, and the server is not told. */
    public void loseClients() {
        tell("loses the clients' side of " + clients.size() + " connection(s)");
        clients.forEach(this::lose);
    }

    private void lose(Channel lost, Channel staying) {
        lost.eventLoop().execute(() -> {
            Passage from = lost.pipeline().get(Passage.class);
            Passage back = staying.pipeline().get(Passage.class);
            if (from != null && back != null && lost.isOpen() && staying.isOpen()) {
                from.forgetOther();
                back.swallow(staying);
                add(Effect.HALF_OPEN, 1);
                reset(lost);
            }
        });
    }

    void reset(Channel channel) {
        channel.eventLoop().execute(() -> {
            // Only on its own thread is it known to be open still: a closed socket takes no options.
            if (channel.isOpen()) {
                add(Effect.RESETS, 1);
                channel.config().setOption(ChannelOption.SO_LINGER, 0);
                channel.close();
            }
        });
    }

    private InetSocketAddress listenOn(int port) {
        ServerBootstrap bootstrap = new ServerBootstrap().group(loop).channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true).childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true).childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel client) {
                        connect(client);
                    }
                });
        ChannelFuture bound = bootstrap.bind(InetAddress.getLoopbackAddress(), port).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw new UncheckedIOException(
                    new IOException("cannot listen on port " + port + "; is it taken?", bound.cause()));
        }
        listener = bound.channel();
        return (InetSocketAddress) bound.channel().localAddress();
    }

    private void connect(SocketChannel client) {
        add(Effect.CONNECTIONS, 1);
        InetSocketAddress to = server;
        if (to == null) {
            reset(client);
            return;
        }
        ChannelFuture connecting = new Bootstrap().group(client.eventLoop()).channel(NioSocketChannel.class)
                .option(ChannelOption.AUTO_READ, false).option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true).handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel backend) {
                        backend.pipeline().addLast(new Passage(FaultProxy.this, Direction.TO_CLIENT, client));
                    }
                }).connect(to);
        client.pipeline().addLast(new Passage(this, Direction.TO_SERVER, connecting.channel()));
        clients.put(client, connecting.channel());
        client.closeFuture().addListener(_ -> clients.remove(client));
        connecting.addListener(_ -> {
            if (connecting.isSuccess()) {
                client.read();
                connecting.channel().read();
            } else {
                reset(client);
            }
        });
    }

    Faults faults(Direction direction) {
        return faults.getOrDefault(direction, Faults.NONE);
    }

    /** How many bytes may pass before a reset; -1 if none is wanted. */
    int resetAfter(Direction direction) {
        return resetsAfter.getOrDefault(direction, -1);
    }

    void begins(Passage passage) {
        passages.add(passage);
    }

    void ends(Passage passage) {
        passages.remove(passage);
    }

    /** On the proxy's thread. */
    Random random() {
        return random;
    }

    void add(Effect effect, long amount) {
        effects.computeIfAbsent(effect, any -> new LongAdder()).add(amount);
    }

    /** Ends all connections, and the proxy's thread. Returns once both have ended. */
    @Override
    public void close() {
        stopListening();
        List<Channel> open = new ArrayList<>(clients.keySet());
        open.addAll(clients.values());
        open.forEach(Channel::close);
        loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
