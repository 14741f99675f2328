package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.engine.timer.ManualClock;
import io.solaster.http.files.StaticFiles;
import io.solaster.http.route.Router;
import io.solaster.http.server.HttpProtocol;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of files that are sent: encrypted, to clients that do not read, and where they are shorter than told. */
class SendFileTest {
    private static final ServerConfig CONFIG = ServerConfig.of("http", 0);
    private static final int SIZE = 16 << 20;

    private final ManualClock clock = new ManualClock();
    private Engine engine;
    private FileChannel sent;
    private byte[] large;

    @TempDir
    private Path directory;

    @BeforeEach
    void start() throws IOException {
        engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER), clock);
        large = new byte[SIZE];
        new Random(1).nextBytes(large);
        Files.write(directory.resolve("large"), large);
        sent = FileChannel.open(directory.resolve("large"));
    }

    @AfterEach
    void stop() throws IOException {
        engine.close();
        sent.close();
    }

    private TcpServer serve(HttpHandler handler) {
        return TcpServer.bind(engine, "web", CONFIG, new HttpProtocol(handler, CONFIG));
    }

    private void isClosed() {
        HttpFixture.await("the file is closed", () -> !sent.isOpen());
    }

    @Test
    void closesAConnectionWhoseClientDoesNotReadAndTheFileWithIt() {
        try (TcpServer server = serve((request, response) -> response.sendFile(sent, 0, SIZE));
                RawClient client = new RawClient(server.port())) {
            client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
            assertThat(client.line()).isEqualTo("HTTP/1.1 200 OK");
            HttpFixture.await("the connection is closed", () -> {
                clock.advance(Duration.ofSeconds(31));
                return server.connections() == 0;
            });
            isClosed();
        }
    }

    @Test
    void goesOnAsLongAsTheClientTakesSomething() {
        try (TcpServer server = serve((request, response) -> response.sendFile(sent, 0, SIZE));
                RawClient client = new RawClient(server.port())) {
            client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
            for (String line = client.line(); !line.isEmpty(); line = client.line()) {
                // The head.
            }
            byte[] received = new byte[SIZE];
            for (int from = 0; from < SIZE; from += 1 << 20) {
                System.arraycopy(client.read(1 << 20), 0, received, from, 1 << 20);
                // The kernel had that and more: the shard sends on before time passes, though the machine is busy.
                for (int turn = 0; turn < 2; turn++) {
                    engine.submitTo(0, () -> true).join();
                }
                clock.advance(Duration.ofSeconds(5));
            }
            assertThat(received).isEqualTo(large);
            isClosed();
        }
    }

    @Test
    void endsTheConnectionWhereTheFileIsShorterThanTold() {
        try (TcpServer server = serve((request, response) -> response.sendFile(reopened(), SIZE - 100, 1_000));
                RawClient client = new RawClient(server.port())) {
            client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
            String all = client.rest();
            assertThat(all.substring(all.indexOf("\r\n\r\n") + 4)).hasSize(100);
            isClosed();
        }
    }

    @Test
    void tellsBeforeTheHeadThatThereIsNothingToSend() {
        try (TcpServer server = serve((request, response) -> response.sendFile(reopened(), SIZE + 100L, 1_000));
                RawClient client = new RawClient(server.port())) {
            assertThat(client.get("/").status()).isEqualTo(503);
            isClosed();
            assertThat(client.get("/").status()).isEqualTo(503);
        }
    }

    private FileChannel reopened() throws IOException {
        sent = FileChannel.open(directory.resolve("large"));
        return sent;
    }

    @Test
    void sendsFilesBeyondTwoGigabytes() throws IOException {
        long position = (3L << 30) + 7;
        try (FileChannel sparse = FileChannel.open(directory.resolve("sparse"), StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
            sparse.write(ByteBuffer.wrap(Arrays.copyOf(large, 100_000)), position);
        }
        try (FileChannel file = FileChannel.open(directory.resolve("sparse"));
                TcpServer server = serve((request, response) -> response.sendFile(file, position, 100_000));
                RawClient client = new RawClient(server.port())) {
            byte[] body = client.get("/").body().getBytes(StandardCharsets.ISO_8859_1);
            assertThat(body).isEqualTo(Arrays.copyOf(large, 100_000));
        }
    }

    @Tag("full")
    @Test
    void sendsFilesEncrypted() throws Exception {
        Path store = directory.resolve("store.p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair", "-alias", "test", "-keyalg", "EC", "-dname", "CN=localhost", "-storetype", "PKCS12",
                "-keystore", store.toString(), "-storepass", "changeit").redirectErrorStream(true).start();
        assertThat(keytool.waitFor()).as(new String(keytool.getInputStream().readAllBytes())).isZero();
        KeyStore keys = KeyStore.getInstance(store.toFile(), "changeit".toCharArray());
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, "changeit".toCharArray());
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(keys);
        SslContext context = SslContextBuilder.forServer(own).sslProvider(SslProvider.JDK).build();
        Files.writeString(directory.resolve("small.txt"), "small");
        HttpHandler files = Router.builder().get("/{*path}", StaticFiles.of(directory)).build();
        SSLContext clients = SSLContext.getInstance("TLS");
        clients.init(null, trusted.getTrustManagers(), null);
        try (TcpServer server = TcpServer.bind(engine, "web", CONFIG,
                Tls.over(() -> context, engine.offload(), new HttpProtocol(files, CONFIG)));
                Socket socket = clients.getSocketFactory().createSocket("localhost", server.port());
                RawClient client = new RawClient(socket)) {
            for (int i = 0; i < 2; i++) {
                assertThat(client.get("/small.txt").body()).isEqualTo("small");
                assertThat(client.get("/large").body().getBytes(StandardCharsets.ISO_8859_1))
                        .isEqualTo(large);
            }
        }
    }
}
