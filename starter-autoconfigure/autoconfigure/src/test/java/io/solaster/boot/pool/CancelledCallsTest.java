package io.solaster.boot.pool;

import static io.solaster.boot.ThreeShards.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.buffer.Unpooled;
import io.solaster.boot.ThreeShards;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolHttpConfig;
import io.solaster.config.pool.PoolHttpConfig.Version;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpResponse;
import io.solaster.http.ResponseStream;
import io.solaster.http.server.HttpProtocol;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Upstream;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.discovery.DnsResolver;
import io.solaster.pool.http.HttpClientConnection;
import io.solaster.pool.http.HttpClientProtocol;
import io.solaster.pool.http.PooledHttpClient;
import io.solaster.pool.upstream.Upstreams;
import io.solaster.spring.pool.PooledConnector;
import io.solaster.spring.pool.PooledRequestFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** Whoever leaves a call lets go of its connection, at whatever point the call is. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class CancelledCallsTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    private final AtomicInteger asked = new AtomicInteger();
    private Engine engine;
    private ConnectionPool<HttpClientConnection> pool;
    private WebClient web;
    private RestClient rest;

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    /** A server whose answers come when the test says so, and one connection to it. */
    private void start(Version version, Duration timeout) {
        engine = keep(ThreeShards.start(EngineConfig.defaults()));
        ServerConfig server = ServerConfig.of("http", 0);
        HttpHandler handler = (request, response) -> {
            asked.incrementAndGet();
            switch (request.path()) {
                case "/late" -> held.add(() -> request.shard().execute(() -> stream(response)));
                case "/stream" -> stream(response);
                default -> response.send("hello");
            }
        };
        TcpServer bound = keep(TcpServer.bind(engine, "web", server, new HttpProtocol(handler, server)));
        PoolConfig config = PoolConfig.of(PoolConfig.Protocol.HTTP).withHttp(PoolHttpConfig.of(version));
        config = Changed.with(
                config.withConnections(Changed.with(config.connections().withBounds(1, 1, 1), "maxConnecting", 1,
                        "connectTimeout", LONG, "maxPending", 1_000, "acquireTimeout", LONG)),
                "requests", Changed.with(config.requests(), "timeout", timeout, "tryTimeout", Duration.ZERO));
        Upstream upstream = keep(Upstreams.start(engine, "test", config,
                Discovery.of(List.of(Endpoint.of("127.0.0.1", bound.port())))));
        pool = keep(ConnectionPools.start(engine, "test", config, HttpClientProtocol.of(config), upstream,
                Connectors.of(engine, config, DnsResolver.on(engine), null)));
        PooledHttpClient client = PooledHttpClient.over(engine, pool);
        web = WebClient.builder().baseUrl("http://test").clientConnector(new PooledConnector(engine, client)).build();
        rest = RestClient.builder().baseUrl("http://test").requestFactory(new PooledRequestFactory(engine, client))
                .build();
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        open.add(closeable);
        return closeable;
    }

    /** More than any window or buffer takes, so that it ends only if somebody reads. */
    private static void stream(HttpResponse response) {
        ResponseStream stream = response.stream();
        byte[] piece = "x".repeat(64 * 1024).getBytes(StandardCharsets.US_ASCII);
        stream.onWritable(() -> {
            boolean more = true;
            while (more) {
                more = stream.write(Unpooled.wrappedBuffer(piece));
            }
        });
        stream.write(Unpooled.wrappedBuffer(piece));
    }

    private void untilAsked(int times) {
        until("the server is asked", () -> asked.get() >= times);
    }

    /** The answers that are held go out; nobody waits for them. */
    private void answerAll() {
        held.forEach(Runnable::run);
    }

    private void assertFree() {
        until("nothing is out", () -> pool.stats().stream().allMatch(
                shard -> shard.active.get() == 0 && shard.pending.get() == 0));
        assertThat(web.get().uri("/name").retrieve().bodyToMono(String.class).block(LONG)).isEqualTo("hello");
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void a_call_that_is_cancelled_before_its_answer_ends(Version version) {
        start(version, LONG);
        Disposable call = web.get().uri("/late").retrieve().bodyToMono(byte[].class).subscribe();
        untilAsked(1);
        call.dispose();
        answerAll();
        assertFree();
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void so_does_one_that_takes_too_long(Version version) {
        start(version, LONG);
        assertThatThrownBy(() -> web.get().uri("/late").retrieve().bodyToMono(byte[].class)
                .timeout(Duration.ofMillis(200)).block(LONG)).hasRootCauseInstanceOf(
                        java.util.concurrent.TimeoutException.class);
        answerAll();
        assertFree();
    }

    @ParameterizedTest
    @EnumSource(value = Version.class, names = "HTTP_2")
    void so_does_one_whose_neighbour_fails(Version version) {
        start(version, LONG);
        Mono<byte[]> late = web.get().uri("/late").retrieve().bodyToMono(byte[].class);
        Mono<String> fails = Mono.defer(() -> {
            untilAsked(1);
            return Mono.error(new IllegalStateException("the neighbour"));
        });
        assertThatThrownBy(() -> Mono.zip(late, fails).block(LONG)).hasMessageContaining("the neighbour");
        answerAll();
        assertFree();
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void so_does_one_whose_thread_is_interrupted(Version version) throws Exception {
        start(version, LONG);
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                rest.get().uri("/late").retrieve().body(byte[].class);
                thrown.complete(null);
            } catch (RuntimeException e) {
                thrown.complete(e);
            }
        });
        untilAsked(1);
        caller.interrupt();
        assertThat(thrown.get(60, TimeUnit.SECONDS)).hasCauseInstanceOf(InterruptedIOException.class);
        answerAll();
        assertFree();
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void a_body_that_is_read_in_part_is_closed(Version version) {
        start(version, LONG);
        assertThat(web.get().uri("/stream").exchangeToFlux(response -> response.body((message, any) -> message
                .getBody())).take(1).map(buffer -> buffer.readableByteCount()).blockLast(LONG)).isPositive();
        assertFree();
        Integer first = rest.get().uri("/stream").exchange((request, response) -> response.getBody().read());
        assertThat(first).isEqualTo('x');
        assertFree();
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void an_answer_that_nobody_begins_to_read_is_closed_after_the_time_of_a_request(Version version) {
        start(version, Duration.ofSeconds(1));
        until("there is a connection, which a busy machine may make late", () -> {
            try {
                return "hello".equals(web.get().uri("/name").retrieve().bodyToMono(String.class).block(LONG));
            } catch (RuntimeException late) {
                return false;
            }
        });
        CompletableFuture<ClientResponse> kept = new CompletableFuture<>();
        web.mutate().filter((request, next) -> next.exchange(request).doOnNext(kept::complete)
                .then(Mono.never())).build().get().uri("/stream").retrieve().bodyToMono(byte[].class).subscribe();
        ClientResponse answer = kept.orTimeout(60, TimeUnit.SECONDS).join();
        until("nothing is out", () -> pool.stats().stream().allMatch(shard -> shard.active.get() == 0));
        assertThatThrownBy(() -> answer.bodyToMono(byte[].class).block(LONG))
                .hasStackTraceContaining("requests.timeout of pool 'test'");
        assertFree();
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void calls_that_are_cancelled_at_any_time_leave_nothing(Version version) {
        start(version, LONG);
        List<String> paths = List.of("/stream", "/name", "/late");
        for (int i = 0; i < 200; i++) {
            int before = asked.get();
            Disposable call = web.get().uri(paths.get(i % 3)).retrieve().bodyToMono(byte[].class)
                    .subscribe(body -> {}, failure -> {});
            if (i % 6 == 2) {
                untilAsked(before + 1);
            }
            for (int spin = 0; spin < i * 50; spin++) {
                Thread.onSpinWait();
            }
            call.dispose();
            answerAll();
        }
        assertFree();
    }
}
