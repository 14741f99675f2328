package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterStoreAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.engine.Engine;
import io.solaster.engine.sync.Hold;
import io.solaster.spring.DatagramProtocol;
import io.solaster.spring.server.ServerLifecycle;
import io.solaster.spring.server.UdpLifecycle;
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
    void is_out_of_service_while_a_server_of_any_kind_drains() {
        AtomicReference<Runnable> end = new AtomicReference<>();
        DatagramProtocol slow = DatagramProtocol.of("slow", (server, config) -> (endpoint, bytes, from) -> {
            Hold hold = endpoint.hold();
            end.set(() -> endpoint.shard().execute(hold::close));
        });
        runner.withBean(DatagramProtocol.class, () -> slow).withPropertyValues("solaster.udp.slow.protocol=slow",
                "solaster.udp.slow.port=0", "solaster.engine.shutdown-timeout=10m",
                "spring.lifecycle.timeout-per-shutdown-phase=11m").run(context -> {
                    HealthIndicator indicator = context.getBean(HealthIndicator.class);
                    ServerLifecycle servers = context.getBean(ServerLifecycle.class);
                    UdpLifecycle datagrams = context.getBean(UdpLifecycle.class);
                    try (DatagramSocket client = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
                        client.send(new DatagramPacket(new byte[1], 1,
                                datagrams.server("slow").orElseThrow().address()));
                    }
                    ThreeShards.until("it has come", () -> end.get() != null);
                    CountDownLatch drained = new CountDownLatch(1);
                    datagrams.stop(drained::countDown);
                    ThreeShards.until("the server of datagrams drains",
                            () -> health(indicator).getStatus().equals(Status.OUT_OF_SERVICE));
                    servers.stop();
                    assertThat(health(indicator).getStatus()).isEqualTo(Status.OUT_OF_SERVICE);
                    assertThat(health(indicator).getDetails()).doesNotContainKey("problems");
                    end.get().run();
                    drained.await();
                    servers.start();
                    assertThat(health(indicator).getStatus()).isEqualTo(Status.DOWN);
                    assertThat(health(indicator).getDetails()).extracting("problems").asString()
                            .contains("UDP server 'slow' does not listen");
                    servers.server("kv").orElseThrow().drain(Duration.ofMinutes(1));
                    assertThat(health(indicator).getStatus()).isEqualTo(Status.OUT_OF_SERVICE);
                    assertThat(health(indicator).getDetails()).doesNotContainKey("problems");
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
