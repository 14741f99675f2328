package io.solaster.boot.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ConnectException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

import io.solaster.boot.Certificates;
import io.solaster.boot.OwnLoops;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.spring.pool.PooledConnector;
import io.solaster.spring.pool.PooledRequestFactory;
import io.solaster.spring.pool.Pools;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.HttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.imperative.ImperativeHttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.service.HttpServiceClientPropertiesAutoConfiguration;
import org.springframework.boot.http.converter.autoconfigure.HttpMessageConvertersAutoConfiguration;
import org.springframework.boot.restclient.autoconfigure.RestClientAutoConfiguration;
import org.springframework.boot.restclient.autoconfigure.service.HttpServiceClientAutoConfiguration;
import org.springframework.boot.webclient.autoconfigure.WebClientAutoConfiguration;
import org.springframework.boot.webclient.autoconfigure.service.ReactiveHttpServiceClientAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.client.HttpClientErrorException;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.PostExchange;
import org.springframework.web.service.registry.HttpServiceGroup;
import org.springframework.web.service.registry.HttpServiceProxyRegistry;
import org.springframework.web.service.registry.ImportHttpServices;
import reactor.core.publisher.Mono;

/**
 * Spring's declared HTTP clients, and RestClient and WebClient by hand, go through the pool of their name. One application
 * for all of it, since starting one takes longer than whatever is asked of it.
 */
final class HttpServiceGroupsTest {
    @TempDir
    private static Path folder;
    private static Backend backend;
    private static Backend secured;
    private static ConfigurableApplicationContext context;
    private static Engine engine;
    private static Pools pools;

    @BeforeAll
    static void start() throws Exception {
        CompletableFuture<KeyStore> server = CompletableFuture.supplyAsync(() -> certificate("server"));
        KeyStore client = certificate("client");
        backend = new Backend("backend");
        secured = new Backend("secured", tls(server.get(), client), true);
        SpringApplication application = new SpringApplication(Groups.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.setBannerMode(Banner.Mode.OFF);
        application.setDefaultProperties(Map.ofEntries(Map.entry("solaster.engine.shards", "2"),
                Map.entry("solaster.engine.pinning", "never"), Map.entry("solaster.engine.transport", "nio"),
                Map.entry("solaster.pools.orders.endpoints", backend.address()),
                Map.entry("solaster.pools.shop.endpoints", backend.address()),
                Map.entry("solaster.pools.prefixed.endpoints", backend.address()),
                Map.entry("spring.http.serviceclient.prefixed.base-url", "http://anywhere/prefix"),
                Map.entry("spring.http.serviceclient.alone.base-url", "http://" + backend.address()),
                Map.entry("solaster.pools.unreachable.endpoints", "127.0.0.1:1"),
                Map.entry("solaster.pools.unreachable.requests.retries", "0"),
                Map.entry("solaster.pools.secured.endpoints", secured.address()),
                Map.entry("solaster.pools.secured.ssl.bundle", "trusting"),
                Map.entry("solaster.pools.mistrusting.endpoints", secured.address()),
                Map.entry("solaster.pools.mistrusting.requests.retries", "0"),
                Map.entry("solaster.pools.mistrusting.ssl.bundle", "mistrusting"),
                Map.entry("spring.ssl.bundle.jks.trusting.keystore.location", store("client")),
                Map.entry("spring.ssl.bundle.jks.trusting.keystore.password", "changeit"),
                Map.entry("spring.ssl.bundle.jks.trusting.truststore.location", store("server")),
                Map.entry("spring.ssl.bundle.jks.trusting.truststore.password", "changeit"),
                Map.entry("spring.ssl.bundle.jks.mistrusting.truststore.location", store("client")),
                Map.entry("spring.ssl.bundle.jks.mistrusting.truststore.password", "changeit")));
        context = application.run();
        engine = context.getBean(Engine.class);
        pools = context.getBean(Pools.class);
    }

    private static KeyStore certificate(String name) {
        try {
            return Certificates.make(folder, name);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static String store(String name) {
        return folder.resolve(name + ".p12").toUri().toString();
    }

    @AfterAll
    static void stop() {
        context.close();
        backend.close();
        secured.close();
    }

    @BeforeEach
    void forget() {
        backend.requests.clear();
    }

    private static Orders orders(String group) {
        return context.getBean(HttpServiceProxyRegistry.class).getClient(group, Orders.class);
    }

    private static long requests() {
        return pools.all().stream().flatMap(pool -> pool.calls().stream()).mapToLong(it -> it.requests.get()).sum();
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
    @ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterPoolsAutoConfiguration.class,
            SolasterRestClientAutoConfiguration.class, SolasterWebClientAutoConfiguration.class,
            SslAutoConfiguration.class, HttpClientAutoConfiguration.class,
            ImperativeHttpClientAutoConfiguration.class, ReactiveHttpClientAutoConfiguration.class,
            HttpMessageConvertersAutoConfiguration.class, HttpServiceClientPropertiesAutoConfiguration.class,
            RestClientAutoConfiguration.class, HttpServiceClientAutoConfiguration.class,
            WebClientAutoConfiguration.class, ReactiveHttpServiceClientAutoConfiguration.class})
    @ImportHttpServices(group = "orders", types = Orders.class)
    @ImportHttpServices(group = "prefixed", types = Orders.class)
    @ImportHttpServices(group = "alone", types = Orders.class)
    @ImportHttpServices(group = "unreachable", types = Orders.class)
    @ImportHttpServices(group = "secured", types = Orders.class)
    @ImportHttpServices(group = "mistrusting", types = Orders.class)
    @ImportHttpServices(group = "shop", types = Shop.class, clientType = HttpServiceGroup.ClientType.WEB_CLIENT)
    static class Groups {
        @Bean
        ReactorResourceFactory loops() {
            return OwnLoops.make();
        }
    }

    @Test
    void a_group_goes_through_the_pool_of_its_name() {
        Orders orders = orders("orders");
        long before = pools.get("orders").calls().stream().mapToLong(it -> it.requests.get()).sum();
        assertThat(orders.one("ä b")).isEqualTo(Map.of("id", "/orders"));
        assertThat(orders.add("{\"n\":1}")).isEqualTo("{\"n\":1}");
        assertThat(orders.large()).hasSize(1024 * 1024);
        assertThat(orders.nothing().getStatusCode()).isEqualTo(HttpStatus.NO_CONTENT);
        assertThatThrownBy(orders::missing).isInstanceOf(HttpClientErrorException.NotFound.class);
        assertThat(backend.requests).startsWith("GET /orders?id=7&name=%C3%A4%20b ", "POST /orders {\"n\":1}");
        assertThat(pools.get("orders").calls().stream().mapToLong(it -> it.requests.get()).sum())
                .isEqualTo(before + 5);
    }

    @Test
    void so_does_one_of_web_client() {
        Shop shop = context.getBean(Shop.class);
        assertThat(shop.name().block()).isEqualTo("backend");
        assertThat(shop.add("order").block()).isEqualTo("order");
        WebClient client = WebClient.builder().clientConnector(new PooledConnector(engine, pools.http("shop")))
                .baseUrl("http://shop").build();
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
    }

    @Test
    void a_url_that_is_configured_stands() {
        orders("prefixed").add("x");
        assertThat(backend.requests).containsExactly("POST /prefix/orders x");
        assertThat(pools.get("prefixed").calls().stream().mapToLong(it -> it.requests.get()).sum()).isOne();
    }

    @Test
    void a_group_without_a_pool_is_left_alone() {
        long before = requests();
        assertThat(orders("alone").add("x")).isEqualTo("x");
        assertThat(backend.requests).containsExactly("POST /orders x");
        assertThat(requests()).isEqualTo(before);
    }

    @Test
    void a_virtual_thread_of_a_shard_waits_and_its_shard_goes_on() throws Exception {
        Orders orders = orders("orders");
        assertThat(engine.shard(1).fork(() -> orders.add("parked")).future().get(60, TimeUnit.SECONDS))
                .isEqualTo("parked");
        assertThatThrownBy(() -> engine.submitTo(1, () -> orders.add("blocked")).get(60, TimeUnit.SECONDS))
                .hasStackTraceContaining("would block shard 1");
        // What has failed is not done later either.
        assertThat(orders.add("after")).isEqualTo("after");
        assertThat(backend.requests).containsExactly("POST /orders parked", "POST /orders after");
    }

    @Test
    void a_call_that_is_made_on_a_shard_is_answered_there() throws Exception {
        Shop shop = context.getBean(Shop.class);
        for (int shard = 0; shard < 2; shard++) {
            assertThat(engine.submitStageTo(shard, CallOptions.DEFAULTS,
                    () -> shop.name().map(name -> Objects.requireNonNull(Shard.current()).id()).toFuture())
                    .get(60, TimeUnit.SECONDS)).isEqualTo(shard);
        }
    }

    @Test
    void what_goes_wrong_is_thrown_as_by_any_other_client() {
        assertThatThrownBy(() -> orders("unreachable").add("x")).isInstanceOf(ResourceAccessException.class)
                .hasCauseInstanceOf(ConnectException.class);
    }

    @Test
    void the_pools_bundle_encrypts_and_proves_who_we_are() {
        assertThat(orders("secured").add("secret")).isEqualTo("secret");
        assertThatThrownBy(() -> orders("mistrusting").add("secret")).isInstanceOf(ResourceAccessException.class);
    }

    @Test
    void rest_client_by_hand() {
        RestClient client = RestClient.builder().baseUrl("http://orders")
                .requestFactory(new PooledRequestFactory(engine, pools.http("orders"))).build();
        assertThat(client.get().uri("/name").retrieve().body(String.class)).isEqualTo("backend");
        assertThat(client.head().uri("/name").retrieve().toBodilessEntity().getStatusCode())
                .isEqualTo(HttpStatus.OK);
    }

    /** Of a server that proves itself by one, and wants clients to by another. */
    static SSLContext tls(KeyStore own, KeyStore... trusted) throws Exception {
        KeyStore trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        for (int i = 0; i < trusted.length; i++) {
            trust.setCertificateEntry("client" + i, trusted[i].getCertificate("key"));
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trust);
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), managers.getTrustManagers(), null);
        return context;
    }
}
