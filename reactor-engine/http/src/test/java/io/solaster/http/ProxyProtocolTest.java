package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ProxyProtocolConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.http.server.HttpProtocol;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP behind proxies that say whose connections they pass on. */
@ParameterizedClass
@EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
class ProxyProtocolTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    private static final String LINE = "PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\n";
    private static final String BINARY = binary("2111000cc00002070a0000011f9001bb");
    private static final String LOCAL = binary("20000000");

    @Parameter
    Transport transport;

    private HttpFixture fixture;

    private static String binary(String hex) {
        return new String(HexFormat.of().parseHex("0d0a0d0a000d0a515549540a" + hex), StandardCharsets.ISO_8859_1);
    }

    private TcpServer serve(String trusted, Duration timeout) {
        fixture = new HttpFixture(transport, 1);
        return fixture.serve(config(trusted, timeout), ProxyProtocolTest::client);
    }

    private static ServerConfig config(String trusted, Duration timeout) {
        return Changed.with(ServerConfig.of("http", 0), "proxyProtocol", new ProxyProtocolConfig(trusted, timeout));
    }

    private static void client(HttpRequest request, HttpResponse response) {
        response.send(request.remoteAddress().getAddress().getHostAddress() + " " + request.remoteAddress().getPort());
    }

    @AfterEach
    void stop() throws Exception {
        if (fixture != null) {
            fixture.close();
        }
    }

    /** Whether the connection is over, with nothing said; a reset says so too. */
    private static boolean isClosed(RawClient client) {
        try {
            return client.line() == null;
        } catch (RuntimeException e) {
            if (e.getCause() instanceof SocketException) {
                return true;
            }
            throw e;
        }
    }

    @Test
    void aTrustedProxyNamesTheClientOfEachOfItsConnections() {
        TcpServer server = serve("127.0.0.0/8, ::1", Duration.ofMinutes(1));
        for (String header : List.of(LINE, BINARY)) {
            RawClient client = fixture.connect(server);
            assertThat(client.send(header + GET).answer().body()).isEqualTo("192.0.2.7 8080");
            assertThat(client.get("/again").body()).isEqualTo("192.0.2.7 8080");
        }
        for (String header : List.of(LOCAL, "PROXY UNKNOWN\r\n")) {
            assertThat(fixture.connect(server).send(header + GET).answer().body()).startsWith("127.0.0.1 ");
        }
    }

    @Test
    void aHeaderMayComeByteByByte() {
        TcpServer server = serve("127.0.0.1", Duration.ofMinutes(1));
        for (String header : List.of(LINE, BINARY)) {
            RawClient client = fixture.connect(server);
            for (byte each : (header + GET).getBytes(StandardCharsets.ISO_8859_1)) {
                client.send(new byte[]{each});
            }
            assertThat(client.answer().body()).isEqualTo("192.0.2.7 8080");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {GET, "PROXY TCP9 x\r\n" + GET, "\r\n\r\n\0\r\nQUIT\nxxxx", "PROXY "})
    void aTrustedProxyWithoutAProperHeaderInTimeIsDisconnected(String begins) {
        TcpServer server = serve("127.0.0.1", Duration.ofMillis(200));
        assertThat(isClosed(fixture.connect(server).send(begins))).isTrue();
        HttpFixture.await("none is left", () -> server.connections() == 0);
    }

    @Test
    void aStrangerIsServedAsItselfAndDisconnectedIfItSendsAHeader() {
        TcpServer server = serve("192.0.2.0/24", Duration.ofMillis(200));
        assertThat(fixture.connect(server).get("/").body()).startsWith("127.0.0.1 ");
        RawClient slow = fixture.connect(server);
        for (byte each : ("PUT / HTTP/1.1\r\nHost: h\r\n\r\n").getBytes(StandardCharsets.US_ASCII)) {
            slow.send(new byte[]{each});
        }
        assertThat(slow.answer().body()).as("begins as a header does").startsWith("127.0.0.1 ");
        for (String header : List.of(LINE, BINARY)) {
            assertThat(isClosed(fixture.connect(server).send(header + GET))).isTrue();
        }
    }

    @Test
    void whoIsTrustedChangesWhileItRuns() {
        TcpServer server = serve("", Duration.ofMinutes(1));
        assertThat(fixture.connect(server).send(LINE + GET).answer().status()).isEqualTo(400);
        server.reconfigure(config("127.0.0.1", Duration.ofMinutes(1))).join();
        assertThat(fixture.connect(server).send(LINE + GET).answer().body()).isEqualTo("192.0.2.7 8080");
    }

    @Test
    void aServerThatDrainsAnswersWhatHasComeAndWaitsForNoHeader() {
        TcpServer server = serve("127.0.0.1", Duration.ofMinutes(1));
        RawClient silent = fixture.connect(server);
        RawClient asked = fixture.connect(server);
        HttpFixture.await("both are connected", () -> server.connections() == 2);
        asked.send(BINARY + GET);
        assertThat(asked.answer().body()).isEqualTo("192.0.2.7 8080");
        assertThat(server.drain(Duration.ofMinutes(1))).isZero();
        assertThat(isClosed(silent)).isTrue();
    }

    @Test
    void curlAsksOverTlsBehindItsHeader(@TempDir Path directory) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "curl is not installed");
        fixture = new HttpFixture(transport, 1);
        ServerConfig config = config("127.0.0.1", Duration.ofMinutes(1));
        SslContext context = SslContextBuilder.forServer(Certificates.of(directory, "server").keys())
                .applicationProtocolConfig(HttpProtocol.APPLICATION_PROTOCOLS).build();
        TcpServer server = fixture.bind(config, Tls.over(() -> context, fixture.engine().offload(),
                new HttpProtocol(
                        (request, response) -> response.send(request.version() + " " + request.tls().getProtocol()
                                + " " + request.remoteAddress().getAddress().getHostAddress()),
                        config)));
        String local = "127.0.0.1:" + server.port();
        Process curl = new ProcessBuilder("curl", "-sS", "-k", "--max-time", "60", "--haproxy-protocol",
                "https://" + local + "/").redirectErrorStream(true).start();
        String said = new String(curl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(curl.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(said).isEqualTo("HTTP/2.0 TLSv1.3 127.0.0.1");
    }
}
