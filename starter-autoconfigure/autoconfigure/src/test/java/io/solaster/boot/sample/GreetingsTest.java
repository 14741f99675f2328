package io.solaster.boot.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

import com.sun.net.httpserver.HttpServer;
import io.solaster.boot.netty.LibrariesOnShards;
import io.solaster.boot.netty.LibrariesOnShards.Library;
import io.solaster.boot.netty.LibrariesOnShards.State;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.store.RespProtocol;
import io.solaster.store.Store;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

final class GreetingsTest {
    private static final Path SOURCE = Path.of("src/test/java/io/solaster/boot/sample/Greetings.java");

    @Test
    void the_README_shows_it_as_it_is_and_in_at_most_40_lines() throws IOException {
        String source = Files.readString(SOURCE);
        String shown = source.substring(source.indexOf("@SpringBootApplication"));
        assertThat(shown.lines().count()).isLessThanOrEqualTo(40);
        assertThat(Files.readString(Path.of("../README.md"))).contains("```java\n" + shown + "```");
    }

    @Test
    void it_greets() throws Exception {
        HttpServer names = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        names.createContext("/", exchange -> {
            byte[] name = "Ada".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, name.length);
            try (OutputStream body = exchange.getResponseBody()) {
                body.write(name);
            }
        });
        names.start();
        ServerConfig config = ServerConfig.of("resp", 0);
        try (Engine elsewhere = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER));
                TcpServer redis = TcpServer.bind(elsewhere, "kv", config,
                        new RespProtocol(Store.on(elsewhere), config));
                ConfigurableApplicationContext context = start(names.getAddress().getPort(), redis.port())) {
            for (int visit = 1; visit <= 3; visit++) {
                assertThat(get(context)).isEqualTo("Ada, visit " + visit);
            }
            assertThat(context.getBean(LibrariesOnShards.class).all()).contains(
                    new Library("reactor-netty", State.ON_SHARDS, ""), new Library("lettuce", State.ON_SHARDS, ""));
        } finally {
            names.stop(0);
        }
    }

    /** Without what this module's tests have beside the sample's dependencies. */
    private static ConfigurableApplicationContext start(int namesPort, int redisPort) {
        return new SpringApplicationBuilder(Greetings.class).web(WebApplicationType.REACTIVE).properties(
                "server.port=0", "solaster.engine.shards=2", "solaster.engine.pinning=never",
                "greetings.names=http://localhost:" + namesPort, "greetings.redis=redis://localhost:" + redisPort,
                "spring.autoconfigure.exclude=org.springframework.boot.r2dbc.autoconfigure.R2dbcAutoConfiguration,"
                        + "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration")
                .run();
    }

    private static String get(ConfigurableApplicationContext context) throws IOException, InterruptedException {
        return HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create("http://localhost:"
                + context.getEnvironment().getProperty("local.server.port") + "/greet/7"))
                .timeout(Duration.ofSeconds(60)).build(), BodyHandlers.ofString()).body();
    }
}
