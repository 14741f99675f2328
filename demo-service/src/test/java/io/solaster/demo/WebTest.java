package io.solaster.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

import com.jayway.jsonpath.JsonPath;
import io.solaster.http.websocket.WebSockets;
import io.solaster.spring.server.ServerLifecycle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import redis.clients.jedis.Jedis;

/** The server 'web', as browsers and others see it. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {"solaster.servers.kv.port=0",
        "solaster.servers.web.port=0", "solaster.engine.shards=2", "solaster.engine.pinning=never"})
final class WebTest {

    @Autowired
    ServerLifecycle servers;
    @Autowired
    WebSockets sockets;

    private final HttpClient client = HttpClient.newHttpClient();

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void says_hello_as_text_and_as_json() throws Exception {
        HttpResponse<String> text = send("GET", "/plaintext", "");
        assertThat(text.body()).isEqualTo("Hello, World!");
        assertThat(text.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
        assertThat(text.headers().firstValue("content-type")).contains("text/plain");
        HttpResponse<String> json = send("GET", "/json", "");
        assertThat(JsonPath.<String>read(json.body(), "$.message")).isEqualTo("Hello, World!");
        assertThat(JsonPath.<Integer>read(json.body(), "$.shard")).isBetween(0, 1);
    }

    @Test
    void serves_the_keys_that_redis_clients_see() throws Exception {
        try (Jedis jedis = new Jedis("127.0.0.1", servers.server("kv").orElseThrow().port())) {
            for (String key : List.of("a", "b", "c", "with%20a%20space")) {
                String decoded = key.replace("%20", " ");
                assertThat(send("GET", "/kv/" + key, "").statusCode()).isEqualTo(404);
                HttpResponse<String> put = send("PUT", "/kv/" + key, "value of " + decoded);
                assertThat(put.statusCode()).isEqualTo(204);
                assertThat(put.headers().firstValue("x-shard").orElseThrow()).isIn("0", "1");
                assertThat(jedis.get(decoded)).isEqualTo("value of " + decoded);
                jedis.append(decoded, "!");
                assertThat(send("GET", "/kv/" + key, "").body()).isEqualTo("value of " + decoded + "!");
                assertThat(send("DELETE", "/kv/" + key, "").statusCode()).isEqualTo(204);
                assertThat(jedis.exists(decoded)).isFalse();
                assertThat(send("DELETE", "/kv/" + key, "").statusCode()).isEqualTo(404);
            }
        }
    }

    @Test
    void shows_a_page() throws Exception {
        HttpResponse<String> page = send("GET", "/", "");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("content-type").orElseThrow()).startsWith("text/html");
        assertThat(page.body()).contains("<title>Solaster demo</title>");
        assertThat(send("GET", "/../application.yml", "").statusCode()).isEqualTo(400);
        assertThat(send("GET", "/application.yml", "").statusCode()).isEqualTo(404);
        assertThat(send("POST", "/json", "").statusCode()).isEqualTo(405);
    }

    @Test
    void packs_what_is_worth_it_for_those_who_ask() throws Exception {
        HttpResponse<byte[]> page = client.send(
                HttpRequest.newBuilder(uri("http", "/")).header("Accept-Encoding", "gzip").build(),
                BodyHandlers.ofByteArray());
        assertThat(page.headers().firstValue("content-encoding")).contains("gzip");
        try (GZIPInputStream unpacked = new GZIPInputStream(new ByteArrayInputStream(page.body()))) {
            assertThat(new String(unpacked.readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo(send("GET", "/", "").body());
        }
        assertThat(send("GET", "/", "").headers().firstValue("content-encoding")).isEmpty();
    }

    @Test
    void sends_events() throws Exception {
        HttpResponse<Stream<String>> events = client
                .send(HttpRequest.newBuilder(uri("http", "/events")).build(), BodyHandlers.ofLines());
        assertThat(events.headers().firstValue("content-type").orElseThrow()).startsWith("text/event-stream");
        try (Stream<String> lines = events.body()) {
            assertThat(lines.filter(line -> line.startsWith("data:")).limit(2))
                    .allSatisfy(line -> assertThat(line).containsPattern("shard [01] of 2: \\d+ connections"));
        }
    }

    @Test
    void lets_those_in_a_room_hear_each_other_on_every_shard() throws Exception {
        List<Listener> lobby = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            lobby.add(enter("lobby"));
        }
        Listener elsewhere = enter("elsewhere");
        // Who has not been let in yet does not hear.
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (sockets.rooms().members("lobby").join() < 8 || sockets.rooms().members("elsewhere").join() < 1) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(5);
        }
        lobby.getFirst().socket().sendText("hello", true).join();
        for (Listener listener : lobby) {
            assertThat(listener.heard().poll(60, TimeUnit.SECONDS)).isEqualTo("hello");
        }
        elsewhere.socket().sendText("echo", true).join();
        assertThat(elsewhere.heard().poll(60, TimeUnit.SECONDS)).as("the first that is heard there").isEqualTo("echo");
        for (Listener listener : lobby) {
            listener.socket().sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        }
        elsewhere.socket().abort();
    }

    private record Listener(WebSocket socket, BlockingQueue<String> heard) {}

    private Listener enter(String room) {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        WebSocket socket = client.newWebSocketBuilder().buildAsync(uri("ws", "/ws/" + room), new WebSocket.Listener() {
            @Override
            public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
                heard.add(text.toString());
                return WebSocket.Listener.super.onText(from, text, last);
            }
        }).join();
        return new Listener(socket, heard);
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        return client.send(HttpRequest.newBuilder(uri("http", path)).method(method, BodyPublishers.ofString(body))
                .build(), BodyHandlers.ofString());
    }

    private URI uri(String scheme, String path) {
        return URI.create(scheme + "://127.0.0.1:" + servers.server("web").orElseThrow().port() + path);
    }
}
