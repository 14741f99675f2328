package io.solaster.load.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.Tls;
import io.solaster.http.HttpHandler;
import io.solaster.http.server.HttpProtocol;
import io.solaster.load.LoadReport;
import io.solaster.load.report.JsonReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(90)
class TlsTest {
    private static final String PASSWORD = "changeit";

    @TempDir
    private Path folder;

    private SslContext context() throws Exception {
        Path file = folder.resolve("server.p12");
        assertThat(
                new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair",
                        "-alias", "key", "-keyalg", "EC", "-dname", "CN=test", "-validity", "7", "-storetype", "PKCS12",
                        "-keystore", file.toString(), "-storepass", PASSWORD).start().waitFor())
                .isZero();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD.toCharArray());
        return SslContextBuilder.forServer(keys)
                .applicationProtocolConfig(new ApplicationProtocolConfig(ApplicationProtocolConfig.Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE, SelectedListenerFailureBehavior.ACCEPT, "h2", "http/1.1"))
                .build();
    }

    @Test
    void anEncryptedServerIsLoadedAndAStrangerIsNot() throws Exception {
        SslContext context = context();
        HttpHandler handler = (request, response) -> response.send("hello");
        ServerConfig config = ServerConfig.of("http", 0);
        Path json = folder.resolve("a.json");
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER));
                TcpServer server = TcpServer.bind(engine, "web", config,
                        Tls.over(() -> context, engine.offload(), new HttpProtocol(handler, config)))) {
            String url = "https://127.0.0.1:" + server.port() + "/";
            for (List<String> more : List.of(List.of("--insecure"), List.of("--insecure", "--h2"))) {
                StringWriter err = new StringWriter();
                String[] args = Stream.concat(Stream.of(url, "--rate", "400", "--for",
                        "250ms", "--warm-up", "0s", "--json", json.toString()), more.stream()).toArray(String[]::new);
                assertThat(Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err, true), args))
                        .as(err.toString()).isIn(0, Program.INVALID);
                LoadReport report = JsonReport.read(json);
                assertThat(report.errors()).isEmpty();
                assertThat(report.answered()).isEqualTo(99);
            }
            StringWriter err = new StringWriter();
            assertThat(Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err, true), url)).isEqualTo(1);
            assertThat(err.toString().lines()).singleElement().asString().contains("no connection to " + url)
                    .contains("certification path");
        }
    }
}
