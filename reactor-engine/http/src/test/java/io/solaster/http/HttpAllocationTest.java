package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;

import com.sun.management.ThreadMXBean;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the shard's thread allocates on the heap for a request that is answered at once, all in all. */
class HttpAllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final byte[] HELLO = "Hello, World!".getBytes(StandardCharsets.US_ASCII);
    /** As a load generator sends it. */
    private static final String REQUEST = "GET /plaintext HTTP/1.1\r\nHost: localhost:8080\r\n"
            + "Accept: text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,application/xml;q=0.8,*/*;q=0.7\r\n"
            + "Connection: keep-alive\r\n\r\n";
    private static final int REQUESTS = 16_000;

    @ParameterizedTest
    @CsvSource({"/plaintext, 1, 200", "/plaintext, 16, 200", "/later, 1, 800"})
    void aRequestAllocatesAtMostSoManyBytes(String path, int pipeline, int most) throws Exception {
        String asked = REQUEST.replace("/plaintext", path);
        try (HttpFixture fixture = new HttpFixture(Transport.AUTO, 1)) {
            TcpServer server = fixture.serve(Router.builder()
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
            for (int attempt = 0; attempt < 4; attempt++) {
                long before = THREADS.getThreadAllocatedBytes(threads.getFirst());
                for (int i = 0; i < REQUESTS; i += pipeline) {
                    client.send(requests);
                    client.read(bytes * pipeline);
                }
                least = Math.min(least, THREADS.getThreadAllocatedBytes(threads.getFirst()) - before);
            }
            double each = (double) least / REQUESTS;
            assertThat(each).as("bytes a request of " + path).isLessThanOrEqualTo(most);
        }
    }
}
