package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.GZIPInputStream;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.CharsetUtil;
import io.solaster.config.ByteSize;
import io.solaster.config.CompressionConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.HttpConfig;
import io.solaster.config.ServerConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.RawClient.Answer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpCompressionTest {
    private static final ServerConfig CONFIG = ServerConfig.of("http", 0).withHttp(HttpConfig.defaults()
            .withCompression(CompressionConfig.defaults().withEnabled(true).withMinSize(new ByteSize(100))
                    .withMimeTypes("text/*, application/json")));
    private static final String TEXT = "all work and no play makes jack a dull boy ".repeat(20);
    private static HttpFixture fixture;

    @BeforeAll
    static void start() {
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

    private static RawClient client(HttpHandler handler) {
        return fixture.connect(fixture.serve(CONFIG, handler));
    }

    private static Answer get(RawClient client, String accept) {
        return client.send("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: " + accept + "\r\n\r\n").answer();
    }

    private static String unpacked(Answer answer) {
        assertThat(answer.header("content-encoding")).isEqualTo("gzip");
        try (GZIPInputStream in = new GZIPInputStream(
                new ByteArrayInputStream(answer.body().getBytes(StandardCharsets.ISO_8859_1)))) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void compressesForThoseWhoAccept() {
        RawClient client = client((request, response) -> response.header("ETag", "\"1\"").send(TEXT));
        for (int i = 0; i < 3; i++) {
            Answer packed = get(client, "deflate, gzip;q=0.5");
            assertThat(unpacked(packed)).isEqualTo(TEXT);
            assertThat(packed.headers()).containsEntry("vary", "accept-encoding").containsEntry("etag", "W/\"1\"");
            assertThat(packed.body().length()).isLessThan(200);
            Answer plain = client.get("/");
            assertThat(plain.body()).isEqualTo(TEXT);
            assertThat(plain.headers()).containsEntry("vary", "accept-encoding").containsEntry("etag", "\"1\"")
                    .doesNotContainKey("content-encoding");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            gzip                | true
            GZIP                | true
            x-gzip              | true
            *                   | true
            br, *;q=0.1         | true
            gzip;q=0            | false
            gzip; q=0.000       | false
            gzip;q=0, *         | false
            *;q=0               | false
            identity            | false
            br, deflate         | false
            gzipped             | false
            """)
    void goesByWhatTheClientAccepts(String accept, boolean packed) {
        assertThat(Compression.accepts(accept)).isEqualTo(packed);
    }

    @Test
    void leavesAloneWhatIsNotWorthItOrMustNotBeTouched() {
        String noise = new Random(3).ints(400, 33, 126).collect(StringBuilder::new, (all, c) -> all.append((char) c),
                StringBuilder::append).toString();
        RawClient client = client((request, response) -> {
            switch (request.header("x-case")) {
                case "short" -> response.send("short");
                case "type" -> response.header("Content-Type", "image/png").send(TEXT);
                case "none" -> response.send(TEXT.getBytes(StandardCharsets.US_ASCII));
                case "encoded" -> response.header("Content-Type", "text/x").header("Content-Encoding", "br").send(TEXT);
                case "transform" -> response.header("Cache-Control", "max-age=1, no-transform").send(TEXT);
                case "part" -> response.status(HttpResponseStatus.PARTIAL_CONTENT).send(TEXT);
                case "length" -> {
                    ResponseStream stream = response.header("Content-Type", "text/plain")
                            .header("Content-Length", "" + TEXT.length()).stream();
                    stream.write(Unpooled.copiedBuffer(TEXT, CharsetUtil.US_ASCII));
                    stream.end();
                }
                default -> response.send(noise);
            }
        });
        for (String name : new String[]{"short", "type", "none", "encoded", "transform", "part", "length"}) {
            Answer answer = client.send("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nX-Case: " + name
                    + "\r\n\r\n").answer();
            assertThat(answer.body()).as(name).isEqualTo(name.equals("short") ? "short" : TEXT);
            assertThat(answer.header("content-encoding")).as(name).isEqualTo(name.equals("encoded") ? "br" : null);
        }
        assertThat(client.send("GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\nX-Case: noise\r\n\r\n").answer().body())
                .isEqualTo(noise);
    }

    @Test
    void compressesWholeBodiesOfEveryLength() {
        Random random = new Random(9);
        RawClient client = client((request, response) -> {
            StringBuilder body = new StringBuilder();
            random.setSeed(request.target().length());
            random.ints(Long.parseLong(request.header("x-length")), 'a', 'g').forEach(c -> body.append((char) c));
            response.send(body);
        });
        for (int length : new int[]{100, 8191, 8192, 8193, 32768, 32769, 65536, 1_000_000}) {
            String request = " / HTTP/1.1\r\nHost: h\r\nX-Length: " + length + "\r\nAccept-Encoding: ";
            Answer packed = client.send("GET" + request + "gzip\r\n\r\n").answer();
            String plain = client.send("GET" + request + "identity\r\n\r\n").answer().body();
            assertThat(plain).hasSize(length);
            assertThat(unpacked(packed)).isEqualTo(plain);
            Answer head = client.send("HEAD" + request + "gzip\r\n\r\n").answerToHead();
            assertThat(head.headers()).containsEntry("content-encoding", "gzip");
        }
    }

    @Test
    void compressesStreamsSoThatEachPartCanBeRead() throws Exception {
        RawClient client = client((request, response) -> {
            ResponseStream stream = response.header("Content-Type", "text/plain").stream();
            Runnable[] next = new Runnable[1];
            int[] parts = new int[1];
            next[0] = () -> {
                stream.write(Unpooled.copiedBuffer("part " + parts[0] + "\n", CharsetUtil.US_ASCII));
                if (++parts[0] < 50) {
                    request.shard().execute(next[0]);
                } else {
                    stream.end();
                }
            };
            next[0].run();
        });
        for (int i = 0; i < 3; i++) {
            Answer answer = get(client, "gzip");
            assertThat(unpacked(answer)).startsWith("part 0\npart 1\n").endsWith("part 49\n");
            assertThat(answer.headers()).containsEntry("transfer-encoding", "chunked");
            assertThat(client.get("/").body()).endsWith("part 49\n");
        }
    }

    @Test
    void isSwitchedOnWhileTheServerRuns() {
        ServerConfig off = ServerConfig.of("http", 0);
        TcpServer server = fixture.serve(off, (request, response) -> response.send(TEXT));
        RawClient client = fixture.connect(server);
        assertThat(get(client, "gzip").body()).isEqualTo(TEXT);
        server.reconfigure(CONFIG).join();
        assertThat(unpacked(get(client, "gzip"))).isEqualTo(TEXT);
    }
}
