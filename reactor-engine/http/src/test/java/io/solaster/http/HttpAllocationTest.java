package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.sun.management.ThreadMXBean;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.AccessLogConfig;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.route.Router;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** What the shard's thread allocates on the heap for a request that is answered at once, all in all. */
@Tag("unwatched") // what follows buffers allocates
class HttpAllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final byte[] HELLO = "Hello, World!".getBytes(StandardCharsets.US_ASCII);
    /** As a load generator sends it. */
    private static final String REQUEST = "GET /plaintext HTTP/1.1\r\nHost: localhost:8080\r\n"
            + "Accept: text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,application/xml;q=0.8,*/*;q=0.7\r\n"
            + "Connection: keep-alive\r\n\r\n";
    private static final int REQUESTS = 16_000;

    @ParameterizedTest
    @CsvSource({"/plaintext, false, 1, 200", "/plaintext, false, 16, 200", "/later, false, 1, 800",
            "/plaintext, true, 1, 200"})
    void aRequestAllocatesAtMostSoManyBytes(String path, boolean logged, int pipeline, int most) throws Exception {
        String asked = REQUEST.replace("/plaintext", path);
        Logger access = (Logger) LoggerFactory.getLogger("io.solaster.http.access.web");
        access.setAdditive(false);
        access.setLevel(Level.INFO);
        ServerConfig config = ServerConfig.of("http", 0).withHttp(Changed.with(HttpConfig.defaults(), "accessLog",
                Changed.with(AccessLogConfig.defaults(), "enabled", logged)));
        try (HttpFixture fixture = new HttpFixture(Transport.AUTO, 1)) {
            TcpServer server = fixture.serve(config, Router.builder()
                    .before((request, response) -> {})
                    .after("/plaintext", (request, response) -> response.header("Content-Type", "text/plain"))
                    .get("/plaintext", (request, response) -> response.send(HELLO))
                    .get("/later", (request, response) -> request.shard().execute(() -> response.send(HELLO)))
                    .get("/{name}", (request, response) -> response.send(request.pathParam("name")))
                    .build());
            List<Long> threads = fixture.engine().submitToAll(shard -> Thread.currentThread().threadId()).join();
            RawClient client = fixture.connect(server);
            int length = client.send(asked).answer().body().length();
            assertThat(length).isEqualTo(HELLO.length);
            client.send(asked);
            int bytes = 0;
            for (String line = client.line(); !line.isEmpty(); line = client.line()) {
                bytes += line.length() + 2;
            }
            bytes += 2 + HELLO.length;
            client.read(HELLO.length);
            byte[] requests = asked.repeat(pipeline).getBytes(StandardCharsets.US_ASCII);
            long least = Long.MAX_VALUE;
            for (int attempt = 0; attempt < 4 && least > (long) most * REQUESTS; attempt++) {
                long before = THREADS.getThreadAllocatedBytes(threads.getFirst());
                for (int i = 0; i < REQUESTS; i += pipeline) {
                    client.send(requests);
                    client.read(bytes * pipeline);
                }
                least = Math.min(least, THREADS.getThreadAllocatedBytes(threads.getFirst()) - before);
            }
            double each = (double) least / REQUESTS;
            assertThat(each).as("bytes a request of %s, %s", path, logged ? "logged" : "not logged")
                    .isLessThanOrEqualTo(most);
        } finally {
            access.setAdditive(true);
            access.setLevel(null);
        }
    }
}
