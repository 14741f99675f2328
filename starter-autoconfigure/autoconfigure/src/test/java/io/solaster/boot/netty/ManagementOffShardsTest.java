package io.solaster.boot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.solaster.boot.actuate.Actuated;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
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
