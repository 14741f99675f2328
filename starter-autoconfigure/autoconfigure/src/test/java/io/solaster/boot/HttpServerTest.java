package io.solaster.boot;

import static io.solaster.boot.ThreeShards.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.solaster.boot.actuate.meters.SolasterMetricsAutoConfiguration;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.SolasterConfig;
import io.solaster.config.server.Http2Config;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpHandler;
import io.solaster.http.route.Router;
import io.solaster.http.server.HttpProtocol;
import io.solaster.http.websocket.WebSocketListener;
import io.solaster.http.websocket.WebSockets;
import io.solaster.spring.server.ServerLifecycle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

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

    @Test
    void requests_are_measured_by_route() {
        runner.withConfiguration(AutoConfigurations.of(SolasterMetricsAutoConfiguration.class))
                .withBean(SimpleMeterRegistry.class)
                .withBean("routes", Router.class, () -> Router.builder()
                        .get("/orders/{id}", (request, response) -> response.send(request.pathParam("id"))).build())
                .run(context -> {
                    assertThat(get(context, "web", "/orders/7")).isEqualTo("7");
                    get(context, "web", "/orders/8");
                    get(context, "web", "/nothing");
                    MeterRegistry registry = context.getBean(MeterRegistry.class);
                    until("what was asked is counted", () -> requests(registry, "/orders/{id}", "success") == 2);
                    until("what was asked is counted", () -> requests(registry, "other", "client_error") == 1);
                    assertThat(requests(registry, "/orders/{id}", "server_error")).isZero();
                });
    }

    @Test
    void what_a_server_counts_is_seen_and_its_access_log_is_written() {
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        // Another thread writes the access log while it is read.
        log.list = new CopyOnWriteArrayList<>();
        Logger access = (Logger) LoggerFactory.getLogger("io.solaster.http.access.web");
        log.start();
        access.setLevel(Level.INFO);
        access.addAppender(log);
        runner.withConfiguration(AutoConfigurations.of(SolasterMetricsAutoConfiguration.class))
                .withBean(SimpleMeterRegistry.class)
                .withBean("web", HttpHandler.class, () -> (request, response) -> response.send("five!"))
                .withPropertyValues("solaster.servers.web.http.access-log.enabled=true",
                        "solaster.servers.web.http.access-log.format=common",
                        "solaster.servers.web.http.max-target=64B")
                .run(context -> {
                    get(context, "web", "/counted");
                    get(context, "web", "/" + "x".repeat(100));
                    MeterRegistry registry = context.getBean(MeterRegistry.class);
                    until("responses are counted", () -> http(registry, "responses", "status", "2xx") == 1
                            && http(registry, "responses", "status", "4xx") == 1);
                    assertThat(http(registry, "malformed", "reason", "target")).isEqualTo(1);
                    assertThat(http(registry, "malformed", "reason", "syntax")).isZero();
                    assertThat(http(registry, "timeouts", "kind", "body")).isZero();
                    assertThat(http(registry, "in", "server", "web")).isGreaterThan(100);
                    assertThat(http(registry, "out", "server", "web")).isGreaterThan(100);
                    assertThat(http(registry, "access.lines", "server", "web")).isEqualTo(1);
                });
        access.detachAppender(log);
        // What was answered is logged when the server has gone.
        assertThat(log.list).singleElement().asString().containsPattern("\"GET /counted HTTP/[12].[01]\" 200 5 ");
    }

    private static double http(MeterRegistry registry, String name, String key, String value) {
        return registry.get("solaster.http." + name).tag(key, value).functionCounter().count();
    }

    @Test
    void web_sockets_go_by_the_limits_of_the_server_that_they_came_to() {
        runner.withUserConfiguration(Sockets.class).withPropertyValues("solaster.servers.other.protocol=http",
                "solaster.servers.other.port=0", "solaster.servers.web.http.websocket.max-message=64KB",
                "solaster.servers.other.http.websocket.max-message=2KB").run(context -> {
                    String text = "x".repeat(4000);
                    assertThat(say(context, "web", text)).isEqualTo(text);
                    assertThat(say(context, "other", text)).isEqualTo("closed 1009");
                    TcpServer other = context.getBean(ServerLifecycle.class).server("other").orElseThrow();
                    other.reconfigure(context.getBean(SolasterConfig.class).servers().get("web")).join();
                    assertThat(say(context, "other", text)).as("after a reload").isEqualTo(text);
                });
    }

    /** What comes back: the message, or how the connection was closed. */
    private static String say(ApplicationContext context, String server, String text) {
        CompletableFuture<String> answer = new CompletableFuture<>();
        try (HttpClient client = HttpClient.newHttpClient()) {
            StringBuilder heard = new StringBuilder();
            WebSocket socket = client.newWebSocketBuilder().buildAsync(uri(context, "ws", server, "/"),
                    new WebSocket.Listener() {
                        @Override
                        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
                            heard.append(part);
                            if (last) {
                                answer.complete(heard.toString());
                            }
                            return WebSocket.Listener.super.onText(socket, part, last);
                        }

                        @Override
                        public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                            answer.complete("closed " + code);
                            return null;
                        }

                        @Override
                        public void onError(WebSocket socket, Throwable error) {
                            answer.completeExceptionally(error);
                        }
                    }).join();
            socket.sendText(text, true);
            try {
                return answer.orTimeout(60, TimeUnit.SECONDS).join();
            } finally {
                socket.abort();
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Sockets {

        @Bean
        HttpHandler echo(WebSockets sockets) {
            return sockets.handler(new WebSocketListener() {
                @Override
                public void text(io.solaster.http.websocket.WebSocket socket, String text) {
                    socket.send(text);
                }
            });
        }
    }

    @Test
    void web_sockets_are_measured() {
        runner.withConfiguration(AutoConfigurations.of(SolasterMetricsAutoConfiguration.class))
                .withBean(SimpleMeterRegistry.class).withUserConfiguration(Sockets.class).run(context -> {
                    MeterRegistry registry = context.getBean(MeterRegistry.class);
                    context.getBeansOfType(MeterBinder.class).values().forEach(each -> each.bindTo(registry));
                    assertThat(say(context, "web", "hello")).isEqualTo("hello");
                    assertThat(registry.get("solaster.websocket.messages").tag("direction", "in").functionCounter()
                            .count()).isOne();
                    assertThat(registry.get("solaster.websocket.closed").tag("code", "1000").functionCounter().count())
                            .isZero();
                });
    }

    @Test
    void connections_are_encrypted_with_the_server_s_bundle(@TempDir Path directory) throws Exception {
        SSLContext tls = Certificates.client(Certificates.make(directory, "server"), false);
        Path store = directory.resolve("server.p12");
        ApplicationContextRunner encrypted = runner
                .withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class))
                .withBean("web", HttpHandler.class,
                        () -> (request, response) -> response.send(String.valueOf(request.tls() != null)))
                .withPropertyValues("solaster.servers.web.ssl-bundle=mine",
                        "spring.ssl.bundle.jks.mine.keystore.location=file:" + store,
                        "spring.ssl.bundle.jks.mine.keystore.password=changeit",
                        "spring.ssl.bundle.jks.mine.truststore.location=file:" + store,
                        "spring.ssl.bundle.jks.mine.truststore.password=changeit");
        encrypted.run(context -> {
            try (HttpClient client = HttpClient.newBuilder().sslContext(tls).build()) {
                assertThat(client.send(HttpRequest.newBuilder(uri(context, "https", "web", "/")).build(),
                        BodyHandlers.ofString()).body()).isEqualTo("true");
            }
        });
        encrypted.run(context -> {
            TcpServer server = context.getBean(ServerLifecycle.class).server("web").orElseThrow();
            for (boolean enabled : new boolean[]{true, false, true}) {
                server.reconfigure(server.config().withHttp(server.config().http()
                        .withHttp2(Http2Config.defaults().withEnabled(enabled)))).join();
                try (HttpClient client = HttpClient.newBuilder().sslContext(tls).build()) {
                    assertThat(client.send(HttpRequest.newBuilder(uri(context, "https", "web", "/")).build(),
                            BodyHandlers.ofString()).version())
                            .isEqualTo(enabled ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
                }
            }
        });
        encrypted.withPropertyValues("solaster.servers.web.client-auth=need").run(context -> {
            try (HttpClient client = HttpClient.newBuilder().sslContext(tls).build()) {
                assertThatThrownBy(() -> client.send(HttpRequest.newBuilder(uri(context, "https", "web", "/")).build(),
                        BodyHandlers.ofString())).isInstanceOf(IOException.class);
            }
        });
        encrypted.withPropertyValues("solaster.servers.web.ssl-bundle=yours").run(context -> assertThat(context)
                .getFailure().rootCause().hasMessageContaining("solaster.servers.web.ssl-bundle")
                .hasMessageContaining("'yours'").hasMessageContaining("mine"));
    }

    private static URI uri(ApplicationContext context, String scheme, String server, String path) {
        int port = context.getBean(ServerLifecycle.class).server(server).orElseThrow().port();
        return URI.create(scheme + "://127.0.0.1:" + port + path);
    }

    private static double requests(MeterRegistry registry, String route, String outcome) {
        return registry.get("solaster.http.requests").tags("server", "web", "route", route, "outcome", outcome)
                .functionTimer().count();
    }

    private static String get(ApplicationContext context, String server, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(uri(context, "http", server, path)).build(),
                    BodyHandlers.ofString()).body();
        }
    }
}
