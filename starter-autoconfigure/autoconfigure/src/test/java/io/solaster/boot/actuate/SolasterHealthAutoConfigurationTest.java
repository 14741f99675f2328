package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.engine.Engine;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

final class SolasterHealthAutoConfigurationTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                    SolasterStoreAutoConfiguration.class, SolasterWatchAutoConfiguration.class,
                    SolasterHealthAutoConfiguration.class))
            .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                    "solaster.engine.transport=nio", "solaster.servers.kv.protocol=resp", "solaster.servers.kv.port=0");

    @Test
    void is_up_and_tells_what_runs() {
        runner.run(context -> {
            Health health = health(context.getBean(HealthIndicator.class));
            assertThat(health.getStatus()).isEqualTo(Status.UP);
            assertThat(health.getDetails()).containsEntry("shards", 1).containsEntry("pinned", false)
                    .containsEntry("transport", "nio").containsEntry("transportReason", "nio as configured")
                    .containsKeys("engine", "cpus");
            assertThat(health.getDetails().get("servers")).asInstanceOf(
                    org.assertj.core.api.InstanceOfAssertFactories.MAP).containsOnlyKeys("kv");
            assertThat(server(health)).containsEntry("listening", true).containsEntry("connections", 0L)
                    .containsEntry("port", context.getBean(ServerLifecycle.class).server("kv").orElseThrow().port());
        });
    }

    @Test
    void is_down_while_a_server_does_not_listen() {
        runner.run(context -> {
            context.getBean(ServerLifecycle.class).stop();
            Health health = health(context.getBean(HealthIndicator.class));
            assertThat(health.getStatus()).isEqualTo(Status.DOWN);
            assertThat(health.getDetails()).extracting("problems").asString()
                    .contains("server 'kv' does not listen");
        });
    }

    @Test
    void is_down_once_a_shard_is_gone() {
        runner.run(context -> {
            context.getBean(Engine.class).close();
            Health health = health(context.getBean(HealthIndicator.class));
            assertThat(health.getStatus()).isEqualTo(Status.DOWN);
            assertThat(health.getDetails()).extracting("problems").asString().contains("shard 0 does not run");
        });
    }

    @Test
    void can_be_switched_off_replaced_and_left_out() {
        runner.withPropertyValues("management.health.solaster.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(HealthIndicator.class));
        runner.withPropertyValues("solaster.enabled=false")
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(HealthIndicator.class));
        runner.withClassLoader(new FilteredClassLoader("org.springframework.boot.health"))
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(Engine.class)
                        .doesNotHaveBean("solasterHealthIndicator"));
        HealthIndicator own = () -> Health.unknown().build();
        runner.withBean("solasterHealthIndicator", HealthIndicator.class, () -> own)
                .run(context -> assertThat(context.getBean(HealthIndicator.class)).isSameAs(own));
    }

    private static Health health(HealthIndicator indicator) {
        return indicator.health(true);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> server(Health health) {
        return ((Map<String, Map<String, Object>>) health.getDetails().get("servers")).get("kv");
    }
}
