package io.solaster.testkit.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.util.concurrent.DefaultThreadFactory;

/**
 * Stands between UDP clients and a server, on the loopback interface, and does to datagrams what networks do. It has a
 * thread of its own, and a socket towards the server for each client, by which answers find back. Faults take effect for
 * what arrives after they were set; what was counted shows that they happened. Any thread.
 */
public final class DatagramProxy implements AutoCloseable {
    /** Further clients are not served: their datagrams are lost. */
    private static final int MOST_CLIENTS = 1024;
    private static final long LONGEST_QUEUE = TimeUnit.SECONDS.toNanos(1);

    /** What a proxy has done so far. */
    public enum Effect {
        /** Datagrams that arrived. */
        ARRIVED,
        /** Datagrams that never arrived. */
        LOST,
        /** Datagrams that arrived once more. */
        DOUBLED,
        /** Datagrams that arrived later than they were sent. */
        DELAYED,
        /** Datagrams of which a byte was changed. */
        CORRUPTED
    }

    private final InetSocketAddress server;
    private final Events events;
    private final Random random;
    private final EventLoopGroup loop;
    private final Channel listener;
    private final Map<Direction, DatagramFaults> faults = new ConcurrentHashMap<>();
    private final Map<Effect, LongAdder> effects = new EnumMap<>(Effect.class);
    /** By client, the socket towards the server. On the proxy's thread, as what follows. */
    private final Map<InetSocketAddress, Channel> clients = new HashMap<>();
    private final Map<Direction, Long> freeAt = new EnumMap<>(Direction.class);

    private DatagramProxy(InetSocketAddress server, long seed, Events events) {
        this.server = server;
        this.random = new Random(seed);
        this.events = events;
        for (Effect effect : Effect.values()) {
            effects.put(effect, new LongAdder());
        }
        loop = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("datagram-proxy", true),
                NioIoHandler.newFactory());
        listener = bind(new FromClients());
    }

    /**
     * A proxy on a free port.
     *
     * @param server where datagrams go on to; on the loopback interface
     * @param seed what chance is drawn from
     * @param events told of what the proxy is told to do
     */
    public static DatagramProxy before(InetSocketAddress server, long seed, Events events) {
        return new DatagramProxy(Loopback.only(server), seed, events);
    }

    /** Where clients send to. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** How much of something has happened. */
    public long count(Effect effect) {
        return Objects.requireNonNull(effects.get(effect)).sum();
    }

    /** Sets the faults of one way. */
    public void set(Direction direction, DatagramFaults newFaults) {
        faults.put(direction, newFaults);
        events.add("datagram proxy " + address().getPort() + " " + direction + ": " + newFaults);
    }

    /** Sets the faults of both ways. */
    public void set(DatagramFaults newFaults) {
        for (Direction direction : Direction.values()) {
            set(direction, newFaults);
        }
    }

    /** All pass again. */
    public void heal() {
        set(DatagramFaults.NONE);
    }

    private Channel bind(SimpleChannelInboundHandler<DatagramPacket> handler) {
        ChannelFuture bound = new Bootstrap().group(loop).channel(NioDatagramChannel.class).handler(handler)
                .bind(InetAddress.getLoopbackAddress(), 0);
        if (!bound.channel().eventLoop().inEventLoop() && !bound.awaitUninterruptibly().isSuccess()) {
            loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw new UncheckedIOException(new IOException("cannot take a UDP port", bound.cause()));
        }
        return bound.channel();
    }

    private void add(Effect effect) {
        Objects.requireNonNull(effects.get(effect)).increment();
    }

    /** On the proxy's thread. */
    private void pass(Direction direction, ByteBuf datagram, Channel by, InetSocketAddress to) {
        DatagramFaults present = faults.getOrDefault(direction, DatagramFaults.NONE);
        if (present.loss() > 0 && random.nextDouble() < present.loss()) {
            add(Effect.LOST);
            return;
        }
        if (present.corrupt() > 0 && datagram.isReadable() && random.nextDouble() < present.corrupt()) {
            int index = datagram.readerIndex() + random.nextInt(datagram.readableBytes());
            datagram.setByte(index, datagram.getByte(index) ^ 1 + random.nextInt(255));
            add(Effect.CORRUPTED);
        }
        send(direction, present, datagram, by, to);
        if (present.doubles() > 0 && random.nextDouble() < present.doubles()) {
            add(Effect.DOUBLED);
            send(direction, present, datagram, by, to);
        }
    }

    private void send(Direction direction, DatagramFaults present, ByteBuf datagram, Channel by,
            InetSocketAddress to) {
        long now = System.nanoTime();
        long wait = present.delay().toNanos();
        if (!present.jitter().isZero()) {
            wait += random.nextLong(present.jitter().toNanos() + 1);
        }
        if (present.bytesPerSecond() > 0) {
            long from = Math.max(now, freeAt.getOrDefault(direction, now));
            if (from - now > LONGEST_QUEUE) {
                add(Effect.LOST);
                return;
            }
            long until = from + datagram.readableBytes() * 1_000_000_000L / present.bytesPerSecond();
            freeAt.put(direction, until);
            wait = Math.max(wait, until - now);
        }
        DatagramPacket packet = new DatagramPacket(datagram.retainedDuplicate(), to);
        if (wait <= 0) {
            write(by, packet);
        } else {
            add(Effect.DELAYED);
            by.eventLoop().schedule(() -> write(by, packet), wait, TimeUnit.NANOSECONDS).addListener(done -> {
                if (done.isCancelled()) {
                    // The proxy has been closed.
                    packet.release();
                }
            });
        }
    }

    private void write(Channel by, DatagramPacket packet) {
        by.writeAndFlush(packet).addListener(written -> add(written.isSuccess() ? Effect.ARRIVED : Effect.LOST));
    }

    private final class FromClients extends SimpleChannelInboundHandler<DatagramPacket> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
            Channel upstream = clients.get(packet.sender());
            if (upstream == null) {
                if (clients.size() == MOST_CLIENTS) {
                    add(Effect.LOST);
                    return;
                }
                upstream = bind(new FromServer(packet.sender()));
                clients.put(packet.sender(), upstream);
            }
            Channel to = upstream;
            ByteBuf datagram = packet.content().retain();
            // It may be bound in a turn to come.
            to.eventLoop().execute(() -> {
                try {
                    pass(Direction.TO_SERVER, datagram, to, server);
                } finally {
                    datagram.release();
                }
            });
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // A port that nobody listens on is told by ICMP; datagrams are lost without a word.
        }
    }

    private final class FromServer extends SimpleChannelInboundHandler<DatagramPacket> {
        private final InetSocketAddress client;

        FromServer(InetSocketAddress client) {
            this.client = client;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
            pass(Direction.TO_CLIENT, packet.content(), listener, client);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // As above.
        }
    }

    /** Ends the proxy's sockets and its thread. Returns once they have ended. */
    @Override
    public void close() {
        loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
