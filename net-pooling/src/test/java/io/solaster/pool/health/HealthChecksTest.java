package io.solaster.pool.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

import io.netty.handler.ssl.SslContext;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.CheckConfig;
import io.solaster.config.pool.CheckConfig.Type;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHealthConfig;
import io.solaster.config.pool.RespConfig;
import io.solaster.config.pool.SslConfig;
import io.solaster.config.value.TlsProvider;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.pool.Endpoint;
import io.solaster.pool.EndpointState;
import io.solaster.pool.Resolver;
import io.solaster.pool.TestCertificates;
import io.solaster.pool.TestEngines;
import io.solaster.pool.Upstream;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstreams;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Checks against real servers on the loopback. */
class HealthChecksTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final List<AutoCloseable> open = new ArrayList<>();
    private Engine engine;
    private Resolver resolver;

    @BeforeEach
    void start() {
        engine = TestEngines.start(Transport.AUTO, 2);
        resolver = host -> engine.offload().call(() -> List.of(InetAddress.getAllByName(host)));
    }

    @AfterEach
    void stop() throws Exception {
        engine.close();
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NIO", "EPOLL", "IO_URING"})
    void acceptingIsEnoughForTcpOnEveryTransport(Transport transport) throws Exception {
        engine.close();
        engine = TestEngines.start(transport, 1);
        assertThat(failure(config(Type.TCP), server(socket -> socket.getInputStream().read()))).isNull();
        assertThat(failure(config(Type.TCP), refusing())).hasMessageContaining("refused");
    }

    @Test
    void aServerThatIsSilentIsGivenUpAndItsConnectionClosed() throws Exception {
        List<String> ended = new CopyOnWriteArrayList<>();
        Endpoint silent = server(socket -> {
            while (socket.getInputStream().read() >= 0) {
                // It listens, and says nothing.
            }
            ended.add("closed");
        });
        CheckConfig check = CheckConfig.of(Type.HTTP, Duration.ofSeconds(60), Duration.ofMillis(200));
        try (Upstream upstream = Upstreams.start(engine, "silent", config(check), Discovery.of(List.of(silent)))) {
            TestEngines.until("it is unhealthy", () -> TestEngines.get(upstream.status()).endpoints().getFirst()
                    .state() == EndpointState.UNHEALTHY);
            assertThat(TestEngines.get(upstream.status()).endpoints().getFirst().why())
                    .isEqualTo("no answer within 200 ms");
            TestEngines.until("its connection is closed", () -> ended.size() == 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"200, ", "204, ", "399, ", "500, 500", "404, 404", "100, closed"})
    void httpGoesByTheStatus(int status, String complaint) throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        Endpoint server = server(socket -> {
            asked.add(head(socket.getInputStream()));
            say(socket, "HTTP/1.1 " + status + " So\r\nContent-Length: 1000000\r\n\r\nno more than this");
        });
        Throwable failure = failure(config(Type.HTTP), server);
        if (complaint == null) {
            assertThat(failure).isNull();
        } else if (!complaint.equals("closed")) {
            assertThat(failure).hasMessage("GET / was answered " + complaint + ", not 200 to 399");
        } else {
            assertThat(failure).isNotNull();
        }
        assertThat(asked.getFirst()).startsWith("GET / HTTP/1.1\r\n").containsIgnoringCase("host: " + server.address());
    }

    @Test
    void httpAsksForThePathAndTheHostThatItIsTold() throws Exception {
        List<String> asked = new CopyOnWriteArrayList<>();
        Endpoint server = server(socket -> {
            asked.add(head(socket.getInputStream()));
            say(socket, "HTTP/1.1 418 I'm a teapot\r\n\r\n");
        });
        CheckConfig check = new CheckConfig(Type.HTTP, TIMEOUT, TIMEOUT, 2, 3, "/well?deep=1", "orders.example",
                418, 418);
        assertThat(failure(config(check), server)).isNull();
        assertThat(asked.getFirst()).startsWith("GET /well?deep=1 HTTP/1.1\r\n")
                .containsIgnoringCase("host: orders.example\r\n");
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP", "RESP"})
    void whatSpeaksSomethingElseOrHangsUpIsNotWell(Type type) throws Exception {
        assertThat(failure(config(type), server(socket -> say(socket, "SSH-2.0-OpenSSH_9.9\r\n\r\n")))).isNotNull();
        assertThat(failure(config(type), server(Socket::close))).isNotNull();
        assertThat(failure(config(type), refusing())).hasMessageContaining("refused");
    }

    @Test
    void respWantsPong() throws Exception {
        PoolConfig config = Changed.with(config(Type.RESP), "resp", new RespConfig(2, null, null, 0, null, 64));
        assertThat(failure(config, redis(Map.of("PING", "+PONG\r\n")))).isNull();
        assertThat(failure(config, redis(Map.of("PING", "-LOADING Redis is loading the dataset in memory\r\n"))))
                .hasMessageContaining("LOADING");
    }

    @Test
    void respProvesWhoWeAre() throws Exception {
        Map<String, String> answers = Map.of("PING", "+PONG\r\n", "AUTH",
                "-WRONGPASS invalid username-password pair\r\n");
        PoolConfig config = Changed.with(config(Type.RESP), "resp", new RespConfig(2, "us", "secret", 0, null, 64));
        assertThat(failure(config, redis(answers))).hasMessageContaining("WRONGPASS");
        assertThat(failure(config, redis(Map.of("PING", "+PONG\r\n", "AUTH", "+OK\r\n")))).isNull();
    }

    @Test
    void tlsWantsACertificateThatIsGoodStill() throws Exception {
        TestCertificates good = TestCertificates.local();
        TestCertificates expired = TestCertificates.expired();
        assertThat(failure(encrypted(Type.TLS), tlsServer(good), good.client(null))).isNull();
        assertThat(failure(encrypted(Type.TLS), tlsServer(expired), expired.client(null)))
                .hasStackTraceContaining("CertificateExpiredException");
        assertThat(failure(encrypted(Type.TLS), tlsServer(good), expired.client(null))).as("of somebody else")
                .isNotNull();
        assertThat(failure(encrypted(Type.TLS), refusing(), good.client(null))).hasMessageContaining("refused");
        assertThat(failure(encrypted(Type.TCP), tlsServer(expired), expired.client(null))).as("it accepts").isNull();
        assertThatIllegalArgumentException().isThrownBy(() -> HealthChecks.of(engine, resolver, null)
                .apply(config(Type.TLS))).withMessageContaining("ssl.bundle");
    }

    @Test
    void httpIsAskedOverTlsWhereThePoolIsEncrypted() throws Exception {
        TestCertificates good = TestCertificates.local();
        assertThat(failure(encrypted(Type.HTTP), tlsServer(good), good.client(null))).isNull();
    }

    @Test
    void noneIsNoCheck() {
        assertThat(HealthChecks.of(engine, resolver, null).apply(config(Type.NONE))).isNull();
    }

    private @Nullable Throwable failure(PoolConfig config, Endpoint endpoint) {
        return failure(config, endpoint, null);
    }

    /** What a check says against an endpoint; null if nothing. */
    private @Nullable Throwable failure(PoolConfig config, Endpoint endpoint, @Nullable SslContext tls) {
        HealthCheck check = HealthChecks.of(engine, resolver, tls == null ? null : () -> tls).apply(config);
        return TestEngines.get(engine.submitStageTo(0, CallOptions.DEFAULTS,
                () -> check.check(Shard.current(), endpoint).handle((good, failure) -> failure)));
    }

    private static PoolConfig config(Type type) {
        return config(CheckConfig.of(type, TIMEOUT, TIMEOUT));
    }

    private static PoolConfig config(CheckConfig check) {
        return Changed.with(PoolConfig.of(PoolConfig.Protocol.HTTP), "health",
                Changed.with(PoolHealthConfig.defaults(), "check", check));
    }

    private static PoolConfig encrypted(Type type) {
        return config(type).withSsl(new SslConfig(null, true, null, true, TlsProvider.AUTO));
    }

    /** What a server does with each connection. */
    private interface Service {
        void serve(Socket socket) throws IOException;
    }

    private Endpoint server(Service service) throws IOException {
        return serve(new ServerSocket(), service);
    }

    private Endpoint serve(ServerSocket server, Service service) throws IOException {
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        open.add(server);
        Thread.ofPlatform().daemon().start(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    service.serve(socket);
                } catch (IOException e) {
                    // The client has hung up, or the test is over.
                }
            }
        });
        return Endpoint.of("127.0.0.1", server.getLocalPort());
    }

    private Endpoint refusing() throws IOException {
        try (ServerSocket server = new ServerSocket()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return Endpoint.of("127.0.0.1", server.getLocalPort());
        }
    }

    /** Answers each command, by its first word, once. */
    private Endpoint redis(Map<String, String> answers) throws IOException {
        return server(socket -> {
            StringBuilder said = new StringBuilder();
            InputStream in = socket.getInputStream();
            for (int next = in.read(); next >= 0; next = in.read()) {
                said.append((char) next);
                for (var answer : answers.entrySet()) {
                    // An array of bulk strings that has come to its end.
                    if (said.indexOf(answer.getKey()) >= 0 && isWhole(said.toString())) {
                        say(socket, answer.getValue());
                        said.setLength(0);
                        break;
                    }
                }
            }
        });
    }

    private static boolean isWhole(String command) {
        String[] lines = command.split("\r\n", -1);
        int words = Integer.parseInt(lines[0].substring(1));
        return lines.length == 2 * words + 2 && lines[lines.length - 1].isEmpty();
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                break;
            }
            head.append((char) next);
        }
        return head.toString();
    }

    private static void say(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    private Endpoint tlsServer(TestCertificates shown) throws Exception {
        return serve(shown.serverOfTheJdk().getServerSocketFactory().createServerSocket(), socket -> {
            head(socket.getInputStream());
            say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
    }
}
