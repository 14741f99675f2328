package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;

import com.jayway.jsonpath.JsonPath;
import io.solaster.boot.Client;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.config.plan.ShardReport;
import io.solaster.engine.Engine;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.actuate.endpoint.Show;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

/** What people and programs get who ask. */
final class EndpointsTest {
    private static final String BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterStoreAutoConfiguration.class, SolasterWatchAutoConfiguration.class,
                    SolasterEndpointAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                    "solaster.engine.transport=nio", "solaster.servers.kv.protocol=resp", "solaster.servers.kv.port=0",
                    "management.endpoints.web.exposure.include=*");

    @ParameterizedTest
    @EnumSource(value = WebApplicationType.class, names = {"SERVLET", "REACTIVE"})
    void tell_of_shards_configuration_and_page(WebApplicationType type) throws Exception {
        try (Actuated it = Actuated.start(type)) {
            Client.ask(it.kv(), "SET a 1");
            Client.ask(it.kv(), "NONSENSE");
            String shards = it.get("shards").body();
            assertThat(JsonPath.<String>read(shards, "$.engine")).isEqualTo(it.engine().name());
            assertThat(JsonPath.<String>read(shards, "$.state")).isIn("healthy", "degraded");
            assertThat(JsonPath.<List<Integer>>read(shards, "$.shards[*].id")).containsExactly(0, 1);
            assertThat(JsonPath.<List<String>>read(shards, "$.groups[*].name")).containsExactly("critical", "default",
                    "background", "maintenance");
            assertThat(JsonPath.<List<String>>read(shards, "$.plan.reasons")).isEqualTo(it.engine().plan().reasons());
            assertThat(JsonPath.<Integer>read(shards, "$.servers[0].requests")).isEqualTo(2);
            assertThat(JsonPath.<Integer>read(shards, "$.servers[0].failed")).isEqualTo(1);
            assertThat(JsonPath.<Map<String, Integer>>read(shards, "$.servers[0].latencies").values().stream()
                    .mapToInt(Integer::intValue).sum()).isEqualTo(2);
            assertThat(JsonPath.<String>read(shards, "$.configuration.state")).isEqualTo("unchanged");

            String shard = it.get("shards/1").body();
            assertThat(JsonPath.<Integer>read(shard, "$.shard.id")).isEqualTo(1);
            assertThat(JsonPath.<Map<String, Integer>>read(shard, "$.connections")).containsOnlyKeys("kv");
            assertThat(JsonPath.<List<Integer>>read(shard, "$.messagesTo")).hasSize(2);
            assertThat(it.get("shards/7").statusCode()).isEqualTo(404);

            String config = it.get("solasterconfig").body();
            assertThat(JsonPath.<String>read(config, "$.values['solaster.engine.shards'].value")).isEqualTo("******");
            assertThat(JsonPath.<String>read(config, "$.values['solaster.engine.shards'].origin"))
                    .contains("defaultProperties");

            for (String accept : List.of("text/html", BROWSER)) {
                assertThat(it.get("solaster", accept).statusCode()).as(accept).isEqualTo(200);
                assertThat(contentType(it.get("solaster", accept))).startsWith("text/html");
            }
            for (String accept : List.of("*/*", "application/json", "application/vnd.spring-boot.actuator.v3+json")) {
                HttpResponse<String> json = it.get("solaster", accept);
                assertThat(contentType(json)).as(accept).contains("json");
                assertThat(JsonPath.<List<?>>read(json.body(), "$.report.shards")).hasSize(2);
            }
            HttpResponse<String> page = it.get("solaster", "text/html");
            assertThat(page.headers().firstValue("content-type")).hasValueSatisfying(
                    content -> assertThat(content).startsWith("text/html"));
            assertThat(page.body()).contains("default-src 'none'").doesNotContain("http://").doesNotContain("https://");
            assertThat(it.get("solaster/page.js").headers().firstValue("content-type").orElseThrow())
                    .startsWith("text/javascript");
            assertThat(it.get("solaster/page.css").statusCode()).isEqualTo(200);
            assertThat(JsonPath.<List<?>>read(it.get("solaster/live").body(), "$.mesh")).hasSize(2);
            assertThat(it.get("solaster/config").body()).contains("******");
            assertThat(it.get("solaster/etc").statusCode()).isEqualTo(404);

            assertThat(it.get("solaster/page.css", "text/css").statusCode()).isEqualTo(200);

            HttpResponse<String> table = it.get("shards", "text/csv");
            assertThat(contentType(table)).startsWith("text/csv");
            assertThat(table.body().lines().findFirst()).hasValueSatisfying(
                    names -> assertThat(names).startsWith("id,cpu,numaNode,state,").endsWith(",longestStallSeconds"));
            assertThat(table.body().lines().skip(1).map(line -> line.split(",", -1)[0])).containsExactly("0", "1");
            for (String accept : List.of("*/*", "application/json", "application/vnd.spring-boot.actuator.v3+json")) {
                assertThat(contentType(it.get("shards", accept))).as(accept).contains("json");
            }

            assertThat(it.post("shards", "{\"group\":\"background\",\"shares\":7}").statusCode()).isEqualTo(405);
            assertThat(it.post("shards/0", "{\"state\":\"draining\"}").statusCode()).isEqualTo(405);
            assertThat(it.post("solasterconfig", "{\"yaml\":\"\"}").statusCode()).isEqualTo(405);
        }
    }

    private static String contentType(HttpResponse<?> response) {
        return response.headers().firstValue("content-type").orElse("");
    }

    @Test
    void the_page_finds_its_parts_wherever_it_is_mapped_to() throws Exception {
        try (Actuated it = Actuated.start(WebApplicationType.SERVLET,
                "management.endpoints.web.path-mapping.solaster=ops/cores")) {
            String page = it.get("ops/cores", "text/html").body();
            assertThat(page).contains("href=\"cores/page.css\"", "src=\"cores/page.js\"");
            assertThat(it.get("ops/cores/page.js").statusCode()).isEqualTo(200);
            assertThat(it.get("ops/cores/page.js").body()).doesNotContain("solaster/");
            assertThat(it.get("ops/cores/live").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void change_shares_drain_and_validate_where_access_allows() throws Exception {
        try (Actuated it = Actuated.start(WebApplicationType.SERVLET, "management.endpoint.shards.access=unrestricted",
                "management.endpoint.solasterconfig.access=unrestricted",
                "management.endpoint.health.probes.enabled=true")) {
            HttpResponse<String> changed = it.post("shards", "{\"group\":\"background\",\"shares\":7}");
            assertThat(JsonPath.<Integer>read(changed.body(), "$.shares")).isEqualTo(7);
            assertThat(it.engine().groups().background().shares()).isEqualTo(7);
            assertThat(it.post("shards", "{\"group\":\"backgruond\",\"shares\":7}").statusCode()).isEqualTo(400);
            assertThat(it.post("shards", "{\"group\":\"background\",\"shares\":-1}").statusCode()).isEqualTo(400);

            String wrong = it.post("solasterconfig",
                    "{\"yaml\":\"solaster:\\n  engine:\\n    shards: many\\n    task-quota: 9h\\n\"}").body();
            assertThat(JsonPath.<Boolean>read(wrong, "$.valid")).isFalse();
            assertThat(JsonPath.<List<String>>read(wrong, "$.violations[*].key"))
                    .contains("solaster.engine.shards", "solaster.engine.task-quota");
            String unknown = it.post("solasterconfig", "{\"yaml\":\"solaster:\\n  engine:\\n    shard: 2\\n\"}").body();
            assertThat(JsonPath.<Boolean>read(unknown, "$.valid")).isFalse();
            assertThat(JsonPath.<List<String>>read(unknown, "$.violations[*].fix")).singleElement().asString()
                    .contains("solaster.engine.shards");
            assertThat(JsonPath.<List<String>>read(unknown, "$.violations[*].origin")).singleElement().asString()
                    .contains("3:12");
            String tooMany = it.post("solasterconfig", "{\"yaml\":\"solaster:\\n  engine:\\n    shards: 900\\n\"}")
                    .body();
            assertThat(JsonPath.<Boolean>read(tooMany, "$.valid")).as("900 shards on this machine").isFalse();
            assertThat(it.post("solasterconfig", "{\"yaml\":\"solaster:\\n  engine:\\n    shards: 2\\n\"}").body())
                    .contains("\"valid\":true");

            assertThat(it.post("shards/1", "{\"state\":\"asleep\"}").statusCode()).isEqualTo(400);
            assertThat(it.post("shards/1", "{\"state\":\"draining\"}").statusCode()).isEqualTo(200);
            await(() -> it.servers().server("kv").orElseThrow().isDrained(1));
            assertThat(it.get("health").statusCode()).isEqualTo(200);
            for (int i = 0; i < 3; i++) {
                assertThat(Client.ask(it.kv(), "PING")).isEqualTo("+PONG");
            }
            assertThat(it.engine().shard(1).stats().accepted.get()).isZero();
            assertThat(it.get("shards").body()).contains("shard 1 takes no more connections of server 'kv'");
            assertThat(it.post("shards/0", "{\"state\":\"draining\"}").statusCode()).isEqualTo(400);

            assertThat(it.get("health/readiness").statusCode()).isEqualTo(200);
            assertThat(it.post("shards", "{\"drain\":\"kv\"}").statusCode()).isEqualTo(200);
            assertThat(it.get("health/readiness").statusCode()).isEqualTo(503);
            assertThat(it.get("health/liveness").statusCode()).isEqualTo(200);
            await(() -> !it.servers().server("kv").orElseThrow().isListening());
            assertThat(it.get("health").statusCode()).isEqualTo(503);
            assertThat(it.get("shards").body()).contains("\"state\":\"draining\"");
        }
    }

    @Tag("full")
    @Test
    void answer_while_every_shard_is_stuck_in_a_busy_loop() throws Exception {
        try (Actuated it = Actuated.start(WebApplicationType.SERVLET, "solaster.health.broken-after=1s",
                "management.endpoint.health.probes.enabled=true", "management.endpoint.health.show-details=always")) {
            Engine engine = it.engine();
            boolean[] free = {false};
            CountDownLatch stuck = new CountDownLatch(2);
            engine.shards().forEach(shard -> shard.execute(() -> {
                stuck.countDown();
                spin(() -> read(free));
            }));
            try {
                stuck.await();
                for (String path : List.of("health", "metrics", "prometheus", "shards", "shards/0", "solasterconfig",
                        "solaster", "solaster/live")) {
                    assertThat(it.get(path).body()).as(path).isNotEmpty();
                }
                await(() -> it.get("health/liveness").statusCode() == 503);
                assertThat(it.get("health").body()).contains("has not turned its loop for").contains("DOWN");
                await(() -> !JsonPath.<List<?>>read(it.get("shards/0").body(), "$.stalls").isEmpty());
                assertThat(it.get("shards/0").body()).contains("EndpointsTest.spin").contains("\"ended\":false");
                assertThat(it.get("shards").body()).contains("stuck");
            } finally {
                write(free);
            }
            await(() -> it.get("health/liveness").statusCode() == 200);
            await(() -> it.get("shards/0").body().contains("\"ended\":true"));
            // It has recovered, and was held up lately.
            assertThat(it.get("health").statusCode()).isEqualTo(200);
            assertThat(it.get("health").body()).contains("\"state\":\"degraded\"")
                    .contains("was held up by a task within the last minute");
        }
    }

    @Test
    void answer_while_the_engine_stops_and_after() {
        runner.run(context -> {
            ShardsEndpoint endpoint = context.getBean(ShardsEndpoint.class);
            Engine engine = context.getBean(Engine.class);
            CountDownLatch asked = new CountDownLatch(1);
            ShardReport[] during = {null};
            engine.onStop(() -> {
                during[0] = endpoint.shards();
                asked.countDown();
            });
            engine.close();
            asked.await();
            assertThat(during[0].shards()).hasSize(2);
            assertThat(endpoint.shards().state()).isEqualTo("down");
            assertThat(endpoint.shards().shards()).extracting(ShardReport.Shard::state).containsOnly("stopped");
            assertThat(endpoint.shard(0)).isNotNull();
            assertThatThrownBy(() -> endpoint.change(null, null, null))
                    .isInstanceOf(InvalidEndpointRequestException.class).hasMessageContaining("nothing to do");
        });
    }

    @Test
    void show_values_only_as_far_as_asked_and_sanitized() {
        SanitizingFunction own = SanitizingFunction.sanitizeValue().ifKeyEndsWith("password");
        runner.withPropertyValues("management.endpoint.solasterconfig.show-values=always",
                "solaster.servers.kv.password=secret", "solaster.engine.task-quota=700us")
                .withBean(SanitizingFunction.class, () -> own).run(context -> {
                    Map<String, ConfigView.Value> values = values(context);
                    assertThat(values.get("solaster.engine.task-quota").value()).isEqualTo("700us");
                    assertThat(values.get("solaster.engine.shards").value()).isEqualTo("2");
                    assertThat(values.get("solaster.engine.transport").value()).isEqualTo("nio");
                    assertThat(values.get("solaster.servers.kv.limits.output-buffer").value()).isEqualTo("64MB");
                    assertThat(values.get("solaster.servers.kv.password").value()).isEqualTo("******");
                    assertThat(values.get("solaster.engine.smt").origin()).isNull();
                    assertThat(values.get("solaster.engine.smt").value()).isEqualTo(false);
                });
        assertThat(Show.NEVER.isShown(true)).isFalse();
        runner.run(context -> assertThat(values(context).values()).extracting(ConfigView.Value::value)
                .filteredOn(value -> value != null).containsOnly("******"));
    }

    @Test
    void tell_what_reloads_where_something_does() {
        ConfigReloads reloads = new ConfigReloads() {
            @Override
            public boolean isReloadable(String key) {
                return key.endsWith(".shares");
            }

            @Override
            public java.util.Optional<Last> last() {
                return java.util.Optional.of(new Last(java.time.Instant.EPOCH, false, List.of(), List.of(),
                        "solaster.engine.shards: 'many' is no number of shards"));
            }
        };
        runner.withBean(ConfigReloads.class, () -> reloads)
                .withPropertyValues("solaster.engine.groups.critical.shares=9").run(context -> {
                    ConfigView.Report report = context.getBean(SolasterConfigEndpoint.class).configuration();
                    assertThat(report.values().get("solaster.engine.groups.critical.shares").reloadable()).isTrue();
                    assertThat(report.values().get("solaster.engine.shards").reloadable()).isFalse();
                    assertThat(report.lastReload()).isNotNull();
                    assertThat(context.getBean(EngineWatch.class).state()).isEqualTo("degraded");
                    assertThat(context.getBean(EngineWatch.class).impairments())
                            .anyMatch(words -> words.contains("not in force: solaster.engine.shards"));
                });
    }

    @Test
    void are_left_out_where_they_are_not_exposed_switched_off_or_without_actuator() {
        runner.withPropertyValues("management.endpoints.web.exposure.include=health")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(ShardsEndpoint.class)
                        .doesNotHaveBean(SolasterConfigEndpoint.class).doesNotHaveBean(SolasterPageEndpoint.class));
        runner.withPropertyValues("management.endpoint.solaster.access=NONE")
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(ShardsEndpoint.class)
                        .doesNotHaveBean(SolasterPageEndpoint.class));
        runner.withPropertyValues("solaster.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(ShardsEndpoint.class));
        runner.withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate"))
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(Engine.class)
                        .doesNotHaveBean(ShardsEndpoint.class));
    }

    private static Map<String, ConfigView.Value> values(ApplicationContext context) {
        return context.getBean(SolasterConfigEndpoint.class).configuration().values();
    }

    private static void spin(BooleanSupplier done) {
        while (!done.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    private static synchronized boolean read(boolean[] flag) {
        return flag[0];
    }

    private static synchronized void write(boolean[] flag) {
        flag[0] = true;
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("still waiting").isLessThan(end);
            java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
        }
    }
}
