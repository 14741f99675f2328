package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.CharsetUtil;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.RawClient.Answer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What every transport serves. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class HttpServerTest {
    private final Transport transport;
    private HttpFixture fixture;

    HttpServerTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeAll
    void start() {
        fixture = new HttpFixture(transport, 2);
    }

    @AfterEach
    void closeAll() throws Exception {
        fixture.closeAll();
    }

    @AfterAll
    void stop() throws Exception {
        fixture.close();
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
        RawClient client = client((request, response) -> {
            switch (request.path()) {
                case "/204" -> response.status(HttpResponseStatus.NO_CONTENT).send("not sent");
                case "/304" -> response.status(HttpResponseStatus.NOT_MODIFIED).header("ETag", "\"1\"").send();
                case "/stream" -> {
                    ResponseStream stream = response.stream();
                    stream.write(Unpooled.copiedBuffer("not sent", CharsetUtil.US_ASCII));
                    stream.end();
                }
                case "/length" -> response.header("Content-Length", "1000").send();
                default -> response.send("hello");
            }
        });
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
}
