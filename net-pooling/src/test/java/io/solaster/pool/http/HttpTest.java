package io.solaster.pool.http;

import static io.solaster.pool.TestEngines.await;
import static io.solaster.pool.TestEngines.get;
import static io.solaster.pool.TestEngines.on;
import static io.solaster.pool.TestEngines.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.GZIPOutputStream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Clients;
import io.solaster.pool.ConnectionPool;
import io.solaster.pool.Endpoint;
import io.solaster.pool.FakeServer;
import io.solaster.pool.PoolException;
import io.solaster.pool.PoolException.Reason;
import io.solaster.pool.Protocol;
import io.solaster.pool.TestEngines;
import io.solaster.pool.request.RequestStats;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client of HTTP on any transport, with servers good and bad; a subclass each. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
abstract class HttpTest {
    private static final String HELLO = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private final Transport transport;
    private final ConcurrentLinkedQueue<String> heads = new ConcurrentLinkedQueue<>();
    private Clients clients;
    private ConnectionPool<HttpClientConnection> pool;
    private PooledHttpClient client;

    HttpTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeEach
    void start() {
        clients = new Clients(transport, 1);
        clients.config = clients.config.withConnections(clients.config.connections().withBounds(1, 1, 1));
    }

    @AfterEach
    void stop() throws Exception {
        if (clients != null) {
            clients.close();
        }
    }

    private FakeServer serve(FakeServer.Talk each) throws Exception {
        return serve(HttpClientProtocol.defaults(), each);
    }

    /** Reads heads of requests, and does this for each. */
    private FakeServer serve(Protocol<HttpClientConnection> protocol, FakeServer.Talk each) throws Exception {
        FakeServer server = clients.server(peer -> {
            while (true) {
                heads.add(peer.head());
                each.with(peer);
            }
        });
        pool = clients.pool(protocol, server.endpoint());
        client = PooledHttpClient.over(clients.engine, pool);
        return server;
    }

    private ClientResponse answerTo(String response) throws Exception {
        serve(peer -> peer.say(response));
        return get(client.get("/"));
    }

    private PoolException failure(ClientRequest request) {
        return catchThrowableOfType(PoolException.class, () -> get(client.send(request)));
    }

    private RequestStats stats() {
        return client.stats().getFirst();
    }

    private long open() {
        return pool.stats().getFirst().open.get();
    }

    @Test
    @Tag("smoke")
    void asksAndKeepsTheConnection() throws Exception {
        FakeServer server = serve(peer -> peer.say(HELLO));
        for (int i = 0; i < 10; i++) {
            ClientResponse response = get(client.send(ClientRequest.get("/a?b=c").header("X-Trace", "t" + i)));
            assertThat(response.status()).isEqualTo(200);
            assertThat(response.text()).isEqualTo("hello");
            assertThat(response.headers().get("content-length")).isEqualTo("5");
        }
        assertThat(server.accepted()).isOne();
        assertThat(heads.peek()).startsWith("GET /a?b=c HTTP/1.1\n").containsIgnoringCase("\nx-trace: t0\n")
                .containsIgnoringCase("\nhost: 127.0.0.1:" + server.port() + "\n")
                .doesNotContainIgnoringCase("content-length");
    }

    @Test
    @Tag("smoke")
    void bodiesGoAndCome() throws Exception {
        serve(peer -> {
            String body = new String(peer.in.readNBytes(5), StandardCharsets.UTF_8);
            peer.say("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n<" + body.charAt(0)
                    + "\r\n4;x=y\r\n"
                    + body.substring(1) + "\r\n1\r\n>\r\n0\r\nTrailer: t\r\n\r\n");
        });
        for (int i = 0; i < 3; i++) {
            ClientResponse response = get(client.send(ClientRequest.of("POST", "/").body("hello", "text/plain")));
            assertThat(response.status()).isEqualTo(201);
            assertThat(response.text()).isEqualTo("<hello>");
        }
        assertThat(heads).allMatch(head -> head.toLowerCase().contains("content-length: 5"));
    }

    @Test
    void answersWithoutABodyHaveNone() throws Exception {
        FakeServer server = serve(peer -> peer.say(heads.size() == 1
                ? "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
                : heads.size() == 2
                        ? "HTTP/1.1 204 No Content\r\n\r\n"
                        : "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"));
        assertThat(get(client.send(ClientRequest.of("HEAD", "/"))).body()).isEmpty();
        assertThat(get(client.get("/")).status()).isEqualTo(204);
        assertThat(get(client.get("/")).status()).isEqualTo(304);
        assertThat(server.accepted()).isOne();
    }

    @Test
    void aConnectionThatIsToCloseIsNotKept() throws Exception {
        FakeServer server = serve(peer -> {
            switch (peer.number) {
                case 1 -> peer.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na");
                case 2 -> peer.say("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nb");
                case 3 -> {
                    peer.say("HTTP/1.1 200 OK\r\n\r\nuntil the end");
                    peer.socket.close();
                }
                default -> peer.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nd");
            }
        });
        assertThat(get(client.get("/")).text()).isEqualTo("a");
        assertThat(get(client.get("/")).text()).isEqualTo("b");
        assertThat(get(client.get("/")).text()).isEqualTo("until the end");
        assertThat(get(client.get("/")).text()).isEqualTo("d");
        assertThat(get(client.get("/")).text()).isEqualTo("d");
        assertThat(server.accepted()).isEqualTo(4);
    }

    @Test
    void aServerThatSaysHowLongItWaitsIsBelieved() throws Exception {
        FakeServer server = serve(
                peer -> peer.say("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=7\r\nContent-Length: 1\r\n\r\na"));
        get(client.get("/"));
        get(client.get("/"));
        assertThat(server.accepted()).isEqualTo(2);
    }

    @Test
    void interimAnswersAreLeftOut() throws Exception {
        assertThat(answerTo("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + HELLO)
                .text())
                .isEqualTo("hello");
    }

    @Test
    void aBodyMayWaitUntilItIsAskedFor() throws Exception {
        serve(peer -> {
            if (heads.size() == 1) {
                peer.say("HTTP/1.1 100 Continue\r\n\r\n");
                peer.in.readNBytes(5);
                peer.say(HELLO);
            } else {
                peer.say("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
            }
        });
        ClientRequest request = ClientRequest.of("POST", "/").body("hello", "text/plain").expectContinue();
        assertThat(get(client.send(request)).status()).isEqualTo(200);
        assertThat(heads.peek()).containsIgnoringCase("expect: 100-continue");
        assertThat(get(client.send(request)).status()).isEqualTo(417);
        // The body was never sent: the connection means nothing any more.
        until("it is closed", () -> open() == 0);
    }

    @Test
    void aBodyThatIsAskedForTwiceGoesOutOnce() throws Exception {
        CompletableFuture<byte[]> second = new CompletableFuture<>();
        serve(peer -> {
            peer.say("HTTP/1.1 100 Continue\r\n\r\n");
            String first = new String(peer.in.readNBytes(1), StandardCharsets.UTF_8);
            peer.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
            second.complete("b".getBytes(StandardCharsets.UTF_8));
            String body = first + new String(peer.in.readNBytes(2), StandardCharsets.UTF_8);
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
        });
        AtomicInteger piece = new AtomicInteger();
        assertThat(await(clients.engine, 0, () -> client.send(ClientRequest.of("PUT", "/").expectContinue()
                .body(() -> switch (piece.incrementAndGet()) {
                    case 1 -> CompletableFuture.completedStage("a".getBytes(StandardCharsets.UTF_8));
                    case 2 -> second;
                    case 3 -> CompletableFuture.completedStage("c".getBytes(StandardCharsets.UTF_8));
                    default -> CompletableFuture.completedStage(null);
                }, 3))).text()).isEqualTo("abc");
        assertThat(piece).hasValue(4);
    }

    @Test
    void packedAnswersAreUnpacked() throws Exception {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write("hello".repeat(1000).getBytes(StandardCharsets.UTF_8));
        }
        serve(HttpClientProtocol.defaults().withGzip(true), peer -> {
            peer.say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + packed.size() + "\r\n\r\n");
            packed.writeTo(peer.out);
            peer.out.flush();
        });
        assertThat(get(client.get("/")).text()).isEqualTo("hello".repeat(1000));
        assertThat(heads.peek()).containsIgnoringCase("accept-encoding: gzip");
        client = client.withMaxBody(4999);
        // Counted as it is unpacked.
        assertThat(catchThrowableOfType(HttpClientException.class, () -> get(client.get("/"))))
                .hasMessageContaining("4999").hasMessageContaining("GET /");
    }

    @Test
    void aBombIsNotUnpacked() throws Exception {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 64; i++) {
                gzip.write(zeros);
            }
        }
        AtomicLong unpacked = new AtomicLong();
        AtomicReference<HttpClientConnection> opened = new AtomicReference<>();
        CountDownLatch asked = new CountDownLatch(1);
        serve(new Watched(opened, unpacked), peer -> asked.countDown());
        client = client.withMaxBody(1 << 20);
        ShardFuture<ClientResponse> answer = client.get("/");
        assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
        // As if all of it had been read at once: what the network makes of it is chance.
        ByteBuf bomb = Unpooled.directBuffer();
        bomb.writeCharSequence("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + packed.size()
                + "\r\n\r\n", StandardCharsets.US_ASCII);
        bomb.writeBytes(packed.toByteArray());
        Channel channel = opened.get().channel();
        channel.eventLoop().execute(() -> channel.pipeline().fireChannelRead(bomb).fireChannelReadComplete());
        assertThat(catchThrowableOfType(HttpClientException.class, () -> get(answer)))
                .hasMessageContaining("has more than 1048576 bytes");
        until("its connection is closed", () -> open() == 0);
        // The 8 KB of the bomb that were looked at may stand for a thousand times as much.
        channel.eventLoop().submit(() -> {}).get(60, TimeUnit.SECONDS);
        assertThat(unpacked.get()).isBetween(1L << 20, 10L << 20);
        assertThat(stats().retries()).isZero();
    }

    /** Counts what comes unpacked to connections. */
    private record Watched(AtomicReference<HttpClientConnection> opened,
            AtomicLong unpacked) implements Protocol<HttpClientConnection> {

        @Override
        public String name() {
            return "http";
        }

        @Override
        public CompletionStage<HttpClientConnection> open(Shard shard, Channel channel, Endpoint endpoint) {
            return HttpClientProtocol.defaults().withGzip(true).open(shard, channel, endpoint)
                    .thenApply(connection -> {
                        channel.pipeline().addBefore("http", "watch", new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext context, Object part) {
                                if (part instanceof HttpContent content) {
                                    unpacked.addAndGet(content.content().readableBytes());
                                }
                                context.fireChannelRead(part);
                            }
                        });
                        opened.set(connection);
                        return connection;
                    });
        }
    }

    @Test
    void aBodyThatIsTooLargeIsNotTaken() throws Exception {
        serve(peer -> peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + "x".repeat(2000)));
        client = client.withMaxBody(1000);
        assertThat(catchThrowableOfType(HttpClientException.class, () -> get(client.get("/")))).isNotNull();
        until("its connection is closed", () -> open() == 0);
        assertThat(stats().retries()).isZero();
    }

    @Test
    void headersThatAreTooLargeAreNotTaken() throws Exception {
        serve(peer -> peer.say("HTTP/1.1 200 OK\r\nX: " + "x".repeat(20_000) + "\r\nContent-Length: 0\r\n\r\n"));
        assertThat(failure(ClientRequest.of("POST", "/")).reason()).isEqualTo(Reason.CONNECTION_LOST);
    }

    @Test
    void answersOfTwoMindsAboutTheirEndAreRefused() throws Exception {
        String[] bad = {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "Content-Length: +5\r\n\r\nhello",
                "Content-Length: 5 5\r\n\r\nhello", "Content-Length: -1\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
                "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", " X: y\r\nContent-Length: 0\r\n\r\n"};
        AtomicInteger which = new AtomicInteger();
        clients.requests(Changed.with(clients.config.requests(), "timeout", Duration.ofSeconds(10), "tryTimeout",
                Duration.ZERO));
        List<String> taken = new ArrayList<>();
        serve(peer -> peer.say("HTTP/1.1 200 OK\r\n" + bad[which.get()]));
        for (; which.get() < bad.length; which.incrementAndGet()) {
            try {
                taken.add(bad[which.get()] + ": " + get(client.send(ClientRequest.of("POST", "/"))));
            } catch (PoolException e) {
                if (e.reason() != Reason.CONNECTION_LOST) {
                    taken.add(bad[which.get()] + ": " + e);
                }
            }
        }
        assertThat(taken).isEmpty();
    }

    @Test
    void garbageIsALostConnection() throws Exception {
        serve(peer -> peer.say("+OK this is redis\r\n\r\n"));
        assertThat(failure(ClientRequest.of("POST", "/"))).hasMessageContaining("no answer of HTTP");
    }

    @Test
    void whatComesAfterAnAnswerIsNobodys() throws Exception {
        FakeServer server = serve(peer -> peer.say(HELLO + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
        for (int i = 0; i < 5; i++) {
            assertThat(get(client.get("/")).text()).isEqualTo("hello");
        }
        assertThat(server.accepted()).isEqualTo(5);
    }

    @Test
    void aServerThatClosesAfterEachAnswerCostsNothing() throws Exception {
        FakeServer server = serve(peer -> {
            peer.say(HELLO);
            peer.socket.close();
        });
        // Enough for a breaker to open, were what is found stale an error of the server's.
        for (int i = 0; i < 60; i++) {
            assertThat(get(client.get("/")).text()).isEqualTo("hello");
        }
        assertThat(server.accepted()).isBetween(60, 180);
        assertThat(stats().failures.get()).isZero();
    }

    @Test
    void aPostIsNotSentTwice() throws Exception {
        FakeServer server = serve(peer -> peer.socket.close());
        assertThat(failure(ClientRequest.of("POST", "/").body("x", "text/plain")).reason())
                .isEqualTo(Reason.CONNECTION_LOST);
        assertThat(server.accepted()).isOne();
        assertThat(catchThrowableOfType(PoolException.class, () -> get(client.get("/"))).reason())
                .isEqualTo(Reason.CONNECTION_LOST);
        assertThat(server.accepted()).isEqualTo(4);
    }

    @Test
    void aResetInMidBodyIsALostConnection() throws Exception {
        serve(peer -> {
            CountDownLatch go = TestEngines.hold(clients.engine, 0);
            try {
                peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                peer.reset();
            } finally {
                go.countDown();
            }
        });
        assertThat(failure(ClientRequest.of("POST", "/")).reason()).isEqualTo(Reason.CONNECTION_LOST);
    }

    @Test
    void anAnswerInHalfIsNoAnswer() throws Exception {
        for (String half : List.of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "HTTP/1.1 200 OK\r\nConte")) {
            serve(peer -> {
                peer.say(half);
                peer.socket.close();
            });
            assertThat(failure(ClientRequest.of("POST", "/")).reason()).as(half).isEqualTo(Reason.CONNECTION_LOST);
        }
    }

    @Test
    void anEndpointThatIsUnwellIsAskedAgainAndNotTooSoon() throws Exception {
        AtomicLong first = new AtomicLong();
        AtomicLong second = new AtomicLong();
        serve(peer -> {
            if (first.compareAndSet(0, System.nanoTime())) {
                peer.say("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
            } else {
                second.set(System.nanoTime());
                peer.say(HELLO);
            }
        });
        assertThat(get(client.get("/")).status()).isEqualTo(200);
        assertThat(second.get() - first.get()).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(990));
        assertThat(stats().retriesAnswer.get()).isOne();
    }

    @Test
    void aRetryAfterBeyondTheDeadlineIsTheAnswer() throws Exception {
        clients.requests(Changed.with(clients.config.requests(), "timeout", Duration.ofSeconds(20), "tryTimeout",
                Duration.ZERO));
        String date = ZonedDateTime.now(ZoneOffset.UTC).plusHours(1).format(DateTimeFormatter.RFC_1123_DATE_TIME);
        serve(peer -> peer.say("HTTP/1.1 429 Too Many Requests\r\nRetry-After: " + (heads.size() == 1 ? "3600" : date)
                + "\r\nContent-Length: 0\r\n\r\n"));
        assertThat(get(client.get("/")).status()).isEqualTo(429);
        assertThat(get(client.get("/")).status()).isEqualTo(429);
        assertThat(stats().retries()).isZero();
    }

    @Test
    void aServerErrorIsAnAnswerToAPost() throws Exception {
        FakeServer server = serve(peer -> peer.say("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"));
        assertThat(get(client.send(ClientRequest.of("POST", "/"))).status()).isEqualTo(503);
        assertThat(get(client.send(ClientRequest.of("POST", "/"))).status()).isEqualTo(503);
        assertThat(server.accepted()).isOne();
    }

    @Test
    void aTimeoutOfItsOwnEndsARequest() throws Exception {
        serve(peer -> {});
        PoolException late = failure(ClientRequest.get("/").timeout(Duration.ofMillis(100)));
        assertThat(late.reason()).isEqualTo(Reason.TIMEOUT);
        until("its connection is closed", () -> open() == 0);
    }

    @Test
    void cancellingClosesTheConnection() throws Exception {
        serve(peer -> {});
        ShardFuture<ClientResponse> asked = client.get("/");
        until("it is asked", () -> !heads.isEmpty());
        asked.cancel(false);
        until("its connection is closed", () -> open() == 0);
    }

    @Test
    void answersMayBeCutAnywhere() throws Exception {
        String answer = "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n, y\r\n0\r\n\r\n";
        int[] cut = new int[1];
        FakeServer server = serve(peer -> {
            peer.say(answer.substring(0, cut[0]));
            Thread.yield();
            peer.say(answer.substring(cut[0]));
        });
        for (int at = 0; at < answer.length(); at++) {
            cut[0] = at;
            assertThat(get(client.get("/")).text()).isEqualTo("hello, y");
        }
        assertThat(server.accepted()).isOne();
    }

    // ---- piece by piece

    @Test
    @Tag("smoke")
    void aBodyIsReadOnlyAsFastAsItsReader() throws Exception {
        int size = 64 * 1024 * 1024;
        AtomicLong sent = new AtomicLong();
        serve(peer -> {
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: " + size + "\r\n\r\n");
            byte[] piece = new byte[64 * 1024];
            for (int i = 0; i < size; i += piece.length) {
                peer.out.write(piece);
                sent.addAndGet(piece.length);
            }
            peer.out.flush();
        });
        StreamedResponse response = await(clients.engine, 0, () -> client.stream(ClientRequest.get("/")));
        byte[] piece = await(clients.engine, 0, response.body()::read);
        assertThat(piece).isNotEmpty();
        long[] before = {-1};
        until("the server is held up", () -> {
            long now = sent.get();
            boolean still = now == before[0];
            before[0] = now;
            java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
            return still;
        });
        assertThat(sent).hasValueLessThan(size);
        CompletableFuture<Long> all = new CompletableFuture<>();
        on(clients.engine, 0, () -> {
            drain(response.body(), piece.length, all);
            return true;
        });
        assertThat(get(all)).isEqualTo(size);
        assertThat(pool.stats().getFirst().active.get()).isZero();
    }

    /** Reads all that is left of a body; how much it was, with what was read before. */
    static void drain(ResponseBody body, long soFar, CompletableFuture<Long> all) {
        body.read().whenComplete((piece, failure) -> {
            if (failure != null) {
                all.completeExceptionally(failure);
            } else if (piece == null) {
                all.complete(soFar);
            } else {
                drain(body, soFar + piece.length, all);
            }
        });
    }

    @Test
    void aBodyThatIsNotReadToTheEndCostsItsConnection() throws Exception {
        FakeServer server = serve(peer -> {
            peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            peer.silence();
        });
        for (int i = 1; i <= 3; i++) {
            StreamedResponse response = await(clients.engine, 0, () -> client.stream(ClientRequest.get("/")));
            assertThat(await(clients.engine, 0, response.body()::read)).hasSize(5);
            on(clients.engine, 0, () -> {
                response.body().close();
                return true;
            });
            assertThat(server.accepted()).isEqualTo(i);
        }
        until("all is given back", () -> pool.stats().getFirst().active.get() == 0);
    }

    @Test
    void aBodyThatBreaksOffFails() throws Exception {
        serve(peer -> {
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
            peer.socket.close();
        });
        StreamedResponse response = await(clients.engine, 0, () -> client.stream(ClientRequest.get("/")));
        CompletableFuture<Long> all = new CompletableFuture<>();
        on(clients.engine, 0, () -> {
            drain(response.body(), 0, all);
            return true;
        });
        assertThat(catchThrowableOfType(PoolException.class, () -> get(all)).reason())
                .isEqualTo(Reason.CONNECTION_LOST);
        until("all is given back", () -> pool.stats().getFirst().active.get() == 0);
    }

    @Test
    void aBodyMayBeSentPieceByPiece() throws Exception {
        serve(peer -> {
            if (heads.peek().toLowerCase().contains("chunked")) {
                StringBuilder all = new StringBuilder();
                int length;
                while ((length = Integer.parseInt(peer.line(), 16)) > 0) {
                    all.append(new String(peer.in.readNBytes(length), StandardCharsets.UTF_8));
                    peer.line();
                }
                peer.line();
                peer.say("HTTP/1.1 200 OK\r\nContent-Length: " + all.length() + "\r\n\r\n" + all);
            } else {
                peer.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
                        + new String(peer.in.readNBytes(6), StandardCharsets.UTF_8));
            }
        });
        for (long length : new long[]{-1, 6}) {
            heads.clear();
            AtomicInteger number = new AtomicInteger();
            ClientResponse response = await(clients.engine, 0, () -> client.send(ClientRequest.of("PUT", "/")
                    .body(() -> CompletableFuture.completedStage(number.incrementAndGet() > 3
                            ? null
                            : ("p" + number).getBytes(StandardCharsets.UTF_8)), length)));
            assertThat(response.text()).isEqualTo("p1p2p3");
        }
        assertThat(catchThrowableOfType(java.io.IOException.class, () -> {
            try {
                await(clients.engine, 0, () -> client.send(ClientRequest.of("PUT", "/")
                        .body(() -> CompletableFuture.completedStage(null), 6)));
            } catch (AssertionError e) {
                throw e.getCause();
            }
        })).hasMessageContaining("0 bytes").hasMessageContaining("6 were announced");
        assertThatIllegalStateException().isThrownBy(() -> client.stream(ClientRequest.get("/")))
                .withMessageContaining("streamed");
    }

    @Test
    void requestsThatWouldBeTakenForTwoAreRefused() {
        for (String path : List.of("", "a", "/a b", "/a\r\nX: y", "/ä", "/a\u0000", "/#x", "http://a/")) {
            assertThatIllegalArgumentException().as(path).isThrownBy(() -> ClientRequest.get(path));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> ClientRequest.get("/").header("X", "a\r\nY: b"));
        assertThatIllegalArgumentException().isThrownBy(() -> ClientRequest.get("/").header("X Y", "a"));
        assertThatIllegalArgumentException().isThrownBy(() -> ClientRequest.of("GE T", "/"));
        assertThatIllegalArgumentException().isThrownBy(() -> ClientRequest.of("CONNECT", "/"));
    }
}
