package io.solaster.http.websocket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.WebSocketCompressionConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.server.HttpProtocol;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A page that talks with the server it came from, in a real browser, with and without compression. */
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class WebSocketBrowserTest {
    private static final String PAGE = """
            <!doctype html><title>WebSocket</title><script>
            const socket = new WebSocket(`${location.protocol == 'https:' ? 'wss' : 'ws'}://${location.host}/ws`, ['nonsense', 'test']);
            socket.binaryType = 'arraybuffer';
            const long = 'grüße € 😀 '.repeat(20000);
            const bytes = new Uint8Array(200000).map((each, i) => i * 7);
            const wanted = ['short', long, '', bytes.length];
            socket.onopen = () => { socket.send('short'); socket.send(long); socket.send(''); socket.send(bytes); };
            socket.onmessage = event => {
                const got = typeof event.data == 'string' ? event.data : event.data.byteLength;
                if (got !== wanted.shift()) { socket.send('wrong: ' + String(got).slice(0, 50)); }
                if (!wanted.length) { socket.send(`report ${socket.protocol} [${socket.extensions}]`); socket.close(4321, 'bye'); }
            };
            socket.onclose = event => { fetch(`/closed?${event.code}-${event.wasClean}`); };
            </script>""";

    @TempDir
    private Path profile;

    @Test
    void talksWithAPage() throws Exception {
        assertThat(page(WebSocketConfig.defaults(), null)).containsExactly("report test []", "closed 4321 bye",
                "4321-true");
    }

    @Tag("full")
    @Test
    void talksWithAPageOverHttp2() throws Exception {
        SslContext context = SslContextBuilder.forServer(keys())
                .applicationProtocolConfig(HttpProtocol.APPLICATION_PROTOCOLS).build();
        assertThat(page(WebSocketConfig.defaults(), context)).containsExactly("report test []", "closed 4321 bye",
                "4321-true");
        assertThat(page(Changed.with(WebSocketConfig.defaults(), "compression",
                new WebSocketCompressionConfig(true, 6, new ByteSize(1), true)), context).getFirst())
                .startsWith("report test [permessage-deflate");
    }

    /** A key and a certificate that it signs itself, made by the JDK's keytool. */
    private KeyManagerFactory keys() throws Exception {
        char[] password = "changeit".toCharArray();
        Path file = profile.resolve("keys.p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair", "-alias", "key", "-keyalg", "EC", "-dname", "CN=localhost", "-ext", "san=ip:127.0.0.1",
                "-validity", "7", "-storetype", "PKCS12", "-keystore", file.toString(), "-storepass",
                new String(password)).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        assertThat(keytool.waitFor()).isZero();
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(KeyStore.getInstance(file.toFile(), password), password);
        return keys;
    }

    @Tag("full")
    @Test
    void talksWithAPageCompressed() throws Exception {
        for (boolean takeover : new boolean[]{false, true}) {
            List<String> told = page(Changed.with(WebSocketConfig.defaults(), "compression",
                    new WebSocketCompressionConfig(true, 6, new ByteSize(1), takeover)), null);
            assertThat(told.getFirst()).startsWith("report test [permessage-deflate");
            assertThat(told.subList(1, 3)).containsExactly("closed 4321 bye", "4321-true");
        }
    }

    /**
     * What the page reported.
     *
     * @param tls null for plain HTTP/1.1
     */
    private List<String> page(WebSocketConfig config, @Nullable SslContext tls) throws Exception {
        Optional<Path> chromium = Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser").map(Path::of)
                .filter(Files::isExecutable).findFirst();
        assumeTrue(chromium.isPresent(), "chromium is not installed (apt-get install chromium)");
        LinkedBlockingQueue<String> reports = new LinkedBlockingQueue<>();
        try (SocketFixture fixture = new SocketFixture(Transport.AUTO, 2, null)) {
            fixture.sockets().reconfigure(config);
            WebSocketHandler sockets = fixture.sockets().handler(new Recorder() {
                @Override
                public void text(WebSocket socket, String text) throws Exception {
                    if (text.startsWith("report") || text.startsWith("wrong")) {
                        reports.add(text);
                    } else {
                        socket.send(text);
                    }
                }

                @Override
                public void closed(WebSocket socket, int code, String reason) {
                    reports.add("closed " + code + " " + reason);
                }
            }).withSubprotocols("test");
            TcpServer server = fixture.serve(tls, (request, response) -> {
                switch (request.path()) {
                    case "/ws" -> {
                        if (request.version().majorVersion() != (tls == null ? 1 : 2)) {
                            reports.add("wrong: " + request.version());
                        }
                        sockets.handle(request, response);
                    }
                    case "/closed" -> {
                        reports.add(String.valueOf(request.rawQuery()));
                        response.send();
                    }
                    default -> response.header("Content-Type", "text/html;charset=UTF-8").send(PAGE);
                }
            });
            Process browser = new ProcessBuilder(chromium.get().toString(), "--headless", "--no-sandbox",
                    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", "--user-data-dir=" + profile,
                    "--remote-debugging-port=0", "--ignore-certificate-errors",
                    (tls == null ? "http" : "https") + "://127.0.0.1:" + server.port() + "/")
                    .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            try {
                List<String> lines = new ArrayList<>();
                while (lines.size() < 3) {
                    String line = reports.poll(100, TimeUnit.SECONDS);
                    assertThat(line).as("after %s", lines).isNotNull();
                    lines.add(line);
                }
                return lines;
            } finally {
                browser.descendants().forEach(ProcessHandle::destroyForcibly);
                browser.destroyForcibly().waitFor();
            }
        }
    }
}
