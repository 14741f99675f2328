package io.solaster.http.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpHandler;
import io.solaster.http.server.HttpProtocol;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs what the README shows, line by line, and asks it with the JDK's client. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@SolasterTest
class ServerReadmeTest {
    private static final Pattern FENCED = Pattern.compile("(?ms)^```java\n(.*?)^```$");

    @Test
    void servesItsExamples(Engine engine) throws Exception {
        try (HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(60)).build()) {
            try (TcpServer hello = ServerExample.start(engine)) {
                assertThat(ask(client, hello, "/?name=Ada", "").body()).isEqualTo("Hello, Ada");
            }
            try (TcpServer whole = serve(engine, ServerExample.whole())) {
                assertThat(ask(client, whole, "/", "12345").body()).isEqualTo("5 bytes");
            }
            try (TcpServer echo = serve(engine, ServerExample.echo())) {
                String large = "echo".repeat(100_000);
                assertThat(ask(client, echo, "/", large).body()).isEqualTo(large);
            }
        }
    }

    private static TcpServer serve(Engine engine, HttpHandler handler) {
        ServerConfig config = ServerConfig.of("http", 0);
        return TcpServer.bind(engine, "web", config, new HttpProtocol(handler, config));
    }

    private static java.net.http.HttpResponse<String> ask(HttpClient client, TcpServer server, String path, String body)
            throws Exception {
        return client.send(
                java.net.http.HttpRequest.newBuilder(URI.create("http://localhost:" + server.port() + path))
                        .timeout(Duration.ofSeconds(60)).POST(BodyPublishers.ofString(body)).build(),
                BodyHandlers.ofString());
    }

    @Test
    void eachExampleIsOneThatRunsHere() throws IOException {
        String source = Files.readString(Path.of("src/test/java/io/solaster/http/readme/ServerExample.java"));
        List<String> examples = FENCED.matcher(Files.readString(Path.of("README.md"))).results()
                .map(fenced -> fenced.group(1)).toList();
        assertThat(examples).hasSize(5).allSatisfy(
                example -> assertThat(List.of(4, 8)).as(example)
                        .anyMatch(by -> source.contains(indented(example, by))));
    }

    private static String indented(String example, int by) {
        return example.indent(by).replaceAll("(?m)^ +$", "");
    }
}
