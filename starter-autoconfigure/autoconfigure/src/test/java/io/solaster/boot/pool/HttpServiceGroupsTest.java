package io.solaster.boot.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

import io.solaster.boot.Certificates;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.spring.pool.PooledConnector;
import io.solaster.spring.pool.PooledRequestFactory;
import io.solaster.spring.pool.Pools;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.HttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.imperative.ImperativeHttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.service.HttpServiceClientPropertiesAutoConfiguration;
import org.springframework.boot.http.converter.autoconfigure.HttpMessageConvertersAutoConfiguration;
import org.springframework.boot.restclient.autoconfigure.RestClientAutoConfiguration;
import org.springframework.boot.restclient.autoconfigure.service.HttpServiceClientAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.webclient.autoconfigure.WebClientAutoConfiguration;
import org.springframework.boot.webclient.autoconfigure.service.ReactiveHttpServiceClientAutoConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.client.HttpClientErrorException;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.PostExchange;
import org.springframework.web.service.registry.HttpServiceGroup;
import org.springframework.web.service.registry.ImportHttpServices;
import reactor.core.publisher.Mono;

/** Spring's declared HTTP clients, and RestClient and WebClient by hand, go through the pool of their name. */
final class HttpServiceGroupsTest {
    private Backend backend;
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterPoolsAutoConfiguration.class, SolasterRestClientAutoConfiguration.class,
                    SolasterWebClientAutoConfiguration.class, SslAutoConfiguration.class,
                    HttpClientAutoConfiguration.class, ImperativeHttpClientAutoConfiguration.class,
                    ReactiveHttpClientAutoConfiguration.class, HttpMessageConvertersAutoConfiguration.class,
                    HttpServiceClientPropertiesAutoConfiguration.class, RestClientAutoConfiguration.class,
                    HttpServiceClientAutoConfiguration.class, WebClientAutoConfiguration.class,
                    ReactiveHttpServiceClientAutoConfiguration.class))
            .withUserConfiguration(Groups.class)
            .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                    "solaster.engine.transport=nio");

    @BeforeEach
    void start() throws IOException {
        backend = new Backend("backend");
    }

    @AfterEach
    void stop() {
        backend.close();
    }

    private ApplicationContextRunner pooled() {
        return runner.withPropertyValues("solaster.pools.orders.endpoints=" + backend.address(),
                "solaster.pools.shop.endpoints=" + backend.address());
    }

    interface Orders {
        @GetExchange("/orders?id=7&name={name}")
        Map<String, String> one(@org.springframework.web.bind.annotation.PathVariable String name);

        @PostExchange("/orders")
        String add(@RequestBody String order);

        @GetExchange("/missing")
        String missing();

        @GetExchange("/large")
        byte[] large();

        @GetExchange("/nothing")
        ResponseEntity<Void> nothing();
    }

    interface Shop {
        @GetExchange("/name")
        Mono<String> name();

        @PostExchange("/orders")
        Mono<String> add(@RequestBody String order);

        @GetExchange("/large")
        Mono<byte[]> large();
    }

    @Configuration(proxyBeanMethods = false)
    @ImportHttpServices(group = "orders", types = Orders.class)
    @ImportHttpServices(group = "shop", types = Shop.class, clientType = HttpServiceGroup.ClientType.WEB_CLIENT)
    static class Groups {}

    @Test
    void a_group_goes_through_the_pool_of_its_name() {
        pooled().run(context -> {
            assertThat(context).hasNotFailed();
            Orders orders = context.getBean(Orders.class);
            assertThat(orders.one("ä b")).isEqualTo(Map.of("id", "/orders"));
            assertThat(orders.add("{\"n\":1}")).isEqualTo("{\"n\":1}");
            assertThat(orders.large()).hasSize(1024 * 1024);
            assertThat(orders.nothing().getStatusCode()).isEqualTo(HttpStatus.NO_CONTENT);
            assertThatThrownBy(orders::missing).isInstanceOf(HttpClientErrorException.NotFound.class);
            assertThat(backend.requests).startsWith("GET /orders?id=7&name=%C3%A4%20b ", "POST /orders {\"n\":1}");
            assertThat(context.getBean(Pools.class).get("orders").calls().stream().mapToLong(it -> it.requests.get())
                    .sum()).isEqualTo(5);
        });
    }

    @Test
    void so_does_one_of_web_client() {
        pooled().run(context -> {
            Shop shop = context.getBean(Shop.class);
            assertThat(shop.name().block()).isEqualTo("backend");
            assertThat(shop.add("order").block()).isEqualTo("order");
            WebClient client = WebClient.builder().clientConnector(new PooledConnector(context.getBean(Engine.class),
                    context.getBean(Pools.class).http("shop"))).baseUrl("http://shop").build();
            assertThat(client.get().uri("/large").exchangeToFlux(response -> response.body((message, any) -> message
                    .getBody())).map(buffer -> buffer.readableByteCount()).reduce(0, Integer::sum).block())
                    .isEqualTo(1024 * 1024);
            assertThat(client.get().uri("/cookie").cookie("c", "d").exchangeToMono(response -> {
                assertThat(response.cookies().getFirst("a")).satisfies(cookie -> {
                    assertThat(cookie.getValue()).isEqualTo("b");
                    assertThat(cookie.isHttpOnly()).isTrue();
                    assertThat(cookie.getSameSite()).isEqualTo("Lax");
                });
                return response.bodyToMono(String.class);
            }).block()).isEqualTo("c=d");
        });
    }

    @Test
    void a_url_that_is_configured_stands() {
        pooled().withPropertyValues("spring.http.serviceclient.orders.base-url=http://anywhere/prefix").run(context -> {
            context.getBean(Orders.class).add("x");
            assertThat(backend.requests).containsExactly("POST /prefix/orders x");
        });
    }

    @Test
    void a_group_without_a_pool_is_left_alone() {
        runner.withPropertyValues("solaster.pools.other.endpoints=" + backend.address(),
                "spring.http.serviceclient.orders.base-url=http://" + backend.address()).run(context -> {
                    assertThat(context.getBean(Orders.class).add("x")).isEqualTo("x");
                    assertThat(context.getBean(Pools.class).get("other").calls().stream()
                            .mapToLong(it -> it.requests.get()).sum()).isZero();
                });
    }

    @Test
    void a_virtual_thread_of_a_shard_waits_and_its_shard_goes_on() {
        pooled().run(context -> {
            Engine engine = context.getBean(Engine.class);
            Orders orders = context.getBean(Orders.class);
            assertThat(engine.shard(1).fork(() -> orders.add("parked")).future().get(60, TimeUnit.SECONDS))
                    .isEqualTo("parked");
            assertThatThrownBy(() -> engine.submitTo(1, () -> orders.add("blocked")).get(60, TimeUnit.SECONDS))
                    .hasStackTraceContaining("would block shard 1");
        });
    }

    @Test
    void a_call_that_is_made_on_a_shard_is_answered_there() {
        pooled().run(context -> {
            Engine engine = context.getBean(Engine.class);
            Shop shop = context.getBean(Shop.class);
            for (int shard = 0; shard < 2; shard++) {
                int expected = shard;
                assertThat(engine.submitStageTo(shard, io.solaster.engine.CallOptions.DEFAULTS,
                        () -> shop.name().map(name -> Objects.requireNonNull(Shard.current()).id()).toFuture())
                        .get(60, TimeUnit.SECONDS)).isEqualTo(expected);
            }
        });
    }

    @Test
    void what_goes_wrong_is_thrown_as_by_any_other_client() {
        runner.withPropertyValues("solaster.pools.orders.endpoints=127.0.0.1:1",
                "solaster.pools.orders.requests.retries=0").run(context -> {
                    Orders orders = context.getBean(Orders.class);
                    assertThatThrownBy(() -> orders.add("x")).isInstanceOf(ResourceAccessException.class)
                            .hasCauseInstanceOf(ConnectException.class);
                });
    }

    @Test
    void the_pools_bundle_encrypts_and_proves_who_we_are(@TempDir Path folder) throws Exception {
        KeyStore server = Certificates.make(folder, "server");
        KeyStore client = Certificates.make(folder, "client");
        try (Backend secured = new Backend("secured", tls(server, client), true)) {
            String[] ssl = {"solaster.pools.orders.endpoints=" + secured.address(),
                    "solaster.pools.orders.ssl.bundle=orders",
                    "spring.ssl.bundle.jks.orders.keystore.location=" + folder.resolve("client.p12").toUri(),
                    "spring.ssl.bundle.jks.orders.keystore.password=changeit",
                    "spring.ssl.bundle.jks.orders.truststore.location=" + folder.resolve("server.p12").toUri(),
                    "spring.ssl.bundle.jks.orders.truststore.password=changeit"};
            runner.withPropertyValues(ssl)
                    .run(context -> assertThat(context.getBean(Orders.class).add("secret")).isEqualTo("secret"));
            runner.withPropertyValues(ssl).withPropertyValues("solaster.pools.orders.requests.retries=0",
                    "spring.ssl.bundle.jks.orders.truststore.location=" + folder.resolve("client.p12").toUri())
                    .run(context -> assertThatThrownBy(() -> context.getBean(Orders.class).add("secret"))
                            .isInstanceOf(ResourceAccessException.class));
        }
    }

    private static SSLContext tls(KeyStore own, KeyStore trusted) throws Exception {
        KeyStore trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        trust.setCertificateEntry("client", trusted.getCertificate("key"));
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trust);
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), managers.getTrustManagers(), null);
        return context;
    }

    @Test
    void rest_client_by_hand() {
        pooled().run(context -> {
            RestClient client = RestClient.builder().baseUrl("http://orders")
                    .requestFactory(new PooledRequestFactory(context.getBean(Engine.class),
                            context.getBean(Pools.class).http("orders")))
                    .build();
            assertThat(client.get().uri("/name").retrieve().body(String.class)).isEqualTo("backend");
            assertThat(client.head().uri("/name").retrieve().toBodilessEntity().getStatusCode())
                    .isEqualTo(HttpStatus.OK);
        });
    }
}
