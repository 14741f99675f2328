package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import com.jayway.jsonpath.JsonPath;
import de.codecentric.boot.admin.server.config.EnableAdminServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** What Spring Boot Admin shows of the demo: it registers as any application does, and Admin finds what it exposes. */
final class SpringBootAdminTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Else Admin takes an answer for one of Boot 1, and reshapes it. */
    private static final String ACTUATOR = "application/vnd.spring-boot.actuator.v3+json, application/json";
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static ConfigurableApplicationContext admin;
    private static ConfigurableApplicationContext demo;
    private static String instance;

    @BeforeAll
    static void register() throws Exception {
        admin = new SpringApplicationBuilder(Admin.class).run("--spring.config.name=admin", "--server.port=0",
                "--server.address=127.0.0.1", "--solaster.enabled=false");
        String instances = "http://127.0.0.1:" + admin.getEnvironment().getProperty("local.server.port")
                + "/instances";
        demo = new SpringApplicationBuilder(DemoApplication.class).run("--solaster.servers.kv.port=0",
                "--solaster.servers.web.port=0",
                "--solaster.engine.shards=1", "--solaster.engine.pinning=never",
                "--management.server.port=" + PackagedJarIT.freePort(),
                "--spring.boot.admin.client.url=" + instances.replace("/instances", ""),
                "--spring.boot.admin.client.instance.service-host-type=ip");
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        List<String> ids;
        String known;
        do {
            assertThat(System.nanoTime()).as("not registered, or not UP").isLessThan(deadline);
            Thread.sleep(50);
            known = get(instances);
            ids = JsonPath.read(known, "$[?(@.registration.name == 'solaster-demo' && @.statusInfo.status == 'UP'"
                    + " && @.endpoints.length() > 1)].id");
        } while (ids.isEmpty());
        instance = instances + "/" + ids.getFirst();
    }

    @AfterAll
    static void close() {
        demo.close();
        admin.close();
        HTTP.close();
    }

    @Test
    void finds_every_endpoint_that_is_exposed() throws Exception {
        Map<String, Object> links = JsonPath.read(get("http://127.0.0.1:"
                + demo.getEnvironment().getProperty("local.server.port") + "/actuator"), "$._links");
        List<String> exposed = links.keySet().stream().filter(name -> !name.equals("self"))
                .map(name -> name.replaceFirst("-.*", "")).distinct().toList();
        assertThat(exposed).contains("health", "metrics", "shards");
        List<String> found = JsonPath.read(get(instance), "$.endpoints[*].id");
        assertThat(found).containsAll(exposed);
    }

    @Test
    void shows_the_health_of_the_shards() throws Exception {
        String health = get(instance + "/actuator/health");
        assertThat(JsonPath.<String>read(health, "$.components.solaster.status")).isEqualTo("UP");
        assertThat(JsonPath.<Integer>read(health, "$.components.solaster.details.shards")).isEqualTo(1);
    }

    @Test
    void shows_the_meters_of_the_shards() throws Exception {
        assertThat(JsonPath.<List<String>>read(get(instance + "/actuator/metrics"), "$.names"))
                .contains("solaster.shards", "solaster.shard.cpu", "solaster.server.connections");
        assertThat(JsonPath.<List<Double>>read(get(instance + "/actuator/metrics/solaster.shards"),
                "$.measurements[*].value")).containsExactly(1.0);
    }

    @Test
    void shows_the_shards() throws Exception {
        assertThat(get(instance + "/actuator/shards")).contains("\"shards\"");
    }

    private static String get(String uri) throws IOException, InterruptedException {
        HttpResponse<String> answer = HTTP.send(
                HttpRequest.newBuilder(URI.create(uri)).header("Accept", ACTUATOR).timeout(PATIENCE).build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(uri + ": " + answer.body()).isEqualTo(200);
        return answer.body();
    }

    /** No configuration class by annotation, since the demo's component scan would find it. */
    @EnableAdminServer
    @EnableAutoConfiguration
    static class Admin {}
}
