package io.solaster.http;

import static io.solaster.http.Http2RawClient.CONTINUATION;
import static io.solaster.http.Http2RawClient.DATA;
import static io.solaster.http.Http2RawClient.END_HEADERS;
import static io.solaster.http.Http2RawClient.END_STREAM;
import static io.solaster.http.Http2RawClient.GOAWAY;
import static io.solaster.http.Http2RawClient.HEADERS;
import static io.solaster.http.Http2RawClient.PING;
import static io.solaster.http.Http2RawClient.SETTINGS;
import static io.solaster.http.Http2RawClient.WINDOW_UPDATE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.GZIPInputStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.CharsetUtil;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.CompressionConfig;
import io.solaster.config.server.Http2Config;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Shard;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.Http2RawClient.Answer;
import io.solaster.http.Http2RawClient.Frame;
import io.solaster.http.files.StaticFiles;
import io.solaster.http.route.Router;
import io.solaster.http.server.HttpProtocol;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** What every transport serves over HTTP/2, to clients that begin with it. */
abstract class Http2ServerTest extends TransportTest {
    private static final HttpHandler HELLO = (request, response) -> response.send("hello " + request.path());

    private HttpProtocol protocol;

    Http2ServerTest(Transport transport) {
        super(transport);
    }

    private Http2RawClient client(HttpHandler handler) {
        return client(handler, HttpConfig.defaults());
    }

    private Http2RawClient client(HttpHandler handler, HttpConfig http) {
        return connect(serve(handler, ServerConfig.of("http", 0).withHttp(http)), -1);
    }

    private TcpServer serve(HttpHandler handler, ServerConfig config) {
        protocol = new HttpProtocol(handler, config);
        return fixture.bind(config, protocol);
    }

    private Http2RawClient connect(TcpServer server, int window) {
        return fixture.open(new Http2RawClient(server.port(), window));
    }

    private long sum(java.util.function.ToLongFunction<HttpStats> count) {
        return protocol.stats().values().stream().mapToLong(count).sum();
    }

    private static HttpConfig http2(java.util.function.UnaryOperator<Http2Config> change) {
        return HttpConfig.defaults().withHttp2(change.apply(Http2Config.defaults()));
    }

    // ---- requests and responses

    @Test
    @Tag("smoke")
    void answersAndKeepsTheConnection() {
        Http2RawClient client = client((request, response) -> response.header("X-Mixed-Case", "a")
                .header("Connection", "keep-alive").header("Keep-Alive", "1").header("Upgrade", "x")
                .send("hello " + request.path() + " over " + request.version()));
        for (int i = 0; i < 3; i++) {
            Answer answer = client.get("/a%20" + i);
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo("hello /a " + i + " over HTTP/2.0");
            assertThat(answer.headers).containsOnlyKeys(":status", "x-mixed-case", "content-type", "date",
                    "content-length").containsEntry("content-length", "24");
            assertThat(answer.header("date"))
                    .matches("[A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT");
        }
        assertThat(sum(stats -> stats.http2Connections.get())).isEqualTo(1);
        assertThat(sum(stats -> stats.http2Requests.get())).isEqualTo(3);
        assertThat(sum(stats -> stats.succeeded.get())).isEqualTo(3);
        assertThat(sum(stats -> stats.bytesOut.get())).isBetween(3 * 24L, 1000L);
        assertThat(sum(stats -> stats.bytesIn.get())).isBetween(3 * 9L, 1000L);
    }

    @Test
    void tellsWhatWasAskedAsOverHttp1() {
        Http2RawClient client = client((request, response) -> {
            List<String> headers = new ArrayList<>();
            request.forEachHeader((name, value) -> headers.add(name + "=" + value));
            response.send(request.method() + " " + request.target() + " " + request.rawPath() + " " + request.rawQuery()
                    + " " + request.query("x") + " " + request.queries("x") + " " + request.header("X-TWO") + " "
                    + request.headers("x-two") + " " + request.header("Host") + " " + headers + " " + request.tls()
                    + " "
                    + (request.remoteAddress().getPort() > 0));
        });
        assertThat(client.get("/p/q?x=1&x=%C3%A4+b", "cookie", "a=1", "x-two", "a b", "cookie", "b=2", "x-two", "c",
                "cookie", "c=3").body())
                .isEqualTo("GET /p/q?x=1&x=%C3%A4+b /p/q x=1&x=%C3%A4+b 1 [1, \u00c3\u00a4 b] a b"
                        + " [a b, c] test [cookie=a=1; b=2; c=3, x-two=a b, x-two=c, host=test] null true");
    }

    @Test
    void takesAPrefaceThatComesInPieces() {
        TcpServer server = serve(HELLO, ServerConfig.of("http", 0));
        RawClient dripping = fixture.connect(server);
        for (byte each : Http2RawClient.PREFACE) {
            dripping.send(new byte[]{each});
        }
        dripping.send(Http2RawClient.framed(SETTINGS, 0, 0, new byte[0]));
        // The server's SETTINGS, no answer in text.
        byte[] head = dripping.read(9);
        assertThat(head[3]).isEqualTo((byte) SETTINGS);
    }

    @Test
    void refusesThePrefaceBehindARequestOrWhereItIsSwitchedOff() {
        TcpServer server = serve(HELLO, ServerConfig.of("http", 0));
        RawClient late = fixture.connect(server);
        assertThat(late.get("/").status()).isEqualTo(200);
        assertThat(late.send(Http2RawClient.PREFACE).answer().status()).isEqualTo(400);
        TcpServer off = serve(HELLO, ServerConfig.of("http", 0).withHttp(http2(config -> config.withEnabled(false))));
        assertThat(fixture.connect(off).send(Http2RawClient.PREFACE).answer().status()).isEqualTo(400);
        TcpServer changed = serve(HELLO, ServerConfig.of("http", 0));
        changed.reconfigure(changed.config().withHttp(http2(config -> config.withEnabled(false)))).join();
        assertThat(fixture.connect(changed).send(Http2RawClient.PREFACE).answer().status()).isEqualTo(400);
    }

    @Test
    @Tag("smoke")
    void readsBodiesOfAKnownLengthAndOthers() {
        Http2RawClient client = client((request, response) -> request.body().whole()
                .thenAccept(body -> response.send(request.body().length() + ":" + request.body().text())));
        int known = client.head("POST", "/", false, "content-length", "5");
        client.data(known, "hello", true);
        assertThat(client.answer(known).body()).isEqualTo("5:hello");
        int unknown = client.head("POST", "/", false);
        client.data(unknown, "hello", false);
        client.data(unknown, " world", false);
        client.data(unknown, "", true);
        assertThat(client.answer(unknown).body()).isEqualTo("-1:hello world");
        int large = client.head("PUT", "/", false);
        client.data(large, "a".repeat(60_000), true);
        assertThat(client.answer(large).body()).isEqualTo("-1:" + "a".repeat(60_000));
        assertThat(client.get("/").body()).isEqualTo("0:");
        int padded = client.head("POST", "/", false);
        client.frame(DATA, END_STREAM | 8, padded, new byte[]{3, 'a', 'b', 0, 0, 0});
        assertThat(client.answer(padded).body()).isEqualTo("-1:ab");
    }

    @Test
    void answersABodyThatIsTooLongWith413AndGoesOn() {
        Http2RawClient client = client(HttpHandler.async((request, response) -> request.body().whole()
                .thenAccept(body -> response.send("no"))),
                Changed.with(HttpConfig.defaults(), "maxBody", new ByteSize(10)));
        int announced = client.head("POST", "/", false, "content-length", "11");
        assertThat(client.answer(announced).status()).isEqualTo(413);
        int found = client.head("POST", "/", false);
        client.data(found, "0123456789a", false);
        assertThat(client.answer(found).status()).isEqualTo(413);
        int right = client.head("POST", "/", false);
        client.data(right, "0123456789", true);
        assertThat(client.answer(right).body()).isEqualTo("no");
    }

    @Test
    void sendsNoBodyWhereThereIsNone() {
        Http2RawClient client = client(Bodies::none);
        assertThat(client.get("/204").headers).doesNotContainKey("content-length");
        assertThat(client.get("/304").headers).containsEntry("etag", "\"1\"").doesNotContainKey("content-length");
        for (String path : List.of("/", "/stream", "/length")) {
            Answer answer = client.answer(client.head("HEAD", path, true));
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.length()).isZero();
            assertThat(answer.header("content-length")).isEqualTo(path.equals("/")
                    ? "5"
                    : path.equals("/stream") ? null : "1000");
        }
        assertThat(client.get("/").body()).isEqualTo("hello");
    }

    @Test
    void sendsTrailersAndReadsThem() {
        Http2RawClient client = client(Bodies::echo);
        int id = client.head("POST", "/", false, "te", "trailers");
        client.data(id, "body", false);
        client.frame(HEADERS, END_HEADERS | END_STREAM, id, client.pack(id, "x-sum", "42"));
        Answer answer = client.answer(id);
        assertThat(answer.body()).isEqualTo("body");
        assertThat(answer.trailers).containsExactly(java.util.Map.entry("x-sum", "42"));
        Http2RawClient other = client((request, response) -> {
            ResponseStream stream = response.stream();
            stream.write(Unpooled.copiedBuffer("x", CharsetUtil.US_ASCII));
            stream.end(new DefaultHttpHeaders().add("X-Sum", "1"));
        });
        assertThat(other.get("/").trailers).isEmpty();
        assertThat(other.get("/", "te", "trailers").trailers).containsEntry("x-sum", "1");
    }

    @Test
    void tellsAClientThatWaitsToGoOn() {
        Http2RawClient client = client((request, response) -> {
            if (request.path().equals("/no")) {
                response.status(HttpResponseStatus.FORBIDDEN).send("no");
            } else {
                request.body().whole().thenAccept(body -> response.send(request.body().text()));
            }
        });
        int id = client.head("POST", "/", false, "expect", "100-continue");
        while (client.on(id).informed.isEmpty()) {
            assertThat(client.read()).isNotNull();
        }
        client.data(id, "hello", true);
        assertThat(client.answer(id).body()).isEqualTo("hello");
        assertThat(client.on(id).informed).containsExactly("100");
        int refused = client.head("POST", "/no", false, "expect", "100-continue");
        assertThat(client.answer(refused).status()).isEqualTo(403);
        assertThat(client.on(refused).informed).isEmpty();
        while (client.on(refused).reset < 0) {
            assertThat(client.read()).isNotNull();
        }
        assertThat(client.on(refused).reset).isZero();
    }

    @Test
    void compressesAsOverHttp1() throws Exception {
        String text = "0123456789".repeat(10_000);
        Http2RawClient client = client((request, response) -> response.send(text),
                HttpConfig.defaults().withCompression(Changed.with(CompressionConfig.defaults(), "enabled", true)));
        Answer answer = client.get("/", "accept-encoding", "gzip");
        assertThat(answer.headers).containsEntry("content-encoding", "gzip").containsEntry("vary", "accept-encoding");
        assertThat(new GZIPInputStream(new java.io.ByteArrayInputStream(answer.bytes())).readAllBytes())
                .asString(CharsetUtil.US_ASCII).isEqualTo(text);
    }

    @Test
    @Tag("smoke")
    void routesAndServesFilesAndEvents(@TempDir Path directory) throws Exception {
        byte[] file = new byte[300_000];
        new Random(1).nextBytes(file);
        Files.write(directory.resolve("a.bin"), file);
        LinkedBlockingQueue<ServerSentEvents> streams = new LinkedBlockingQueue<>();
        Http2RawClient client = client(Router.builder()
                .get("/hello/{name}", (request, response) -> response.send("hello " + request.pathParam("name")))
                .get("/events", (request, response) -> streams.add(ServerSentEvents.on(request, response)))
                .get("/files/{*path}", StaticFiles.of(directory))
                .post("/length", (request, response) -> response.send("" + request.body().content().readableBytes()))
                .build());
        assertThat(client.get("/hello/you").body()).isEqualTo("hello you");
        assertThat(client.get("/nowhere").status()).isEqualTo(404);
        assertThat(client.get("/files/a.bin").bytes()).isEqualTo(file);
        Answer part = client.get("/files/a.bin", "range", "bytes=1000-100999");
        assertThat(part.status()).isEqualTo(206);
        assertThat(part.bytes()).isEqualTo(Arrays.copyOfRange(file, 1000, 101_000));
        int post = client.head("POST", "/length", false);
        client.data(post, "x".repeat(40_000), true);
        assertThat(client.answer(post).body()).isEqualTo("40000");
        int events = client.head("GET", "/events", true);
        ServerSentEvents stream = streams.poll(60, TimeUnit.SECONDS);
        for (int i = 0; i < 3; i++) {
            String event = "event " + i;
            streamShard(stream, () -> stream.send(event));
            while (!client.on(events).body().endsWith("data: " + event + "\n\n")) {
                assertThat(client.read()).isNotNull();
            }
        }
        streamShard(stream, stream::close);
        assertThat(client.answer(events).body()).isEqualTo("data: event 0\n\ndata: event 1\n\ndata: event 2\n\n");
    }

    /** Runs it on the shard that has the only connection. */
    private void streamShard(ServerSentEvents stream, Runnable work) {
        for (int i = 0; i < 2; i++) {
            if (fixture.engine().shard(i).stats().connections.get() > 0) {
                fixture.engine().submitTo(i, () -> {
                    work.run();
                    return true;
                }).join();
                return;
            }
        }
        throw new AssertionError("no shard has a connection of " + stream);
    }

    @Test
    void answersWhatOtherThreadsAndBlockingHandlersSend() {
        Http2RawClient client = client((request, response) -> {
            if (request.path().equals("/thread")) {
                Thread.ofPlatform().start(() -> {
                    ResponseStream stream = response.header("a", "b").stream();
                    for (int i = 0; i < 100; i++) {
                        stream.write(Unpooled.copiedBuffer("x".repeat(1000), CharsetUtil.US_ASCII));
                    }
                    stream.end();
                });
            } else {
                HttpHandler.blocking((same, answer) -> {
                    Thread.sleep(1);
                    answer.send(same.body().whole().get().toString(CharsetUtil.US_ASCII));
                }).handle(request, response);
            }
        });
        assertThat(client.get("/thread").length()).isEqualTo(100_000);
        int id = client.head("POST", "/blocking", false);
        client.data(id, "hello", true);
        assertThat(client.answer(id).body()).isEqualTo("hello");
    }

    // ---- flow control

    @Test
    void echoesMoreThanAnyWindowBothWays() {
        Http2RawClient client = client(Bodies::echo,
                http2(config -> Changed.with(config, "initialWindow", new ByteSize(64 << 10))));
        byte[] part = new byte[16_000];
        new Random(1).nextBytes(part);
        int id = client.head("POST", "/", false);
        int parts = 200;
        for (int i = 0; i < parts; i++) {
            // No more than was allowed: 65535 bytes, and what was given back.
            while ((i + 1) * part.length > 65_535 + Math.min(client.credited(id), client.credited(0))) {
                assertThat(client.read()).isNotNull();
            }
            client.data(id, part, i == parts - 1);
        }
        Answer answer = client.answer(id);
        assertThat(answer.length()).isEqualTo(parts * part.length);
        assertThat(Arrays.copyOfRange(answer.bytes(), (parts - 1) * part.length, parts * part.length)).isEqualTo(part);
    }

    @Test
    void allowsNoMoreOfABodyThanTheHandlerTakes() throws Exception {
        LinkedBlockingQueue<HttpRequest> requests = new LinkedBlockingQueue<>();
        Http2RawClient client = client((request, response) -> {
            Bodies.drop(request, response, "all");
            requests.add(request);
        }, http2(config -> Changed.with(config, "initialWindow", new ByteSize(64 << 10))));
        int id = client.head("POST", "/", false);
        HttpRequest request = requests.poll(60, TimeUnit.SECONDS);
        client.data(id, new byte[60_000], false);
        client.settle();
        assertThat(client.credited(id)).isZero();
        // Others go on meanwhile.
        int other = client.head("POST", "/", false);
        HttpRequest second = requests.poll(60, TimeUnit.SECONDS);
        second.shard().execute(() -> second.body().request(Long.MAX_VALUE));
        client.data(other, "x", true);
        assertThat(client.answer(other).body()).isEqualTo("all");
        request.shard().execute(() -> request.body().request(Long.MAX_VALUE));
        while (client.credited(id) == 0) {
            assertThat(client.read()).isNotNull();
        }
        client.data(id, new byte[1000], true);
        assertThat(client.answer(id).body()).isEqualTo("all");
    }

    @Test
    void aClientThatSendsMoreThanItMayIsCutOff() {
        Http2RawClient client = client((request, response) -> {},
                http2(config -> Changed.with(config, "initialWindow", new ByteSize(64 << 10))));
        int id = client.head("POST", "/", false);
        client.settle();
        for (int i = 0; i < 5; i++) {
            client.data(id, new byte[16_000], false);
        }
        assertThat(client.answer(id).reset).isEqualTo((int) Http2Error.FLOW_CONTROL_ERROR.code());
    }

    @Test
    void writesNoMoreThanTheClientAllows() throws Exception {
        int parts = 400;
        LinkedBlockingQueue<Integer> stopped = new LinkedBlockingQueue<>();
        TcpServer server = serve((request, response) -> {
            ResponseStream stream = response.stream();
            int[] sent = new int[1];
            Runnable pump = new Runnable() {
                @Override
                public void run() {
                    while (sent[0] < parts) {
                        sent[0]++;
                        if (!stream.write(Unpooled.wrappedBuffer(new byte[4000])) && sent[0] < parts) {
                            stopped.add(sent[0]);
                            return;
                        }
                    }
                    stream.end();
                }
            };
            stream.onWritable(pump);
            pump.run();
        }, ServerConfig.of("http", 0));
        Http2RawClient client = connect(server, 10_000);
        client.credits = false;
        client.settle();
        int id = client.head("GET", "/", true);
        assertThat(stopped.poll(60, TimeUnit.SECONDS)).isEqualTo(3);
        client.settle();
        assertThat(client.on(id).length()).isEqualTo(10_000);
        assertThat(stopped).isEmpty();
        client.credit(id, 6000);
        assertThat(stopped.poll(60, TimeUnit.SECONDS)).isBetween(4, 5);
        while (client.on(id).length() < 16_000) {
            assertThat(client.read()).isNotNull();
        }
        client.credits = true;
        client.credit(id, 10_000);
        client.credit(0, 16_000);
        assertThat(client.answer(id).length()).isEqualTo(parts * 4000);
    }

    @Test
    void aResponseThatNobodyReadsDoesNotHoldUpOthers() {
        TcpServer server = serve((request, response) -> response
                .send(request.path().equals("/large") ? "x".repeat(1 << 20) : "small"), ServerConfig.of("http", 0));
        Http2RawClient client = connect(server, 1000);
        client.settle();
        client.credits = false;
        int large = client.head("GET", "/large", true);
        for (int i = 0; i < 20; i++) {
            assertThat(client.get("/small").body()).isEqualTo("small");
        }
        assertThat(client.on(large).length()).isEqualTo(1000);
    }

    @Test
    void breaksOffWhatNobodyReadsBeyondItsLimit() {
        ServerConfig config = ServerConfig.of("http", 0);
        LimitsConfig limits = config.limits();
        TcpServer server = serve((request, response) -> {
            ResponseStream stream = response.stream();
            for (int i = 0; i < 100; i++) {
                stream.write(Unpooled.wrappedBuffer(new byte[16 << 10]));
            }
        }, config.withLimits(new LimitsConfig(limits.maxConnections(), 0, limits.idleTimeout(), new ByteSize(256 << 10),
                limits.maxArguments(), limits.maxBulk(), limits.maxInline(), limits.commandsPerTurn(),
                limits.bytesPerTurn(), limits.subscribers())));
        Http2RawClient client = connect(server, 1000);
        client.credits = false;
        client.settle();
        int id = client.head("GET", "/", true);
        assertThat(client.answer(id).reset).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
        assertThat(sum(stats -> stats.outputOverflows.get())).isEqualTo(1);
    }

    // ---- streams beside each other

    @Test
    void aThousandStreamsOfOneConnectionAreAnsweredInAnyOrder() throws Exception {
        LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
        LinkedBlockingQueue<HttpRequest> asked = new LinkedBlockingQueue<>();
        Http2RawClient client = client((request, response) -> {
            response.header("x-path", request.path());
            asked.add(request);
            waiting.add(response);
        }, http2(config -> Changed.with(config, "maxConcurrentStreams", 1000)));
        for (int i = 0; i < 1000; i++) {
            client.head("GET", "/" + i, true);
        }
        List<HttpResponse> responses = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            HttpResponse response = waiting.poll(60, TimeUnit.SECONDS);
            if (response == null) {
                client.settle();
            }
            assertThat(response).as("response %s; %s", i, client.others).isNotNull();
            responses.add(response);
        }
        Collections.shuffle(responses, new Random(3));
        asked.element().shard().execute(() -> responses.forEach(response -> response.send("x".repeat(100))));
        for (int i = 0; i < 1000; i++) {
            Answer answer = client.answer(2 * i + 1);
            assertThat(answer.header("x-path")).isEqualTo("/" + i);
            assertThat(answer.length()).isEqualTo(100);
        }
    }

    @Test
    void refusesMoreStreamsThanAllowedAndServesTheOthers() throws Exception {
        LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
        Http2RawClient client = client((request, response) -> waiting.add(response),
                http2(config -> Changed.with(config, "maxConcurrentStreams", 2)));
        int[] ids = new int[3];
        for (int i = 0; i < 3; i++) {
            ids[i] = client.head("GET", "/", true);
        }
        assertThat(client.answer(ids[2]).reset).isEqualTo((int) Http2Error.REFUSED_STREAM.code());
        for (int i = 0; i < 2; i++) {
            waiting.poll(60, TimeUnit.SECONDS).send("ok");
        }
        assertThat(client.answer(ids[0]).body() + client.answer(ids[1]).body()).isEqualTo("okok");
        int again = client.head("GET", "/", true);
        waiting.poll(60, TimeUnit.SECONDS).send("again");
        assertThat(client.answer(again).body()).isEqualTo("again");
    }

    @Test
    void smallRequestsPassLargeBodiesByBothWays() {
        Http2RawClient client = client((request, response) -> {
            if (request.path().equals("/echo")) {
                Bodies.echo(request, response);
            } else {
                response.send("small");
            }
        });
        List<Integer> large = new ArrayList<>();
        byte[] part = new byte[10_000];
        for (int i = 0; i < 5; i++) {
            large.add(client.head("POST", "/echo", false));
        }
        int rounds = 20;
        for (int round = 0; round < rounds; round++) {
            for (int id : large) {
                client.data(id, part, round == rounds - 1);
                while (client.on(id).length() < (round + 1) * part.length) {
                    assertThat(client.read()).isNotNull();
                }
            }
            assertThat(client.get("/small").body()).isEqualTo("small");
        }
        for (int id : large) {
            assertThat(client.answer(id).length()).isEqualTo(rounds * part.length);
        }
    }

    @Test
    void aClientThatResetsAStreamCancelsTheExchangeAlone() throws Exception {
        CompletableFuture<Throwable> ended = new CompletableFuture<>();
        CompletableFuture<Throwable> body = new CompletableFuture<>();
        Http2RawClient client = client((request, response) -> {
            if (request.path().equals("/wait")) {
                response.onEnd(ended::complete);
                request.body().whole().whenComplete((bytes, failure) -> body.complete(failure));
            } else {
                response.send("ok");
            }
        });
        int id = client.head("POST", "/wait", false);
        client.data(id, "begun", false);
        client.settle();
        client.reset(id, (int) Http2Error.CANCEL.code());
        assertThat(ended.get(60, TimeUnit.SECONDS)).isInstanceOf(IOException.class).hasMessageContaining("CANCEL");
        assertThat(body.get(60, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
        assertThat(client.get("/").body()).isEqualTo("ok");
        assertThat(sum(stats -> stats.http2Resets.get())).isEqualTo(1);
    }

    @Test
    void tellsOfTheEndWhenTheResponseHasLeft() throws Exception {
        LinkedBlockingQueue<String> ends = new LinkedBlockingQueue<>();
        TcpServer server = serve((request, response) -> {
            response.onEnd(failure -> ends.add(request.path() + " " + failure));
            response.send("x".repeat(5000));
        }, ServerConfig.of("http", 0));
        Http2RawClient client = connect(server, 1000);
        client.credits = false;
        client.settle();
        int read = client.head("GET", "/read", true);
        int cancelled = client.head("GET", "/cancelled", true);
        client.settle();
        assertThat(ends).isEmpty();
        client.credit(read, 4000);
        assertThat(client.answer(read).length()).isEqualTo(5000);
        assertThat(ends.poll(60, TimeUnit.SECONDS)).isEqualTo("/read null");
        client.reset(cancelled, (int) Http2Error.CANCEL.code());
        assertThat(ends.poll(60, TimeUnit.SECONDS)).contains("/cancelled", "reset the stream");
    }

    @Test
    void aResponseThatFailsInTheMiddleIsResetAlone() {
        Http2RawClient client = client((request, response) -> {
            if (request.path().equals("/fails")) {
                response.stream().write(Unpooled.copiedBuffer("begun", CharsetUtil.US_ASCII));
                throw new IllegalStateException("on purpose");
            }
            response.send("ok");
        });
        assertThat(client.get("/fails").reset).isEqualTo((int) Http2Error.INTERNAL_ERROR.code());
        assertThat(client.get("/").body()).isEqualTo("ok");
    }

    @Test
    void whatAHandlerLeavesUnreadIsSkippedOrNoLongerAskedFor() {
        Http2RawClient client = client((request, response) -> response.send("enough"));
        int little = client.head("POST", "/", false);
        assertThat(client.answer(little).body()).isEqualTo("enough");
        client.data(little, new byte[20_000], true);
        int much = client.head("POST", "/", false, "content-length", "10000000");
        assertThat(client.answer(much).body()).isEqualTo("enough");
        while (client.on(much).reset < 0) {
            assertThat(client.read()).isNotNull();
        }
        assertThat(client.on(much).reset).isZero();
        assertThat(client.get("/").body()).isEqualTo("enough");
    }

    // ---- what is refused

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "a name in upper case|:method,GET,:scheme,http,:path,/,:authority,h,X-Upper,a",
            "a connection's header|:method,GET,:scheme,http,:path,/,:authority,h,connection,close",
            "a transfer coding|:method,POST,:scheme,http,:path,/,:authority,h,transfer-encoding,chunked",
            "TE beyond trailers|:method,GET,:scheme,http,:path,/,:authority,h,te,gzip",
            "an upgrade|:method,GET,:scheme,http,:path,/,:authority,h,upgrade,x",
            "no method|:scheme,http,:path,/,:authority,h", "no path|:method,GET,:scheme,http,:authority,h",
            "no scheme|:method,GET,:path,/,:authority,h", "no host|:method,GET,:scheme,http,:path,/",
            "two paths|:method,GET,:scheme,http,:path,/,:path,/b,:authority,h",
            "a pseudo-header behind others|:method,GET,:scheme,http,:path,/,a,b,:authority,h",
            "an unknown pseudo-header|:method,GET,:scheme,http,:path,/,:authority,h,:x,a",
            "a response's pseudo-header|:method,GET,:scheme,http,:path,/,:authority,h,:status,200",
            "two hosts|:method,GET,:scheme,http,:path,/,:authority,h,host,other",
            "somebody's name before the host|:method,GET,:scheme,http,:path,/,:authority,me@h",
            "a path that is none|:method,GET,:scheme,http,:path,x,:authority,h",
            "a blank in the path|:method,GET,:scheme,http,:path,/a b,:authority,h",
            "a blank in the method|:method,G T,:scheme,http,:path,/,:authority,h",
            "a blank in a name|:method,GET,:scheme,http,:path,/,:authority,h,a b,c",
            "two lengths|:method,GET,:scheme,http,:path,/,:authority,h,content-length,0,content-length,1",
            "a length that is none|:method,GET,:scheme,http,:path,/,:authority,h,content-length,+1",
            "a body that is announced and does not come|:method,GET,:scheme,http,:path,/,:authority,h,content-length,5"})
    void resetsWhatIsMalformedAndGoesOn(String what, String headers) {
        Http2RawClient client = client((request, response) -> response.send("handled"));
        int id = client.nextStream();
        client.frame(HEADERS, END_HEADERS | END_STREAM, id, Http2RawClient.literal(headers.split(",")));
        Answer answer = client.answer(id);
        assertThat(answer.reset).as(what).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
        assertThat(answer.begun).as(what).isFalse();
        assertThat(client.get("/").body()).isEqualTo("handled");
        assertThat(sum(stats -> stats.malformed())).isEqualTo(1);
    }

    @Test
    void refusesLineEndsInValues() {
        Http2RawClient client = client((request, response) -> response.send("handled"));
        for (String value : List.of("a\r\nb: c", "a\nb", "a\0", " a", "a\t")) {
            int id = client.nextStream();
            client.frame(HEADERS, END_HEADERS | END_STREAM, id, Http2RawClient.literal(":method", "GET", ":scheme",
                    "http", ":path", "/", ":authority", "h", "x", value));
            assertThat(client.answer(id).reset).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
        }
        assertThat(client.get("/").body()).isEqualTo("handled");
    }

    @Test
    void aBodyIsAsLongAsWasAnnounced() {
        Http2RawClient client = client((request, response) -> request.body().whole()
                .thenAccept(body -> response.send("handled")));
        for (String body : List.of("1234", "123456")) {
            int id = client.head("POST", "/", false, "content-length", "5");
            client.data(id, body, true);
            assertThat(client.answer(id).reset).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
        }
        assertThat(client.get("/").body()).isEqualTo("handled");
    }

    @Test
    void answersWhatIsBeyondALimit() {
        Http2RawClient client = client(HELLO);
        assertThat(client.answer(client.head("GET", "/" + "a".repeat(8 << 10), true)).status()).isEqualTo(414);
        String[] many = new String[2 * 101];
        for (int i = 0; i < many.length; i += 2) {
            many[i] = "x" + i;
            many[i + 1] = "y";
        }
        assertThat(client.get("/", many).status()).isEqualTo(431);
        assertThat(client.get("/", "x", "a".repeat(25_000)).status()).isEqualTo(431);
        assertThat(client.get("/", "expect", "more").status()).isEqualTo(417);
        assertThat(client.get("/").status()).isEqualTo(200);
        int connect = client.nextStream();
        client.frame(HEADERS, END_HEADERS, connect, client.pack(connect, ":method", "CONNECT", ":authority", "h:1"));
        assertThat(client.answer(connect).status()).isEqualTo(501);
        assertThat(client.get("/").status()).isEqualTo(200);
        assertThat(sum(stats -> stats.malformed())).isEqualTo(5);
    }

    @Test
    void answersHeadersBeyondTheListThatWasAnnouncedWith431() {
        Http2RawClient client = client(HELLO);
        // Beyond 24 KB, and below where the connection ends.
        int id = client.nextStream();
        byte[] packed = client.pack(id, ":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h", "x",
                "\u00ff".repeat(26_000));
        client.frame(HEADERS, END_STREAM, id, Arrays.copyOf(packed, 16_000));
        client.frame(CONTINUATION, END_HEADERS, id, Arrays.copyOfRange(packed, 16_000, packed.length));
        assertThat(client.answer(id).status()).isEqualTo(431);
        assertThat(client.get("/").status()).isEqualTo(200);
    }

    // ---- floods

    @Test
    void aClientThatCancelsAgainAndAgainIsClosed() {
        Http2RawClient client = client((request, response) -> {},
                http2(config -> Changed.with(config, "maxResets", 50)));
        for (int i = 0; i < 60; i++) {
            client.reset(client.head("GET", "/", true), (int) Http2Error.CANCEL.code());
        }
        assertThat(client.untilEnd()).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
    }

    @Test
    void emptyFramesAndEndlessHeadsCloseTheConnection() {
        Http2RawClient empty = client((request, response) -> {});
        int id = empty.head("POST", "/", false);
        for (int i = 0; i < 30; i++) {
            empty.data(id, "", false);
        }
        assertThat(empty.untilEnd()).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
        Http2RawClient endless = client(HELLO);
        int head = endless.nextStream();
        endless.frame(HEADERS, END_STREAM, head, endless.pack(head, ":method", "GET"));
        for (int i = 0; i < 30; i++) {
            endless.frame(CONTINUATION, 0, head, Http2RawClient.literal("a", "b"));
        }
        assertThat(endless.untilEnd()).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
    }

    @ParameterizedTest
    @CsvSource({PING + ", 8", SETTINGS + ", 0"})
    void clientsThatAskAndDoNotReadTheAnswersAreClosedAndToldOfInALine(int type, int length) throws Exception {
        TcpServer server = serve(HELLO, ServerConfig.of("http", 0));
        byte[] one = Http2RawClient.framed(type, 0, 0, new byte[length]);
        byte[] flood = new byte[one.length * 5000];
        for (int i = 0; i < 5000; i++) {
            System.arraycopy(one, 0, flood, i * one.length, one.length);
        }
        // One more than there are shards, each of which tells of one of them in a minute.
        int clients = 3;
        try (Said said = new Said()) {
            for (int i = 1; i <= clients; i++) {
                Http2RawClient client = connect(server, -1);
                AtomicBoolean stopped = new AtomicBoolean();
                Thread sender = Thread.ofPlatform().start(() -> {
                    for (int left = 4000; left > 0 && !stopped.get(); left--) {
                        client.bytes(flood);
                    }
                });
                int closed = i;
                HttpFixture.await("it is closed", () -> sum(stats -> stats.outputOverflows.get()) == closed);
                HttpFixture.await("it is gone", () -> fixture.engine().shards().stream()
                        .mapToLong(shard -> shard.stats().connections.get()).sum() == 0);
                stopped.set(true);
                client.close();
                sender.join(60_000);
                assertThat(sender.isAlive()).isFalse();
            }
            assertThat(said.lines()).isNotEmpty().hasSizeLessThan(clients)
                    .allMatch(line -> line.contains("does not read: answers to pings and settings"));
            assertThat(said.failures()).isEmpty();
        }
        assertThat(sum(stats -> stats.malformed())).isZero();
    }

    /** What is logged of HTTP/2's clients, by us and by Netty. */
    private static final class Said extends AppenderBase<ILoggingEvent> implements AutoCloseable {
        private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
        private final List<Logger> loggers = List.of((Logger) LoggerFactory.getLogger("io.solaster.http"),
                (Logger) LoggerFactory.getLogger("io.netty.handler.codec.http2"));

        Said() {
            start();
            for (Logger logger : loggers) {
                logger.setLevel(Level.INFO);
                logger.addAppender(this);
            }
        }

        @Override
        protected void append(ILoggingEvent event) {
            events.add(event);
        }

        List<String> lines() {
            return events.stream().map(ILoggingEvent::getFormattedMessage).toList();
        }

        List<ILoggingEvent> failures() {
            return events.stream().filter(event -> event.getThrowableProxy() != null).toList();
        }

        @Override
        public void close() {
            for (Logger logger : loggers) {
                logger.detachAppender(this);
                logger.setLevel(null);
            }
        }
    }

    // ---- turns

    /** So many requests, as one write. */
    private static byte[] requests(Http2RawClient client, int count, String... more) {
        ByteBuf all = Unpooled.buffer();
        for (int i = 0; i < count; i++) {
            int id = client.nextStream();
            ByteBuf headers = Unpooled.buffer();
            headers.writeBytes(Http2RawClient.literal(":method", "GET", ":scheme", "http", ":path", "/" + id,
                    ":authority", "test"));
            headers.writeBytes(Http2RawClient.literal(more));
            all.writeBytes(Http2RawClient.framed(HEADERS, END_HEADERS | END_STREAM, id, ByteBufUtil.getBytes(headers)));
        }
        return ByteBufUtil.getBytes(all);
    }

    private static LimitsConfig turns(int commands, int bytes) {
        LimitsConfig limits = LimitsConfig.defaults();
        return new LimitsConfig(limits.maxConnections(), 0, limits.idleTimeout(), limits.outputBuffer(),
                limits.maxArguments(), limits.maxBulk(), limits.maxInline(), commands, new ByteSize(bytes),
                limits.subscribers());
    }

    @ParameterizedTest
    @CsvSource({"20, false, 20", "1024, true, 32"})
    void whatIsReadAtOnceIsHandledInTurns(int commands, boolean slowly, int expected) {
        int count = 200;
        int[] turn = new int[1];
        int[] most = new int[1];
        List<String> order = new ArrayList<>();
        TcpServer server = serve((request, response) -> {
            if (turn[0]++ == 0) {
                request.shard().execute(() -> turn[0] = 0);
            }
            most[0] = Math.max(most[0], turn[0]);
            order.add(request.path());
            while (slowly && !Shard.needPreempt()) {
                Thread.onSpinWait();
            }
            response.send(request.path());
        }, ServerConfig.of("http", 0).withLimits(turns(commands, 64 << 10)));
        Http2RawClient client = connect(server, -1);
        client.settle();
        client.bytes(requests(client, count));
        List<String> asked = new ArrayList<>();
        for (int id = 1; id < 2 * count; id += 2) {
            assertThat(client.answer(id).body()).isEqualTo("/" + id);
            asked.add("/" + id);
        }
        client.settle();
        assertThat(order).isEqualTo(asked);
        assertThat(most[0]).isBetween(2, expected);
    }

    @Test
    void nothingIsReadWhileMuchWaitsForItsTurn() {
        int count = 500;
        long[] handled = new long[1];
        long[] most = new long[1];
        int[] size = new int[1];
        TcpServer server = serve((request, response) -> {
            most[0] = Math.max(most[0], sum(stats -> stats.bytesIn.get()) - handled[0]++ * size[0]);
            response.send("ok");
        }, ServerConfig.of("http", 0).withLimits(turns(1, 16 << 10)));
        Http2RawClient client = connect(server, -1);
        client.settle();
        String[] filler = new String[16];
        Arrays.fill(filler, "f".repeat(100));
        byte[] requests = requests(client, count, filler);
        size[0] = requests.length / count;
        client.bytes(requests);
        for (int id = 1; id < 2 * count; id += 2) {
            assertThat(client.answer(id).body()).isEqualTo("ok");
        }
        // What may wait, and what a read brings, twice.
        assertThat(requests.length).isGreaterThan(800_000);
        assertThat(most[0]).isBetween(1L, 4L * (16 << 10));
    }

    @Test
    void nonsenseEndsTheConnectionWithAWord() {
        for (byte[] wrong : List.of(Http2RawClient.framed(DATA, 0, 0, new byte[1]),
                Http2RawClient.framed(HEADERS, END_HEADERS, 2, Http2RawClient.literal(":method", "GET")),
                Http2RawClient.framed(SETTINGS, 0, 1, new byte[0]),
                Http2RawClient.framed(WINDOW_UPDATE, 0, 0, new byte[4]),
                Http2RawClient.framed(DATA, 0, 99, new byte[5]),
                Http2RawClient.framed(HEADERS, END_HEADERS, 1, new byte[]{(byte) 0xFF, (byte) 0xFF, (byte) 0xFF}))) {
            Http2RawClient client = client(HELLO);
            client.settle();
            client.bytes(wrong);
            assertThat(client.untilEnd()).isPositive();
        }
        Http2RawClient large = client(HELLO);
        large.settle();
        large.frame(DATA, 0, 1, new byte[20_000]);
        assertThat(large.untilEnd()).isEqualTo((int) Http2Error.FRAME_SIZE_ERROR.code());
    }

    // ---- the end

    @Test
    void aServerThatDrainsAnswersWhatIsUnderWayAndSaysWhatItIsTheLast() throws Exception {
        LinkedBlockingQueue<HttpResponse> waiting = new LinkedBlockingQueue<>();
        TcpServer server = serve((request, response) -> {
            response.onDrain(() -> response.header("x-drains", "yes"));
            waiting.add(response);
        }, ServerConfig.of("http", 0));
        Http2RawClient client = connect(server, -1);
        int id = client.head("GET", "/", true);
        HttpResponse response = waiting.poll(60, TimeUnit.SECONDS);
        CompletableFuture<Integer> drained = CompletableFuture
                .supplyAsync(() -> server.drain(Duration.ofSeconds(60)));
        Frame first = client.until(GOAWAY);
        assertThat(first.word(0)).isEqualTo(Integer.MAX_VALUE);
        assertThat(first.word(4)).isZero();
        Frame second = client.until(GOAWAY);
        assertThat(second.word(0)).isEqualTo(id);
        response.send("done");
        Answer answer = client.answer(id);
        assertThat(answer.body()).isEqualTo("done");
        assertThat(answer.header("x-drains")).isEqualTo("yes");
        assertThat(client.untilEnd()).isZero();
        assertThat(drained.get(60, TimeUnit.SECONDS)).isZero();
    }

    @Test
    void whatIsSentBeforeAClientHearsOfTheDrainIsAnswered() throws Exception {
        TcpServer server = serve(HELLO, ServerConfig.of("http", 0));
        Http2RawClient client = connect(server, -1);
        client.settle();
        CompletableFuture<Integer> drained = CompletableFuture
                .supplyAsync(() -> server.drain(Duration.ofSeconds(60)));
        client.until(GOAWAY);
        // The second one follows the answer to the server's ping, which is behind this.
        assertThat(client.get("/late").body()).isEqualTo("hello /late");
        assertThat(client.untilEnd()).isZero();
        assertThat(drained.get(60, TimeUnit.SECONDS)).isZero();
    }

    @Test
    void aHandlerThatWantsTheConnectionClosedGetsIt() {
        Http2RawClient client = client((request, response) -> response.header("Connection", "close").send("last"));
        int id = client.head("GET", "/", true);
        assertThat(client.answer(id).body()).isEqualTo("last");
        assertThat(client.on(id).headers).doesNotContainKey("connection");
        assertThat(client.untilEnd()).isZero();
    }

    @Test
    void aConnectionThatBreaksEndsAllExchanges() throws Exception {
        LinkedBlockingQueue<String> ends = new LinkedBlockingQueue<>();
        Http2RawClient client = client((request, response) -> response.onEnd(failure -> ends.add("" + failure)));
        client.head("GET", "/a", true);
        client.head("POST", "/b", false);
        client.settle();
        client.close();
        for (int i = 0; i < 2; i++) {
            assertThat(ends.poll(60, TimeUnit.SECONDS)).contains("IOException");
        }
        HttpFixture.await("the connection is gone", () -> fixture.engine().shards().stream()
                .mapToLong(shard -> shard.stats().connections.get()).sum() == 0);
    }

    @Test
    void http1GoesOnBesideIt() {
        TcpServer server = serve(HELLO, ServerConfig.of("http", 0));
        assertThat(connect(server, -1).get("/two").body()).isEqualTo("hello /two");
        RawClient one = fixture.connect(server);
        assertThat(one.get("/one").body()).isEqualTo("hello /one");
        assertThat(one.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").answer().body())
                .isEqualTo("hello /x");
        assertThat(one.send("PUT /y HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                + "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n").answer().body()).isEqualTo("hello /y");
        assertThat(sum(stats -> stats.http2Connections.get())).isEqualTo(1);
    }
}
