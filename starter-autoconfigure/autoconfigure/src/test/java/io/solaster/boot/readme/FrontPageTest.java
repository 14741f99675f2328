package io.solaster.boot.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import com.sun.net.httpserver.HttpServer;
import io.solaster.boot.actuate.Actuated;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** The front page shows {@link Box} and its configuration, and they do what it says. */
final class FrontPageTest {
    private static final Pattern FENCED = Pattern.compile("(?ms)^```(?:java|yaml)\n(.*?)^```$");

    private final List<String> blocks;

    FrontPageTest() throws IOException {
        blocks = FENCED.matcher(Files.readString(Path.of("../../README.md"))).results().map(each -> each.group(1))
                .toList();
    }

    private String block(String marker) {
        return blocks.stream().filter(each -> each.contains(marker)).findFirst().orElseThrow();
    }

    @Test
    void shows_the_code_that_runs_here() throws IOException {
        String source = Files.readString(Path.of("src/test/java/io/solaster/boot/readme/Box.java"));
        MatchResult shown = Pattern.compile("(?ms)^    // begin\n(.*?)^    // end$").matcher(source).results()
                .findFirst().orElseThrow();
        assertThat(block("class Tickets"))
                .isEqualTo(shown.group(1).indent(-4).replace("static class Tickets", "class Tickets"));
    }

    @Test
    void its_code_sells_on_the_owners_core_and_outlives_an_endpoint(@TempDir Path directory) throws Exception {
        HttpServer amsterdam = forecasts();
        HttpServer berlin = forecasts();
        String yaml = block("forecast:").replaceAll("forecast-1\\S*:8080", address(amsterdam))
                .replaceAll("forecast-2\\S*:8080", address(berlin));
        assertThat(yaml).contains(address(amsterdam), address(berlin));
        Path file = Files.writeString(directory.resolve("application.yml"),
                block("server: solaster") + "\n---\n" + yaml);
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(Box.class)
                .web(WebApplicationType.REACTIVE)
                .run("--spring.config.location=" + file.toUri(), "--spring.main.banner-mode=off", "--server.port=0",
                        "--solaster.engine.shards=2", "--solaster.engine.pinning=never",
                        "--spring.autoconfigure.exclude=" + Actuated.BUT_NETTY);
                HttpClient client = HttpClient.newHttpClient()) {
            String url = "http://localhost:" + context.getEnvironment().getProperty("local.server.port");
            for (int seat = 1; seat <= 10; seat++) {
                assertThat(answer(client, url + "/tickets/opera", "POST")).isEqualTo("seat " + seat);
            }
            assertThat(answer(client, url + "/tickets/circus", "POST")).isEqualTo("seat 1");
            assertThat(answer(client, url + "/weather/opera", "GET")).isEqualTo("sun for /forecast/opera");
            amsterdam.stop(0);
            for (int i = 0; i < 20; i++) {
                assertThat(answer(client, url + "/weather/opera", "GET")).isEqualTo("sun for /forecast/opera");
            }
        } finally {
            amsterdam.stop(0);
            berlin.stop(0);
        }
    }

    private static HttpServer forecasts() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] answer = ("sun for " + exchange.getRequestURI()).getBytes();
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        return server;
    }

    private static String address(HttpServer server) {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    private static String answer(HttpClient client, String url, String method) throws Exception {
        return client.send(HttpRequest.newBuilder(URI.create(url)).method(method, BodyPublishers.noBody())
                .timeout(Duration.ofSeconds(60)).build(), BodyHandlers.ofString()).body();
    }
}
