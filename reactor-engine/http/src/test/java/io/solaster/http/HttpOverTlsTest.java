package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;

import ch.qos.logback.classic.Level;
import io.netty.buffer.Unpooled;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.Http2Config;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.http.server.HttpProtocol;
import io.solaster.http.websocket.WebSocketListener;
import io.solaster.http.websocket.WebSockets;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class HttpOverTlsTest {
    private static final ServerConfig CONFIG = ServerConfig.of("http", 0);
    @TempDir
    private static Path directory;
    private static Certificates server;
    private static Certificates other;
    private static HttpFixture fixture;

    private static final HttpHandler HANDLER = (request, response) -> {
        String client = "nobody";
        try {
            client = ((X509Certificate) request.tls().getPeerCertificates()[0]).getSubjectX500Principal().getName();
        } catch (SSLPeerUnverifiedException e) {
            // It has shown none.
        }
        response.send(request.path() + " " + request.tls().getProtocol() + " " + client);
    };

    @BeforeAll
    static void start() throws Exception {
        server = Certificates.of(directory, "server");
        other = Certificates.of(directory, "other");
        fixture = new HttpFixture(Transport.AUTO, 1);
    }

    @AfterEach
    void closeAll() throws Exception {
        fixture.closeAll();
    }

    @AfterAll
    static void stop() throws Exception {
        fixture.close();
    }

    private static SslContextBuilder context(Certificates of) throws Exception {
        return SslContextBuilder.forServer(of.keys()).applicationProtocolConfig(HttpProtocol.APPLICATION_PROTOCOLS);
    }

    private static TcpServer serve(HttpHandler handler, SslContext context) {
        return fixture.bind(CONFIG,
                Tls.over(() -> context, fixture.engine().offload(), new HttpProtocol(handler, CONFIG)));
    }

    private static RawClient connect(TcpServer to, SSLContext with) throws IOException {
        SSLSocket socket = (SSLSocket) with.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(),
                to.port());
        socket.setSoTimeout((int) HttpFixture.PATIENCE.toMillis());
        socket.startHandshake();
        return new RawClient(socket);
    }

    @Test
    void servesOverTls() throws Exception {
        TcpServer tls = serve(HANDLER, context(server).build());
        try (RawClient client = connect(tls, server.client(null))) {
            assertThat(client.get("/a").body()).isEqualTo("/a TLSv1.3 nobody");
            client.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n".repeat(3));
            for (int i = 0; i < 3; i++) {
                assertThat(client.answer().body()).startsWith("/b");
            }
            assertThat(client.send("nonsense\r\n\r\n").answer().status()).isEqualTo(400);
            assertThat(client.rest()).isEmpty();
        }
    }

    @Test
    void streamsMuchOverTls() throws Exception {
        TcpServer tls = serve((request, response) -> {
            ResponseStream stream = response.stream();
            int[] sent = new int[1];
            Runnable pump = new Runnable() {
                @Override
                public void run() {
                    while (sent[0]++ < 500) {
                        if (!stream.write(Unpooled.wrappedBuffer(new byte[16 << 10]))) {
                            return;
                        }
                    }
                    stream.end();
                }
            };
            stream.onWritable(pump);
            pump.run();
        }, context(server).build());
        try (RawClient client = connect(tls, server.client(null))) {
            assertThat(client.get("/").body()).hasSize(500 * (16 << 10));
        }
    }

    @ParameterizedTest
    @EnumSource(HttpClient.Version.class)
    void theJdksClientAgreesOnItsVersion(HttpClient.Version version) throws Exception {
        TcpServer tls = serve(HANDLER, context(server).build());
        try (HttpClient client = HttpClient.newBuilder().sslContext(server.client(null)).version(version)
                .connectTimeout(HttpFixture.PATIENCE).build()) {
            java.net.http.HttpResponse<String> answer = client.send(
                    java.net.http.HttpRequest.newBuilder(URI.create("https://localhost:" + tls.port() + "/jdk"))
                            .timeout(Duration.ofSeconds(60)).build(),
                    BodyHandlers.ofString());
            assertThat(answer.version()).isEqualTo(version);
            assertThat(answer.body()).isEqualTo("/jdk TLSv1.3 nobody");
        }
    }

    @Test
    void http2IsNotOfferedWhereItIsSwitchedOff() throws Exception {
        ServerConfig off = CONFIG.withHttp(
                HttpConfig.defaults().withHttp2(Http2Config.defaults().withEnabled(false)));
        HttpProtocol protocol = new HttpProtocol(HANDLER, off);
        assertThat(protocol.applicationProtocols()).isSameAs(HttpProtocol.HTTP_1_ONLY);
        assertThat(new HttpProtocol(HANDLER, CONFIG).applicationProtocols())
                .isSameAs(HttpProtocol.APPLICATION_PROTOCOLS);
        SslContext context = context(server).applicationProtocolConfig(protocol.applicationProtocols()).build();
        TcpServer tls = fixture.bind(off, Tls.over(() -> context, fixture.engine().offload(), protocol));
        try (HttpClient client = HttpClient.newBuilder().sslContext(server.client(null)).build()) {
            assertThat(client.send(get(tls, "/x"), BodyHandlers.ofString()).version())
                    .isEqualTo(HttpClient.Version.HTTP_1_1);
        }
    }

    private static java.net.http.HttpRequest get(TcpServer tls, String path) {
        return java.net.http.HttpRequest.newBuilder(URI.create("https://localhost:" + tls.port() + path))
                .timeout(HttpFixture.PATIENCE).build();
    }

    @Test
    void manyLargeBodiesShareAConnection() throws Exception {
        HttpHandler sum = HttpHandler.async((request, response) -> request.body().whole()
                .thenAccept(body -> response.send(body.retain())));
        TcpServer tls = serve(sum, context(server).build());
        try (HttpClient client = HttpClient.newBuilder().sslContext(server.client(null)).build()) {
            List<CompletableFuture<java.net.http.HttpResponse<byte[]>>> answers = new ArrayList<>();
            // The first agrees on the version, and the others follow on its connection.
            client.send(get(tls, "/"), BodyHandlers.discarding());
            for (int i = 0; i < 40; i++) {
                byte[] body = new byte[300_000 + i];
                answers.add(client.sendAsync(java.net.http.HttpRequest
                        .newBuilder(URI.create("https://localhost:" + tls.port() + "/" + i))
                        .timeout(HttpFixture.PATIENCE).POST(BodyPublishers.ofByteArray(body)).build(),
                        BodyHandlers.ofByteArray()));
            }
            for (int i = 0; i < 40; i++) {
                java.net.http.HttpResponse<byte[]> answer = answers.get(i).get(60, TimeUnit.SECONDS);
                assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
                assertThat(answer.body()).hasSize(300_000 + i);
            }
            assertThat(tls.accepted()).isEqualTo(1);
        }
    }

    @Test
    void asksClientsOfHttp2WhoTheyAre() throws Exception {
        TcpServer tls = serve(HANDLER,
                context(server).clientAuth(ClientAuth.REQUIRE).trustManager(other.trust()).build());
        try (HttpClient client = HttpClient.newBuilder().sslContext(server.client(other)).build()) {
            java.net.http.HttpResponse<String> answer = client.send(get(tls, "/me"), BodyHandlers.ofString());
            assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
            assertThat(answer.body()).isEqualTo("/me TLSv1.3 CN=other");
        }
    }

    @Test
    void theJdksClientTalksByWebSocketOverTls() throws Exception {
        WebSockets sockets = WebSockets.on(fixture.engine(), WebSocketConfig.defaults());
        TcpServer tls = serve(sockets.handler(new WebSocketListener() {
            @Override
            public void text(io.solaster.http.websocket.WebSocket socket, String text) {
                socket.send(text);
            }
        }), context(server).build());
        LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (HttpClient client = HttpClient.newBuilder().sslContext(server.client(null))
                .connectTimeout(HttpFixture.PATIENCE).build()) {
            WebSocket socket = client.newWebSocketBuilder()
                    .buildAsync(URI.create("wss://localhost:" + tls.port() + "/echo"), new WebSocket.Listener() {
                        private final StringBuilder text = new StringBuilder();

                        @Override
                        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
                            text.append(part);
                            if (last) {
                                heard.add(text.toString());
                                text.setLength(0);
                            }
                            from.request(1);
                            return null;
                        }

                        @Override
                        public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
                            heard.add("closed " + code);
                            return null;
                        }
                    }).get(60, TimeUnit.SECONDS);
            // More than a record of TLS, and than a read.
            for (String text : new String[]{"short", "gr\u00fc\u00dfe \u20ac ".repeat(50_000), ""}) {
                socket.sendText(text, true).get(60, TimeUnit.SECONDS);
                assertThat(heard.poll(60, TimeUnit.SECONDS)).isEqualTo(text);
            }
            socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(60, TimeUnit.SECONDS);
            assertThat(heard.poll(60, TimeUnit.SECONDS)).isEqualTo("closed 1000");
        }
    }

    @Test
    void asksClientsWhoTheyAre() throws Exception {
        TcpServer tls = serve(HANDLER,
                context(server).clientAuth(ClientAuth.REQUIRE).trustManager(other.trust()).build());
        try (RawClient client = connect(tls, server.client(other))) {
            assertThat(client.get("/me").body()).isEqualTo("/me TLSv1.3 CN=other");
        }
        assertThatThrownBy(() -> {
            try (RawClient stranger = connect(tls, server.client(null))) {
                stranger.get("/me");
            }
        }).isInstanceOfAny(IOException.class, UncheckedIOException.class, AssertionError.class);
    }

    @Test
    void takesTheCertificateOfTheMoment() throws Exception {
        AtomicReference<SslContext> current = new AtomicReference<>(context(server).build());
        TcpServer tls = fixture.bind(CONFIG,
                Tls.over(current::get, fixture.engine().offload(), new HttpProtocol(HANDLER, CONFIG)));
        try (RawClient before = connect(tls, server.client(null))) {
            assertThat(before.get("/1").status()).isEqualTo(200);
            current.set(context(other).build());
            try (RawClient after = connect(tls, other.client(null))) {
                assertThat(after.get("/2").status()).isEqualTo(200);
            }
            assertThat(before.get("/3").status()).isEqualTo(200);
        }
    }

    @Test
    void whoSpeaksNoTlsIsClosed() throws Exception {
        TcpServer tls = serve(HANDLER, context(server).build());
        RawClient plain = fixture.connect(tls).send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(plain.rest()).doesNotContain("HTTP/1.1");
    }

    private static SSLSocket socket(TcpServer to, String... protocols) throws Exception {
        SSLSocket socket = (SSLSocket) server.client(null).getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), to.port());
        socket.setSoTimeout((int) HttpFixture.PATIENCE.toMillis());
        socket.setEnabledProtocols(protocols);
        return socket;
    }

    @Test
    void aClientGetsOneHandshake() throws Exception {
        TcpServer tls = serve(HANDLER, context(server).build());
        try (Logged logged = new Logged("io.solaster", "io.netty")) {
            for (int i = 0; i < 3; i++) {
                SSLSocket socket = socket(tls, "TLSv1.2");
                RawClient client = new RawClient(socket);
                assertThat(client.get("/a").body()).startsWith("/a TLSv1.2");
                assertThatThrownBy(() -> {
                    socket.startHandshake();
                    client.get("/b");
                }).isInstanceOfAny(IOException.class, UncheckedIOException.class, AssertionError.class);
                client.close();
            }
            HttpFixture.await("it is told of", () -> !logged.lines(Level.WARN).isEmpty());
            assertThat(logged.lines(Level.WARN)).singleElement().asString().contains("another handshake");
            assertThat(logged.traces()).isEmpty();
        }
    }

    @Test
    void keysMayBeUpdatedWithoutAHandshake() throws Exception {
        TcpServer tls = serve(HANDLER, context(server).build());
        SSLSocket socket = socket(tls, "TLSv1.3");
        try (RawClient client = new RawClient(socket)) {
            assertThat(client.get("/a").body()).startsWith("/a TLSv1.3");
            // Over TLS 1.3 this sends a KeyUpdate.
            socket.startHandshake();
            assertThat(client.get("/b").body()).startsWith("/b TLSv1.3");
        }
    }

    @Test
    void aClientThatOffersNoProtocolOfOursIsRefused() throws Exception {
        TcpServer tls = serve(HANDLER, context(server).build());
        try (SSLSocket socket = socket(tls, "TLSv1.2", "TLSv1.3")) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[]{"spdy/3", "x"});
            socket.setSSLParameters(parameters);
            assertThatThrownBy(socket::startHandshake).isInstanceOf(IOException.class)
                    .hasMessageContaining("no_application_protocol");
        }
        try (RawClient client = connect(tls, server.client(null))) {
            assertThat(client.get("/").status()).as("one that offers none").isEqualTo(200);
        }
    }

    @Test
    void aStormOfHandshakesThatFailIsOneLine() throws Exception {
        TcpServer tls = serve(HANDLER, context(server).build());
        byte[] hello = {22, 3, 1, 0, 4, 1, 0, 0, 0};
        try (Logged logged = new Logged("io.solaster", "io.netty")) {
            for (int i = 0; i < 50; i++) {
                try (RawClient client = fixture.connect(tls)) {
                    client.send(i % 2 == 0 ? hello : "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    client.rest();
                }
            }
            assertThat(logged.lines(Level.INFO)).hasSize(1);
            assertThat(logged.traces()).isEmpty();
        }
    }
}
