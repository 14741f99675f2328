package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.CompressionConfig;
import io.solaster.config.server.Http2Config;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** curl and the JDK's client, against a server that sends back what it is sent. */
class RealClientsTest {
    private static HttpFixture fixture;
    private static TcpServer server;

    @BeforeAll
    static void start() {
        fixture = new HttpFixture(Transport.AUTO, 2);
        ServerConfig config = ServerConfig.of("http", 0).withHttp(
                HttpConfig.defaults().withHttp2(Changed.with(Http2Config.defaults(), "upgrade", true))
                        .withCompression(Changed.with(CompressionConfig.defaults(), "enabled", true)));
        server = fixture.serve(config, (request, response) -> {
            response.header("Content-Type", "text/plain").header("X-Method", request.method().name());
            request.body().read(new RequestBody.Reader() {
                private ResponseStream stream;

                private ResponseStream stream() {
                    if (stream == null) {
                        stream = response.stream();
                        stream.onWritable(() -> request.body().request(1));
                    }
                    return stream;
                }

                @Override
                public void part(ByteBuf part) {
                    if (stream().write(part)) {
                        request.body().request(1);
                    }
                }

                @Override
                public void end(HttpHeaders trailers) {
                    stream().end();
                }

                @Override
                public void failed(Throwable cause) {
                    response.fail(cause);
                }
            });
            request.body().request(1);
        });
    }

    @AfterAll
    static void stop() throws Exception {
        fixture.close();
    }

    private static URI uri() {
        return URI.create("http://localhost:" + server.port() + "/echo?a=b");
    }

    @Test
    void theJdksClientPostsAndGets() throws Exception {
        String large = "0123456789abcdef".repeat(50_000);
        try (HttpClient client = HttpClient.newHttpClient()) {
            List<CompletableFuture<java.net.http.HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                answers.add(client.sendAsync(java.net.http.HttpRequest.newBuilder(uri())
                        .POST(i % 2 == 0
                                ? BodyPublishers.ofString(i + large)
                                : BodyPublishers.fromPublisher(BodyPublishers.ofString(i + large)))
                        .expectContinue(i % 3 == 0).build(), BodyHandlers.ofString()));
            }
            for (int i = 0; i < 20; i++) {
                java.net.http.HttpResponse<String> answer = answers.get(i).get(60, TimeUnit.SECONDS);
                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(answer.body()).isEqualTo(i + large);
            }
            assertThat(
                    client.send(java.net.http.HttpRequest.newBuilder(uri()).build(), BodyHandlers.ofString()).headers()
                            .firstValue("x-method"))
                    .contains("GET");
        }
    }

    @Test
    void curlPostsAndGets() throws Exception {
        assertThat(curl("-i", uri().toString())).startsWith("HTTP/1.1 200 OK").contains("X-Method: GET");
        assertThat(curl("-I", uri().toString())).startsWith("HTTP/1.1 200 OK").contains("X-Method: HEAD");
        assertThat(curl("--data-binary", "hello", uri().toString())).isEqualTo("hello");
        assertThat(curl("-H", "Transfer-Encoding: chunked", "--data-binary", "hello", uri().toString()))
                .isEqualTo("hello");
        assertThat(curl("-H", "Expect: 100-continue", "--data-binary", "x".repeat(5000), uri().toString()))
                .isEqualTo("x".repeat(5000));
        assertThat(curl("-0", "--data-binary", "old", uri().toString())).isEqualTo("old");
        assertThat(curl("--compressed", "--data-binary", "z".repeat(50_000), uri().toString()))
                .isEqualTo("z".repeat(50_000));
        assertThat(curl(uri().toString(), uri().toString(), "-o", "/dev/null", "-o", "/dev/null", "-w",
                "%{num_connects} %{http_code}\n")).isEqualTo("1 200\n0 200\n");
    }

    @Test
    void curlSpeaksHttp2() throws Exception {
        assumeTrue(curl("--version").contains("HTTP2"), "this curl speaks no HTTP/2");
        String[] two = {"--http2-prior-knowledge"};
        assertThat(curl("-i", two[0], uri().toString())).startsWith("HTTP/2 200").contains("x-method: GET");
        assertThat(curl("-I", two[0], uri().toString())).startsWith("HTTP/2 200").contains("x-method: HEAD");
        assertThat(curl(two[0], "--data-binary", "hello", uri().toString())).isEqualTo("hello");
        assertThat(curl(two[0], "-H", "Expect: 100-continue", "--data-binary", "x".repeat(100_000), uri().toString()))
                .isEqualTo("x".repeat(100_000));
        assertThat(curl(two[0], "--compressed", "--data-binary", "z".repeat(50_000), uri().toString()))
                .isEqualTo("z".repeat(50_000));
        // By Upgrade: some versions of curl forget what they know when they use a connection again.
        assertThat(curl("--http2", uri().toString(), uri().toString(), "-o", "/dev/null", "-o", "/dev/null", "-w",
                "%{num_connects} %{http_version}\n")).isEqualTo("1 2\n0 2\n");
    }

    private static String curl(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "--max-time", "60"));
        command.addAll(List.of(arguments));
        Process curl;
        try {
            curl = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (java.io.IOException e) {
            assumeTrue(false, "no curl here");
            throw e;
        }
        String said = new String(curl.getInputStream().readAllBytes());
        assertThat(curl.waitFor()).as(said).isZero();
        return said;
    }
}
