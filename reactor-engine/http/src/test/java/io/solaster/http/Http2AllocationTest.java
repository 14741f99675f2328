package io.solaster.http;

import static io.solaster.http.Http2RawClient.END_HEADERS;
import static io.solaster.http.Http2RawClient.END_STREAM;
import static io.solaster.http.Http2RawClient.HEADERS;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;

import com.sun.management.ThreadMXBean;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.route.Router;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the shard's thread allocates on the heap for a small request over HTTP/2, Netty's codec and all. */
@Tag("unwatched") // what follows buffers allocates
class Http2AllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final byte[] HELLO = "Hello, World!".getBytes(StandardCharsets.US_ASCII);
    private static final int REQUESTS = 4_000;
    private static final int AT_ONCE = 16;
    private static final int BYTES_ALLOWED = 4_500;

    @Test
    void aRequestAllocatesLittle() throws Exception {
        try (HttpFixture fixture = new HttpFixture(Transport.AUTO, 1)) {
            TcpServer server = fixture.serve(Router.builder()
                    .get("/plaintext", (request, response) -> response.header("Content-Type", "text/plain").send(HELLO))
                    .build());
            List<Long> threads = fixture.engine().submitToAll(shard -> Thread.currentThread().threadId()).join();
            try (Http2RawClient client = new Http2RawClient(server.port())) {
                client.get("/plaintext");
                byte[] head = Http2RawClient.literal(":method", "GET", ":scheme", "http", ":path", "/plaintext",
                        ":authority", "localhost:8080", "accept", "text/plain,text/html;q=0.9,*/*;q=0.7");
                long least = Long.MAX_VALUE;
                for (int attempt = 0; attempt < 4 && least > BYTES_ALLOWED * REQUESTS; attempt++) {
                    long before = THREADS.getThreadAllocatedBytes(threads.getFirst());
                    for (int i = 0; i < REQUESTS; i += AT_ONCE) {
                        ByteArrayOutputStream batch = new ByteArrayOutputStream();
                        int last = 0;
                        for (int k = 0; k < AT_ONCE; k++) {
                            last = client.nextStream();
                            batch.writeBytes(
                                    Http2RawClient.framed(HEADERS, END_HEADERS | END_STREAM, last, head));
                        }
                        client.bytes(batch.toByteArray());
                        for (int k = AT_ONCE - 1; k >= 0; k--) {
                            assertThat(client.answer(last - 2 * k).length()).isEqualTo(HELLO.length);
                        }
                    }
                    least = Math.min(least, THREADS.getThreadAllocatedBytes(threads.getFirst()) - before);
                }
                double each = (double) least / REQUESTS;
                assertThat(each).as("bytes a request").isLessThanOrEqualTo(BYTES_ALLOWED);
            }
        }
    }
}
