package io.solaster.pool.http;

import static io.solaster.pool.TestEngines.await;
import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.handler.codec.http2.Http2Error;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.PoolHttpConfig.Version;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpHandler;
import io.solaster.http.server.HttpProtocol;
import io.solaster.pool.Clients;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Endpoint;
import io.solaster.pool.FakeServer;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.connect.ServerName;
import io.solaster.pool.http.Http2Peer.Frame;
import io.solaster.pool.request.RequestStats;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client of HTTP/2 on any transport, with our own server and with peers of every kind; a subclass each. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
abstract class Http2Test {
    private static final HttpClientProtocol HTTP_2 = HttpClientProtocol.defaults().withVersion(Version.HTTP_2);
    private static final int WINDOW = 256 * 1024;

    private final Transport transport;
    private Clients clients;
    private ConnectionPool<HttpClientConnection> pool;
    private PooledHttpClient client;

    Http2Test(Transport transport) {
        this.transport = transport;
    }

    /** What a raw server does on a connection, after its greeting. */
    private interface Talk {
        void with(Http2Peer peer, int connection) throws IOException;
    }

    @BeforeEach
    void start() {
        clients = new Clients(transport, 1);
        connections(1);
    }

    @AfterEach
    void stop() throws Exception {
        if (clients != null) {
            clients.close();
        }
    }

    private void connections(int max) {
        clients.config = clients.config.withConnections(clients.config.connections().withBounds(max, max, max));
    }

    private void to(HttpClientProtocol protocol, Endpoint... endpoints) {
        pool = clients.pool(protocol, endpoints);
        client = PooledHttpClient.over(clients.engine, pool);
    }

    private FakeServer peer(Talk talk, int... settings) throws Exception {
        return peer(HTTP_2, talk, settings);
    }

    private FakeServer peer(HttpClientProtocol protocol, Talk talk, int... settings) throws Exception {
        FakeServer server = clients.server(each -> talk.with(new Http2Peer(each, settings), each.number));
        to(protocol, server.endpoint());
        return server;
    }

    private void ours(HttpClientProtocol protocol, HttpHandler handler) {
        ServerConfig config = ServerConfig.of("http", 0);
        TcpServer server = clients.keep(TcpServer.bind(clients.engine, "web", config,
                new HttpProtocol(handler, config)));
        to(protocol, Endpoint.of("127.0.0.1", server.port()));
    }

    private static ClientRequest post(String path) {
        return ClientRequest.of("POST", path);
    }

    private PoolException failure(ShardFuture<?> asked) {
        return catchThrowableOfType(PoolException.class, () -> get(asked));
    }

    private RequestStats stats() {
        return client.stats().getFirst();
    }

    private long opened() {
        return pool.stats().getFirst().created.get();
    }

    private List<ShardFuture<ClientResponse>> gets(int count) {
        List<ShardFuture<ClientResponse>> asked = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            asked.add(client.get("/" + i));
        }
        return asked;
    }

    private static void assertAnswered(List<ShardFuture<ClientResponse>> asked) {
        for (int i = 0; i < asked.size(); i++) {
            assertThat(get(asked.get(i)).text()).isEqualTo("/" + i);
        }
    }

    // ---- with our own server

    @Test
    @Tag("smoke")
    void manyRequestsShareAConnection() {
        ours(HTTP_2, (request, response) -> response.header("X-Version", request.version().toString())
                .send(request.path()));
        List<ShardFuture<ClientResponse>> asked = gets(300);
        assertAnswered(asked);
        ClientResponse first = get(asked.getFirst());
        assertThat(first.status()).isEqualTo(200);
        assertThat(first.headers().get("x-version")).contains("2");
        assertThat(first.headers().get("content-length")).isEqualTo("2");
        assertThat(first.headers().names()).noneMatch(name -> name.startsWith("x-http2") || name.startsWith(":"));
        assertThat(opened()).isOne();
        assertThat(pool.stats().getFirst().active.get()).isZero();
    }

    @Test
    @Tag("smoke")
    void bodiesGoAndCome() {
        byte[] large = new byte[3 << 20];
        Arrays.fill(large, (byte) 'x');
        ours(HTTP_2.withGzip(true), HttpHandler.async((request, response) -> request.body().whole()
                .thenAccept(body -> response.send(body.toString(StandardCharsets.ISO_8859_1)))));
        for (int i = 0; i < 3; i++) {
            assertThat(get(client.send(post("/").body(large))).body()).isEqualTo(large);
        }
        AtomicInteger number = new AtomicInteger();
        for (long length : new long[]{-1, 6}) {
            number.set(0);
            assertThat(await(clients.engine, 0, () -> client.send(ClientRequest.of("PUT", "/")
                    .body(() -> CompletableFuture.completedStage(number.incrementAndGet() > 3
                            ? null
                            : ("p" + number).getBytes(StandardCharsets.UTF_8)), length)))
                    .text()).isEqualTo("p1p2p3");
        }
        assertThat(get(client.send(post("/").body("hello", "text/plain").expectContinue())).text()).isEqualTo("hello");
        assertThat(get(client.send(post("/"))).body()).isEmpty();
        assertThat(get(client.send(ClientRequest.of("HEAD", "/"))).body()).isEmpty();
        assertThat(catchThrowableOfType(IOException.class, () -> {
            try {
                await(clients.engine, 0, () -> client.send(ClientRequest.of("PUT", "/")
                        .body(() -> CompletableFuture.completedStage(null), 6)));
            } catch (AssertionError e) {
                throw e.getCause();
            }
        })).hasMessageContaining("6 were announced");
        assertThat(opened()).isOne();
    }

    @Test
    void aServerThatDrainsIsLeftWithoutALoss() {
        connections(4);
        ours(HTTP_2, (request, response) -> {
            if (request.path().equals("/last")) {
                response.header("Connection", "close");
            }
            response.send(request.path());
        });
        for (int i = 0; i < 10; i++) {
            assertThat(get(client.send(post("/last"))).text()).isEqualTo("/last");
            assertAnswered(gets(10));
        }
        assertThat(stats().failures.get()).isZero();
        assertThat(opened()).isGreaterThan(1);
    }

    // ---- what ends some requests, or all

    @Test
    void whatAServerThatLeavesHasNotBegunWithGoesElsewhere() throws Exception {
        connections(2);
        FakeServer server = peer((peer, connection) -> {
            if (connection == 1) {
                int first = peer.request();
                peer.request();
                peer.request();
                peer.goAway(first, 0);
                peer.answer(first, "first");
                peer.frame(Http2Peer.PING);
            } else {
                peer.answerAll();
            }
        });
        // Not to be repeated, and repeated nevertheless, since the server has said that it has not begun.
        List<ShardFuture<ClientResponse>> asked = new ArrayList<>();
        on(clients.engine, 0, () -> {
            for (int i = 0; i < 3; i++) {
                asked.add(client.send(post("/" + i)));
            }
            return true;
        });
        assertThat(asked.stream().map(each -> get(each).text())).containsExactly("first", "/1", "/2");
        assertThat(stats().retriesStale.get()).isEqualTo(2);
        assertThat(stats().failures.get()).isZero();
        assertThat(server.accepted()).isEqualTo(2);
        until("the first connection is closed", () -> pool.stats().getFirst().open.get() == 1);
        assertThat(get(client.get("/more")).text()).isEqualTo("/more");
        assertThat(server.accepted()).isEqualTo(2);
    }

    @Test
    void aWarningThatAServerWillLeaveEndsNothing() throws Exception {
        connections(2);
        CountDownLatch warned = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        FakeServer server = peer((peer, connection) -> {
            if (connection == 1) {
                int stream = peer.request();
                peer.goAway(Integer.MAX_VALUE, 0);
                peer.settle();
                warned.countDown();
                hold(goOn);
                peer.answer(stream, "late");
                peer.frame();
            } else {
                peer.answerAll();
            }
        });
        ShardFuture<ClientResponse> slow = client.get("/slow");
        hold(warned);
        assertThat(get(client.send(post("/other"))).text()).isEqualTo("/other");
        goOn.countDown();
        assertThat(get(slow).text()).isEqualTo("late");
        assertThat(server.accepted()).isEqualTo(2);
    }

    @Test
    void aResetEndsOneRequest() throws Exception {
        peer((peer, connection) -> {
            int first = peer.request();
            int second = peer.request();
            peer.reset(first, (int) Http2Error.INTERNAL_ERROR.code());
            peer.answer(second, "second");
            peer.answerAll();
        });
        ShardFuture<ClientResponse> first = client.send(post("/"));
        ShardFuture<ClientResponse> second = client.send(post("/"));
        PoolException reset = failure(first);
        assertThat(reset.reason()).isEqualTo(Reason.CONNECTION_LOST);
        assertThat(reset).hasMessageContaining("POST /").hasMessageContaining("INTERNAL_ERROR");
        assertThat(get(second).text()).isEqualTo("second");
        assertThat(get(client.get("/third")).text()).isEqualTo("/third");
        assertThat(opened()).isOne();
    }

    @Test
    void aRequestThatIsRefusedIsSentAgain() throws Exception {
        peer((peer, connection) -> {
            peer.reset(peer.request(), (int) Http2Error.REFUSED_STREAM.code());
            peer.answerAll();
        });
        assertThat(get(client.send(post("/again"))).text()).isEqualTo("/again");
        assertThat(stats().retriesAnswer.get()).isOne();
        assertThat(opened()).isOne();
    }

    @Test
    void aRequestThatIsRefusedAgainAndAgainFails() throws Exception {
        peer((peer, connection) -> {
            while (true) {
                peer.reset(peer.request(), (int) Http2Error.REFUSED_STREAM.code());
            }
        });
        PoolException refused = failure(client.send(post("/")));
        assertThat(refused.reason()).isEqualTo(Reason.REFUSED);
        assertThat(refused).hasMessageContaining("refused POST /");
        assertThat(stats().retriesAnswer.get()).isEqualTo(2);
    }

    @Test
    void aBodyThatNobodyAskedForIsLeftToTheNextTry() throws Exception {
        peer((peer, connection) -> {
            peer.reset(peer.request(), (int) Http2Error.REFUSED_STREAM.code());
            peer.head(peer.request(), false, ":status", "100");
            peer.answerAll();
        });
        List<String> told = new CopyOnWriteArrayList<>();
        assertThat(get(on(clients.engine, 0, () -> client.send(post("/again").expectContinue().body(
                source(told), -1)))).text()).isEqualTo("/again");
        assertThat(stats().retriesAnswer.get()).isOne();
        assertThat(told).containsExactly("next", "next");
    }

    @Test
    void aBodyThatNoTryAskedForIsStoppedOnce() throws Exception {
        peer((peer, connection) -> {
            while (true) {
                peer.reset(peer.request(), (int) Http2Error.REFUSED_STREAM.code());
            }
        });
        List<String> told = new CopyOnWriteArrayList<>();
        ShardFuture<ClientResponse> asked = on(clients.engine, 0,
                () -> client.send(post("/").expectContinue().body(source(told), -1)));
        assertThat(failure(asked).reason()).isEqualTo(Reason.REFUSED);
        assertThat(told).containsExactly("stop");
    }

    private static BodySource source(List<String> told) {
        return new BodySource() {
            @Override
            public CompletionStage<byte @Nullable []> next() {
                told.add("next");
                return CompletableFuture.completedStage(told.size() == 1 ? new byte[10] : null);
            }

            @Override
            public void stop() {
                told.add("stop");
            }
        };
    }

    @Test
    void aBodyThatHasBegunIsNotSentAgain() throws Exception {
        peer((peer, connection) -> {
            int stream = peer.request();
            peer.frame(Http2Peer.DATA);
            peer.reset(stream, (int) Http2Error.REFUSED_STREAM.code());
            peer.answerAll();
        });
        AtomicInteger pieces = new AtomicInteger();
        ShardFuture<ClientResponse> asked = on(clients.engine, 0, () -> client.send(ClientRequest.of("PUT", "/")
                .body(() -> pieces.incrementAndGet() == 1
                        ? CompletableFuture.completedStage(new byte[10])
                        : new CompletableFuture<>(), -1)));
        assertThat(failure(asked).reason()).isEqualTo(Reason.CONNECTION_LOST);
        assertThat(stats().retries()).isZero();
    }

    @Test
    @Tag("smoke")
    void aConnectionThatIsLostFailsWhatWasUnderWay() throws Exception {
        FakeServer server = peer((peer, connection) -> {
            if (connection == 1) {
                peer.request();
                peer.request();
            } else {
                peer.answerAll();
            }
        });
        ShardFuture<ClientResponse> once = client.send(post("/once"));
        ShardFuture<ClientResponse> again = client.get("/again");
        assertThat(failure(once).reason()).isEqualTo(Reason.CONNECTION_LOST);
        assertThat(get(again).text()).isEqualTo("/again");
        assertThat(server.accepted()).isEqualTo(2);
    }

    @Test
    void aServerThatSpeaksHttp1OnlyIsCalledThat() throws Exception {
        for (String says : List.of("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "", "HT")) {
            FakeServer server = clients.server(each -> {
                each.head();
                each.say(says);
            });
            to(HTTP_2, server.endpoint());
            PoolException failure = failure(client.get("/"));
            assertThat(failure.reason()).as(says).isEqualTo(Reason.CONNECT_FAILED);
            assertThat(failure).hasStackTraceContaining(server.endpoint().address())
                    .hasStackTraceContaining("set http.version to http-1-1");
        }
    }

    // ---- limits

    @Test
    void noMoreRequestsAreUnderWayThanTheServerAllows() throws Exception {
        AtomicInteger most = new AtomicInteger();
        FakeServer server = peer((peer, connection) -> {
            int under = 0;
            while (true) {
                int stream = peer.request();
                most.accumulateAndGet(++under, Math::max);
                // Were there another, it would have come before what is written for this.
                peer.send(Http2Peer.PING, 0, 0, new byte[8]);
                peer.answer(stream, peer.requests.get(stream).path().toString());
                under--;
            }
        }, Http2Peer.MAX_STREAMS, 1);
        assertAnswered(gets(50));
        assertThat(most).hasValue(1);
        assertThat(server.accepted()).isOne();
        assertThat(stats().retries()).isZero();
    }

    @Test
    void moreConnectionsAreMadeWhereOneDoesNotSuffice() throws Exception {
        connections(4);
        CountDownLatch all = new CountDownLatch(4);
        FakeServer server = peer((peer, connection) -> {
            int stream = peer.request();
            all.countDown();
            hold(all);
            peer.answer(stream, peer.requests.get(stream).path().toString());
            peer.answerAll();
        }, Http2Peer.MAX_STREAMS, 1);
        assertAnswered(gets(20));
        assertThat(server.accepted()).isEqualTo(4);
    }

    @Test
    void aRequestGoesOutAsFastAsTheServerTakesIt() throws Exception {
        ConcurrentLinkedQueue<Integer> sizes = new ConcurrentLinkedQueue<>();
        peer((peer, connection) -> {
            int stream = peer.request();
            StringBuilder body = new StringBuilder();
            boolean last = false;
            while (!last) {
                Frame data = peer.frame(Http2Peer.DATA);
                sizes.add(data.payload().length);
                body.append(new String(data.payload(), StandardCharsets.ISO_8859_1));
                last = data.isLast();
                peer.credit(stream, 1);
            }
            peer.answer(stream, body.toString());
            peer.answerAll();
        }, Http2Peer.INITIAL_WINDOW, 1);
        assertThat(get(client.send(post("/").body("tiny windows", "text/plain"))).text()).isEqualTo("tiny windows");
        assertThat(sizes).allMatch(size -> size <= 1);
    }

    @Test
    void aRequestThatTheServerDoesNotTakeIsGivenUp() throws Exception {
        CompletableFuture<Integer> error = new CompletableFuture<>();
        peer((peer, connection) -> {
            peer.answer(peer.request(), "there");
            peer.request();
            error.complete(peer.frame(Http2Peer.RST_STREAM).word());
            peer.answerAll();
        }, Http2Peer.INITIAL_WINDOW, 1);
        // Over a connection that is there, a request begins at once, however busy the machine is.
        assertThat(get(client.get("/before")).text()).isEqualTo("there");
        PoolException late = failure(client.send(post("/").body(new byte[1 << 20]).timeout(Duration.ofMillis(200))));
        assertThat(late.reason()).isEqualTo(Reason.TIMEOUT);
        assertThat(get(error)).isEqualTo((int) Http2Error.CANCEL.code());
        assertThat(get(client.get("/after")).text()).isEqualTo("/after");
        assertThat(opened()).isOne();
    }

    @Test
    void anAnswerComesAsFastAsItIsRead() throws Exception {
        AtomicBoolean reading = new AtomicBoolean();
        AtomicBoolean early = new AtomicBoolean();
        peer((peer, connection) -> {
            int slow = peer.request();
            peer.head(slow, false, ":status", "200");
            for (int i = 0; i < WINDOW; i += 16 * 1024) {
                peer.data(slow, new byte[16 * 1024], false);
            }
            int other = peer.request();
            peer.answer(other, "not held up");
            Frame frame = peer.frame();
            while (frame.type() != Http2Peer.WINDOW_UPDATE || frame.stream() != slow) {
                frame = peer.frame();
            }
            early.set(!reading.get());
            peer.data(slow, new byte[1000], true);
            peer.answerAll();
        });
        StreamedResponse slow = await(clients.engine, 0, () -> client.stream(ClientRequest.get("/slow")));
        assertThat(get(client.get("/other")).text()).isEqualTo("not held up");
        reading.set(true);
        CompletableFuture<Long> all = new CompletableFuture<>();
        on(clients.engine, 0, () -> {
            HttpTest.drain(slow.body(), 0, all);
            return true;
        });
        assertThat(get(all)).isEqualTo(WINDOW + 1000);
        assertThat(early).isFalse();
        assertThat(pool.stats().getFirst().active.get()).isZero();
        assertThat(opened()).isOne();
    }

    @Test
    void anAnswerThatIsTooLargeCostsItsStreamOnly() throws Exception {
        AtomicInteger resets = new AtomicInteger();
        peer((peer, connection) -> {
            int body = peer.request();
            peer.head(body, false, ":status", "200");
            peer.data(body, new byte[2000], false);
            resets.addAndGet(peer.frame(Http2Peer.RST_STREAM).stream() == body ? 1 : 0);
            int head = peer.request();
            peer.head(head, true, ":status", "200", "x", "y".repeat(17_000));
            resets.addAndGet(peer.frame(Http2Peer.RST_STREAM).stream() == head ? 1 : 0);
            peer.answerAll();
        });
        PooledHttpClient small = client.withMaxBody(1000);
        assertThat(catchThrowableOfType(HttpClientException.class, () -> get(small.get("/"))))
                .hasMessageContaining("more than 1000 bytes");
        assertThat(failure(client.send(post("/"))).reason()).isEqualTo(Reason.CONNECTION_LOST);
        assertThat(get(client.get("/after")).text()).isEqualTo("/after");
        assertThat(resets).hasValue(2);
        assertThat(opened()).isOne();
    }

    // ---- time

    @Test
    void cancellingResetsTheStream() throws Exception {
        CompletableFuture<Integer> error = new CompletableFuture<>();
        peer((peer, connection) -> {
            peer.request();
            error.complete(peer.frame(Http2Peer.RST_STREAM).word());
            peer.answerAll();
        });
        ShardFuture<ClientResponse> asked = client.get("/");
        until("it is asked", () -> pool.stats().getFirst().active.get() == 1);
        asked.cancel(false);
        assertThat(get(error)).isEqualTo((int) Http2Error.CANCEL.code());
        assertThat(get(client.get("/after")).text()).isEqualTo("/after");
        assertThat(opened()).isOne();
    }

    @Test
    void aTryThatTakesTooLongIsResetAndSentAgain() throws Exception {
        // As often as a busy machine needs.
        clients.requests(Changed.with(clients.config.requests(), "tryTimeout", Duration.ofMillis(200), "retries", 100,
                "minRetries", 1_000));
        CompletableFuture<Integer> error = new CompletableFuture<>();
        peer((peer, connection) -> {
            peer.request();
            error.complete(peer.frame(Http2Peer.RST_STREAM).word());
            peer.answerAll();
        });
        assertThat(get(client.get("/again")).text()).isEqualTo("/again");
        assertThat(get(error)).isEqualTo((int) Http2Error.CANCEL.code());
        assertThat(stats().retriesTimeout.get()).isPositive();
        assertThat(opened()).isOne();
    }

    @Test
    void halfAFrameIsNoAnswerAndAConnectionThatStaysSilentIsLeft() throws Exception {
        HttpClientProtocol impatient = new HttpClientProtocol(Version.HTTP_2, ServerName.OWN, 16 * 1024, false,
                Duration.ofMillis(50));
        FakeServer server = peer(impatient, (peer, connection) -> {
            if (connection == 1) {
                peer.answer(peer.request(), "there");
                int stream = peer.request();
                peer.bytes(Arrays.copyOf(Http2Peer.framed(Http2Peer.DATA, Http2Peer.END_STREAM, stream,
                        new byte[100]), 20));
                peer.frame(Http2Peer.GOAWAY);
            } else {
                peer.answerAll();
            }
        });
        assertThat(get(client.get("/before")).text()).isEqualTo("there");
        assertThat(failure(client.send(ClientRequest.get("/").timeout(Duration.ofMillis(500)))).reason())
                .isEqualTo(Reason.TIMEOUT);
        assertThat(get(client.get("/after")).text()).isEqualTo("/after");
        assertThat(server.accepted()).isEqualTo(2);
    }

    @Test
    void anIdleConnectionIsAskedWithAPing() throws Exception {
        clients.config = clients.config.withConnections(Changed.with(clients.config.connections(), "maxIdle",
                Duration.ofSeconds(60), "maxLifetime", Duration.ZERO, "validateAfter", Duration.ofMillis(20)));
        FakeServer server = peer((peer, connection) -> peer.answerAll());
        for (int i = 0; i < 5; i++) {
            assertThat(get(client.get("/")).text()).isEqualTo("/");
            long asked = System.nanoTime();
            until("it was idle for long", () -> System.nanoTime() - asked > TimeUnit.MILLISECONDS.toNanos(50));
        }
        assertThat(server.accepted()).isOne();
    }

    // ---- answers of every kind

    @Test
    void interimAnswersAndTrailersAreLeftOut() throws Exception {
        peer((peer, connection) -> {
            int stream = peer.request();
            peer.head(stream, false, ":status", "103", "link", "</x>");
            peer.head(stream, false, ":status", "200", "a", "b");
            peer.data(stream, "hel", false);
            peer.data(stream, "lo", false);
            peer.head(stream, true, "checksum", "c");
            peer.answerAll();
        });
        ClientResponse response = get(client.get("/"));
        assertThat(response.text()).isEqualTo("hello");
        assertThat(response.headers().get("a")).isEqualTo("b");
        assertThat(response.headers().contains("link")).isFalse();
    }

    @Test
    void anAnswerBeforeAllWasSentIsAnAnswer() throws Exception {
        CompletableFuture<Boolean> reset = new CompletableFuture<>();
        peer((peer, connection) -> {
            int stream = peer.request();
            peer.frame(Http2Peer.DATA);
            peer.answer(stream, "enough");
            reset.complete(peer.frame(Http2Peer.RST_STREAM).stream() == stream);
            peer.answerAll();
        });
        AtomicInteger pieces = new AtomicInteger();
        assertThat(await(clients.engine, 0, () -> client.send(ClientRequest.of("PUT", "/")
                .body(() -> pieces.incrementAndGet() == 1
                        ? CompletableFuture.completedStage(new byte[10])
                        : new CompletableFuture<>(), -1)))
                .text()).isEqualTo("enough");
        assertThat(get(reset)).isTrue();
        assertThat(get(client.get("/after")).text()).isEqualTo("/after");
        assertThat(opened()).isOne();
    }

    @Test
    void answersThatAreNoneAreRefused() throws Exception {
        AtomicInteger which = new AtomicInteger();
        List<String[]> bad = List.of(new String[]{"a", "b"}, new String[]{":status", "x"},
                new String[]{":status", "200", "Upper", "case"}, new String[]{":status", "200", "connection", "close"},
                new String[]{":status", "200", "content-length", "7"});
        peer((peer, connection) -> {
            while (true) {
                int stream = peer.request();
                peer.head(stream, false, bad.get(which.get()));
                peer.data(stream, "hello", true);
            }
        });
        List<String> taken = new ArrayList<>();
        for (; which.get() < bad.size(); which.incrementAndGet()) {
            try {
                taken.add(Arrays.toString(bad.get(which.get())) + " " + get(client.send(post("/"))));
            } catch (PoolException e) {
                assertThat(e.reason()).as(Arrays.toString(bad.get(which.get()))).isEqualTo(Reason.CONNECTION_LOST);
            }
        }
        assertThat(taken).isEmpty();
    }

    private static void hold(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }
}
