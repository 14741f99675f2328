package io.solaster.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import redis.clients.jedis.Jedis;

/** Runs what the front page shows of the store and of HTTP: its configuration, its code. */
final class ReadmeTest {
    private static final Pattern FENCED = Pattern.compile("(?ms)^```(java|yaml)\n(.*?)^```$");

    private final String readme = Files.readString(Path.of("../README.md"));

    ReadmeTest() throws IOException {}

    private String fenced(String language, String marker) {
        return FENCED.matcher(readme).results().filter(each -> each.group(1).equals(language))
                .map(each -> each.group(2)).filter(each -> each.contains(marker)).findFirst().orElseThrow();
    }

    @Test
    void its_code_is_the_code_that_runs_here() throws IOException {
        String source = Files
                .readString(Path.of("src/test/java/io/solaster/readme/ReadmeExample.java"));
        assertThat(source).contains(fenced("java", "Router web(").indent(4).replaceAll("(?m)^ +$", ""));
    }

    @Test
    void its_code_answers_as_it_is_configured(@TempDir Path directory) throws Exception {
        String yaml = fenced("yaml", "protocol: resp");
        assertThat(yaml).contains("port: 6380", "port: 8080");
        Path file = Files.writeString(directory.resolve("application.yml"),
                yaml.replace("port: 6380", "port: 0").replace("port: 8080", "port: 0"));
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(ReadmeExample.class)
                .web(WebApplicationType.NONE)
                .run("--spring.config.location=" + file.toUri(), "--spring.main.banner-mode=off",
                        "--solaster.engine.pinning=never");
                HttpClient client = HttpClient.newHttpClient()) {
            ServerLifecycle servers = context.getBean(ServerLifecycle.class);
            int web = servers.server("web").orElseThrow().port();
            assertThat(get(client, web, "/hello/Ada")).isEqualTo("Hello, Ada");
            try (Jedis jedis = new Jedis("127.0.0.1", servers.server("kv").orElseThrow().port())) {
                jedis.set("a", "1");
            }
            assertThat(get(client, web, "/kv/a")).isEqualTo("1");
            assertThat(get(client, web, "/kv/b")).isEmpty();
        }
    }

    private static String get(HttpClient client, int port, String path) throws Exception {
        return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
                BodyHandlers.ofString()).body();
    }
}
