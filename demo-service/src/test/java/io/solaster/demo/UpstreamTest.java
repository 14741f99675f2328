package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

import com.jayway.jsonpath.JsonPath;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;

/** One of three backends is killed under load and comes back: nobody who calls the pool sees an error. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {"solaster.servers.kv.port=0",
        "solaster.servers.web.port=0", "solaster.engine.shards=2", "solaster.engine.pinning=never"})
final class UpstreamTest {
    private final HttpClient client = HttpClient.newHttpClient();

    @Autowired
    ServerLifecycle servers;

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void a_backend_that_is_killed_costs_no_error_and_has_its_share_when_it_is_back() throws Exception {
        until("all have a share", shares -> shares.size() == 3 && isEven(shares));
        assertThat(send("POST", "/upstream/berlin/kill").statusCode()).isEqualTo(204);
        for (int i = 0; i < 20; i++) {
            assertThat(shares()).doesNotContainKey("berlin").containsKeys("amsterdam", "chicago");
        }
        until("it is left out", shares -> state("berlin").matches("EJECTED|UNHEALTHY"));
        assertThat(send("POST", "/upstream/berlin/revive").statusCode()).isEqualTo(204);
        until("it has its share again", shares -> shares.size() == 3 && isEven(shares));
        until("it is well again", shares -> state("berlin").equals("HEALTHY"));
    }

    @Test
    void shows_a_page() throws Exception {
        HttpResponse<String> page = send("GET", "/upstream");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("content-type").orElseThrow()).startsWith("text/html");
        assertThat(page.body()).contains("Three backends");
        HttpResponse<String> slashed = send("GET", "/upstream/");
        assertThat(slashed.statusCode()).isEqualTo(308);
        assertThat(slashed.headers().firstValue("location")).hasValue("/upstream");
        assertThat(send("POST", "/upstream/nobody/kill").statusCode()).isEqualTo(404);
        assertThat(send("POST", "/upstream/berlin/paint").statusCode()).isEqualTo(404);
    }

    private static boolean isEven(Map<String, Integer> shares) {
        return shares.values().stream().allMatch(calls -> calls >= 12 && calls <= 28);
    }

    /** The calls of each, of 60; and no error among them. */
    private Map<String, Integer> shares() throws Exception {
        String seen = send("GET", "/upstream/calls").body();
        assertThat(JsonPath.<Integer>read(seen, "$.errors")).as(seen).isZero();
        Map<String, Map<String, Integer>> backends = JsonPath.read(seen, "$.backends");
        return backends.entrySet().stream()
                .collect(java.util.stream.Collectors.toMap(Map.Entry::getKey, each -> each.getValue().get("calls")));
    }

    private String state(String backend) {
        try {
            return JsonPath.<java.util.List<String>>read(send("GET", "/upstream/calls").body(),
                    "$.endpoints[?(@.name == '" + backend + "')].state").getFirst();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private void until(String what, Predicate<Map<String, Integer>> condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.test(shares())) {
            assertThat(System.nanoTime()).as("%s: %s", what, shares()).isLessThan(end);
            Thread.sleep(5);
        }
    }

    private HttpResponse<String> send(String method, String path) throws Exception {
        return client.send(HttpRequest
                .newBuilder(URI.create("http://127.0.0.1:" + servers.server("web").orElseThrow().port() + path))
                .method(method, BodyPublishers.noBody()).build(), BodyHandlers.ofString());
    }
}
