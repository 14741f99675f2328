package io.solaster.pool;

import static io.solaster.pool.TestEngines.await;
import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.ssl.SslContext;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.ProxyConfig;
import io.solaster.config.pool.ProxyConfig.ProxyProtocol;
import io.solaster.config.pool.ProxyConfig.Type;
import io.solaster.config.pool.SslConfig;
import io.solaster.config.value.TlsProvider;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.pool.Lines.Line;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.discovery.Discovery;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** How connections are made. */
final class ConnectorTest extends Rig {

    ConnectorTest() {
        super(Transport.AUTO);
    }

    private static Resolver to(InetAddress... addresses) {
        return host -> {
            ShardFuture<List<InetAddress>> found = Shard.current().newFuture();
            found.complete(List.of(addresses));
            return found;
        };
    }

    private Channel connect(Connector connector, Endpoint endpoint) {
        return await(engine, 0, () -> connector.connect(endpoint, LONG));
    }

    @Test
    void setsWhatSocketsAreToHave() {
        Backend backend = backend("a");
        Channel channel = connect(Connectors.of(engine, config, Rig::resolve, null), backend.endpoint());
        assertThat(channel.config().getOption(ChannelOption.TCP_NODELAY)).isTrue();
        assertThat(channel.config().getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
        if (engine.transport().kind() == Transport.EPOLL) {
            assertThat(channel.config().getOption(EpollChannelOption.TCP_USER_TIMEOUT)).isEqualTo(10_000);
            assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPIDLE)).isEqualTo(15);
        }
        channel.close();
    }

    @Test
    void triesAddressesInTurnUntilOneAnswers() throws Exception {
        Backend backend = backend("a");
        // Nobody listens at the first two.
        Channel channel = connect(
                Connectors.of(engine, config, to(InetAddress.getByName("::1"), InetAddress.getByName("127.0.0.9"),
                        InetAddress.getByName("127.0.0.1")), null),
                Endpoint.of("three.example", backend.port()));
        assertThat(((InetSocketAddress) channel.remoteAddress()).getAddress().getHostAddress()).isEqualTo("127.0.0.1");
        channel.close();
    }

    @Test
    void goesOnToTheNextAddressWhereOneIsSilent() throws Exception {
        Backend backend = backend("a");
        List<Socket> fillers = new ArrayList<>();
        // A listener whose queue is full drops what asks it.
        try (ServerSocket full = new ServerSocket(backend.port(), 1, InetAddress.getByName("127.0.0.2"))) {
            fill(full, fillers);
            long began = System.nanoTime();
            Channel channel = connect(
                    Connectors.of(engine, config, to(InetAddress.getByName("127.0.0.2"),
                            InetAddress.getByName("127.0.0.1")), null),
                    Endpoint.of("two.example", backend.port()));
            assertThat(((InetSocketAddress) channel.remoteAddress()).getAddress().getHostAddress())
                    .isEqualTo("127.0.0.1");
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Duration.ofMillis(240));
            channel.close();
            // Alone it is given up in time.
            Connector alone = Connectors.of(engine, config, to(InetAddress.getByName("127.0.0.2")), null);
            assertThatThrownBy(() -> await(engine, 0,
                    () -> alone.connect(Endpoint.of("one.example", backend.port()), Duration.ofMillis(50))))
                    .hasCauseInstanceOf(TimeoutException.class).hasMessageContaining("one.example");
        } finally {
            for (Socket filler : fillers) {
                filler.close();
            }
        }
    }

    private static void fill(ServerSocket full, List<Socket> fillers) throws IOException {
        for (int i = 0; i < 10; i++) {
            Socket filler = new Socket();
            try {
                filler.connect(full.getLocalSocketAddress(), 100);
                fillers.add(filler);
            } catch (SocketTimeoutException isFull) {
                filler.close();
                until("only those that it took are left",
                        () -> Sockets.to(full.getLocalPort()) == fillers.size());
                return;
            }
        }
        throw new AssertionError("a queue of 1 took 10");
    }

    @Test
    void endsWhatIsUnderWayWhenCancelled() throws Exception {
        List<Socket> fillers = new ArrayList<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.2"))) {
            fill(full, fillers);
            int before = fillers.size();
            Connector connector = Connectors.of(engine, config, to(InetAddress.getByName("127.0.0.2")), null);
            ShardFuture<Channel> connecting = on(engine, 0,
                    () -> connector.connect(Endpoint.of("one.example", full.getLocalPort()), LONG));
            until("it asks", () -> Sockets.to(full.getLocalPort()) > before);
            on(engine, 0, () -> connecting.cancel(false));
            until("it does not any more", () -> Sockets.to(full.getLocalPort()) <= before);
        } finally {
            for (Socket filler : fillers) {
                filler.close();
            }
        }
    }

    @Test
    void failsWhereAHostHasNoAddress() {
        Connector connector = Connectors.of(engine, config, host -> {
            ShardFuture<List<InetAddress>> none = Shard.current().newFuture();
            none.completeExceptionally(new UnknownHostException(host));
            return none;
        }, null);
        pool(new Lines(false), Discovery.of(List.of(Endpoint.of("nowhere.example", 1))), connector);
        assertThat(failure(asking(0, LONG, "x"))).hasMessageContaining("nowhere.example")
                .hasCauseInstanceOf(UnknownHostException.class);
    }

    @ParameterizedTest
    @EnumSource(value = Type.class, mode = Mode.EXCLUDE, names = "NONE")
    void goesThroughAProxyThatLooksUpTheHost(Type type) throws Exception {
        Backend backend = backend("a");
        try (ForwardProxy proxy = new ForwardProxy()) {
            config = Changed.with(config, "proxy",
                    new ProxyConfig(type, proxy.address(), null, null, ProxyProtocol.NONE));
            pool(new Lines(false), Endpoint.of("localhost", backend.port()));
            assertThat(ask(0, "x")).isEqualTo("a x");
            assertThat(proxy.asked).containsExactly("localhost:" + backend.port());
            pool.close();
        }
    }

    @ParameterizedTest
    @EnumSource(value = Type.class, mode = Mode.EXCLUDE, names = "NONE")
    void provesWhoItIsToAProxy(Type type) throws Exception {
        Backend backend = backend("a");
        try (ForwardProxy proxy = new ForwardProxy()) {
            config = Changed.with(config, "proxy",
                    new ProxyConfig(type, proxy.address(), "me", "secret", ProxyProtocol.NONE));
            pool(new Lines(false), Endpoint.of("localhost", backend.port()));
            assertThat(ask(0, "x")).isEqualTo("a x");
            assertThat(proxy.asked.getFirst()).endsWith(type == Type.HTTP ? "with a password" : "by me");
            pool.close();
        }
    }

    @Test
    void encryptsThroughAProxy() throws Exception {
        Backend backend = backend("a");
        TestCertificates certificates = TestCertificates.local();
        SslContext server = certificates.server(null);
        SslContext client = certificates.client(null);
        TcpServer tls = TcpServer.bind(engine, "tls", io.solaster.config.server.ServerConfig.of("lines", 0),
                Tls.over(() -> server, engine.offload(), backend));
        open.add(tls);
        try (ForwardProxy proxy = new ForwardProxy()) {
            config = Changed.with(config.withSsl(new SslConfig(null, true, null, true, TlsProvider.AUTO)), "proxy",
                    new ProxyConfig(Type.HTTP, proxy.address(), null, null, ProxyProtocol.NONE));
            pool(new Lines(false), Discovery.of(List.of(Endpoint.of("localhost", tls.port()))),
                    Connectors.of(engine, config, Rig::resolve, () -> client));
            assertThat(ask(0, "x")).isEqualTo("a x");
            pool.close();
        }
    }

    @Test
    void failsByNameWhereTheProxyIsNotThere() throws Exception {
        Backend backend = backend("a");
        String address;
        try (ForwardProxy proxy = new ForwardProxy()) {
            address = proxy.address();
        }
        config = Changed.with(config, "proxy", new ProxyConfig(Type.SOCKS5, address, null, null, ProxyProtocol.NONE));
        pool(false, backend);
        assertThat(failure(asking(0, LONG, "x")).reason()).isEqualTo(PoolException.Reason.CONNECT_FAILED);
    }

    @ParameterizedTest
    @EnumSource(value = ProxyProtocol.class, mode = Mode.EXCLUDE, names = "NONE")
    void tellsWhoConnects(ProxyProtocol version) {
        AtomicReference<String> told = new AtomicReference<>();
        Backend backend = Backend.start(engine, "a", 0, channel -> channel.pipeline().addLast(
                new HAProxyMessageDecoder(), new SimpleChannelInboundHandler<HAProxyMessage>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext ctx, HAProxyMessage message) {
                        told.set(message.protocolVersion() + " " + message.sourceAddress() + ":" + message.sourcePort()
                                + " to " + message.destinationPort());
                    }
                }));
        open.add(backend);
        config = Changed.with(config, "proxy", new ProxyConfig(Type.NONE, null, null, null, version));
        pool(false, backend);
        Line line = take(0);
        assertThat(get(on(engine, 0, () -> line.ask("x")))).isEqualTo("a x");
        int port = ((InetSocketAddress) line.channel().localAddress()).getPort();
        assertThat(told).hasValue(version + " 127.0.0.1:" + port + " to " + backend.port());
        give(0, line);
    }
}
