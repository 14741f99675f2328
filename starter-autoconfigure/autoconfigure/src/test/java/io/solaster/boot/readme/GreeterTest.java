package io.solaster.boot.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

import io.solaster.boot.actuate.Actuated;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

final class GreeterTest {

    @Test
    void a_controller_greets_from_the_shard_that_has_the_connection() throws Exception {
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(App.class)
                .web(WebApplicationType.REACTIVE).properties("server.port=0", "solaster.engine.shards=2",
                        "solaster.engine.pinning=never", "solaster.web.server=solaster",
                        "spring.autoconfigure.exclude=" + Actuated.BUT_NETTY)
                .run(); HttpClient client = HttpClient.newHttpClient()) {
            String url = "http://localhost:" + context.getEnvironment().getProperty("local.server.port");
            assertThat(client.send(request(url + "/greet/Ada"), BodyHandlers.ofString()).body())
                    .matches("Hello, Ada, from shard [01]");
            try (InputStream ticks = client.send(request(url + "/ticks"), BodyHandlers.ofInputStream()).body()) {
                assertThat(new String(ticks.readNBytes(11))).isEqualTo("data:tick 0");
            }
        }
    }

    @Test
    void the_README_shows_it() throws Exception {
        String source = Files.readString(Path.of("src/test/java/io/solaster/boot/readme/Greeter.java"));
        assertThat(Files.readString(Path.of("../README.md")))
                .contains(source.substring(source.indexOf("@RestController\n")));
    }

    private static HttpRequest request(String url) {
        return HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(60)).build();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(Greeter.class)
    static class App {}
}
