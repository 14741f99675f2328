package io.solaster.boot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.http.client.autoconfigure.HttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration;
import org.springframework.boot.http.codec.autoconfigure.CodecsAutoConfiguration;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.boot.webclient.autoconfigure.WebClientAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.HttpHandlerAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.core.env.Environment;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** A whole application on the shards: WebFlux, WebClient, Lettuce, and the store that it asks. */
final class WebFluxOnShardsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final HttpClient client = HttpClient.newHttpClient();

    @ParameterizedTest
    @MethodSource("io.solaster.boot.netty.SeenThreads#transports")
    void every_callback_of_a_controller_runs_on_a_shard(Transport transport) throws Exception {
        Set<String> before = SeenThreads.ofLibraries();
        try (ConfigurableApplicationContext context = start(transport)) {
            List<HttpResponse<String>> answers = IntStream.range(0, 32)
                    .mapToObj(i -> client.sendAsync(get(context, "/front"), BodyHandlers.ofString())).toList().stream()
                    .map(WebFluxOnShardsTest::await).toList();
            assertThat(answers).allSatisfy(answer -> assertThat(answer.body()).isEqualTo("PONG back"));
            assertThat(context.getBean(SeenThreads.class).names()).isNotEmpty()
                    .isSubsetOf(SeenThreads.shardsOf(context.getBean(Engine.class)));
            assertThat(SeenThreads.ofLibraries()).isSubsetOf(before);
        }
    }

    @ParameterizedTest
    @MethodSource("io.solaster.boot.netty.SeenThreads#transports")
    void a_call_of_WebClient_answers_on_the_shard_that_made_it(Transport transport) throws Exception {
        try (ConfigurableApplicationContext context = start(transport)) {
            IntStream.range(0, 64).mapToObj(i -> client.sendAsync(get(context, "/home"), BodyHandlers.ofString()))
                    .toList().forEach(answer -> assertThat(await(answer).body()).isEqualTo("same"));
            Engine engine = context.getBean(Engine.class);
            WebClient web = context.getBean(Calls.class).web;
            for (Shard shard : engine.shards()) {
                CompletableFuture<String> carried = shard.fork(() -> web.get().uri("/back").retrieve()
                        .bodyToMono(String.class).map(body -> Thread.currentThread().getName()).toFuture().get())
                        .future();
                assertThat(await(carried)).isEqualTo(engine.name() + "-shard-" + shard.id());
            }
        }
    }

    @Test
    void blocking_a_shard_is_refused_and_blocking_a_virtual_thread_of_it_is_not() {
        try (ConfigurableApplicationContext context = start(Transport.NIO)) {
            assertThat(await(client.sendAsync(get(context, "/block"), BodyHandlers.ofString())).body())
                    .contains("block()").contains("not supported");
            assertThat(await(client.sendAsync(get(context, "/fork"), BodyHandlers.ofString())).body())
                    .isEqualTo("back");
        }
    }

    @Test
    void a_request_under_way_is_answered_while_the_context_closes() {
        ConfigurableApplicationContext context = start(Transport.NIO);
        try {
            CompletableFuture<HttpResponse<String>> answer = client.sendAsync(get(context, "/late"),
                    BodyHandlers.ofString());
            await(context.getBean(Calls.class).lateAsked);
            context.close();
            assertThat(await(answer).body()).isEqualTo("late");
            assertThat(context.getBeanFactory().getSingletonNames()).isEmpty();
        } finally {
            context.close();
        }
    }

    @Test
    void two_applications_run_side_by_side_each_on_its_own_shards() {
        List<Transport> transports = SeenThreads.transports().toList();
        try (ConfigurableApplicationContext one = start(transports.getFirst());
                ConfigurableApplicationContext other = start(transports.getLast())) {
            for (ConfigurableApplicationContext context : List.of(one, other, one)) {
                assertThat(await(client.sendAsync(get(context, "/front"), BodyHandlers.ofString())).body())
                        .isEqualTo("PONG back");
            }
            for (ConfigurableApplicationContext context : List.of(one, other)) {
                assertThat(context.getBean(SeenThreads.class).names()).isNotEmpty()
                        .isSubsetOf(SeenThreads.shardsOf(context.getBean(Engine.class)));
            }
            one.close();
            assertThat(await(client.sendAsync(get(other, "/front"), BodyHandlers.ofString())).body())
                    .isEqualTo("PONG back");
        }
    }

    private static ConfigurableApplicationContext start(Transport transport) {
        return new SpringApplicationBuilder(App.class).web(WebApplicationType.REACTIVE).properties("server.port=0",
                "server.shutdown=graceful", "solaster.engine.shards=2", "solaster.engine.pinning=never",
                "solaster.engine.transport=" + transport.name().toLowerCase(Locale.ROOT),
                "solaster.servers.kv.protocol=resp", "solaster.servers.kv.port=0", "spring.main.banner-mode=off",
                "logging.level.org.springframework.boot.autoconfigure=warn").run();
    }

    private static HttpRequest get(ConfigurableApplicationContext context, String path) {
        return HttpRequest.newBuilder(URI.create(
                "http://localhost:" + context.getEnvironment().getProperty("local.server.port") + path))
                .timeout(PATIENCE)
                .build();
    }

    private static <T> T await(CompletableFuture<T> future) {
        return future.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterStoreAutoConfiguration.class,
            SolasterReactorNettyAutoConfiguration.class, SolasterLettuceAutoConfiguration.class,
            SolasterLibrariesAutoConfiguration.class, SslAutoConfiguration.class,
            NettyReactiveWebServerAutoConfiguration.class, HttpHandlerAutoConfiguration.class,
            WebFluxAutoConfiguration.class, CodecsAutoConfiguration.class, HttpClientAutoConfiguration.class,
            ReactiveHttpClientAutoConfiguration.class, WebClientAutoConfiguration.class})
    @Import(Calls.class)
    static class App {

        @Bean
        SeenThreads seenThreads() {
            return new SeenThreads();
        }

        @Bean(destroyMethod = "shutdown")
        RedisClient redis(ClientResources resources) {
            return RedisClient.create(resources);
        }
    }

    @RestController
    static class Calls implements ApplicationListener<ContextClosedEvent> {
        final CompletableFuture<Void> lateAsked = new CompletableFuture<>();
        final WebClient web;
        private final Sinks.One<String> late = Sinks.one();
        private final SeenThreads seen;
        private final Engine engine;
        private final Mono<StatefulRedisConnection<String, String>> redis;

        Calls(SeenThreads seen, Engine engine, WebClient.Builder web, RedisClient redis, ServerLifecycle servers,
                Environment environment) {
            this.seen = seen;
            this.engine = engine;
            // By name, so that looking it up is on the way.
            this.web = web.filter((request,
                    next) -> next.exchange(ClientRequest.from(request)
                            .url(URI.create("http://localhost:" + environment.getProperty("local.server.port")
                                    + request.url().getPath()))
                            .build()))
                    .build();
            this.redis = Mono.fromCompletionStage(() -> redis.connectAsync(StringCodec.UTF8,
                    RedisURI.create("localhost", servers.server("kv").orElseThrow().port()))).cache();
        }

        @GetMapping("/front")
        Mono<String> front() {
            return web.get().uri("/back").retrieve().bodyToMono(String.class).map(seen::here)
                    .flatMap(back -> redis.map(seen::here).flatMap(open -> open.reactive().ping()).map(seen::here)
                            .map(pong -> pong + " " + back))
                    .doOnNext(seen::here).doFinally(seen::here);
        }

        @GetMapping("/back")
        Mono<String> back() {
            return Mono.fromSupplier(() -> seen.here("back"));
        }

        @GetMapping("/home")
        Mono<String> home() {
            Thread caller = Thread.currentThread();
            return web.get().uri("/back").retrieve().bodyToMono(String.class)
                    .map(back -> Thread.currentThread() == caller ? "same" : caller + " and " + Thread.currentThread());
        }

        @GetMapping("/block")
        Mono<String> block() {
            return Mono.fromCallable(() -> web.get().uri("/back").retrieve().bodyToMono(String.class).block())
                    .onErrorResume(IllegalStateException.class, refused -> Mono.just(refused.getMessage()));
        }

        @GetMapping("/fork")
        Mono<String> fork() {
            return Mono.fromFuture(Shard.current().fork(
                    () -> web.get().uri("/back").retrieve().bodyToMono(String.class).block()).future());
        }

        @GetMapping("/late")
        Mono<String> late() {
            lateAsked.complete(null);
            return late.asMono();
        }

        /** Comes before anything is stopped. */
        @Override
        public void onApplicationEvent(ContextClosedEvent closing) {
            engine.shard(0).schedule(() -> late.tryEmitValue("late"), 200, TimeUnit.MILLISECONDS);
        }
    }
}
