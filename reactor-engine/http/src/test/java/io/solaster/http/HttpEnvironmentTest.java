package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.env.Environment;
import io.solaster.engine.env.ForwardingEnvironment;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.server.HttpProtocol;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server asks the engine's environment what day it is. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class HttpEnvironmentTest {

    /** The machine's, but for the time of day, which stands. */
    private static final class NewYear extends ForwardingEnvironment {

        NewYear() {
            super(Environment.SYSTEM);
        }

        @Override
        public InstantSource wallClock() {
            return InstantSource.fixed(Instant.parse("2030-01-01T00:00:00Z"));
        }
    }

    @Test
    void asksTheEnvironment() throws IOException {
        ServerConfig config = ServerConfig.of("http", 0);
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER),
                new NewYear());
                TcpServer server = TcpServer.bind(engine, "web", config,
                        new HttpProtocol((request, response) -> response.send("hello"), config));
                Socket client = new Socket("127.0.0.1", server.port())) {
            client.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .contains("Date: Tue, 01 Jan 2030 00:00:00 GMT\r\n").endsWith("hello");
        }
    }
}
