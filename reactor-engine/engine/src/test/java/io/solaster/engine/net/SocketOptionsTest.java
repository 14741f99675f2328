package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.SocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import io.solaster.engine.transport.TcpOptions;
import io.solaster.engine.transport.TransportChoice;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server tells the kernel of its sockets, read back from them. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class SocketOptionsTest {
    private static final SocketConfig ALL = new SocketConfig(false, true, Duration.ofSeconds(33), Duration.ofSeconds(7),
            4, Duration.ofMillis(12_345), 16, new ByteSize(40_000), new ByteSize(50_000), new ByteSize(1 << 20),
            new ByteSize(1 << 10), new ByteSize(1 << 21), false);

    /** What the socket of a connection says, asked while it is open. */
    private static <T> T ask(Transport transport, SocketConfig socket, Function<ChannelConfig, T> question)
            throws Exception {
        BlockingQueue<Channel> channels = new LinkedBlockingQueue<>();
        try (Engine engine = Engines.start(transport, 2);
                TcpServer server = TcpServer.bind(engine, "options", ServerConfig.of("quiet", 0).withSocket(socket),
                        (shard, channel) -> channels.add(channel));
                Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            assertThat(client.isConnected()).isTrue();
            Channel channel = Objects.requireNonNull(channels.poll(60, TimeUnit.SECONDS));
            return Engines.get(engine.submitTo(((Shard) channel.eventLoop()).id(),
                    () -> question.apply(channel.config())));
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void everyOptionReachesTheSocket(Transport transport) throws Exception {
        TcpOptions names = TcpOptions.of(transport);
        int send;
        int receive;
        // Less than asked for where wmem_max and rmem_max are less.
        try (Socket plain = new Socket()) {
            plain.setSendBufferSize(40_000);
            plain.setReceiveBufferSize(50_000);
            send = plain.getSendBufferSize();
            receive = plain.getReceiveBufferSize();
        }
        ask(transport, ALL, config -> {
            assertThat(config.getOption(ChannelOption.TCP_NODELAY)).isFalse();
            assertThat(config.getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
            assertThat(config.getOption(names.keepAliveIdle())).isEqualTo(33);
            assertThat(config.getOption(names.keepAliveInterval())).isEqualTo(7);
            assertThat(config.getOption(names.keepAliveCount())).isEqualTo(4);
            if (names.userTimeout() != null) {
                assertThat(config.getOption(names.userTimeout())).isEqualTo(12_345);
            }
            if (names.zeroCopyFrom() != null) {
                assertThat(config.getOption(names.zeroCopyFrom())).isEqualTo(1 << 21);
            }
            // The kernel doubles what it is told.
            assertThat(config.getOption(ChannelOption.SO_SNDBUF)).isIn(send, 2 * send);
            assertThat(config.getOption(ChannelOption.SO_RCVBUF)).isIn(receive, 2 * receive);
            assertThat(config.getWriteBufferHighWaterMark()).isEqualTo(1 << 20);
            assertThat(config.getWriteBufferLowWaterMark()).isEqualTo(1 << 10);
            return true;
        });
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void withoutAnyTheSocketIsAsTheSystemHasIt(Transport transport) throws Exception {
        TcpOptions names = TcpOptions.of(transport);
        ask(transport, SocketConfig.defaults(), config -> {
            assertThat(config.getOption(ChannelOption.TCP_NODELAY)).isTrue();
            assertThat(config.getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
            assertThat(config.getOption(names.keepAliveIdle())).isNotEqualTo(33);
            if (names.userTimeout() != null) {
                assertThat(config.getOption(names.userTimeout())).isZero();
            }
            if (names.zeroCopyFrom() != null) {
                assertThat(config.getOption(names.zeroCopyFrom())).isNegative();
            }
            assertThat(config.getWriteBufferHighWaterMark()).isEqualTo(64 << 10);
            return true;
        });
        ask(transport, Changed.with(SocketConfig.defaults(), "keepAlive", false, "writeHighWaterMark",
                new ByteSize(1 << 20)), config -> {
                    assertThat(config.getOption(ChannelOption.SO_KEEPALIVE)).isFalse();
                    assertThat(config.getWriteBufferLowWaterMark()).isEqualTo(1 << 19);
                    return true;
                });
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void fastOpenIsToldOfWhereTheTransportKnowsIt(Transport transport) {
        Engines.assumeAvailable(transport);
        SocketOptions options = new SocketOptions(ServerConfig.of("quiet", 0).withSocket(ALL), transport);
        ServerChannel channel = TransportChoice.choose(transport).serverChannels().get();
        try {
            options.listens(channel);
            ChannelOption<Integer> name = TcpOptions.of(transport).fastOpen();
            if (name != null) {
                assertThat(channel.config().getOption(name)).isEqualTo(16);
            }
        } finally {
            channel.unsafe().closeForcibly();
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void whatATransportLacksIsNamed(Transport transport) {
        ServerConfig config = ServerConfig.of("quiet", 0).withSocket(ALL);
        assertThat(new SocketOptions(config, transport).ignored()).isEqualTo(
                switch (transport) {
                    case NIO -> List.of("user-timeout", "fast-open", "zero-copy-from");
                    case EPOLL -> List.of("zero-copy-from");
                    default -> List.of();
                });
        assertThat(new SocketOptions(config.withHost("unix:@name"), transport).ignored()).containsExactly(
                "keep-alive-idle", "keep-alive-interval", "keep-alive-count", "user-timeout", "fast-open",
                "send-buffer",
                "receive-buffer", "zero-copy-from");
        assertThat(new SocketOptions(ServerConfig.of("quiet", 0), transport).ignored()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"65536", "65536 65536 65536", "10 65536 100 40000 16384 16383 20000 1"})
    void largeBytesThatTheKernelDoesNotCopyArriveWhole(String lengths) throws Exception {
        byte[] expected = new byte[Stream.of(lengths.split(" ")).mapToInt(Integer::parseInt).sum()];
        new Random(1).nextBytes(expected);
        List<ByteBuf> buffers = new ArrayList<>();
        List<ChannelFuture> writes = new CopyOnWriteArrayList<>();
        BlockingQueue<Channel> channels = new LinkedBlockingQueue<>();
        ServerConfig config = ServerConfig.of("quiet", 0)
                .withSocket(Changed.with(SocketConfig.defaults(), "zeroCopyFrom", new ByteSize(16 << 10)));
        try (Engine engine = Engines.start(Transport.IO_URING, 2);
                TcpServer server = TcpServer.bind(engine, "large", config, (shard, channel) -> channels.add(channel));
                Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            client.setSoTimeout((int) Engines.PATIENCE.toMillis());
            Channel channel = Objects.requireNonNull(channels.poll(60, TimeUnit.SECONDS));
            int at = 0;
            for (String length : lengths.split(" ")) {
                // Not of a pool: nobody else has them once they are back.
                buffers.add(Unpooled.directBuffer().writeBytes(expected, at, Integer.parseInt(length)));
                at += Integer.parseInt(length);
            }
            Engines.get(engine.submitTo(((Shard) channel.eventLoop()).id(), () -> {
                buffers.forEach(buffer -> writes.add(channel.write(buffer)));
                channel.flush();
                return true;
            }));
            byte[] read = client.getInputStream().readNBytes(expected.length);
            for (ChannelFuture write : writes) {
                assertThat(write.await(60, TimeUnit.SECONDS)).isTrue();
                assumeFalse(String.valueOf(write.cause()).contains("Cannot allocate memory"),
                        "this process may not lock 200 KiB of memory (ulimit -l)");
            }
            assertThat(read).isEqualTo(expected);
            Engines.until("all buffers are back", () -> buffers.stream().allMatch(buffer -> buffer.refCnt() == 0));
        }
    }

    /** Gathers what it is sent, and says how much that was when it is asked to finish. */
    private static void count(Shard shard, Channel channel) {
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            private int bytes;

            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                bytes += ((ByteBuf) message).readableBytes();
                ((ByteBuf) message).release();
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                if (event == TcpServer.DRAIN) {
                    ctx.writeAndFlush(ctx.alloc().buffer()
                            .writeBytes((bytes + "\n").getBytes(StandardCharsets.US_ASCII)))
                            .addListener(ChannelFutureListener.CLOSE);
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void whoHasEndedItsSideIsAnsweredWhereThatIsAsked(Transport transport) throws Exception {
        for (boolean halfClose : new boolean[]{true, false}) {
            ServerConfig config = ServerConfig.of("count", 0)
                    .withSocket(Changed.with(SocketConfig.defaults(), "halfClose", halfClose));
            try (Engine engine = Engines.start(transport, 2);
                    TcpServer server = TcpServer.bind(engine, "half", config, SocketOptionsTest::count);
                    Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                client.setSoTimeout((int) Engines.PATIENCE.toMillis());
                client.getOutputStream().write(new byte[100_000]);
                client.shutdownOutput();
                assertThat(line(client)).isEqualTo(halfClose ? "100000" : null);
                Engines.until("it is closed", () -> server.connections() == 0);
            }
        }
    }

    private static String line(Socket client) throws IOException {
        return new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII)).readLine();
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void oneAddressHasSoManyConnectionsAndNoMore(Transport transport) throws Exception {
        ServerConfig config = ServerConfig.of("echo", 0)
                .withLimits(LimitsConfig.defaults().withMaxConnectionsPerAddress(3));
        List<Socket> clients = new ArrayList<>();
        try (Engine engine = Engines.start(transport, 2);
                TcpServer server = TcpServer.bind(engine, "few", config, new Echo(false))) {
            for (int i = 0; i < 3; i++) {
                clients.add(from("127.0.0.1", server));
                assertThat(line(clients.getLast())).startsWith("shard");
            }
            try (Socket fourth = from("127.0.0.1", server); Socket other = from("127.0.0.2", server)) {
                assertThat(line(fourth)).isEqualTo("full");
                assertThat(line(other)).startsWith("shard");
            }
            assertThat(server.refused()).isEqualTo(1);
            clients.removeLast().close();
            Engines.until("places are free", () -> server.connections() == 2 && server.clients().clients() == 1);
            clients.add(from("127.0.0.1", server));
            assertThat(line(clients.getLast())).startsWith("shard");
            Engines.get(server.reconfigure(config.withLimits(LimitsConfig.defaults())));
            clients.add(from("127.0.0.1", server));
            assertThat(line(clients.getLast())).startsWith("shard");
            for (Socket client : clients) {
                client.close();
            }
            Engines.until("nobody is counted", () -> server.connections() == 0 && server.clients().clients() == 0);
        }
    }

    private static Socket from(String address, TcpServer server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port(), InetAddress.getByName(address), 0);
        socket.setSoTimeout((int) Engines.PATIENCE.toMillis());
        return socket;
    }
}
