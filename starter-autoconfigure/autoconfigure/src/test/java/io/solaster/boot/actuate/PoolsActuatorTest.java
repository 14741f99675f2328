package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;

import com.jayway.jsonpath.JsonPath;
import io.solaster.boot.ThreeShards;
import io.solaster.boot.pool.Backend;
import io.solaster.pool.http.PooledHttpClient;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;

/** What operators see of pools, and what they can do. */
final class PoolsActuatorTest {
    private static final String[] OPEN = {"management.endpoint.health.show-details=always",
            "management.endpoint.health.probes.enabled=true", "management.endpoint.pools.access=unrestricted"};

    @Test
    void a_pool_is_seen_and_its_endpoints_are_taken_out_and_back_in() throws Exception {
        try (Backend a = new Backend("a");
                Backend b = new Backend("b");
                Actuated it = Actuated.start(WebApplicationType.SERVLET, with("solaster.pools.orders.endpoints="
                        + a.address() + "," + b.address(), "solaster.pools.orders.balancing.algorithm=round-robin"))) {
            PooledHttpClient client = it.context.getBean("orders", PooledHttpClient.class);
            for (int i = 0; i < 10; i++) {
                ask(client);
            }
            String report = it.get("pools").body();
            assertThat(JsonPath.<String>read(report, "$.pools.orders.state")).isEqualTo("healthy");
            assertThat(JsonPath.<String>read(report, "$.pools.orders.balancing")).isEqualTo("round-robin");
            assertThat(JsonPath.<List<String>>read(report, "$.pools.orders.endpoints[*].state"))
                    .containsExactly("healthy", "healthy");
            assertThat(JsonPath.<List<Integer>>read(report, "$.pools.orders.connections.shards[*].open").stream()
                    .mapToInt(n -> n).sum()).isBetween(2, 4);
            assertThat(a.requests).isNotEmpty();
            assertThat(b.requests).isNotEmpty();

            String drained = it.post("pools/orders", action(a, "drain")).body();
            assertThat(JsonPath.<String>read(drained, "$.endpoints[0].state")).isEqualTo("drained");
            int before = a.requests.size();
            for (int i = 0; i < 10; i++) {
                assertThat(ask(client)).isEqualTo("b");
            }
            assertThat(a.requests).hasSize(before);
            it.post("pools/orders", action(a, "readmit"));
            ThreeShards.until("it is asked again", () -> ask(client).equals("a"));

            List<String> table = it.get("pools", "text/csv").body().lines().toList();
            assertThat(table.getFirst()).startsWith("pool,protocol,balancing,address,state,");
            assertThat(table).hasSize(1 + JsonPath.<List<?>>read(report, "$.pools[*].endpoints[*]").size());
            assertThat(table.get(1)).startsWith("orders,http,");
            assertThat(it.get("pools/orders").statusCode()).isEqualTo(200);
            assertThat(it.get("pools/nobody").statusCode()).isEqualTo(404);
            assertThat(it.post("pools/nobody", action(a, "drain")).statusCode()).isEqualTo(400);
            assertThat(it.post("pools/orders", "{\"endpoint\":\"x:1\",\"action\":\"drain\"}").statusCode())
                    .isEqualTo(400);
            assertThat(it.post("pools/orders", action(a, "explode")).statusCode()).isEqualTo(400);

            String health = it.get("health").body();
            assertThat(JsonPath.<String>read(health, "$.components.pools.components.orders.status")).isEqualTo("UP");
            assertThat(JsonPath.<String>read(health, "$.components.pools.components.orders.details.state"))
                    .isEqualTo("healthy");
            assertThat(it.get("health/liveness").body() + it.get("health/readiness").body()).doesNotContain("pools");
        }
    }

    @Test
    void a_pool_without_some_endpoints_is_degraded_and_without_all_down() throws Exception {
        try (Backend a = new Backend("a");
                Actuated it = Actuated.start(WebApplicationType.SERVLET,
                        with("solaster.pools.orders.endpoints=" + a.address() + ",127.0.0.1:1",
                                "solaster.pools.orders.balancing.algorithm=round-robin",
                                "solaster.pools.orders.health.outliers.consecutive-errors=1",
                                "solaster.pools.orders.health.outliers.interval=10ms",
                                "solaster.pools.none.discovery.type=dns",
                                "solaster.pools.none.discovery.name=nobody.invalid",
                                "solaster.pools.none.discovery.port=1"))) {
            PooledHttpClient client = it.context.getBean("orders", PooledHttpClient.class);
            ThreeShards.until("the one that refuses is ejected", () -> {
                ask(client);
                return orders(it, "$.components.pools.components.orders.details.state").equals("degraded");
            });
            assertThat(orders(it, "$.components.pools.components.orders.status")).isEqualTo("UP");
            assertThat(orders(it, "$.components.pools.components.none.status")).isEqualTo("DOWN");
            assertThat(it.get("health").statusCode()).isEqualTo(503);
            assertThat(it.get("health/readiness").statusCode()).isEqualTo(200);
            String metrics = it.get("prometheus").body();
            assertThat(metrics).contains("solaster_pool_connections_max{", "solaster_pool_ejections_total{",
                    "solaster_pool_connections_closed_total{");
            assertThat(metrics.lines().filter(line -> line.startsWith("solaster_pool_ejections_total")
                    && line.contains("reason=\"errors\"") && line.contains("pool=\"orders\"")))
                    .noneMatch(line -> line.endsWith(" 0.0"));
        }
    }

    @Test
    void whoever_may_only_read_takes_nothing_out() throws Exception {
        try (Backend a = new Backend("a");
                Actuated it = Actuated.start(WebApplicationType.SERVLET,
                        "solaster.pools.orders.endpoints=" + a.address())) {
            assertThat(it.get("pools").statusCode()).isEqualTo(200);
            assertThat(it.post("pools/orders", action(a, "drain")).statusCode()).isEqualTo(405);
        }
    }

    private static String orders(Actuated it, String path) {
        try {
            return JsonPath.read(it.get("health").body(), path);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String ask(PooledHttpClient client) {
        try {
            return client.get("/name").get(60, TimeUnit.SECONDS).text();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String action(Backend backend, String action) {
        return "{\"endpoint\":\"" + backend.address() + "\",\"action\":\"" + action + "\"}";
    }

    private static String[] with(String... properties) {
        String[] all = java.util.Arrays.copyOf(OPEN, OPEN.length + properties.length);
        System.arraycopy(properties, 0, all, OPEN.length, properties.length);
        return all;
    }
}
