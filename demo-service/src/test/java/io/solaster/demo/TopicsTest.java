package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.concurrent.TimeUnit;

import com.jayway.jsonpath.JsonPath;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;

/** Orders go through a topic, and through whatever plug-in is there at the time. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {"solaster.servers.kv.port=0",
        "solaster.servers.web.port=0", "solaster.engine.shards=2", "solaster.engine.pinning=never"})
final class TopicsTest {
    private final HttpClient client = HttpClient.newHttpClient();

    @Autowired
    ServerLifecycle servers;

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void anOrderIsTakenAsThePluginThatIsThereHasMadeIt() throws Exception {
        assertThat(order("12 cups")).isEqualTo("12 cups");
        change("upper");
        assertThat(order("13 cups")).isEqualTo("13 CUPS");
        change("mask");
        assertThat(order("14 cups")).isEqualTo("** cups");
        change("none");
        assertThat(order("15 cups")).isEqualTo("15 cups");
        until("all is acknowledged", "$.lag", 0);
    }

    /** The article that was taken. */
    private String order(String article) throws Exception {
        String entry = JsonPath.read(send("POST", "/topics/orders/ada", article).body(), "$.entry");
        String path = "$.orders[?(@.entry == '" + entry + "')].article";
        List<String> taken = List.of();
        for (long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1); taken.isEmpty();) {
            assertThat(System.nanoTime()).as(entry).isLessThan(end);
            Thread.sleep(5);
            taken = JsonPath.read(send("GET", "/topics/seen", "").body(), path);
        }
        return taken.getFirst();
    }

    private void change(String version) throws Exception {
        assertThat(send("POST", "/topics/plugin/" + version, "").statusCode()).isEqualTo(204);
        until(version, "$.plugin.state", version.equals("none") ? "missing" : "running");
    }

    private void until(String what, String path, Object value) throws Exception {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        String seen = send("GET", "/topics/seen", "").body();
        while (!value.equals(JsonPath.read(seen, path))) {
            assertThat(System.nanoTime()).as("%s: %s", what, seen).isLessThan(end);
            Thread.sleep(5);
            seen = send("GET", "/topics/seen", "").body();
        }
    }

    @Test
    void showsAPageAndRefusesWhatIsNone() throws Exception {
        HttpResponse<String> page = send("GET", "/topics", "");
        assertThat(page.headers().firstValue("content-type").orElseThrow()).startsWith("text/html");
        assertThat(page.body()).contains("Orders on a topic");
        assertThat(send("POST", "/topics/plugin/../../etc", "").statusCode()).isEqualTo(400);
        assertThat(send("POST", "/topics/plugin/other", "").statusCode()).isEqualTo(404);
        assertThat(send("POST", "/topics/orders/ada", "").statusCode()).isEqualTo(400);
        assertThat(send("POST", "/topics/orders/ada", "x".repeat(201)).statusCode()).isEqualTo(400);
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        return client.send(HttpRequest
                .newBuilder(URI.create("http://127.0.0.1:" + servers.server("web").orElseThrow().port() + path))
                .method(method, BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
    }
}
