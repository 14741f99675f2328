package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.CharsetUtil;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.RawClient.Answer;
import io.solaster.http.exchange.Departures;
import io.solaster.http.server.HttpProtocol;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What every transport serves. */
abstract class HttpServerTest extends TransportTest {

    HttpServerTest(Transport transport) {
        super(transport);
    }

    private RawClient client(HttpHandler handler) {
        return fixture.connect(fixture.serve(handler));
    }

    @Test
    void answersAndKeepsTheConnection() {
        RawClient client = client((request, response) -> response.send("hello " + request.path()));
        for (int i = 0; i < 3; i++) {
            Answer answer = client.get("/a%20" + i);
            assertThat(answer.line()).isEqualTo("HTTP/1.1 200 OK");
            assertThat(answer.body()).isEqualTo("hello /a " + i);
            assertThat(answer.headers()).containsOnlyKeys("content-type", "date", "content-length")
                    .containsEntry("content-type", "text/plain;charset=UTF-8")
                    .containsEntry("content-length", "10");
            assertThat(answer.header("date"))
                    .matches("[A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT");
        }
    }

    @Test
    void responsesLeaveBehindWhatTheShardHasTakenUpMeanwhile() {
        List<String> events = new CopyOnWriteArrayList<>();
        RawClient client = clientOfBusyHandler(Departures.SHORTEST, 1, events);
        AtomicInteger count = new AtomicInteger();
        // The first may take so long that it does not pay.
        HttpFixture.await("a response has left behind another task", () -> {
            String path = "/" + count.incrementAndGet();
            assertThat(client.get(path).body()).isEqualTo("done");
            return events.contains("another " + path)
                    && events.indexOf("another " + path) < events.indexOf("sent " + path);
        });
    }

    @Test
    void whatHasTakenVeryLongToAnswerLeavesAtOnce() {
        List<String> events = new CopyOnWriteArrayList<>();
        RawClient client = clientOfBusyHandler(Departures.LONGEST, 1, events);
        assertThat(client.get("/a").body()).isEqualTo("done");
        assertThat(client.get("/b").body()).isEqualTo("done");
        assertThat(events).startsWith("sent /a", "another /a", "sent /b");
    }

    @Test
    void nothingWaitsToLeaveBehindALongQueue() {
        List<String> events = new CopyOnWriteArrayList<>();
        RawClient client = clientOfBusyHandler(Departures.SHORTEST, 100, events);
        for (int i = 0; i < 10; i++) {
            assertThat(client.get("/" + i).body()).isEqualTo("done");
            String path = "/" + i;
            assertThat(events.stream().filter(each -> each.endsWith(path)).findFirst()).contains("sent " + path);
        }
    }

    /** Its handler submits other tasks and then is busy for so many nanoseconds. */
    private RawClient clientOfBusyHandler(long nanos, int others, List<String> events) {
        ServerConfig config = ServerConfig.of("http", 0);
        AtomicReference<String> path = new AtomicReference<>();
        HttpProtocol protocol = new HttpProtocol((request, response) -> {
            long begun = System.nanoTime();
            String handled = request.path();
            path.set(handled);
            for (int i = 0; i < others; i++) {
                request.shard().execute(() -> events.add("another " + handled));
            }
            while (System.nanoTime() - begun < nanos) {
                Thread.onSpinWait();
            }
            response.send("done");
        }, config);
        return fixture.connect(fixture.bind(config, (shard, channel) -> {
            protocol.connected(shard, channel);
            channel.pipeline().addFirst(new ChannelOutboundHandlerAdapter() {
                @Override
                public void flush(ChannelHandlerContext context) {
                    events.add("sent " + path.get());
                    context.flush();
                }
            });
        }));
    }

    @Test
    void aClientThatHasEndedItsSideIsAnsweredAllTheSame() throws Exception {
        LinkedBlockingQueue<HttpResponse> late = new LinkedBlockingQueue<>();
        ServerConfig config = ServerConfig.of("http", 0)
                .withHttp(Changed.with(HttpConfig.defaults(), "halfClose", true));
        TcpServer server = fixture.serve(config, (request, response) -> {
            if (request.path().equals("/at-once")) {
                response.send("at once");
            } else {
                late.add(response);
                if (request.path().equals("/body")) {
                    request.body().whole();
                }
            }
        });
        RawClient atOnce = fixture.connect(server).send("GET /at-once HTTP/1.1\r\nHost: h\r\n\r\n");
        atOnce.socket().shutdownOutput();
        assertThat(atOnce.answer().body()).isEqualTo("at once");
        assertThat(atOnce.rest()).isEmpty();
        RawClient client = fixture.connect(server).send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                + "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\nGET /at-once HTTP/1.1\r\nHost: h\r\n\r\nGET /c");
        client.socket().shutdownOutput();
        late.poll(60, TimeUnit.SECONDS).send("first");
        assertThat(client.answer().body()).isEqualTo("first");
        ResponseStream stream = late.poll(60, TimeUnit.SECONDS).stream();
        for (int i = 0; i < 100; i++) {
            stream.write(Unpooled.wrappedBuffer(new byte[10_000]));
        }
        stream.end();
        assertThat(client.answer().body()).hasSize(1_000_000);
        assertThat(client.answer().body()).isEqualTo("at once");
        assertThat(client.rest()).as("what came in part is not answered").isEmpty();
        RawClient silent = fixture.connect(server);
        silent.socket().shutdownOutput();
        assertThat(silent.rest()).isEmpty();
        RawClient within = fixture.connect(server)
                .send("POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12");
        within.socket().shutdownOutput();
        assertThat(late.poll(60, TimeUnit.SECONDS)).isNotNull();
        assertThat(within.rest()).isEmpty();
        HttpFixture.await("nobody is connected", () -> server.connections() == 0);
    }

    @Test
    void aSlowClientThatHasEndedItsSideGetsAllOfALongResponse() throws Exception {
        int parts = 256;
        LinkedBlockingQueue<Runnable> begins = new LinkedBlockingQueue<>();
        ServerConfig config = ServerConfig.of("http", 0)
                .withHttp(Changed.with(HttpConfig.defaults(), "halfClose", true));
        TcpServer server = fixture.serve(config, (request, response) -> {
            Shard shard = request.shard();
            ResponseStream stream = response.stream();
            int[] sent = new int[1];
            Runnable pump = () -> {
                while (sent[0] < parts) {
                    sent[0]++;
                    if (!stream.write(Unpooled.wrappedBuffer(new byte[64 << 10])) && sent[0] < parts) {
                        return;
                    }
                }
                stream.end();
            };
            stream.onWritable(pump);
            begins.add(() -> shard.execute(pump));
        });
        Socket socket = new Socket();
        socket.setReceiveBufferSize(8 << 10);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        RawClient client = fixture.open(new RawClient(socket)).send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        socket.shutdownOutput();
        begins.poll(60, TimeUnit.SECONDS).run();
        assertThat(client.answer().body().length()).isEqualTo(parts * (64 << 10));
        assertThat(client.rest()).isEmpty();
        HttpFixture.await("nobody is connected", () -> server.connections() == 0);
    }

    @Test
    void aClientThatEndsItsSideHasLeftUnlessItIsSaidOtherwise() throws Exception {
        LinkedBlockingQueue<String> ends = new LinkedBlockingQueue<>();
        RawClient client = client((request, response) -> response.onEnd(failure -> ends.add(String.valueOf(failure))));
        client.send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n").socket().shutdownOutput();
        assertThat(ends.poll(60, TimeUnit.SECONDS)).contains("closed the connection");
    }

    @Test
    void tellsWhatWasAsked() {
        RawClient client = client((request, response) -> {
            List<String> headers = new ArrayList<>();
            request.forEachHeader((name, value) -> headers.add(name + "=" + value));
            response.send(request.method() + " " + request.version() + " " + request.target() + " " + request.rawPath()
                    + " " + request.rawQuery() + " " + request.query("x") + " " + request.queries("x") + " "
                    + request.header("X-TWO") + " " + request.headers("x-two") + " " + headers + " " + request.tls()
                    + " " + (request.localAddress().getPort() > 0));
        });
        assertThat(client.send("DELETE /p/q?x=1&x=%C3%A4+b HTTP/1.1\r\nHost: h:1\r\nX-Two:  a b \t\r\nx-TWO:c\r\n\r\n")
                .answer()
                .body()).isEqualTo("DELETE HTTP/1.1 /p/q?x=1&x=%C3%A4+b /p/q x=1&x=%C3%A4+b 1 [1, \u00c3\u00a4 b] a b"
                        + " [a b, c] [Host=h:1, X-Two=a b, x-TWO=c] null true");
    }

    @Test
    void readsBodiesOfAKnownLengthAndChunkedOnes() {
        RawClient client = client((request, response) -> request.body().whole()
                .thenAccept(body -> response.send(request.body().length() + ":" + request.body().text())));
        assertThat(client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello").answer().body())
                .isEqualTo("5:hello");
        assertThat(client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n").answer().body()).isEqualTo("-1:hello world");
        assertThat(client.get("/").body()).isEqualTo("0:");
        client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
        client.send("a".repeat(50000));
        client.send("a".repeat(50000));
        assertThat(client.answer().body()).isEqualTo("100000:" + "a".repeat(100000));
    }

    @Test
    void takesRequestsApartHoweverTheyAreCut() {
        RawClient client = client((request, response) -> request.body().whole()
                .thenAccept(body -> response.send(request.target() + request.header("a") + request.body().text())));
        String requests = "GET /1 HTTP/1.1\r\nHost: h\r\na: b\r\n\r\n"
                + "POST /2 HTTP/1.1\r\nHost: h\r\na: c\r\nContent-Length: 3\r\n\r\nxyz"
                + "POST /3 HTTP/1.1\r\nHost: h\r\na: d\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n1\r\nz\r\n0\r\n\r\n";
        for (int size = 1; size < 40; size += 3) {
            for (int at = 0; at < requests.length(); at += size) {
                client.send(requests.substring(at, Math.min(requests.length(), at + size)));
            }
            assertThat(client.answer().body()).isEqualTo("/1b");
            assertThat(client.answer().body()).isEqualTo("/2cxyz");
            assertThat(client.answer().body()).isEqualTo("/3dxyz");
        }
    }

    @Test
    void answersPipelinedRequestsInTheirOrderThoughTheyEndInAnother() throws Exception {
        LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
        RawClient client = client((request, response) -> {
            if (request.path().equals("/now")) {
                response.send("now");
            } else {
                response.header("X-Path", request.path());
                waiting.add(response);
            }
        });
        StringBuilder requests = new StringBuilder();
        for (String path : List.of("/0", "/1", "/now", "/2", "/now")) {
            requests.append("GET ").append(path).append(" HTTP/1.1\r\nHost: h\r\n\r\n");
        }
        client.send(requests.toString());
        List<HttpResponse> three = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            three.add(waiting.poll(60, TimeUnit.SECONDS));
        }
        for (int i = 2; i >= 0; i--) {
            HttpResponse response = three.get(i);
            response.send("late " + i);
        }
        for (String body : List.of("late 0", "late 1", "now", "late 2", "now")) {
            assertThat(client.answer().body()).isEqualTo(body);
        }
    }

    @Test
    void handlesARequestThatChangesSomethingAloneOnItsConnection() throws Exception {
        ConcurrentLinkedQueue<String> begun = new ConcurrentLinkedQueue<>();
        LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
        RawClient client = client((request, response) -> {
            begun.add(request.method() + request.path());
            waiting.add(response);
        });
        client.send(
                "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPUT /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
        for (int i = 1; i <= 3; i++) {
            HttpResponse response = waiting.poll(60, TimeUnit.SECONDS);
            assertThat(begun).hasSize(i);
            response.send("" + i);
            assertThat(client.answer().body()).isEqualTo("" + i);
        }
        assertThat(begun).containsExactly("GET/1", "PUT/2", "GET/3");
    }

    @Test
    void streamsInChunksWithTrailers() {
        RawClient client = client((request, response) -> {
            ResponseStream stream = response.header("Content-Type", "text/x").stream();
            stream.write(Unpooled.copiedBuffer("hello ", CharsetUtil.US_ASCII));
            stream.write(Unpooled.copiedBuffer("w".repeat(100_000), CharsetUtil.US_ASCII));
            stream.end(new DefaultHttpHeaders().add("X-Sum", "42"));
        });
        Answer answer = client.send("GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n\r\n").answer();
        assertThat(answer.headers()).containsEntry("transfer-encoding", "chunked").containsEntry("x-sum", "42")
                .doesNotContainKey("content-length");
        assertThat(answer.body()).isEqualTo("hello " + "w".repeat(100_000));
        assertThat(client.get("/").headers()).doesNotContainKey("x-sum");
    }

    @Test
    void streamsALengthThatIsKnown() {
        RawClient client = client((request, response) -> {
            ResponseStream stream = response.header("Content-Length", "6").stream();
            request.shard().execute(() -> {
                stream.write(Unpooled.copiedBuffer("abc", CharsetUtil.US_ASCII));
                request.shard().execute(() -> {
                    stream.write(Unpooled.copiedBuffer("def", CharsetUtil.US_ASCII));
                    stream.end();
                });
            });
        });
        Answer answer = client.get("/");
        assertThat(answer.body()).isEqualTo("abcdef");
        assertThat(answer.headers()).containsEntry("content-length", "6").doesNotContainKey("transfer-encoding");
    }

    @Test
    void writesNoMoreThanTheClientReads() throws Exception {
        int parts = 2000;
        LinkedBlockingQueue<Integer> stopped = new LinkedBlockingQueue<>();
        RawClient client = client((request, response) -> {
            ResponseStream stream = response.stream();
            Runnable[] pump = new Runnable[1];
            int[] sent = new int[1];
            pump[0] = () -> {
                while (sent[0] < parts) {
                    sent[0]++;
                    if (!stream.write(Unpooled.wrappedBuffer(new byte[16 << 10])) && sent[0] < parts) {
                        stopped.add(sent[0]);
                        return;
                    }
                }
                stream.end();
            };
            stream.onWritable(pump[0]);
            pump[0].run();
        });
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(stopped.poll(60, TimeUnit.SECONDS)).isLessThan(parts);
        assertThat(client.answer().body()).hasSize(parts * (16 << 10));
    }

    @Test
    void readsABodyInPartsAsFastAsItIsAskedFor() throws Exception {
        LinkedBlockingQueue<Integer> parts = new LinkedBlockingQueue<>();
        LinkedBlockingQueue<HttpRequest> requests = new LinkedBlockingQueue<>();
        RawClient client = client((request, response) -> {
            int[] sum = new int[1];
            request.body().read(new RequestBody.Reader() {
                @Override
                public void part(ByteBuf part) {
                    sum[0] += part.readableBytes();
                    parts.add(part.readableBytes());
                    part.release();
                }

                @Override
                public void end(HttpHeaders trailers) {
                    response.send(sum[0] + " " + trailers.get("x"));
                }

                @Override
                public void failed(Throwable cause) {
                    response.fail(cause);
                }
            });
            requests.add(request);
        });
        client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        HttpRequest request = requests.poll(60, TimeUnit.SECONDS);
        assertThat(parts).isEmpty();
        request.shard().execute(() -> request.body().request(1));
        assertThat(parts.poll(60, TimeUnit.SECONDS)).isEqualTo(3);
        request.shard().execute(() -> request.body().request(Long.MAX_VALUE));
        client.send("2\r\nde\r\n0\r\nX: y\r\n\r\n");
        assertThat(client.answer().body()).isEqualTo("5 y");
    }

    @Test
    void sendsNoBodyWhereThereIsNone() {
        RawClient client = client(Bodies::none);
        assertThat(client.get("/204").headers()).doesNotContainKeys("content-length", "transfer-encoding");
        assertThat(client.get("/304").headers()).containsEntry("etag", "\"1\"").doesNotContainKey("content-length");
        assertThat(client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").answerToHead().headers())
                .containsEntry("content-length", "5");
        assertThat(client.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n").answerToHead().headers())
                .containsEntry("transfer-encoding", "chunked");
        assertThat(client.send("HEAD /length HTTP/1.1\r\nHost: h\r\n\r\n").answerToHead().headers())
                .containsEntry("content-length", "1000");
        assertThat(client.get("/").body()).isEqualTo("hello");
    }

    @Test
    void speaksHttp10() {
        HttpHandler handler = (request, response) -> {
            ResponseStream stream = response.stream();
            stream.write(Unpooled.copiedBuffer(request.version().text(), CharsetUtil.US_ASCII));
            stream.end();
        };
        Answer streamed = client(handler).send("GET / HTTP/1.0\r\n\r\n").answer();
        assertThat(streamed.headers()).containsEntry("connection", "close").doesNotContainKey("transfer-encoding");
        assertThat(streamed.body()).isEqualTo("HTTP/1.0");
        RawClient kept = client((request, response) -> response.send("x"));
        for (int i = 0; i < 2; i++) {
            assertThat(kept.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").answer().headers())
                    .containsEntry("connection", "keep-alive");
        }
        assertThat(kept.send("GET / HTTP/1.0\r\n\r\n").answer().headers()).containsEntry("connection", "close");
        assertThat(kept.rest()).isEmpty();
    }

    @Test
    void closesWhenTheClientWantsIt() {
        RawClient client = client((request, response) -> response.send("x"));
        Answer answer = client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").answer();
        assertThat(answer.headers()).containsEntry("connection", "close");
        assertThat(client.rest()).isEmpty();
    }

    @Test
    void handsAnUpgradedConnectionOverWithWhatCameBehind() {
        RawClient client = client((request, response) -> response.header("Upgrade", "echo")
                .upgrade(channel -> channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext context, Object message) {
                        context.writeAndFlush(message);
                    }
                })));
        Answer answer = client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nGET")
                .answer();
        assertThat(answer.line()).isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(answer.headers()).containsEntry("connection", "Upgrade").containsEntry("upgrade", "echo");
        assertThat(client.read(3)).asString().isEqualTo("GET");
        client.send("more");
        assertThat(client.read(4)).asString().isEqualTo("more");
    }

    @Test
    void answersFromVirtualThreadsAndOthers() {
        TcpServer server = fixture.serve(HttpHandler.blocking((request, response) -> {
            Thread.sleep(1);
            response.status(HttpResponseStatus.CREATED).header("X", "y");
            if (request.path().equals("/thread")) {
                Thread.ofPlatform().start(() -> response.header("X", "z").send("thread")).join();
            } else {
                response.send("virtual " + Thread.currentThread().isVirtual());
            }
        }));
        RawClient client = fixture.connect(server);
        for (int i = 0; i < 3; i++) {
            assertThat(client.get("/").body()).isEqualTo("virtual true");
            Answer answer = client.get("/thread");
            assertThat(answer.status()).isEqualTo(201);
            assertThat(answer.header("x")).isEqualTo("z");
            assertThat(answer.body()).isEqualTo("thread");
        }
    }

    // ---- what goes wrong

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GET /                                                        | 400
            GET / HTTP/1.1~~                                             | 400
            GET / HTTP/2.0~Host: h~~                                     | 505
            GET / HTTP/1.1~Host: h~ folded~~                             | 400
            POST / HTTP/1.1~Host: h~Content-Length: 1~Content-Length: 2~~ | 400
            POST / HTTP/1.1~Host: h~Transfer-Encoding: gzip~~            | 501
            GET / HTTP/1.1~Host: h~Expect: magic~~                       | 417
            """)
    void answersWhatIsMalformedAndCloses(String request, int status) {
        RawClient client = client((asked, response) -> response.send("x"));
        client.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n" + request.replace("~", "\r\n") + "\r\nGET /never");
        assertThat(client.answer().status()).isEqualTo(200);
        Answer answer = client.answer();
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.headers()).containsEntry("connection", "close");
        assertThat(client.rest()).isEmpty();
    }

    @Test
    void answersHeadsBeyondTheLimits() {
        RawClient target = client((request, response) -> response.send("x"));
        assertThat(target.get("/" + "x".repeat(9000)).status()).isEqualTo(414);
        RawClient header = client((request, response) -> response.send("x"));
        assertThat(header.send("GET / HTTP/1.1\r\nHost: h\r\nA: " + "x".repeat(20_000) + "\r\n\r\n").answer().status())
                .isEqualTo(431);
        RawClient headers = client((request, response) -> response.send("x"));
        assertThat(headers.send("GET / HTTP/1.1\r\nHost: h\r\n" + "A: b\r\n".repeat(100) + "\r\n").answer().status())
                .isEqualTo(431);
    }

    @Test
    void answersMalformedRequestsBehindThoseUnderWay() throws Exception {
        LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
        RawClient client = client((request, response) -> waiting.add(response));
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n");
        HttpResponse response = waiting.poll(60, TimeUnit.SECONDS);
        response.send("late");
        assertThat(client.answer().body()).isEqualTo("late");
        assertThat(client.answer().status()).isEqualTo(400);
        assertThat(client.rest()).isEmpty();
    }

    @Test
    void survivesGarbage() {
        TcpServer server = fixture.serve((request, response) -> response.send("x"));
        Random random = new Random(5);
        for (int i = 0; i < 30; i++) {
            byte[] bytes = new byte[1 + random.nextInt(3000)];
            random.nextBytes(bytes);
            try (RawClient client = new RawClient(server.port())) {
                client.send(bytes);
            }
        }
        assertThat(fixture.connect(server).get("/").body()).isEqualTo("x");
    }

    private static final HttpHandler WHOLE = (request, response) -> request.body().whole()
            .whenComplete((body, failure) -> {
                if (failure != null) {
                    response.fail(failure);
                } else {
                    response.send("" + body.readableBytes());
                }
            });

    @Test
    void gathersNoMoreThanItMay() {
        ServerConfig config = ServerConfig.of("http", 0)
                .withHttp(Changed.with(HttpConfig.defaults(), "maxBody", new ByteSize(1000)));
        TcpServer server = fixture.serve(config, WHOLE);
        RawClient exact = fixture.connect(server);
        assertThat(exact.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + "x".repeat(1000)).answer()
                .body()).isEqualTo("1000");
        assertThat(exact.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n" + "x".repeat(1001)).answer()
                .status()).isEqualTo(413);
        RawClient huge = fixture.connect(server);
        Answer answer = huge.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999\r\n\r\nxxx").answer();
        assertThat(answer.status()).isEqualTo(413);
        assertThat(answer.headers()).containsEntry("connection", "close");
        assertThat(huge.rest()).isEmpty();
        RawClient chunked = fixture.connect(server);
        chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 3; i++) {
            chunked.send("190\r\n" + "x".repeat(400) + "\r\n");
        }
        assertThat(chunked.answer().status()).isEqualTo(413);
        assertThat(chunked.rest()).isEmpty();
        server.reconfigure(config.withHttp(HttpConfig.defaults())).join();
        assertThat(fixture.connect(server).send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n"
                + "x".repeat(1001)).answer().body()).isEqualTo("1001");
    }

    @Test
    void refusesAChunkThatIsTooLongBeforeItComes() {
        ServerConfig config = ServerConfig.of("http", 0)
                .withHttp(Changed.with(HttpConfig.defaults(), "maxBody", new ByteSize(1000)));
        TcpServer server = fixture.serve(config, (request, response) -> {
            if (request.path().equals("/unread")) {
                response.send("enough");
            } else {
                WHOLE.handle(request, response);
            }
        });
        String first = " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n190\r\n" + "x".repeat(400) + "\r\n";
        RawClient exact = fixture.connect(server);
        assertThat(exact.send("POST /" + first + "258\r\n" + "x".repeat(600) + "\r\n0\r\n\r\n").answer().body())
                .isEqualTo("1000");
        for (String size : List.of("259", "fffffffffffffff")) {
            RawClient longer = fixture.connect(server);
            Answer answer = longer.send("POST /" + first + size + "\r\n").answer();
            assertThat(answer.status()).isEqualTo(413);
            assertThat(answer.headers()).containsEntry("connection", "close");
            assertThat(longer.rest()).isEmpty();
        }
        RawClient unread = fixture.connect(server);
        assertThat(unread.send("POST /unread" + first + "40000\r\n").answer().body()).isEqualTo("enough");
        assertThat(unread.rest()).isEmpty();
    }

    @Test
    void answersABodyThatIsMalformed() {
        RawClient client = client(WHOLE);
        client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense");
        assertThat(client.answer().status()).isEqualTo(400);
        assertThat(client.rest()).isEmpty();
    }

    @Test
    void tellsAClientToGoOnOnceItsBodyIsAskedFor() {
        RawClient client = client((request, response) -> {
            if (request.path().equals("/refused")) {
                response.status(HttpResponseStatus.FORBIDDEN).send("no");
            } else {
                WHOLE.handle(request, response);
            }
        });
        client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        assertThat(client.line()).isEqualTo("HTTP/1.1 100 Continue");
        assertThat(client.line()).isEmpty();
        assertThat(client.send("abc").answer().body()).isEqualTo("3");
        assertThat(client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc")
                .answer().body()).isEqualTo("3");
        Answer answer = client
                .send("POST /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
                .answer();
        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.headers()).containsEntry("connection", "close");
        assertThat(client.rest()).isEmpty();
    }

    @Test
    void skipsABodyThatNobodyReadsOrCloses() {
        RawClient client = client((request, response) -> response.send("unread"));
        String small = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n" + "x".repeat(50_000);
        for (int i = 0; i < 3; i++) {
            assertThat(client.send(small).answer().headers()).doesNotContainKey("connection");
        }
        Answer answer = client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"
                + "x".repeat(400_000)).answer();
        assertThat(answer.body()).isEqualTo("unread");
        assertThat(answer.headers()).containsEntry("connection", "close");
        assertThat(client.rest()).isEmpty();
    }

    @Test
    void answersForHandlersThatThrow() {
        RawClient client = client((request, response) -> {
            switch (request.path()) {
                case "/known" -> throw new HttpException(HttpResponseStatus.CONFLICT, "not now");
                case "/headers" -> {
                    response.header("X-Half", "done").status(HttpResponseStatus.CREATED);
                    throw new IllegalStateException("on purpose");
                }
                case "/later" -> HttpHandler.async((asked, answer) -> CompletableFuture
                        .failedFuture(new HttpException(HttpResponseStatus.GONE, "gone"))).handle(request, response);
                case "/begun" -> {
                    response.stream().write(Unpooled.copiedBuffer("half", CharsetUtil.US_ASCII));
                    throw new IllegalStateException("on purpose");
                }
                default -> response.send("fine");
            }
        });
        Answer known = client.get("/known");
        assertThat(known.status()).isEqualTo(409);
        assertThat(known.body()).isEqualTo("not now\n");
        Answer headers = client.get("/headers");
        assertThat(headers.status()).isEqualTo(500);
        assertThat(headers.headers()).doesNotContainKey("x-half");
        assertThat(headers.body()).isEqualTo("Internal Server Error\n");
        assertThat(client.get("/later").status()).isEqualTo(410);
        assertThat(client.get("/").body()).isEqualTo("fine");
        client.send("GET /begun HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(client.rest()).startsWith("HTTP/1.1 200 OK").doesNotContain("\r\n0\r\n");
    }

    @Test
    void tellsHandlersThatTheClientHasGone() throws Exception {
        LinkedBlockingQueue<String> ends = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve((request, response) -> {
            response.onEnd(failure -> ends.add("end " + (failure == null ? "well" : "badly")));
            if (request.path().equals("/body")) {
                request.body().whole().whenComplete((body, failure) -> ends.add("body " + failure));
            } else if (request.path().equals("/stream")) {
                response.stream();
            } else if (request.path().equals("/now")) {
                response.send("now");
            }
        });
        try (RawClient client = new RawClient(server.port())) {
            assertThat(client.get("/now").body()).isEqualTo("now");
        }
        assertThat(ends.poll(60, TimeUnit.SECONDS)).isEqualTo("end well");
        for (String path : List.of("/wait", "/stream")) {
            try (RawClient client = new RawClient(server.port())) {
                client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
                HttpFixture.await("it is being handled", () -> server.connections() == 1);
            }
            assertThat(ends.poll(60, TimeUnit.SECONDS)).isEqualTo("end badly");
        }
        try (RawClient client = new RawClient(server.port())) {
            client.send("POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
        }
        List<String> both = List.of(ends.poll(60, TimeUnit.SECONDS), ends.poll(60, TimeUnit.SECONDS));
        assertThat(both).anyMatch(each -> each.startsWith("body java.io.IOException")).contains("end badly");
    }

    @Test
    void closesAClientThatLeavesTooMuchUnread() throws Exception {
        ServerConfig config = ServerConfig.of("http", 0)
                .withLimits(LimitsConfig.defaults().withOutputBuffer(new ByteSize(1 << 20)));
        LinkedBlockingQueue<String> ends = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve(config, (request, response) -> {
            response.onEnd(failure -> ends.add(String.valueOf(failure)));
            ResponseStream stream = response.stream();
            // Whoever does not ask whether there is room.
            for (int i = 0; i < 2000 && !response.isEnded(); i++) {
                stream.write(Unpooled.wrappedBuffer(new byte[16 << 10]));
                stream.flush();
            }
        });
        fixture.connect(server).send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assertThat(ends.poll(60, TimeUnit.SECONDS)).contains("unread");
        HttpFixture.await("it is closed", () -> server.connections() == 0);
    }

    @Test
    void hasNoMoreRequestsUnderWayThanItMay() throws Exception {
        ServerConfig config = ServerConfig.of("http", 0)
                .withHttp(Changed.with(HttpConfig.defaults(), "maxPipelined", 4));
        LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve(config, (request, response) -> waiting.add(response));
        RawClient client = fixture.connect(server);
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(20));
        for (int i = 0; i < 20; i++) {
            int left = 20 - i;
            HttpFixture.await("four are under way", () -> waiting.size() == Math.min(4, left));
            waiting.poll().send("" + i);
            assertThat(client.answer().body()).isEqualTo("" + i);
        }
    }

    @Test
    void answersWhatItHasBegunWhenItDrains() throws Exception {
        LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve((request, response) -> {
            if (request.path().equals("/now")) {
                response.send("now");
            } else {
                waiting.add(response);
            }
        });
        RawClient idle = fixture.connect(server);
        assertThat(idle.get("/now").body()).isEqualTo("now");
        RawClient busy = fixture.connect(server);
        busy.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
        HttpResponse response = waiting.poll(60, TimeUnit.SECONDS);
        Thread drain = Thread.ofPlatform().start(() -> server.drain(HttpFixture.PATIENCE));
        assertThat(idle.rest()).isEmpty();
        assertThat(drain.isAlive()).isTrue();
        response.send("last");
        Answer answer = busy.answer();
        assertThat(answer.body()).isEqualTo("last");
        assertThat(answer.headers()).containsEntry("connection", "close");
        assertThat(busy.rest()).isEmpty();
        busy.close();
        idle.close();
        drain.join();
    }

    @Test
    void refusesConnectionsBeyondTheLimitInWords() {
        ServerConfig config = ServerConfig.of("http", 0).withLimits(LimitsConfig.defaults().withMaxConnections(1));
        TcpServer server = fixture.serve(config, (request, response) -> response.send("x"));
        RawClient first = fixture.connect(server);
        assertThat(first.get("/").body()).isEqualTo("x");
        Answer refused = fixture.connect(server).answer();
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.body()).isEqualTo("too many connections\n");
    }

    @Test
    void countsAndTellsOfEveryExchange() {
        List<String> told = new CopyOnWriteArrayList<>();
        ServerConfig config = ServerConfig.of("http", 0).withHttp(HttpConfig.defaults().withServerHeader("Solaster"));
        HttpProtocol protocol = new HttpProtocol((request, response) -> {
            if (request.path().equals("/later")) {
                request.shard().execute(() -> response.send("later"));
            } else if (request.path().equals("/bad")) {
                throw new IllegalStateException("on purpose");
            } else {
                response.send("now");
            }
        }, config, new ExchangeListener() {
            @Override
            public void onStart(HttpRequest request) {
                told.add("start " + request.path());
            }

            @Override
            public void onEnd(HttpRequest request, HttpResponse response, long nanos, Throwable failure) {
                told.add(request.path() + " " + response.status().code() + " " + (nanos > 0) + " " + failure);
            }
        });
        TcpServer server = fixture.bind(config, protocol);
        try (RawClient client = new RawClient(server.port())) {
            assertThat(client.get("/now").header("server")).isEqualTo("Solaster");
            client.get("/later");
            client.get("/bad");
            client.send("nonsense\r\n\r\n").answer();
        }
        assertThat(told).containsExactly("start /now", "/now 200 true null", "start /later", "/later 200 true null",
                "start /bad", "/bad 500 true null");
        HttpFixture.await("four are counted", () -> server.requests().stream()
                .mapToLong(stats -> stats.succeeded.snapshot().count() + stats.failed.snapshot().count()).sum() == 4);
        assertThat(server.requests().stream().mapToLong(stats -> stats.failed.snapshot().count()).sum()).isEqualTo(1);
        HttpStats stats = protocol.stats().values().stream().filter(each -> each.bytesIn.get() > 0).findFirst()
                .orElseThrow();
        assertThat(stats.succeeded.get()).isEqualTo(2);
        assertThat(stats.serverErrors.get()).isEqualTo(1);
        assertThat(stats.clientErrors.get()).isEqualTo(1);
        assertThat(stats.malformed()).isEqualTo(1);
        assertThat(stats.bytesOut.get()).isPositive();
    }

    @Test
    void refusesHeadersThatWouldSplitAResponse() {
        RawClient client = client((request, response) -> {
            try {
                response.header("X", "a\r\nSet-Cookie: b");
            } catch (IllegalArgumentException e) {
                response.send(e.getMessage());
            }
        });
        assertThat(client.get("/").body()).contains("header 'X'").contains("a\\u000d\\u000aSet-Cookie: b")
                .contains("control character");
    }

    @Test
    void handlesNoMoreRequestsOfAClientThatDoesNotReadItsAnswers() throws Exception {
        int requests = 400;
        AtomicInteger handled = new AtomicInteger();
        byte[] large = new byte[64 << 10];
        TcpServer server = fixture.serve((request, response) -> {
            handled.incrementAndGet();
            response.send(large);
        });
        RawClient client = fixture.connect(server);
        Thread sender = Thread.ofPlatform()
                .start(() -> client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(requests)));
        int before = -1;
        while (before != handled.get() || before == 0) {
            before = handled.get();
            for (int i = 0; i < 200; i++) {
                fixture.engine().submitToAll(shard -> true).join();
            }
        }
        assertThat(handled.get()).isLessThan(requests);
        for (int i = 0; i < requests; i++) {
            assertThat(client.answer().body()).hasSize(large.length);
        }
        sender.join();
        assertThat(handled).hasValue(requests);
    }

    @Test
    void answersForReadersAndListenersThatThrow() {
        RawClient client = client((request, response) -> {
            request.body().read(new RequestBody.Reader() {
                @Override
                public void part(ByteBuf part) {
                    part.release();
                    throw new IllegalStateException("on purpose");
                }

                @Override
                public void end(HttpHeaders trailers) {
                    response.send("not reached");
                }

                @Override
                public void failed(Throwable cause) {
                    response.fail(cause);
                }
            });
            request.body().request(1);
        });
        assertThat(client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc").answer().status())
                .isEqualTo(500);
        assertThat(client.get("/").body()).isEqualTo("not reached");
    }

    @Test
    void takesNoAnswerTwiceAndNoLengthThatIsNone() {
        List<String> refused = new CopyOnWriteArrayList<>();
        RawClient client = client((request, response) -> {
            if (request.path().equals("/length")) {
                response.header("Content-Length", "-1").stream();
            }
            response.send("once");
            try {
                response.send("twice");
            } catch (IllegalStateException e) {
                refused.add(e.getMessage());
            }
        });
        assertThat(client.get("/").body()).isEqualTo("once");
        assertThat(refused).containsExactly("send(text): the response to GET / has been sent");
        assertThat(client.get("/length").status()).isEqualTo(500);
        assertThat(client.get("/").body()).isEqualTo("once");
    }

    @Test
    void anAnswerThatComesTooLateReachesNobodyElse() throws Exception {
        LinkedBlockingQueue<HttpResponse> kept = new LinkedBlockingQueue<>();
        TcpServer server = fixture.serve((request, response) -> {
            if (request.path().equals("/kept")) {
                kept.add(response);
                response.onEnd(failure -> kept.add(response));
            } else {
                response.send("mine");
            }
        });
        try (RawClient gone = new RawClient(server.port())) {
            gone.send("GET /kept HTTP/1.1\r\nHost: h\r\n\r\n");
            assertThat(kept.poll(60, TimeUnit.SECONDS)).isNotNull();
        }
        HttpResponse late = kept.poll(60, TimeUnit.SECONDS);
        RawClient client = fixture.connect(server);
        for (int i = 0; i < 10; i++) {
            late.header("X-Secret", "of another").send("not yours");
            Answer answer = client.get("/");
            assertThat(answer.body()).isEqualTo("mine");
            assertThat(answer.headers()).doesNotContainKey("x-secret");
        }
    }
}
