package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

import io.solaster.config.Changed;
import io.solaster.config.server.ProxyProtocolConfig;
import io.solaster.config.server.ServerConfig;
import org.junit.jupiter.api.Test;

/** Clients behind a trusted proxy are known, and let in or not, by their own address. */
class ProxiedClientsTest {
    private static final ServerConfig CONFIG = Changed.with(StoreFixture.config(), "proxyProtocol",
            new ProxyProtocolConfig("127.0.0.1", Duration.ofMinutes(1)));

    private static String ask(ServerConfig config) throws Exception {
        try (StoreFixture.Server server = StoreFixture.of(1).serve(config);
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.tcp().port())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write("PROXY TCP4 192.0.2.7 10.0.0.1 8080 443\r\nCLIENT INFO\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
            BufferedReader lines = new BufferedReader(
                    new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            String first = lines.readLine();
            return first.startsWith("$") ? lines.readLine() : first;
        }
    }

    @Test
    void theClientsAddressIsListed() throws Exception {
        assertThat(ask(CONFIG.withProtectedMode(false))).contains(" addr=192.0.2.7:8080 ");
    }

    @Test
    void protectedModeLooksAtTheClient() throws Exception {
        assertThat(ask(CONFIG)).startsWith("-DENIED");
    }
}
