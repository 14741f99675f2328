package io.solaster.boot.pool;

import static io.solaster.boot.ThreeShards.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
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
import io.solaster.http.RequestBody;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.BodyInserters;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** What of a request that Spring's clients make arrives: its host, and bodies of any size. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class PooledRequestsTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final List<AutoCloseable> open = new ArrayList<>();
    private Engine engine;
    private WebClient web;
    private RestClient rest;

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        open.add(closeable);
        return closeable;
    }

    private void start(PoolHttpConfig http, HttpHandler handler) {
        engine = keep(ThreeShards.start(EngineConfig.defaults()));
        ServerConfig server = ServerConfig.of("http", 0);
        TcpServer bound = keep(TcpServer.bind(engine, "web", server, new HttpProtocol(handler, server)));
        PoolConfig config = PoolConfig.of(PoolConfig.Protocol.HTTP).withHttp(http);
        config = Changed
                .with(config, "requests", Changed.with(config.requests(), "timeout", LONG, "tryTimeout", Duration.ZERO))
                .withConnections(Changed.with(config.connections(), "maxConnecting", 4, "connectTimeout", LONG,
                        "maxPending", 1_000, "acquireTimeout", LONG));
        Upstream upstream = keep(Upstreams.start(engine, "user_service", config,
                Discovery.of(List.of(Endpoint.of("127.0.0.1", bound.port())))));
        ConnectionPool<HttpClientConnection> pool = keep(ConnectionPools.start(engine, "user_service", config,
                HttpClientProtocol.of(config), upstream, Connectors.of(engine, config, DnsResolver.on(engine), null)));
        PooledHttpClient client = PooledHttpClient.over(engine, pool);
        web = WebClient.builder().clientConnector(new PooledConnector(engine, client)).build();
        rest = RestClient.builder().requestFactory(new PooledRequestFactory(engine, client)).build();
    }

    private String hostOf(String url, String... header) {
        String byRest = rest.get().uri(url).headers(all -> {
            if (header.length > 0) {
                all.set("Host", header[0]);
            }
        }).retrieve().body(String.class);
        String byWeb = web.get().uri(url).headers(all -> {
            if (header.length > 0) {
                all.set("Host", header[0]);
            }
        }).retrieve().bodyToMono(String.class).block(LONG);
        assertThat(byWeb).isEqualTo(byRest);
        return byRest;
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void the_host_of_a_url_is_told_unless_it_is_the_pools_name(Version version) {
        start(PoolHttpConfig.of(version), (request, response) -> response.send("" + request.header("Host")));
        assertThat(hostOf("http://users.example/x")).isEqualTo("users.example");
        assertThat(hostOf("http://me@users.example:8080/x")).isEqualTo("users.example:8080");
        assertThat(hostOf("http://users.example:80/x")).isEqualTo("users.example");
        assertThat(hostOf("http://user_service/x")).startsWith("127.0.0.1:");
        assertThat(hostOf("http://users.example/x", "other.example")).isEqualTo("other.example");
        assertThatThrownBy(() -> hostOf("https://users.example/x")).hasStackTraceContaining("clear text")
                .hasStackTraceContaining("solaster.pools.user_service.ssl.enabled");
    }

    @Test
    void a_host_that_is_configured_stands_before_that_of_a_url() {
        start(PoolHttpConfig.of(Version.HTTP_1_1).withHost("api.example:81"),
                (request, response) -> response.send("" + request.header("Host")));
        assertThat(hostOf("http://users.example/x")).isEqualTo("api.example:81");
        assertThat(hostOf("http://user_service/x")).isEqualTo("api.example:81");
        assertThat(hostOf("http://users.example/x", "other.example")).isEqualTo("other.example");
    }

    /** Tells how many bytes have come. */
    private static HttpHandler counting(AtomicLong seen, boolean reads) {
        return (request, response) -> {
            request.body().read(new RequestBody.Reader() {
                @Override
                public void part(ByteBuf part) {
                    seen.addAndGet(part.readableBytes());
                    part.release();
                    request.body().request(1);
                }

                @Override
                public void end(HttpHeaders trailers) {
                    response.send("" + seen.get());
                }

                @Override
                public void failed(Throwable cause) {
                    // Nobody is there to be told.
                }
            });
            if (reads) {
                request.body().request(1);
            }
        };
    }

    private static DataBuffer piece() {
        return DefaultDataBufferFactory.sharedInstance.wrap(new byte[64 * 1024]);
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void a_large_body_goes_out_no_faster_than_it_is_read(Version version) {
        AtomicLong seen = new AtomicLong();
        AtomicInteger made = new AtomicInteger();
        start(PoolHttpConfig.of(version), counting(seen, true));
        Flux<DataBuffer> body = Flux.range(0, 512).map(i -> {
            made.incrementAndGet();
            // In memory there is no more than what a window and a socket hold.
            assertThat(i * 64L * 1024 - seen.get()).isLessThan(24L * 1024 * 1024);
            return piece();
        });
        assertThat(web.post().uri("http://user_service/up").body(BodyInserters.fromDataBuffers(body)).retrieve()
                .bodyToMono(String.class).block(LONG)).isEqualTo("" + 32 * 1024 * 1024);
        assertThat(made).hasValue(512);
    }

    @Test
    void bodies_of_every_size_arrive() {
        start(PoolHttpConfig.defaults(), (request, response) -> {
            AtomicLong seen = new AtomicLong();
            counting(seen, true).handle(request, response);
        });
        for (int pieces : new int[]{0, 1, 3, 4, 5, 6, 20}) {
            assertThat(web.post().uri("http://user_service/up")
                    .body(BodyInserters.fromDataBuffers(Flux.range(0, pieces).map(i -> piece()))).retrieve()
                    .bodyToMono(String.class).block(LONG)).isEqualTo("" + pieces * 64 * 1024);
        }
    }

    @Test
    void a_publisher_is_cancelled_where_its_request_fails_and_fails_its_request() {
        start(PoolHttpConfig.defaults(), counting(new AtomicLong(), false));
        AtomicInteger cancelled = new AtomicInteger();
        Sinks.Empty<Void> begun = Sinks.empty();
        Flux<DataBuffer> endless = Flux.generate(sink -> sink.next(piece()));
        assertThatThrownBy(() -> web.post().uri("http://user_service/up")
                .body(BodyInserters.fromDataBuffers(endless.doOnNext(piece -> begun.tryEmitEmpty())
                        .doOnCancel(cancelled::incrementAndGet)))
                .retrieve().bodyToMono(String.class).timeout(begun.asMono().then(Mono.delay(Duration.ofMillis(50))))
                .block(LONG)).isNotNull();
        until("the publisher is told", () -> cancelled.get() == 1);
        assertThatThrownBy(() -> web.post().uri("http://user_service/up")
                .body(BodyInserters.fromDataBuffers(Flux.range(0, 10).map(i -> piece())
                        .concatWith(Flux.error(new IllegalStateException("no more of it")))))
                .retrieve().bodyToMono(String.class).block(LONG)).hasStackTraceContaining("no more of it");
    }
}
