package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToLongFunction;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.WebSocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.exchange.Exchange;
import io.solaster.http.exchange.GatherBudget;
import io.solaster.http.exchange.HttpShard;
import io.solaster.http.exchange.Patience;
import io.solaster.http.exchange.Request;
import io.solaster.http.files.StaticFiles;
import io.solaster.http.route.Router;
import io.solaster.http.websocket.WebSocket;
import io.solaster.http.websocket.WebSocketListener;
import io.solaster.http.websocket.WebSockets;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server holds against clients that mean no good. */
abstract class HostileClientTest extends TransportTest {
    /** Bytes that nothing else asks for at once. */
    private static final int REFUSED = 12_345;

    HostileClientTest(Transport transport) {
        super(transport);
    }

    // ---- paths

    private static Router guardedFiles(Path root) {
        return Router.builder()
                .before("/priv", (request, response) -> response.status(HttpResponseStatus.FORBIDDEN).send())
                .before("/files/priv", (request, response) -> response.status(HttpResponseStatus.FORBIDDEN).send())
                .get("/files/{*path}", StaticFiles.of(root))
                .get("/{*path}", StaticFiles.of(root))
                .get("/orders/{id}", (request, response) -> response.send(request.pathParam("id")))
                .build();
    }

    @Test
    void noSpellingOfAPathPassesItsFilter(@TempDir Path root) throws IOException {
        Files.createDirectory(root.resolve("priv"));
        Files.writeString(root.resolve("priv/x.txt"), "secret");
        Files.writeString(root.resolve("open.txt"), "open");
        TcpServer server = fixture.serve(guardedFiles(root));
        RawClient client = fixture.connect(server);
        Http2RawClient client2 = fixture.open(new Http2RawClient(server.port()));
        for (String path : List.of("/priv/x.txt", "/priv%2fx.txt", "/priv%2Fx.txt", "/%70riv%2fx.txt",
                "/files/priv/x.txt", "/files/priv%2fx.txt", "/files/%70riv%2Fx.txt", "/files%2fpriv/x.txt",
                "/files%2fpriv%2fx.txt", "//priv/x.txt", "/priv%5cx.txt", "/./priv/x.txt", "/files/%2e/priv%2fx.txt")) {
            assertThat(client.get(path).status()).as(path).isIn(400, 403, 404);
            assertThat(client.get("http://test" + path).status()).as("absolute " + path).isIn(400, 403, 404);
            assertThat(client2.get(path).status()).as("HTTP/2 " + path).isIn(400, 403, 404);
        }
        assertThat(client.get("/priv%2fx.txt").status()).isEqualTo(400);
        assertThat(client.get("/%6fpen.txt").body()).isEqualTo("open");
        assertThat(client.get("/files/open.txt").body()).isEqualTo("open");
        assertThat(client.get("/orders/a%2Fb").body()).as("within a segment it is a character").isEqualTo("a/b");
    }

    @Test
    void filesOutsideOfARouterHaveNoEscapedSlashes(@TempDir Path root) throws IOException {
        Files.createDirectory(root.resolve("priv"));
        Files.writeString(root.resolve("priv/x.txt"), "secret");
        StaticFiles files = StaticFiles.of(root);
        RawClient client = fixture.connect(fixture.serve((request, response) -> {
            if (request.rawPath().startsWith("/priv/")) {
                response.status(HttpResponseStatus.FORBIDDEN).send();
            } else {
                files.handle(request, response);
            }
        }));
        assertThat(client.get("/priv%2fx.txt").status()).isEqualTo(404);
    }

    @Test
    void pathAndQueryAreReadInOneWay() {
        RawClient client = fixture.connect(fixture.serve((request, response) -> response
                .send(request.path() + " " + request.queries("a") + " " + request.queries("b"))));
        assertThat(client.get("/x?a=1;b=2&b=3+4%20").body()).isEqualTo("/x [1;b=2] [3 4 ]");
        assertThat(client.get("/%ff").status()).as("no UTF-8").isEqualTo(400);
        assertThat(client.get("/a/../b").status()).isEqualTo(400);
        assertThat(client.get("/x?a=%ff").status()).isEqualTo(400);
        assertThat(client.get("/x?" + "b&".repeat(1_000)).status()).isEqualTo(200);
        assertThat(client.get("/x?" + "b&".repeat(1_001)).status()).as("too many parameters").isEqualTo(400);
    }

    // ---- the end of connections

    @ParameterizedTest
    @ValueSource(strings = {"GET /1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET /1 HTTP/1.0\r\n\r\n"})
    void nothingIsHandledBehindTheLastRequest(String last) throws Exception {
        ConcurrentLinkedQueue<String> handled = new ConcurrentLinkedQueue<>();
        LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
        RawClient client = fixture.connect(fixture.serve((request, response) -> {
            handled.add(request.path());
            if (request.path().equals("/1")) {
                waiting.add(response);
            } else {
                response.send("never");
            }
        }));
        client.send(last + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
        HttpResponse response = waiting.poll(60, TimeUnit.SECONDS);
        client.send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
        response.send("the last");
        assertThat(client.answer().body()).isEqualTo("the last");
        assertThat(client.rest()).isEmpty();
        assertThat(handled).containsExactly("/1");
    }

    // ---- memory

    @Test
    void noMoreIsBegunThanMayWaitBehindASlowResponse() throws Exception {
        int size = 1 << 20;
        AtomicInteger begun = new AtomicInteger();
        LinkedBlockingQueue<HttpResponse> slow = new LinkedBlockingQueue<>();
        ServerConfig config = ServerConfig.of("http", 0)
                .withLimits(LimitsConfig.defaults().withOutputBuffer(new ByteSize(8 * size)));
        RawClient client = fixture.connect(fixture.serve(config, (request, response) -> {
            if (request.path().equals("/slow")) {
                slow.add(response);
            } else {
                begun.incrementAndGet();
                response.send(new byte[size]);
            }
        }));
        client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n" + "GET /large HTTP/1.1\r\nHost: h\r\n\r\n".repeat(100));
        HttpResponse first = slow.poll(60, TimeUnit.SECONDS);
        for (int shard = 0; shard < 2; shard++) {
            fixture.engine().submitTo(shard, () -> true).join();
        }
        assertThat(begun).hasValueBetween(1, 8);
        first.send("at last");
        assertThat(client.answer().body()).isEqualTo("at last");
        for (int i = 0; i < 100; i++) {
            assertThat(client.answer().body()).hasSize(size);
        }
    }

    @Test
    void theKernelKeepsLittleForAClientThatDoesNotRead() throws Exception {
        Assumptions.assumeFalse(transport() == Transport.NIO, "cannot be asked for");
        LinkedBlockingQueue<HttpResponse> blocked = new LinkedBlockingQueue<>();
        AtomicReference<Channel> channel = new AtomicReference<>();
        TcpServer server = fixture.serve((request, response) -> {
            channel.set(((Request) request).exchange().carrier().channel());
            ResponseStream stream = response.stream();
            Runnable[] pump = new Runnable[1];
            pump[0] = () -> {
                while (stream.write(Unpooled.wrappedBuffer(new byte[16 << 10]))) {
                    // Until the client has enough.
                }
                blocked.add(response);
            };
            stream.onWritable(pump[0]);
            pump[0].run();
        });
        Socket socket = new Socket();
        socket.setReceiveBufferSize(16 << 10);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        fixture.open(new RawClient(socket)).send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        HttpResponse response = blocked.poll(60, TimeUnit.SECONDS);
        long taken = -1;
        for (int same = 0; same < 50;) {
            long now = CompletableFuture.supplyAsync(() -> response.bodyBytes()
                    - channel.get().unsafe().outboundBuffer().totalPendingWriteBytes(), channel.get().eventLoop())
                    .join();
            same = now == taken ? same + 1 : 0;
            taken = now;
        }
        assertThat(taken).isLessThan(1 << 20);
    }

    @Test
    void whatAStreamKeepsForItsHandlerHasTheSameBudget() throws Exception {
        LinkedBlockingQueue<HttpRequest> asked = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve((request, response) -> {
            GatherBudget budget = ((Request) request).exchange().shard().budget();
            if (request.path().equals("/full")) {
                budget.take(budget.limit() - budget.used(), 0);
            }
            response.onEnd(failure -> budget.give(request.path().equals("/full") ? budget.limit() : 0));
            asked.add(request);
            request.attribute("response", response);
        });
        Http2RawClient client = fixture.open(new Http2RawClient(server.port()));
        for (String path : List.of("/full", "/free")) {
            int id = client.head("POST", path, false);
            client.data(id, "x".repeat(10_000), false);
            client.settle();
            client.data(id, "y", true);
            client.settle();
            HttpRequest request = asked.poll(60, TimeUnit.SECONDS);
            HttpResponse response = (HttpResponse) request.attribute("response");
            request.shard().execute(() -> request.body().whole().whenComplete((body, failure) -> {
                if (failure != null) {
                    response.fail(failure);
                } else {
                    response.send(body.readableBytes() + " bytes");
                }
            }));
            Http2RawClient.Answer answer = client.answer(id);
            assertThat(answer.status() + " " + answer.body())
                    .isEqualTo(path.equals("/full") ? "503 too many bodies at once\n" : "200 10001 bytes");
        }
    }

    @Test
    void messagesThatAreGatheredHaveTheSameBudget() throws Exception {
        WebSockets sockets = WebSockets.on(fixture.engine(), WebSocketConfig.defaults());
        HttpHandler handler = sockets.handler(request -> new WebSocketListener() {
            @Override
            public void text(WebSocket socket, String text) {
                socket.send("got " + text.length());
            }
        });
        TcpServer server = fixture.serve((request, response) -> {
            GatherBudget budget = ((Request) request).exchange().shard().budget();
            if (request.path().equals("/full")) {
                Patience.isOver(budget);
                budget.take(budget.limit() - budget.used(), 0);
            } else {
                budget.give(budget.used());
            }
            handler.handle(request, response);
        });
        String ask = " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        String piece = "\u00fe\u0007\u00d0\0\0\0\0" + "x".repeat(2_000);
        RawClient full = fixture.connect(server).send("GET /full" + ask);
        assertThat(full.answerToHead().status()).isEqualTo(101);
        full.send("\1" + piece);
        assertThat(full.rest()).startsWith("\u0088").contains("\u0003\u00f5too many messages at once");
        RawClient free = fixture.connect(server).send("GET /free" + ask);
        assertThat(free.answerToHead().status()).isEqualTo(101);
        free.send("\1" + piece + "\u0080" + piece);
        assertThat(free.read(10)).asString().endsWith("got 4000");
    }

    @Test
    void bodiesThatAreGatheredHaveACommonBudget() {
        GatherBudget budget = new GatherBudget(100);
        assertThat(budget.take(250, 0)).as("one alone").isTrue();
        assertThat(budget.take(1, 250)).as("and more of it").isTrue();
        assertThat(budget.take(1, 0)).as("another").isFalse();
        budget.give(251);
        assertThat(budget.take(60, 0)).isTrue();
        assertThat(budget.take(60, 0)).isFalse();
        assertThat(budget.take(40, 0)).isTrue();
        budget.give(100);
        assertThat(budget.used()).isZero();
    }

    @Test
    void aBodyThatItsHandlerAddsToGivesBackWhatItTook() {
        int size = 1 << 20;
        TcpServer server = fixture.serve((request, response) -> {
            GatherBudget budget = ((Request) request).exchange().shard().budget();
            if (request.path().equals("/used")) {
                response.send(budget.used() + " used");
            } else {
                request.body().whole().thenAccept(body -> {
                    body.writeBytes(new byte[2 * size]);
                    response.send("ok");
                });
            }
        });
        RawClient client = fixture.connect(server);
        assertThat(client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + size + "\r\n\r\n"
                + "x".repeat(size)).answer().body()).isEqualTo("ok");
        assertThat(client.get("/used").body()).isEqualTo("0 used");
    }

    /** With clients that may fall behind for as long as they like. */
    private TcpServer servePatiently(HttpHandler handler) {
        return fixture.serve(withBodyTimeout(Duration.ofMinutes(10)), handler);
    }

    private static ServerConfig withBodyTimeout(Duration timeout) {
        ServerConfig defaults = ServerConfig.of("http", 0);
        return Changed.with(defaults, "http", Changed.with(defaults.http(), "bodyTimeout", timeout));
    }

    /**
     * Remembers the budget of its shard, and takes all of it for a request with the header X-Fill. One with the header
     * X-Refuse gets no buffer of exactly {@link #REFUSED} bytes.
     */
    private static HttpHandler gathering(AtomicReference<HttpShard> of) {
        return HttpHandler.async((request, response) -> {
            Exchange exchange = ((Request) request).exchange();
            HttpShard shard = exchange.shard();
            Patience.isLong(shard.budget());
            of.set(shard);
            if (request.header("X-Fill") != null) {
                shard.budget().take(shard.budget().limit() - shard.budget().used(), 0);
            }
            if (request.header("X-Refuse") != null) {
                exchange.carrier().channel().config().setAllocator(new Refusing());
            }
            return request.body().whole().thenAccept(body -> response.send(body.readableBytes() + " bytes"));
        });
    }

    private static long on(HttpShard shard, ToLongFunction<GatherBudget> asks) {
        return CompletableFuture.supplyAsync(() -> asks.applyAsLong(shard.budget()), shard.shard()).join();
    }

    private static void giveAllBack(HttpShard shard) {
        on(shard, budget -> {
            budget.give(budget.limit());
            return budget.used();
        });
    }

    @Test
    void aBodyForWhichThereIsNoMemoryWaitsUnreadUntilThereIs() {
        int size = 1 << 20;
        AtomicReference<HttpShard> full = new AtomicReference<>();
        TcpServer server = servePatiently(gathering(full));
        RawClient client = fixture.connect(server);
        String head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + size + "\r\n";
        assertThat(client.send(head + "\r\n" + "x".repeat(size)).answer().body()).isEqualTo(size + " bytes");
        assertThat(on(full.get(), GatherBudget::used)).as("given back").isZero();

        client.send(head + "X-Fill: yes\r\n\r\n" + "x".repeat(size / 2));
        HttpFixture.await("it waits", () -> on(full.get(), GatherBudget::waiting) == 1);
        assertThat(on(full.get(), budget -> budget.used() - budget.limit())).as("and holds nothing").isZero();
        giveAllBack(full.get());
        assertThat(client.send("x".repeat(size / 2)).answer().body()).isEqualTo(size + " bytes");
        assertThat(on(full.get(), GatherBudget::used)).as("given back").isZero();
        assertThat(on(full.get(), GatherBudget::waiting)).isZero();
    }

    @Test
    void aBodyInChunksWaitsForMemoryToo() {
        AtomicReference<HttpShard> full = new AtomicReference<>();
        TcpServer server = servePatiently(gathering(full));
        RawClient client = fixture.connect(server).send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                + "X-Fill: yes\r\n\r\n5\r\nhello\r\n");
        HttpFixture.await("it waits", () -> full.get() != null && on(full.get(), GatherBudget::waiting) == 1);
        client.send("7\r\n, world\r\n0\r\n\r\n");
        giveAllBack(full.get());
        assertThat(client.answer().body()).isEqualTo("12 bytes");
        assertThat(on(full.get(), GatherBudget::used)).as("given back").isZero();
    }

    @Test
    void aClientThatLeavesDoesNotWaitForMemory() {
        AtomicReference<HttpShard> full = new AtomicReference<>();
        TcpServer server = servePatiently(gathering(full));
        RawClient client = fixture.connect(server).send(
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\nX-Fill: yes\r\n\r\nxxx");
        HttpFixture.await("it waits", () -> full.get() != null && on(full.get(), GatherBudget::waiting) == 1);
        server.drain(Duration.ofMillis(1));
        HttpFixture.await("it is forgotten", () -> on(full.get(), GatherBudget::waiting) == 0);
        assertThat(on(full.get(), budget -> budget.used() - budget.limit())).as("and has taken nothing").isZero();
    }

    private static final class Refusing extends AbstractByteBufAllocator {

        @Override
        protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
            if (initialCapacity == REFUSED) {
                throw new OutOfMemoryError("no such buffer");
            }
            return PooledByteBufAllocator.DEFAULT.directBuffer(initialCapacity, maxCapacity);
        }

        @Override
        protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
            return PooledByteBufAllocator.DEFAULT.heapBuffer(initialCapacity, maxCapacity);
        }

        @Override
        public boolean isDirectBufferPooled() {
            return true;
        }
    }

    @Test
    void aBodyThatHadItsTurnAndGetsNoBufferIsAnsweredWith503() {
        AtomicReference<HttpShard> full = new AtomicReference<>();
        TcpServer server = servePatiently(gathering(full));
        RawClient client = fixture.connect(server).send(
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + REFUSED
                        + "\r\nX-Fill: yes\r\nX-Refuse: yes\r\n\r\nxxx");
        HttpFixture.await("it waits", () -> full.get() != null && on(full.get(), GatherBudget::waiting) == 1);
        giveAllBack(full.get());
        assertThat(client.answer().status()).isEqualTo(503);
        assertThat(on(full.get(), GatherBudget::used)).as("given back").isZero();
    }

    @Test
    void aBodyThatGetsNoBufferAtOnceIsAnsweredWith503() {
        AtomicReference<HttpShard> shard = new AtomicReference<>();
        TcpServer server = servePatiently(gathering(shard));
        RawClient client = fixture.connect(server).send(
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + REFUSED + "\r\nX-Refuse: yes\r\n\r\nxxx");
        assertThat(client.answer().status()).isEqualTo(503);
        assertThat(on(shard.get(), GatherBudget::used)).as("given back").isZero();
    }

    @Test
    void whoeverHasWaitedTooLongForMemoryIsAnsweredWith503AndTheOthersAreServed() {
        int size = 1 << 20;
        AtomicReference<HttpShard> full = new AtomicReference<>();
        // Which has no other effect here: the first bytes come with the head.
        TcpServer server = fixture.serve(withBodyTimeout(Duration.ofMillis(300)), gathering(full));
        String head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + size + "\r\n";
        RawClient client = fixture.connect(server).send(head + "X-Fill: yes\r\n\r\n" + "x".repeat(1_000));
        RawClient.Answer refused = client.answer();
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.header("retry-after")).isEqualTo("1");
        HttpFixture.await("what was taken is given back",
                () -> on(full.get(), budget -> budget.used() - budget.limit() + budget.waiting()) == 0);
        giveAllBack(full.get());
        assertThat(fixture.connect(server).send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello").answer()
                .body()).isEqualTo("5 bytes");
    }
}
