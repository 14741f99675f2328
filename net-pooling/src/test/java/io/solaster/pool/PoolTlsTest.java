package io.solaster.pool;

import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.security.cert.CertificateExpiredException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.ExtendedSSLSession;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.DiscoveryConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHttpConfig;
import io.solaster.config.pool.SslConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.TlsProvider;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.http.server.HttpProtocol;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.discovery.DnsDiscovery;
import io.solaster.pool.discovery.DnsResolver;
import io.solaster.pool.discovery.DnsServer;
import io.solaster.pool.http.HttpClientConnection;
import io.solaster.pool.http.HttpClientProtocol;
import io.solaster.pool.http.PooledHttpClient;
import io.solaster.pool.upstream.Upstreams;
import io.solaster.testkit.chaos.FaultProxy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** Pools of encrypted connections. */
final class PoolTlsTest extends Rig {
    private static final SslConfig SSL = new SslConfig(null, true, null, true, TlsProvider.AUTO);

    private final AtomicReference<SslContext> server = new AtomicReference<>();
    private final AtomicReference<SslHandler> seen = new AtomicReference<>();

    PoolTlsTest() {
        super(Transport.AUTO);
        // A handshake takes seconds beside a machine that is busy.
        connections(Changed.with(config.connections(), "connectTimeout", LONG));
    }

    /** A backend that shows what {@link #server} holds when a connection comes. */
    private Endpoint encrypted(String host) {
        Backend backend = backend("a");
        TcpServer tls = TcpServer.bind(engine, "tls", ServerConfig.of("lines", 0),
                Tls.over(server::get, engine.offload(), new Seeing(backend, seen)));
        open.add(tls);
        return Endpoint.of(host, tls.port());
    }

    private record Seeing(Backend backend, AtomicReference<SslHandler> seen)
            implements
                io.solaster.engine.net.ConnectionHandler {
        @Override
        public void connected(Shard shard, io.netty.channel.Channel channel) {
            seen.set(channel.pipeline().get(SslHandler.class));
            backend.connected(shard, channel);
        }

        @Override
        public byte[] refusal() {
            return new byte[0];
        }
    }

    private void pool(SslConfig ssl, SslContext client, Endpoint endpoint) {
        config = config.withSsl(ssl);
        pool(new Lines(false, true), Discovery.of(List.of(endpoint)),
                Connectors.of(engine, config, Rig::resolve, () -> client));
    }

    @Test
    void encryptsAndNamesWhomItAsksFor() throws Exception {
        TestCertificates certificates = TestCertificates.local();
        server.set(certificates.server(null));
        pool(SSL, certificates.client(null), encrypted("localhost"));
        assertThat(ask(0, "x")).isEqualTo("a x");
        assertThat(requestedNames()).isEqualTo("[type=host_name (0), value=localhost]");
    }

    @Test
    void refusesACertificateForAnotherNameAndLogsNothingBeside() throws Exception {
        Logger netty = (Logger) LoggerFactory.getLogger("io.netty.channel.DefaultChannelPipeline");
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        logged.start();
        netty.addAppender(logged);
        TestCertificates certificates = TestCertificates.elsewhere();
        server.set(certificates.server(null));
        pool(SSL, certificates.client(null), encrypted("localhost"));
        PoolException refused = failure(asking(0, LONG, "x"));
        assertThat(refused.reason()).isEqualTo(Reason.CONNECT_FAILED);
        assertThat(refused).hasMessageContaining("localhost");
        until("its connection has gone", () -> stats(0).connecting.get() == 0);
        TestEngines.on(engine, 0, () -> null);
        netty.detachAppender(logged);
        // As the appender does.
        synchronized (logged) {
            assertThat(logged.list).isEmpty();
        }
    }

    @Test
    void asksForTheNameThatDnsWasAskedFor() throws Exception {
        TestCertificates certificates = TestCertificates.elsewhere();
        server.set(certificates.server(null));
        int port = encrypted("127.0.0.1").port();
        DnsServer dns = new DnsServer();
        open.add(dns);
        dns.addresses("orders.example", 0, "127.0.0.1");
        DiscoveryConfig found = DiscoveryConfig.of(DiscoveryConfig.Type.DNS, "orders.example.", port);
        config = config.withSsl(SSL).withDiscovery(found);
        SslContext client = certificates.client(null);
        pool(new Lines(false, true), DnsDiscovery.addresses(engine, DnsResolver.on(engine, dns::ask), found),
                Connectors.of(engine, config, Rig::resolve, () -> client));
        assertThat(ask(0, "x")).isEqualTo("a x");
        assertThat(upstream.members()).extracting(Endpoint::host).containsExactly("127.0.0.1");
        assertThat(requestedNames()).isEqualTo("[type=host_name (0), value=orders.example]");
    }

    @ParameterizedTest
    @CsvSource({"SRV, _lines._tcp.orders.example, , 127.0.0.1, orders.example",
            "SRV, _lines._tcp.orders.example, , localhost, localhost",
            "KUBERNETES, orders, shop, 127.0.0.1, orders.shop", "KUBERNETES, orders, , 127.0.0.1, orders",
            "SPRING, orders, , 127.0.0.1, orders"})
    void asksForTheNameOfADiscoveryThatFindsAddresses(DiscoveryConfig.Type type, String name, String namespace,
            String host, String asked) throws Exception {
        TestCertificates certificates = TestCertificates.local();
        server.set(certificates.server(null));
        config = config.withDiscovery(new DiscoveryConfig(type, name, 0, namespace, LONG, LONG));
        pool(new SslConfig(null, true, null, false, TlsProvider.AUTO), certificates.client(null), encrypted(host));
        assertThat(ask(0, "x")).isEqualTo("a x");
        assertThat(requestedNames()).isEqualTo("[type=host_name (0), value=" + asked + "]");
    }

    private String requestedNames() {
        return ((ExtendedSSLSession) seen.get().engine().getSession()).getRequestedServerNames().toString();
    }

    @Test
    void asksForTheNameThatItIsTold() throws Exception {
        TestCertificates certificates = TestCertificates.elsewhere();
        server.set(certificates.server(null));
        pool(new SslConfig(null, true, "other.example", true, TlsProvider.AUTO), certificates.client(null),
                encrypted("127.0.0.1"));
        assertThat(ask(0, "x")).isEqualTo("a x");
    }

    @Test
    void leavesTheNameAloneWhereItIsTold() throws Exception {
        TestCertificates certificates = TestCertificates.elsewhere();
        server.set(certificates.server(null));
        pool(new SslConfig(null, true, null, false, TlsProvider.AUTO), certificates.client(null),
                encrypted("127.0.0.1"));
        assertThat(ask(0, "x")).isEqualTo("a x");
    }

    @Test
    void refusesACertificateThatHasExpiredAndRecoversOnceThereIsAnother() throws Exception {
        TestCertificates expired = TestCertificates.expired();
        TestCertificates valid = TestCertificates.local();
        AtomicReference<SslContext> client = new AtomicReference<>(expired.client(null));
        server.set(expired.server(null));
        config = config.withSsl(SSL);
        Endpoint endpoint = encrypted("127.0.0.1");
        pool(new Lines(false, true), Discovery.of(List.of(endpoint)),
                Connectors.of(engine, config, Rig::resolve, client::get));
        PoolException refused = failure(asking(0, LONG, "x"));
        assertThat(refused.reason()).isEqualTo(Reason.CONNECT_FAILED);
        assertThat(refused).hasRootCauseInstanceOf(CertificateExpiredException.class);
        assertThat(stats(0).connectFailures.get()).isPositive();
        server.set(valid.server(null));
        client.set(valid.client(null));
        until("it connects", () -> {
            try {
                return ask(0, "x").equals("a x");
            } catch (PoolException e) {
                return false;
            }
        });
        assertNothingLeaked(endpoint.port());
    }

    @Test
    void showsItsOwnCertificate() throws Exception {
        TestCertificates ours = TestCertificates.elsewhere();
        TestCertificates theirs = TestCertificates.local();
        server.set(theirs.server(ours));
        pool(SSL, theirs.client(ours), encrypted("127.0.0.1"));
        assertThat(ask(0, "x")).isEqualTo("a x");
    }

    @Test
    void failsWhereTheServerWantsACertificateAndThereIsNone() throws Exception {
        TestCertificates ours = TestCertificates.elsewhere();
        TestCertificates theirs = TestCertificates.local();
        server.set(theirs.server(ours));
        pool(SSL, theirs.client(null), encrypted("127.0.0.1"));
        assertThat(failure(asking(0, LONG, "x")).reason()).isEqualTo(Reason.CONNECT_FAILED);
    }

    @Test
    void givesUpAHandshakeThatTakesTooLong() throws Exception {
        TestCertificates certificates = TestCertificates.local();
        connections(Changed.with(config.connections(), "maxConnecting", 4, "connectTimeout", Duration.ofMillis(200)));
        // It speaks, but no TLS.
        FaultProxy silent = before(backend("plain"));
        silent.partition();
        pool(SSL, certificates.client(null), endpoint(silent));
        PoolException refused = failure(asking(0, LONG, "x"));
        assertThat(refused.reason()).isEqualTo(Reason.CONNECT_FAILED);
        assertThat(refused).hasMessageContaining("within PT0.2S");
    }

    /** A client of HTTP/2 to our own server, which agrees on these protocols. */
    private PooledHttpClient http2(String... agreed) throws Exception {
        TestCertificates certificates = TestCertificates.local();
        SslContext context = certificates.server(null, new ApplicationProtocolConfig(Protocol.ALPN,
                SelectorFailureBehavior.NO_ADVERTISE, SelectedListenerFailureBehavior.ACCEPT, agreed));
        ServerConfig served = ServerConfig.of("http", 0);
        TcpServer web = TcpServer.bind(engine, "web", served, Tls.over(() -> context, engine.offload(),
                new HttpProtocol((request, response) -> response.send(request.version() + " " + request.path()),
                        served)));
        open.add(web);
        config = PoolConfig.of(PoolConfig.Protocol.HTTP).withSsl(SSL).withConnections(config.connections())
                .withHttp(PoolHttpConfig.of(PoolHttpConfig.Version.HTTP_2));
        upstream = Upstreams.start(engine, "test", config,
                Discovery.of(List.of(Endpoint.of("localhost", web.port()))));
        open.add(upstream);
        SslContext client = certificates.client(null);
        ConnectionPool<HttpClientConnection> connections = ConnectionPools.start(engine, "test", config,
                HttpClientProtocol.of(config), upstream, Connectors.of(engine, config, Rig::resolve, () -> client));
        open.add(connections);
        return PooledHttpClient.over(engine, connections);
    }

    @Test
    void agreesOnHttp2() throws Exception {
        PooledHttpClient client = http2("h2", "http/1.1");
        for (int i = 0; i < 5; i++) {
            assertThat(TestEngines.get(client.get("/x")).text()).isEqualTo("HTTP/2.0 /x");
        }
    }

    @Test
    void saysThatAServerDoesNotAgreeOnHttp2() throws Exception {
        PoolException refused = failure(http2("http/1.1").get("/x"));
        assertThat(refused.reason()).isEqualTo(Reason.CONNECT_FAILED);
        assertThat(refused).hasStackTraceContaining("it takes http/1.1")
                .hasStackTraceContaining("set http.version to http-1-1");
        assertThat(failure(http2("acme").get("/x"))).hasStackTraceContaining("nothing was agreed on");
    }

    @Test
    void saysThatThereIsNoContext() {
        config = config.withSsl(SSL);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Connectors.of(engine, config, Rig::resolve, null))
                .withMessageContaining("SslContext");
    }
}
