package io.solaster.pool.readme;

import static io.solaster.pool.TestEngines.get;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Engine;
import io.solaster.pool.Clients;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.FakeServer;
import io.solaster.pool.TestEngines;
import io.solaster.pool.frame.FramedProtocol;
import io.solaster.pool.http.ClientRequest;
import io.solaster.pool.http.HttpClientConnection;
import io.solaster.pool.http.HttpClientProtocol;
import io.solaster.pool.http.PooledHttpClient;
import io.solaster.pool.resp.RespClient;
import io.solaster.pool.resp.RespCommand;
import io.solaster.pool.resp.RespConnection;
import io.solaster.pool.resp.RespProtocol;
import io.solaster.pool.streams.GroupOptions;
import io.solaster.pool.streams.StreamClient;
import io.solaster.pool.streams.StreamConsumer;
import io.solaster.pool.streams.StreamEntry;
import io.solaster.resp.Reply;
import io.solaster.testkit.peer.RedisServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs what the README shows of requests, line by line. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ClientsReadmeTest {
    private static final Pattern FENCED = Pattern.compile("(?ms)^```java\n(.*?)^```$");

    @Test
    void redis() throws Exception {
        try (Clients clients = new Clients(Transport.NIO, 1); RedisServer server = RedisServer.start()) {
            var pool = clients.pool(RespProtocol.shared(clients.config), TestEngines.endpoint(server));
            assertThat(get(greet(clients.engine, pool).toCompletableFuture())).first()
                    .isEqualTo(new Reply.Blob("hello, world".getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static CompletionStage<List<Reply>> greet(Engine engine, ConnectionPool<RespConnection> pool) {
        RespClient redis = RespClient.over(engine, pool);
        return redis.set("greeting", "hello", Duration.ofMinutes(5))
                .thenCompose(done -> redis.transaction(List.of(
                        RespCommand.of("APPEND", "greeting", ", world"), RespCommand.of("STRLEN", "greeting"))))
                .thenCompose(replies -> redis.pipeline(List.of(
                        RespCommand.of("GET", "greeting"), RespCommand.of("TTL", "greeting"))));
    }

    @Test
    void http() throws Exception {
        try (Clients clients = new Clients(Transport.NIO, 1); FakeServer server = FakeServer.start(peer -> {
            peer.head();
            peer.say("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
            peer.silence();
        })) {
            var pool = clients.pool(HttpClientProtocol.defaults(), server.endpoint());
            assertThat(get(order(clients.engine, pool).toCompletableFuture())).isEqualTo("201 ok");
        }
    }

    private static CompletionStage<String> order(Engine engine, ConnectionPool<HttpClientConnection> pool) {
        PooledHttpClient orders = PooledHttpClient.over(engine, pool);
        ClientRequest request = ClientRequest.of("POST", "/orders?dry=true").body("{}", "application/json")
                .timeout(Duration.ofSeconds(30));
        return orders.send(request).thenApply(answer -> answer.status() + " " + answer.text());
    }

    static StreamConsumer consumer(Engine engine, RespClient redis) {
        StreamClient streams = StreamClient.over(engine, redis); // a client withExclusive(…)
        streams.publisher("orders").publish(utf8("id"), utf8("7"));
        return streams.consume(GroupOptions.of("orders", "billing", "node-1").window(100), entry -> bill(entry));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static CompletionStage<?> bill(StreamEntry entry) {
        return CompletableFuture.completedFuture(entry.id());
    }

    @Test
    void frames() {
        FramedProtocol frames = FramedProtocol.defaults().withIds(frame -> frame.getLong(frame.readerIndex()));
        assertThat(frames.id()).isNotNull();
    }

    @Test
    void theReadmeShowsWhatRuns() throws Exception {
        String source = Files.readString(
                Path.of("src/test/java/io/solaster/pool/readme/ClientsReadmeTest.java")).replaceAll("(?m)^\\s+", "");
        String readme = Files.readString(Path.of("README.md"));
        List<String> examples = FENCED.matcher(readme.substring(readme.indexOf("\n## Requests\n"))).results()
                .map(found -> found.group(1).replaceAll("(?m)^\\s+", "")).toList();
        assertThat(examples).hasSize(4).allSatisfy(example -> assertThat(source).contains(example));
    }
}
