package io.solaster.boot.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.micrometer.core.instrument.MeterRegistry;
import io.solaster.boot.Certificates;
import io.solaster.boot.OwnLoops;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.boot.actuate.Actuated;
import io.solaster.boot.netty.SolasterReactorNettyAutoConfiguration;
import io.solaster.config.InvalidConfigException;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.http.HttpHandler;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.web.ShardWebServer;
import io.solaster.spring.web.SolasterReactiveWebServerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.boot.web.server.reactive.ReactiveWebServerFactory;
import org.springframework.boot.web.server.reactive.context.AnnotationConfigReactiveWebServerApplicationContext;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.handler.SimpleUrlHandlerMapping;
import org.springframework.web.reactive.socket.WebSocketHandler;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Who serves WebFlux, and what of {@code server.*} holds there. */
@ExtendWith(OutputCaptureExtension.class)
final class SolasterWebAutoConfigurationTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final AutoConfigurations CONFIGURATIONS = AutoConfigurations.of(SolasterAutoConfiguration.class,
            SolasterWebAutoConfiguration.class, SolasterReactorNettyAutoConfiguration.class,
            NettyReactiveWebServerAutoConfiguration.class, SslAutoConfiguration.class);
    private static final String[] PROPERTIES = {"solaster.engine.shards=1", "solaster.engine.pinning=never",
            "solaster.engine.transport=nio", "server.port=0"};

    /** For those that change nothing which another one sees. */
    private static ConfigurableApplicationContext shared;

    private final ReactiveWebApplicationContextRunner reactive = new ReactiveWebApplicationContextRunner(
            AnnotationConfigReactiveWebServerApplicationContext::new).withConfiguration(CONFIGURATIONS)
            .withPropertyValues(PROPERTIES).withBean(org.springframework.http.server.reactive.HttpHandler.class,
                    () -> (request, response) -> response.setComplete());
    private final ReactiveWebApplicationContextRunner ours = reactive
            .withPropertyValues("solaster.web.server=solaster");

    @BeforeAll
    static void start_what_is_shared() {
        shared = start("server.max-http-request-header-size=2KB", "server.server-header=mine",
                "server.netty.idle-timeout=60s",
                "solaster.web.http.websocket.max-message=2KB", "management.server.port=0",
                "management.endpoint.health.show-details=always");
    }

    @AfterAll
    static void stop_what_is_shared() {
        shared.close();
    }

    @Test
    void it_is_Spring_Boots_choice_unless_something_else_is_said() {
        reactive.run(context -> assertThat(context).hasSingleBean(ReactiveWebServerFactory.class)
                .hasSingleBean(NettyReactiveWebServerFactory.class));
        reactive.withPropertyValues("solaster.web.server=none")
                .run(context -> assertThat(context).hasSingleBean(NettyReactiveWebServerFactory.class));
    }

    @Test
    void the_shards_serve_where_that_is_said() {
        ours.run(context -> {
            assertThat(context).hasSingleBean(ReactiveWebServerFactory.class)
                    .hasSingleBean(SolasterReactiveWebServerFactory.class);
            ReactiveWebServerApplicationContext server = (ReactiveWebServerApplicationContext) context
                    .getSourceApplicationContext();
            assertThat(server.getWebServer()).isInstanceOf(ShardWebServer.class);
            assertThat(server.getWebServer().getPort()).isPositive()
                    .isEqualTo(((ShardWebServer) server.getWebServer()).server().orElseThrow().port());
        });
    }

    @Test
    void a_factory_of_the_application_stays() {
        ours.withBean("own", ReactiveWebServerFactory.class, () -> new NettyReactiveWebServerFactory(0))
                .run(context -> assertThat(context).hasSingleBean(ReactiveWebServerFactory.class).hasBean("own"));
    }

    @Test
    void without_an_engine_there_is_nothing_to_serve_on() {
        ours.withPropertyValues("solaster.enabled=false").withBean(ReactorResourceFactory.class, OwnLoops::make)
                .run(context -> assertThat(context).hasSingleBean(NettyReactiveWebServerFactory.class));
    }

    @Test
    void a_module_that_is_missing_is_named() {
        ours.withClassLoader(new FilteredClassLoader(HttpHandler.class)).run(context -> assertThat(context).hasFailed()
                .getFailure().rootCause().isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("solaster.web.server: 'solaster' needs the module solaster-http"));
    }

    @Test
    void where_it_has_no_effect_that_is_told(CapturedOutput output) {
        new WebApplicationContextRunner().withConfiguration(CONFIGURATIONS).withPropertyValues(PROPERTIES)
                .withPropertyValues("solaster.web.server=solaster").run(context -> assertThat(context).hasNotFailed());
        assertThat(output).contains("solaster.web.server has no effect: the application is one of Spring MVC");
        new ApplicationContextRunner().withConfiguration(CONFIGURATIONS).withPropertyValues(PROPERTIES)
                .withPropertyValues("solaster.web.server=solaster").run(context -> assertThat(context).hasNotFailed());
        assertThat(output).contains("solaster.web.server has no effect: the application has no web server");
    }

    @Test
    void a_port_in_use_is_told_as_Spring_Boot_tells_it() throws IOException {
        try (ServerSocket taken = new ServerSocket(0)) {
            ours.withPropertyValues("server.port=" + taken.getLocalPort())
                    .run(context -> assertThat(context).hasFailed()
                            .getFailure().hasRootCauseInstanceOf(Exception.class).satisfies(failure -> assertThat(
                                    failure).hasStackTraceContaining(PortInUseException.class.getName())));
        }
    }

    @Test
    void an_address_that_is_not_here_is_named_with_the_fix() {
        ours.withPropertyValues("server.address=203.0.113.1")
                .run(context -> assertThat(context).hasFailed().getFailure()
                        .hasStackTraceContaining(
                                "set server.address and server.port to where this process may listen"));
    }

    @Test
    void requests_under_way_are_answered_when_the_application_stops() {
        ConfigurableApplicationContext context = start();
        Calls calls = context.getBean(Calls.class);
        CompletableFuture<HttpResponse<String>> answer = HttpClient.newHttpClient()
                .sendAsync(request(context, "http", "/late"), BodyHandlers.ofString());
        await(calls.lateAsked);
        CompletableFuture<Void> closed = CompletableFuture.runAsync(context::close);
        // Once the port is closed, the drain has begun.
        ShardWebServer server = (ShardWebServer) ((ReactiveWebServerApplicationContext) context).getWebServer();
        while (server.server().filter(bound -> bound.isListening()).isPresent()) {
            Thread.onSpinWait();
        }
        calls.late.tryEmitValue("late");
        assertThat(await(answer).body()).isEqualTo("late");
        await(closed);
    }

    @Test
    void a_proxy_is_believed_where_that_is_said() throws Exception {
        String[] headers = {"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host",
                "example.org"};
        for (String strategy : new String[]{"native", "framework"}) {
            try (ConfigurableApplicationContext context = start("server.forward-headers-strategy=" + strategy)) {
                assertThat(get(context, "/about", headers).body()).isEqualTo("https://example.org/about 192.0.2.7");
            }
        }
        assertThat(get(shared, "/about", headers).body()).startsWith("http://localhost:").endsWith("127.0.0.1");
    }

    @Test
    void exchanges_are_logged_and_counted_where_that_is_asked_for(CapturedOutput output) throws Exception {
        try (ConfigurableApplicationContext context = start("solaster.web.http.access-log.enabled=true",
                "solaster.web.http.access-log.format=json")) {
            get(context, "/about?a=b", "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
            MeterRegistry registry = context.getBean(MeterRegistry.class);
            ThreeShards.until("the response is counted", () -> registry.get("solaster.http.responses")
                    .tags("server", "webflux", "status", "2xx").functionCounter().count() == 1);
        }
        assertThat(output).contains("\"server\":\"webflux\"", "\"target\":\"/about?a=b\"", "\"status\":200",
                "\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\"");
    }

    @Test
    void a_URI_is_that_of_the_request_whatever_was_asked_for_before() throws Exception {
        try (Socket socket = new Socket("localhost", Integer.parseInt(
                Objects.requireNonNull(shared.getEnvironment().getProperty("local.server.port"))))) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            String[][] asked = {{"/about", "a"}, {"/about", "b:81"}, {"/about", "a"}, {"/about?x=1", "a"},
                    {"/about?x=2", "a"}, {"/about", "a:80"}, {"http://c:8080/about", "a"}, {"/about", "a"}};
            StringBuilder requests = new StringBuilder();
            for (String[] each : asked) {
                requests.append("GET ").append(each[0]).append(" HTTP/1.1\r\nHost: ").append(each[1])
                        .append("\r\n\r\n");
            }
            requests.append("GET /about HTTP/1.0\r\n\r\n");
            socket.getOutputStream().write(requests.toString().getBytes(StandardCharsets.US_ASCII));
            List<String> answers = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).lines()
                    .filter(line -> line.startsWith("http")).map(line -> line.replaceAll(" 127\\.0\\.0\\.1.*", ""))
                    .toList();
            assertThat(answers).startsWith("http://a/about", "http://b:81/about", "http://a/about",
                    "http://a/about?x=1", "http://a/about?x=2", "http://a/about", "http://c:8080/about",
                    "http://a/about").hasSize(9);
            assertThat(answers.getLast()).isEqualTo("http://127.0.0.1:" + socket.getPort() + "/about");
        }
    }

    @Test
    void limits_and_the_header_Server_are_those_of_Spring_Boot() throws Exception {
        HttpResponse<String> answer = get(shared, "/about");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("server")).contains("mine");
        assertThat(get(shared, "/about", "X-Long", "x".repeat(3_000)).statusCode()).isEqualTo(431);
        assertThat(shared.getBean(SolasterReactiveWebServerFactory.class).getHttp().maxHeaderSize().bytes())
                .isEqualTo(2048);
    }

    @Test
    void connections_are_encrypted_with_an_SSL_bundle(@TempDir Path directory) throws Exception {
        KeyStore store = Certificates.make(directory, "server");
        try (ConfigurableApplicationContext context = start("server.ssl.bundle=web",
                "spring.ssl.bundle.jks.web.keystore.location=file:" + directory.resolve("server.p12"),
                "spring.ssl.bundle.jks.web.keystore.password=changeit",
                "spring.ssl.bundle.jks.web.truststore.location=file:" + directory.resolve("server.p12"),
                "spring.ssl.bundle.jks.web.truststore.password=changeit", "server.ssl.client-auth=want");
                HttpClient stranger = HttpClient.newBuilder().sslContext(Certificates.client(store, false)).build();
                HttpClient known = HttpClient.newBuilder().sslContext(Certificates.client(store, true)).build()) {
            assertThat(stranger.send(request(context, "https", "/tls"), BodyHandlers.ofString()).body())
                    .isEqualTo("https without a certificate");
            assertThat(known.send(request(context, "https", "/tls"), BodyHandlers.ofString()).body())
                    .isEqualTo("https CN=server");
        }
    }

    @Test
    void HTTP_2_is_spoken_where_server_http2_says_so(@TempDir Path directory) throws Exception {
        KeyStore store = Certificates.make(directory, "server");
        for (boolean enabled : new boolean[]{true, false}) {
            try (ConfigurableApplicationContext context = start("server.http2.enabled=" + enabled,
                    "server.ssl.bundle=web",
                    "spring.ssl.bundle.jks.web.keystore.location=file:" + directory.resolve("server.p12"),
                    "spring.ssl.bundle.jks.web.keystore.password=changeit");
                    HttpClient client = HttpClient.newBuilder().sslContext(Certificates.client(store, false)).build()) {
                HttpResponse<String> answer = client.send(request(context, "https", "/tls"), BodyHandlers.ofString());
                assertThat(answer.body()).isEqualTo("https without a certificate");
                assertThat(answer.version())
                        .isEqualTo(enabled ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
            }
            try (ConfigurableApplicationContext context = start("server.http2.enabled=" + enabled,
                    "solaster.web.http.http2.upgrade=true");
                    HttpClient client = HttpClient.newHttpClient()) {
                assertThat(client.send(request(context, "http", "/about"), BodyHandlers.ofString()).version())
                        .isEqualTo(enabled ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
            }
        }
    }

    @Test
    void management_on_a_port_of_its_own_answers_while_every_shard_is_stuck() throws Exception {
        assertThat(get(shared, "/about").statusCode()).isEqualTo(200);
        assertThat(shared.getBean(ServerLifecycle.class).server("webflux").orElseThrow().accepted()).isPositive();
        Engine engine = shared.getBean(Engine.class);
        CountDownLatch stuck = new CountDownLatch(engine.shards().size());
        CountDownLatch released = new CountDownLatch(1);
        try {
            for (Shard shard : engine.shards()) {
                shard.execute(() -> {
                    stuck.countDown();
                    try {
                        released.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
            }
            assertThat(stuck.await(60, TimeUnit.SECONDS)).isTrue();
            HttpResponse<String> health = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(
                    "http://localhost:" + shared.getEnvironment().getProperty("local.management.port")
                            + "/actuator/health"))
                    .timeout(PATIENCE).build(), BodyHandlers.ofString());
            assertThat(health.body()).contains("\"status\":\"UP\"").contains("\"webflux\":{")
                    .contains("\"protocol\":\"http\"");
        } finally {
            released.countDown();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"solaster", "none"})
    void blocking_controllers_stay_on_their_shard_with_virtual_threads(String server) throws Exception {
        try (ConfigurableApplicationContext context = start("solaster.web.server=" + server,
                "spring.threads.virtual.enabled=true")) {
            assertThat(get(context, "/where").body()).isEqualTo("virtual, on the shard of the request");
        }
        try (ConfigurableApplicationContext context = start("solaster.web.server=" + server)) {
            assertThat(get(context, "/where").body()).isEqualTo("on the shard of the request");
        }
    }

    @Test
    void web_sockets_of_WebFlux_go_by_its_limits_and_are_measured() throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            CompletableFuture<String> heard = new CompletableFuture<>();
            CompletableFuture<Integer> closed = new CompletableFuture<>();
            WebSocket socket = client.newWebSocketBuilder().buildAsync(URI.create("ws://localhost:"
                    + shared.getEnvironment().getProperty("local.server.port") + "/echo"), new WebSocket.Listener() {
                        @Override
                        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
                            heard.complete(text.toString());
                            return WebSocket.Listener.super.onText(socket, text, last);
                        }

                        @Override
                        public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                            closed.complete(code);
                            return null;
                        }
                    }).join();
            try {
                socket.sendText("hello", true).join();
                assertThat(await(heard)).isEqualTo("hello");
                MeterRegistry registry = shared.getBean(MeterRegistry.class);
                assertThat(registry.get("solaster.websocket.connections").gauge().value()).isOne();
                assertThat(registry.get("solaster.websocket.messages").tag("direction", "in").functionCounter()
                        .count()).isOne();
                socket.sendText("x".repeat(4000), true).join();
                assertThat(await(closed)).isEqualTo(1009);
            } finally {
                // Else the client's close() would wait for the conversation for ever.
                socket.abort();
            }
        }
    }

    private static ConfigurableApplicationContext start(String... properties) {
        return new SpringApplicationBuilder(App.class).web(WebApplicationType.REACTIVE)
                .properties("server.port=0", "solaster.engine.shards=2", "solaster.engine.pinning=never",
                        "solaster.web.server=solaster", "spring.main.banner-mode=off",
                        "spring.autoconfigure.exclude=" + Actuated.BUT_NETTY)
                .properties(properties).run();
    }

    private static HttpRequest request(ConfigurableApplicationContext context, String scheme, String path,
            String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(scheme + "://localhost:"
                + context.getEnvironment().getProperty("local.server.port") + path)).timeout(PATIENCE);
        return (headers.length == 0 ? request : request.headers(headers)).build();
    }

    private static HttpResponse<String> get(ConfigurableApplicationContext context, String path, String... headers)
            throws Exception {
        try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            return client.send(request(context, "http", path, headers), BodyHandlers.ofString());
        }
    }

    private static <T> T await(CompletableFuture<T> future) {
        return future.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(Calls.class)
    static class App {

        @Bean
        SimpleUrlHandlerMapping sockets() {
            WebSocketHandler echo = session -> session.send(session.receive().map(message -> session
                    .textMessage(message.getPayloadAsText())));
            return new SimpleUrlHandlerMapping(Map.of("/echo", echo), -1);
        }

        @Bean
        WebFilter shardOfTheRequest() {
            return (exchange, chain) -> {
                Shard here = Shard.current();
                // Null where management has threads of its own.
                if (here != null) {
                    exchange.getAttributes().put("shard", here);
                }
                return chain.filter(exchange);
            };
        }
    }

    @RestController
    static class Calls {
        final CompletableFuture<Void> lateAsked = new CompletableFuture<>();
        final Sinks.One<String> late = Sinks.one();

        @GetMapping("/late")
        Mono<String> late() {
            lateAsked.complete(null);
            return late.asMono();
        }

        @GetMapping("/where")
        String where(@RequestAttribute("shard") Shard shard) {
            return (Thread.currentThread().isVirtual() ? "virtual, " : "")
                    + (Shard.current() == shard ? "on the shard of the request" : "elsewhere");
        }

        @GetMapping("/about")
        String about(ServerHttpRequest request) {
            return request.getURI() + " " + request.getRemoteAddress().getHostString();
        }

        @GetMapping("/tls")
        String tls(ServerHttpRequest request) {
            return request.getURI().getScheme() + (request.getSslInfo().getPeerCertificates() == null
                    ? " without a certificate"
                    : " " + request.getSslInfo().getPeerCertificates()[0].getSubjectX500Principal().getName());
        }
    }
}
