package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

import io.solaster.config.InvalidConfigException;
import io.solaster.engine.Shard;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpProtocol;
import io.solaster.spring.ServerLifecycle;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

/** Servers that speak 'http', and where their handlers come from. */
class HttpServerTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterHttpAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                    "solaster.servers.web.protocol=http", "solaster.servers.web.port=0");

    @Test
    void the_only_handler_answers_on_a_shard() {
        runner.withBean("routes", HttpHandler.class, () -> (request, response) -> response
                .send(request.path() + " on a shard: " + (Shard.current() == request.shard())))
                .run(context -> assertThat(get(context, "web", "/a")).isEqualTo("/a on a shard: true"));
    }

    @Test
    void of_several_handlers_the_one_of_the_server_s_name_answers() {
        runner.withPropertyValues("solaster.servers.admin.protocol=http", "solaster.servers.admin.port=0")
                .withBean("web", HttpHandler.class, () -> (request, response) -> response.send("web"))
                .withBean("admin", HttpHandler.class, () -> (request, response) -> response.send("admin"))
                .run(context -> {
                    assertThat(get(context, "web", "/")).isEqualTo("web");
                    assertThat(get(context, "admin", "/")).isEqualTo("admin");
                });
    }

    @Test
    void a_server_without_a_handler_says_what_to_define() {
        runner.run(context -> assertThat(context).getFailure().rootCause()
                .isInstanceOf(InvalidConfigException.class).hasMessageContaining("solaster.servers.web.protocol")
                .hasMessageContaining("no bean of type HttpHandler").hasMessageContaining("named 'web'"));
        runner.withBean("a", HttpHandler.class, () -> (request, response) -> response.send())
                .withBean("b", HttpHandler.class, () -> (request, response) -> response.send())
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining("(a, b)"));
    }

    @Test
    void without_the_module_the_protocol_is_unknown() {
        runner.withClassLoader(new FilteredClassLoader(HttpProtocol.class))
                .run(context -> assertThat(context).getFailure().rootCause().hasMessageContaining("'http'"));
    }

    private static String get(ApplicationContext context, String server, String path) throws Exception {
        int port = context.getBean(ServerLifecycle.class).server(server).orElseThrow().port();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
                    BodyHandlers.ofString()).body();
        }
    }
}
