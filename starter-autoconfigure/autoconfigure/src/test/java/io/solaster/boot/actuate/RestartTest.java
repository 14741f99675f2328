package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpHandler;
import io.solaster.http.route.Router;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/** A context that is paused or stopped, and goes on: as Spring's cache of test contexts has it do, or a checkpoint. */
final class RestartTest {
    private static final String[] PROPERTIES = {"solaster.servers.web.protocol=http", "solaster.servers.web.port=0",
            "management.endpoint.health.probes.enabled=true", "management.endpoint.health.show-details=always",
            "management.metrics.distribution.percentiles-histogram.solaster.http.requests=true",
            "management.metrics.distribution.percentiles-histogram.solaster.server.requests=true"};

    @Test
    void a_paused_context_serves_on_and_is_what_it_was_when_it_goes_on() throws Exception {
        try (Actuated it = Actuated.start(WebApplicationType.SERVLET, Routes.class, PROPERTIES)) {
            Map<String, Integer> ports = ports(it);
            assertThat(hello(it)).isEqualTo("hello");
            String before = names(it.get("prometheus").body());

            it.context.pause();
            assertThat(hello(it)).as("while it is paused").isEqualTo("hello");
            it.context.restart();

            isWell(it, ports, before);
            assertThat(requests(it)).isEqualTo(2);
        }
    }

    @Test
    void a_context_that_was_stopped_is_what_it_was_when_it_starts_again() throws Exception {
        try (Actuated it = Actuated.start(WebApplicationType.REACTIVE, Routes.class, PROPERTIES)) {
            Map<String, Integer> ports = ports(it);
            assertThat(hello(it)).isEqualTo("hello");
            String before = names(it.get("prometheus").body());
            for (int i = 0; i < 2; i++) {
                it.context.stop();
                assertThat(it.context.getBean(ApplicationAvailability.class).getReadinessState())
                        .isEqualTo(ReadinessState.REFUSING_TRAFFIC);
                it.context.start();
            }
            isWell(it, ports, before);
            assertThat(hello(it)).isEqualTo("hello");
            ports.forEach((name, port) -> assertThat(it.servers().server(name).map(TcpServer::port)).hasValue(port));
            assertThat(requests(it)).isEqualTo(2);
        }
    }

    @Test
    void traffic_that_the_application_refused_itself_stays_refused() {
        try (Actuated it = Actuated.start(WebApplicationType.SERVLET, Routes.class, PROPERTIES)) {
            AvailabilityChangeEvent.publish(it.context, ReadinessState.REFUSING_TRAFFIC);
            it.context.stop();
            it.context.start();
            assertThat(it.context.getBean(ApplicationAvailability.class).getReadinessState())
                    .isEqualTo(ReadinessState.REFUSING_TRAFFIC);
        }
    }

    @Test
    void a_listener_that_fails_keeps_nobody_from_stopping_and_starting() {
        try (Actuated it = Actuated.start(WebApplicationType.SERVLET, Failing.class, PROPERTIES)) {
            it.context.getBean(Failing.class).fails = true;
            it.context.stop();
            SolasterAvailability availability = it.context.getBean(SolasterAvailability.class);
            assertThat(availability.isRunning()).isFalse();
            it.context.getBean(Failing.class).fails = false;
            it.context.start();
            assertThat(availability.isRunning()).isTrue();
            assertThat(it.context.getBean(ApplicationAvailability.class).getReadinessState())
                    .isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
        }
    }

    private static void isWell(Actuated it, Map<String, Integer> ports, String meters) throws Exception {
        assertThat(ports(it)).isEqualTo(ports);
        ApplicationAvailability availability = it.context.getBean(ApplicationAvailability.class);
        assertThat(availability.getReadinessState()).isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
        assertThat(availability.getLivenessState()).isEqualTo(LivenessState.CORRECT);
        HttpResponse<String> health = it.get("health");
        assertThat(health.statusCode()).as(health.body()).isEqualTo(200);
        assertThat(it.get("health/readiness").statusCode()).isEqualTo(200);
        HttpResponse<String> scrape = it.get("prometheus");
        assertThat(scrape.statusCode()).isEqualTo(200);
        assertThat(names(scrape.body())).isEqualTo(meters);
    }

    private static Map<String, Integer> ports(Actuated it) {
        Map<String, Integer> ports = new LinkedHashMap<>();
        it.servers().servers().forEach(server -> ports.put(server.name(), server.port()));
        assertThat(ports).containsKeys("kv", "web");
        return ports;
    }

    /** Every series of ours, as often as it is told. */
    private static String names(String scrape) {
        return scrape.lines().filter(line -> line.startsWith("solaster_"))
                .map(line -> line.substring(0, line.lastIndexOf(' '))).sorted().collect(Collectors.joining("\n"));
    }

    private static int requests(Actuated it) throws IOException, InterruptedException {
        return it.get("prometheus").body().lines()
                .filter(line -> line.startsWith("solaster_http_requests_seconds_count") && line.contains("/hello"))
                .mapToInt(line -> (int) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    private static String hello(Actuated it) throws IOException, InterruptedException {
        int port = it.servers().server("web").orElseThrow().port();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/hello")).build(),
                    HttpResponse.BodyHandlers.ofString()).body();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Routes {

        @Bean
        HttpHandler web() {
            return Router.builder().get("/hello", (request, response) -> response.send("hello")).build();
        }
    }

    @Configuration
    static class Failing extends Routes {
        volatile boolean fails;

        @EventListener
        @Order(Ordered.LOWEST_PRECEDENCE)
        void changed(AvailabilityChangeEvent<?> event) {
            if (fails) {
                throw new IllegalStateException("a listener of the application's failed, as the test has it");
            }
        }
    }
}
