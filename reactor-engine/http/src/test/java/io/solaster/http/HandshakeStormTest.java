package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

import ch.qos.logback.classic.Level;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.OffloadConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Offload;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.http.files.StaticFiles;
import io.solaster.http.server.HttpProtocol;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files on a plain port beside one for TLS that more clients greet than there are threads for. */
class HandshakeStormTest {
    private static final ServerConfig CONFIG = ServerConfig.of("http", 0);
    private static final int THREADS = 2;
    private static final int WAITING = 16;
    private static final int FILES = 40;

    @TempDir
    private Path directory;

    @Test
    void filesAreServedWhileHandshakesPileUp() throws Exception {
        Certificates server = Certificates.of(directory, "server");
        Path root = Files.createDirectories(directory.resolve("web"));
        for (int i = 0; i < FILES; i++) {
            Files.writeString(root.resolve(i + ".txt"), "file " + i);
        }
        Slow keys = new Slow((X509ExtendedKeyManager) server.keys().getKeyManagers()[0]);
        SslContext context = SslContextBuilder.forServer(keys).sslProvider(SslProvider.JDK)
                .applicationProtocolConfig(HttpProtocol.APPLICATION_PROTOCOLS).build();
        try (Logged logged = new Logged("io.solaster", "io.netty");
                HttpFixture fixture = new HttpFixture(Changed.with(EngineConfig.defaults().withShards(1), "offload",
                        OffloadConfig.of(THREADS, WAITING)))) {
            Offload offload = fixture.engine().offload();
            TcpServer plain = fixture.serve(StaticFiles.of(root));
            TcpServer tls = fixture.bind(CONFIG, Tls.over(() -> context, offload,
                    new HttpProtocol((request, response) -> response.send("greeted"), CONFIG)));
            byte[] hello = hello(server.client(null));
            for (int i = 0; i < THREADS + WAITING + 10; i++) {
                Socket greets = fixture.open(new Socket(InetAddress.getLoopbackAddress(), tls.port()));
                greets.getOutputStream().write(hello);
            }
            HttpFixture.await("handshakes have no room left", () -> offload.active(Purpose.HANDSHAKES) == THREADS
                    && offload.queued(Purpose.HANDSHAKES) == WAITING && offload.rejected(Purpose.HANDSHAKES) > 0);

            RawClient client = fixture.connect(plain);
            for (int i = 0; i < FILES; i++) {
                assertThat(client.get("/" + i + ".txt").body()).isEqualTo("file " + i);
            }
            assertThat(offload.rejected(Purpose.FILES)).isZero();
            assertThat(offload.queued(Purpose.HANDSHAKES)).as("all that while they wait").isEqualTo(WAITING);

            keys.goOn.countDown();
            HttpFixture.await("those that had room are served", () -> offload.queued(Purpose.HANDSHAKES) == 0);
            try (RawClient late = fixture.open(new RawClient(
                    server.client(null).getSocketFactory().createSocket(InetAddress.getLoopbackAddress(),
                            tls.port())))) {
                assertThat(late.get("/").body()).isEqualTo("greeted");
            }
            assertThat(logged.lines(Level.WARN)).singleElement().asString().contains("its handshake was refused");
        } finally {
            keys.goOn.countDown();
        }
    }

    /** What a client says first. */
    private static byte[] hello(SSLContext client) throws Exception {
        SSLEngine engine = client.createSSLEngine();
        engine.setUseClientMode(true);
        ByteBuffer into = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), into);
        return Arrays.copyOf(into.array(), into.position());
    }

    /** As long as nobody says to go on, a handshake does not get beyond the choice of a key. */
    private static final class Slow extends X509ExtendedKeyManager {
        private final CountDownLatch goOn = new CountDownLatch(1);
        private final X509ExtendedKeyManager keys;

        Slow(X509ExtendedKeyManager keys) {
            this.keys = keys;
        }

        @Override
        public String chooseEngineServerAlias(String type, Principal[] issuers, SSLEngine engine) {
            try {
                assertThat(goOn.await(HttpFixture.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return keys.chooseEngineServerAlias(type, issuers, engine);
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return keys.chooseServerAlias(type, issuers, socket);
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return keys.chooseClientAlias(types, issuers, socket);
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return keys.getClientAliases(type, issuers);
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return keys.getServerAliases(type, issuers);
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return keys.getCertificateChain(alias);
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return keys.getPrivateKey(alias);
        }
    }
}
