package io.solaster.boot.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.solaster.boot.ThreeShards;
import io.solaster.boot.actuate.Actuated;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.env.Environment;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.os.Housekeeper;
import io.solaster.engine.os.MachineProbe;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.http.client.ReactorResourceFactory;

/** Actuator on a port of its own, beside WebFlux on the shards. */
final class ManagementOffShardsTest {

    @Test
    void health_is_answered_while_every_shard_is_stuck() throws Exception {
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(App.class)
                .web(WebApplicationType.REACTIVE).properties("server.port=0", "management.server.port=0",
                        "solaster.engine.shards=2", "solaster.engine.pinning=never",
                        "spring.autoconfigure.exclude=" + Actuated.BUT_NETTY)
                .run()) {
            assertThat(context.getBean(ReactorResourceFactory.class).getLoopResources())
                    .isInstanceOf(ShardLoopResources.class);
            Engine engine = context.getBean(Engine.class);
            CountDownLatch stuck = new CountDownLatch(engine.shards().size());
            CountDownLatch released = new CountDownLatch(1);
            try {
                for (Shard shard : engine.shards()) {
                    shard.execute(() -> {
                        stuck.countDown();
                        awaitUninterruptibly(released);
                    });
                }
                assertThat(stuck.await(60, TimeUnit.SECONDS)).isTrue();
                HttpResponse<String> health = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(
                        "http://localhost:" + context.getEnvironment().getProperty("local.management.port")
                                + "/actuator/health"))
                        .timeout(Duration.ofSeconds(60)).build(), BodyHandlers.ofString());
                assertThat(health.statusCode()).isEqualTo(200);
                assertThat(health.body()).contains("\"status\":\"UP\"");
            } finally {
                released.countDown();
            }
        }
    }

    /** Its threads may be born on a shard, whose one CPU they would inherit. */
    @Test
    void its_threads_run_on_the_housekeeping_cpus() throws Exception {
        CpuSet allowed = MachineProbe.probe().allowed();
        assumeTrue(CpuAffinity.unavailable().isEmpty(), () -> CpuAffinity.unavailable().orElseThrow());
        assumeTrue(allowed.size() > 1, "one CPU: none can be set aside");
        CpuSet housekeeping = CpuSet.of(allowed.stream().min().orElseThrow());
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(App.class, CpusEndpoint.class)
                .web(WebApplicationType.REACTIVE).properties("server.port=0", "management.server.port=0",
                        "management.endpoints.web.exposure.include=cpus", "solaster.engine.shards=1",
                        "solaster.engine.pinning=always", "solaster.engine.housekeeping=" + housekeeping,
                        "spring.autoconfigure.exclude=" + Actuated.BUT_NETTY)
                .run(); HttpClient client = HttpClient.newHttpClient()) {
            Engine engine = context.getBean(Engine.class);
            assertThat(engine.plan().housekeeping()).isEqualTo(housekeeping);
            assertThat(engine.submitTo(0, CpuAffinity::current).get(60, TimeUnit.SECONDS)).isNotEqualTo(housekeeping);
            // A new thread is placed within a second.
            ThreeShards.until("management answers on CPUs " + housekeeping,
                    () -> cpus(client, context).equals(housekeeping.toString()));
        } finally {
            try (Housekeeper back = new Housekeeper(allowed, allowed)) {
                back.start(Environment.SYSTEM.threads()::start);
            }
        }
    }

    private static String cpus(HttpClient client, ConfigurableApplicationContext context) {
        try {
            return client.send(HttpRequest.newBuilder(URI.create("http://localhost:"
                    + context.getEnvironment().getProperty("local.management.port") + "/actuator/cpus"))
                    .timeout(Duration.ofSeconds(60)).build(), BodyHandlers.ofString()).body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Where the thread may run that answers. */
    @Endpoint(id = "cpus")
    static class CpusEndpoint {
        @ReadOperation
        String cpus() {
            assertThat(Shard.current()).isNull();
            return CpuAffinity.current().toString();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @SpringBootConfiguration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class App {}
}
