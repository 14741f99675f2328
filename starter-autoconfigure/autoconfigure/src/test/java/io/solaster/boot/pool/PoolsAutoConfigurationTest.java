package io.solaster.boot.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterHttpAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.config.SolasterConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.Engine;
import io.solaster.http.HttpHandler;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Endpoint;
import io.solaster.pool.discovery.DnsResolver;
import io.solaster.pool.frame.FramedClient;
import io.solaster.pool.http.HttpClientConnection;
import io.solaster.pool.http.HttpClientProtocol;
import io.solaster.pool.http.PooledHttpClient;
import io.solaster.pool.resp.RespClient;
import io.solaster.pool.resp.RespConnection;
import io.solaster.spring.pool.PoolCustomizer;
import io.solaster.spring.pool.PooledRequestFactory;
import io.solaster.spring.pool.Pools;
import io.solaster.spring.reload.ReloadPart;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.web.client.RestClient;

@ExtendWith(OutputCaptureExtension.class)
final class PoolsAutoConfigurationTest {
    private final List<Backend> backends = new ArrayList<>();
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterStoreAutoConfiguration.class, SolasterPoolsAutoConfiguration.class,
                    SolasterKubernetesDiscoveryAutoConfiguration.class, SolasterCloudDiscoveryAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                    "solaster.engine.transport=nio");

    @AfterEach
    void stop() {
        backends.forEach(Backend::close);
    }

    private Backend backend(String name) throws IOException {
        Backend backend = new Backend(name);
        backends.add(backend);
        return backend;
    }

    @Test
    void each_pool_is_a_bean_by_name_and_type() throws IOException {
        Backend orders = backend("orders");
        Backend users = backend("users");
        runner.withPropertyValues("solaster.pools.orders.endpoints=" + orders.address(),
                "solaster.pools.users.endpoints=" + users.address(), "solaster.servers.kv.protocol=resp",
                "solaster.servers.kv.port=0", "solaster.pools.cache.protocol=resp",
                "solaster.pools.cache.endpoints=127.0.0.1:1", "solaster.pools.feed.protocol=tcp",
                "solaster.pools.feed.endpoints=127.0.0.1:1").withBean(Injected.class).run(context -> {
                    assertThat(context).hasNotFailed().hasSingleBean(Pools.class);
                    Injected injected = context.getBean(Injected.class);
                    assertThat(get(injected.orders, "/name")).isEqualTo("orders");
                    assertThat(get(injected.byQualifier, "/name")).isEqualTo("users");
                    assertThat(injected.cache.pool()).isSameAs(injected.cachePool);
                    assertThat(injected.ordersPool.name()).isEqualTo("orders");
                    assertThat(injected.ordersPool.stats()).extracting(stats -> stats.created.get())
                            .satisfies(created -> assertThat(created.stream().mapToLong(n -> n).sum()).isPositive());
                    assertThat(context.getBeansOfType(ConnectionPool.class)).containsOnlyKeys("ordersPool",
                            "usersPool", "cachePool", "feedPool");
                    assertThat(context.getBean("feed")).isInstanceOf(FramedClient.class);
                });
    }

    static final class Injected {
        @Autowired
        PooledHttpClient orders;
        @Autowired
        @Qualifier("users")
        PooledHttpClient byQualifier;
        @Autowired
        RespClient cache;
        @Autowired
        ConnectionPool<RespConnection> cachePool;
        @Autowired
        @Qualifier("ordersPool")
        ConnectionPool<HttpClientConnection> ordersPool;
    }

    @Test
    void who_names_no_pool_pays_nothing() {
        runner.run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(Pools.class)
                .doesNotHaveBean(DnsResolver.class));
    }

    @Test
    void one_switch_leaves_nothing() {
        runner.withPropertyValues("solaster.enabled=false", "solaster.pools.orders.endpoints=a:1")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(Pools.class));
    }

    @Test
    void pools_may_be_missing_from_the_class_path() {
        runner.withPropertyValues("solaster.pools.orders.endpoints=a:1")
                .withClassLoader(new FilteredClassLoader(ConnectionPool.class))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean("orders"));
    }

    @Test
    void a_name_that_is_taken_stays_with_whoever_has_it() {
        runner.withPropertyValues("solaster.pools.orders.endpoints=127.0.0.1:1")
                .withBean("orders", String.class, "mine")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(context.getBean("orders")).isEqualTo("mine");
                    assertThat(context.getBean(Pools.class).http("orders")).isNotNull();
                });
    }

    @Test
    void commands_go_to_a_server_of_the_same_application() {
        runner.withPropertyValues("solaster.servers.kv.protocol=resp", "solaster.servers.kv.port=0",
                "solaster.pools.cache.protocol=resp", "solaster.pools.cache.endpoints=127.0.0.1:1").run(context -> {
                    int port = context.getBean(ServerLifecycle.class).server("kv").orElseThrow().port();
                    Pools pools = context.getBean(Pools.class);
                    SolasterConfig config = context.getBean(SolasterConfig.class);
                    PoolConfig there = config.pools().get("cache")
                            .withEndpoints(List.of(EndpointConfig.valueOf("127.0.0.1:" + port)));
                    pools.reconfigure(config.withPools(Map.of("cache", there))).get(60, TimeUnit.SECONDS);
                    RespClient cache = context.getBean(RespClient.class);
                    cache.set("a", "b").get(60, TimeUnit.SECONDS);
                    assertThat(cache.get("a").get(60, TimeUnit.SECONDS)).isEqualTo("b");
                });
    }

    @Test
    void requests_go_over_http_2_to_a_server_that_speaks_it() {
        runner.withConfiguration(AutoConfigurations.of(SolasterHttpAutoConfiguration.class))
                .withBean("web", HttpHandler.class, () -> (request, response) -> response.send(request.version() + " "
                        + request.path()))
                .withPropertyValues("solaster.servers.web.protocol=http", "solaster.servers.web.port=0",
                        "solaster.pools.orders.http.version=http-2", "solaster.pools.orders.endpoints=127.0.0.1:1")
                .run(context -> {
                    int port = context.getBean(ServerLifecycle.class).server("web").orElseThrow().port();
                    Pools pools = context.getBean(Pools.class);
                    SolasterConfig config = context.getBean(SolasterConfig.class);
                    PoolConfig there = config.pools().get("orders")
                            .withEndpoints(List.of(EndpointConfig.valueOf("127.0.0.1:" + port)));
                    pools.reconfigure(config.withPools(Map.of("orders", there))).get(60, TimeUnit.SECONDS);
                    PooledHttpClient orders = context.getBean(PooledHttpClient.class);
                    assertThat(get(orders, "/a")).isEqualTo("HTTP/2.0 /a");
                    RestClient rest = RestClient.builder().baseUrl("http://orders")
                            .requestFactory(new PooledRequestFactory(context.getBean(Engine.class), orders)).build();
                    assertThat(rest.get().uri("/b").retrieve().body(String.class)).isEqualTo("HTTP/2.0 /b");
                });
    }

    @Test
    void a_changed_configuration_takes_effect() throws IOException {
        Backend first = backend("first");
        Backend second = backend("second");
        runner.withPropertyValues("solaster.pools.orders.endpoints=" + first.address()).run(context -> {
            PooledHttpClient client = context.getBean(PooledHttpClient.class);
            assertThat(get(client, "/name")).isEqualTo("first");
            SolasterConfig before = context.getBean(SolasterConfig.class);
            PoolConfig pool = before.pools().get("orders");
            SolasterConfig after = before.withPools(Map.of("orders",
                    pool.withEndpoints(List.of(EndpointConfig.valueOf(second.address())))
                            .withConnections(pool.connections().withBounds(7, 5, 3))));
            context.getBean("solasterPoolsReload", ReloadPart.class).reconfigure(after).join();
            Pools pools = context.getBean(Pools.class);
            ThreeShards.until("the new endpoint is asked",
                    () -> pools.get("orders").upstream().members().toString().equals("[" + second.address() + "]")
                            && get(client, "/name").equals("second"));
            assertThat(pools.get("orders").config().connections().max()).isEqualTo(7);
            assertThat(context.getBean("solasterPoolsReload", ReloadPart.class).check(after.withPools(
                    Map.of("orders", pool.withEndpoints(List.of()))))).as("no endpoints").hasSize(1);
            assertThat(pools.reconfigure(after.withPools(Map.of("orders", pool.withEndpoints(List.of())))))
                    .as("no endpoints").isCompletedExceptionally();
            assertThat(pools.get("orders").config().endpoints()).hasSize(1);
        });
    }

    @Test
    void connection_details_stand_before_the_configuration() throws IOException {
        Backend backend = backend("container");
        runner.withPropertyValues("solaster.pools.orders.discovery.type=dns",
                "solaster.pools.orders.discovery.name=no.such",
                "solaster.pools.orders.discovery.port=1")
                .withBean(PoolConnectionDetails.class, () -> PoolConnectionDetails.of("orders", backend.address()))
                .run(context -> {
                    assertThat(get(context.getBean(PooledHttpClient.class), "/name")).isEqualTo("container");
                    assertThat(context.getBean(Pools.class).get("orders").config().discovery().type())
                            .hasToString("NONE");
                });
        runner.withPropertyValues("solaster.pools.orders.protocol=http")
                .withBean(PoolConnectionDetails.class, () -> PoolConnectionDetails.of("orders", backend.address()))
                .run(context -> assertThat(get(context.getBean(PooledHttpClient.class), "/name"))
                        .as("nothing else tells endpoints").isEqualTo("container"));
    }

    @Test
    void customizers_have_a_say() throws IOException {
        Backend backend = backend("custom");
        List<String> asked = new ArrayList<>();
        runner.withPropertyValues("solaster.pools.orders.endpoints=127.0.0.1:1")
                .withBean(PoolCustomizer.class, () -> new PoolCustomizer() {
                    @Override
                    public PoolConfig config(String pool, PoolConfig config) {
                        return config.withEndpoints(List.of(EndpointConfig.valueOf(backend.address())));
                    }

                    @Override
                    public HttpClientProtocol http(String pool, HttpClientProtocol protocol) {
                        asked.add(pool);
                        return protocol.withGzip(true);
                    }
                }).run(context -> {
                    assertThat(get(context.getBean(PooledHttpClient.class), "/name")).isEqualTo("custom");
                    assertThat(asked).containsExactly("orders");
                });
    }

    @Test
    void endpoints_come_from_spring_cloud() throws IOException {
        Backend backend = backend("cloud");
        runner.withPropertyValues("solaster.pools.orders.discovery.type=spring",
                "solaster.pools.orders.discovery.name=order-service")
                .withBean(DiscoveryClient.class, () -> new Registry(backend.port())).run(context -> {
                    Pools pools = context.getBean(Pools.class);
                    ThreeShards.until("found", () -> !pools.get("orders").upstream().members().isEmpty());
                    assertThat(pools.get("orders").upstream().members())
                            .containsExactly(new Endpoint("localhost", backend.port(), 3, 0, "east", -1));
                    assertThat(get(context.getBean(PooledHttpClient.class), "/name")).isEqualTo("cloud");
                });
    }

    private record Registry(int port) implements DiscoveryClient {

        @Override
        public String description() {
            return "a registry";
        }

        @Override
        public List<ServiceInstance> getInstances(String service) {
            DefaultServiceInstance instance = new DefaultServiceInstance("1", service, "localhost", port, false);
            instance.getMetadata().put("weight", "3");
            instance.getMetadata().put("zone", "east");
            return service.equals("order-service") ? List.of(instance) : List.of();
        }

        @Override
        public List<String> getServices() {
            return List.of("order-service");
        }
    }

    @Test
    void what_keeps_a_pool_from_starting_is_told_by_its_key() {
        fails("solaster.pools.orders.endpoints: nothing is given", "solaster.pools.orders.protocol=http");
        fails("solaster.pools.orders.endpoints[0].address: 'a' has no port", "solaster.pools.orders.endpoints=a");
        fails("solaster.pools.orders.discovery.type: there is no bean of type DiscoveryClient",
                "solaster.pools.orders.discovery.type=spring", "solaster.pools.orders.discovery.name=a");
        fails("solaster.pools.orders.ssl.bundle: there is no SSL bundle 'nobody'",
                "solaster.pools.orders.endpoints=a:1", "solaster.pools.orders.ssl.bundle=nobody");
        runner.withPropertyValues("solaster.pools.orders.discovery.type=kubernetes",
                "solaster.pools.orders.discovery.name=a")
                .withClassLoader(new FilteredClassLoader("io.fabric8")).run(context -> assertThat(context).hasFailed()
                        .getFailure().rootCause().hasMessageContaining("add io.fabric8:kubernetes-client"));
    }

    private void fails(String message, String... properties) {
        runner.withPropertyValues(properties).run(context -> assertThat(context).hasFailed().getFailure().rootCause()
                .hasMessageContaining(message));
    }

    @Test
    void spring_cloud_finds_no_client_of_kubernetes_that_would_make_its_own_back_off() {
        runner.withPropertyValues("solaster.pools.orders.endpoints=127.0.0.1:1").run(context -> assertThat(context)
                .hasNotFailed().doesNotHaveBean(KubernetesClient.class).hasBean("solasterKubernetesDiscovery"));
    }

    @Test
    void a_pool_that_is_not_there_is_told_with_those_that_are() {
        runner.withPropertyValues("solaster.pools.orders.endpoints=127.0.0.1:1").run(context -> {
            Pools pools = context.getBean(Pools.class);
            assertThatThrownBy(() -> pools.get("order")).hasMessage("there is no pool 'order'; take one of orders, or"
                    + " define it as solaster.pools.order");
            assertThatThrownBy(() -> pools.resp("orders"))
                    .hasMessageContaining("has a PooledHttpClient and no RespClient");
        });
    }

    @Test
    void the_end_waits_for_what_is_under_way_and_closes_every_connection() throws IOException {
        Backend backend = backend("last");
        PooledHttpClient[] kept = new PooledHttpClient[1];
        runner.withPropertyValues("solaster.pools.orders.endpoints=" + backend.address()).run(context -> {
            kept[0] = context.getBean(PooledHttpClient.class);
            assertThat(get(kept[0], "/name")).isEqualTo("last");
            context.stop();
            context.start();
            assertThat(get(kept[0], "/name")).as("it may go on").isEqualTo("last");
        });
        assertThat(kept[0].pool().stats()).allSatisfy(stats -> assertThat(stats.open.get()).isZero());
    }

    @Test
    void what_the_end_cuts_short_is_told_and_who_asks_twice_is_told_twice(CapturedOutput output) throws Exception {
        try (Backend backend = new Backend("slow")) {
            runner.withPropertyValues("solaster.pools.orders.endpoints=" + backend.address(),
                    "solaster.engine.shutdown-timeout=300ms").run(context -> {
                        CompletableFuture<?> held = context.getBean(PooledHttpClient.class).get("/hold");
                        ThreeShards.until("it is under way", () -> backend.held() == 1);
                        Pools pools = context.getBean(Pools.class);
                        CountDownLatch told = new CountDownLatch(2);
                        pools.stop(told::countDown);
                        pools.stop(told::countDown);
                        assertThat(told.await(60, TimeUnit.SECONDS)).isTrue();
                        assertThat(held).isNotDone();
                        assertThat(output).contains("requests are cut short: 1 of pool 'orders'")
                                .containsOnlyOnce("request(s) of 1 pool(s) finish");
                        backend.release();
                        held.get(60, TimeUnit.SECONDS);
                    });
        }
    }

    static String get(PooledHttpClient client, String path) {
        try {
            return client.get(path).get(60, TimeUnit.SECONDS).text();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
