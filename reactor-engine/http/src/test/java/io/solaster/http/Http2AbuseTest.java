package io.solaster.http;

import static io.solaster.http.Http2RawClient.DATA;
import static io.solaster.http.Http2RawClient.END_HEADERS;
import static io.solaster.http.Http2RawClient.END_STREAM;
import static io.solaster.http.Http2RawClient.HEADERS;
import static io.solaster.http.Http2RawClient.SETTINGS;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import ch.qos.logback.classic.Level;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http2.Http2Error;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.Http2Config;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.Http2RawClient.Answer;
import io.solaster.http.exchange.GatherBudget;
import io.solaster.http.exchange.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients of HTTP/2 may not do to a server, over every transport. */
abstract class Http2AbuseTest extends TransportTest {
    private static final int HEADER_TABLE_SIZE = 1;
    private static final HttpHandler HELLO = (request, response) -> response.send("hello " + request.path());

    Http2AbuseTest(Transport transport) {
        super(transport);
    }

    private Http2RawClient client(HttpHandler handler) {
        return connect(fixture.serve(handler), -1);
    }

    private Http2RawClient connect(TcpServer server, int window) {
        return fixture.open(new Http2RawClient(server.port(), window));
    }

    // ---- what waits for a client

    @Test
    void theClientDoesNotSizeOurTableOfHeaders() {
        Http2RawClient client = client(HELLO);
        client.frame(SETTINGS, 0, 0,
                ByteBuffer.allocate(6).putShort((short) HEADER_TABLE_SIZE).putInt(-1).array());
        client.settle();
        // The client's table has HTTP/2's own size, and more of the server's would fail here.
        assertThat(client.get("/a").body()).isEqualTo("hello /a");
        client.frame(SETTINGS, 0, 0, ByteBuffer.allocate(6).putShort((short) HEADER_TABLE_SIZE).putInt(64).array());
        client.settle();
        assertThat(client.get("/b").body()).isEqualTo("hello /b");
    }

    private ServerConfig limited(int outputBuffer) {
        ServerConfig config = ServerConfig.of("http", 0);
        return config.withLimits(config.limits().withOutputBuffer(new ByteSize(outputBuffer)));
    }

    private static void allow(Http2RawClient client) {
        client.credit(0, 1 << 30);
        client.settings(1 << 20);
    }

    @Test
    void requestsWaitWhileTheClientReadsNothingOfWholeResponses() {
        byte[] body = new byte[100_000];
        AtomicInteger begun = new AtomicInteger();
        TcpServer server = fixture.serve(limited(1 << 20), (request, response) -> {
            begun.incrementAndGet();
            response.send(body);
        });
        Http2RawClient client = connect(server, 0);
        client.credits = false;
        client.settle();
        List<Integer> streams = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            streams.add(client.head("GET", "/" + i, true));
        }
        client.settle();
        assertThat(begun.get()).isBetween(1, 5);
        // One that is cancelled is never begun.
        client.reset(streams.removeLast(), (int) Http2Error.CANCEL.code());
        allow(client);
        for (int id : streams) {
            Answer answer = client.answer(id);
            assertThat(answer.reset).isEqualTo(-1);
            assertThat(answer.length()).isEqualTo(body.length);
        }
        assertThat(begun.get()).isEqualTo(199);
    }

    @Test
    void responsesThatComeLaterAndAreTooMuchAreBrokenOffOneByOne() throws Exception {
        byte[] body = new byte[100_000];
        LinkedBlockingQueue<HttpResponse> open = new LinkedBlockingQueue<>();
        AtomicInteger shard = new AtomicInteger();
        TcpServer server = fixture.serve(limited(1 << 20), (request, response) -> {
            shard.set(request.shard().id());
            open.add(response);
        });
        Http2RawClient client = connect(server, 0);
        client.credits = false;
        client.settle();
        List<Integer> streams = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            streams.add(client.head("GET", "/" + i, true));
        }
        client.settle();
        List<HttpResponse> responses = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            responses.add(open.poll(60, TimeUnit.SECONDS));
        }
        // All of one connection, and so of one shard, in one turn.
        fixture.engine().submitTo(shard.get(), () -> {
            responses.forEach(each -> each.send(body));
            return true;
        }).join();
        client.settle();
        assertThat(streams.stream().filter(id -> client.on(id).reset == (int) Http2Error.ENHANCE_YOUR_CALM.code()))
                .hasSize(40);
        allow(client);
        assertThat(streams.stream().map(client::answer).filter(answer -> answer.length() == body.length)).hasSize(10);
    }

    @Test
    void aRequestWaitsForRoomWithItsBodyAndIsNotLateForIt() {
        byte[] body = new byte[300_000];
        TcpServer server = fixture.serve(limited(1 << 20), (request, response) -> {
            if (request.path().equals("/large")) {
                response.send(body);
            } else {
                request.body().whole().thenAccept(whole -> response.send(request.body().text()));
            }
        });
        Http2RawClient client = connect(server, 0);
        client.credits = false;
        client.settle();
        int large = client.head("GET", "/large", true);
        int small = client.head("POST", "/small", false);
        client.data(small, "hello", true);
        client.settle();
        assertThat(client.on(small).begun).isFalse();
        allow(client);
        assertThat(client.answer(small).body()).isEqualTo("hello");
        assertThat(client.answer(large).length()).isEqualTo(body.length);
    }

    @Test
    void partsOfABodyOfOneByteAreKeptTogether() {
        int bytes = 20_000;
        StringBuilder read = new StringBuilder();
        AtomicInteger parts = new AtomicInteger();
        LinkedBlockingQueue<HttpRequest> asked = new LinkedBlockingQueue<>();
        Http2RawClient client = client((request, response) -> {
            asked.add(request);
            request.body().read(new RequestBody.Reader() {
                @Override
                public void part(ByteBuf part) {
                    parts.incrementAndGet();
                    read.append(part.toString(StandardCharsets.US_ASCII));
                    part.release();
                    request.body().request(1);
                }

                @Override
                public void end(HttpHeaders trailers) {
                    response.send(read.toString());
                }

                @Override
                public void failed(Throwable cause) {
                    response.fail(cause);
                }
            });
        });
        int id = client.head("POST", "/", false);
        ByteBuffer frames = ByteBuffer.allocate(10 * bytes);
        StringBuilder sent = new StringBuilder();
        for (int i = 0; i < bytes; i++) {
            sent.append((char) ('a' + i % 26));
            frames.put(Http2RawClient.framed(DATA, i == bytes - 1 ? END_STREAM : 0, id,
                    new byte[]{(byte) ('a' + i % 26)}));
        }
        client.bytes(frames.array());
        client.settle();
        HttpRequest request = asked.remove();
        request.shard().execute(() -> request.body().request(1));
        assertThat(client.answer(id).body()).isEqualTo(sent.toString());
        assertThat(parts.get()).isLessThan(10);
    }

    @Test
    void whatWaitsBehindThePartThatIsAnsweredIsSkippedAndGivenBack() {
        LinkedBlockingQueue<HttpRequest> asked = new LinkedBlockingQueue<>();
        Http2RawClient client = client((request, response) -> {
            asked.add(request);
            request.body().read(new RequestBody.Reader() {
                @Override
                public void part(ByteBuf part) {
                    part.release();
                    response.send("enough");
                }

                @Override
                public void end(HttpHeaders trailers) {
                    // Nobody waits.
                }

                @Override
                public void failed(Throwable cause) {
                    // Nobody waits.
                }
            });
        });
        // The server's windows are in force.
        client.settle();
        client.settle();
        int id = client.head("POST", "/", false);
        client.data(id, new byte[200_000], false);
        client.settle();
        HttpRequest request = asked.remove();
        GatherBudget budget = ((Request) request).exchange().shard().budget();
        request.shard().execute(() -> request.body().request(1));
        assertThat(client.answer(id).body()).isEqualTo("enough");
        client.settle();
        assertThat(fixture.engine().submitTo(request.shard().id(), budget::used).join()).isZero();
        assertThat(client.credited(id)).as("the window that is given back").isEqualTo(200_000);
    }

    // ---- heads where none may be

    private static byte[] head() {
        return Http2RawClient.literal(":method", "GET", ":scheme", "http", ":path", "/", ":authority", "h");
    }

    @Test
    void aHeadOnAClosedStreamEndsTheConnection() {
        Http2RawClient client = client(HELLO);
        assertThat(client.get("/").status()).isEqualTo(200);
        client.frame(HEADERS, END_HEADERS | END_STREAM, 1, head());
        assertThat(client.untilEnd()).isEqualTo((int) Http2Error.STREAM_CLOSED.code());
    }

    @Test
    void aHeadOnAStreamThatWasLeftOutEndsTheConnection() {
        Http2RawClient client = client(HELLO);
        client.nextStream();
        assertThat(client.get("/").status()).isEqualTo(200);
        client.frame(HEADERS, END_HEADERS | END_STREAM, 1, head());
        assertThat(client.untilEnd()).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
    }

    @ParameterizedTest
    @ValueSource(ints = {END_HEADERS, END_HEADERS | END_STREAM})
    void aHeadBehindTheEndOfAStreamResetsIt(int flags) {
        Http2RawClient client = client((request, response) -> {
            if (request.path().equals("/ok")) {
                response.send("ok");
            }
        });
        int id = client.head("GET", "/", true);
        client.frame(HEADERS, flags, id, head());
        assertThat(client.answer(id).reset).isEqualTo((int) Http2Error.STREAM_CLOSED.code());
        assertThat(client.get("/ok").body()).isEqualTo("ok");
    }

    @Test
    void whatAClientSendsBeforeItHearsOfAResetIsForgiven() {
        Http2RawClient client = client((request, response) -> {
            // An answer to the first request could come before the body that it is reset for.
            if (request.path().equals("/on")) {
                response.send("hello /on");
            }
        });
        int id = client.head("POST", "/", false, "content-length", "1");
        client.data(id, "22", false);
        client.data(id, "22", false);
        client.frame(HEADERS, END_HEADERS | END_STREAM, id, client.pack(id, "trailer", "a"));
        assertThat(client.answer(id).reset).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
        client.settle();
        assertThat(client.get("/on").body()).isEqualTo("hello /on");
    }

    @Test
    void theBodyOfAMalformedHeadDoesNotEndTheConnection() {
        Http2RawClient client = client(HELLO);
        int id = client.nextStream();
        client.frame(HEADERS, END_HEADERS, id, Http2RawClient.literal(":method", "POST", "UPPER", "a"));
        client.frame(DATA, END_STREAM, id, new byte[10]);
        assertThat(client.answer(id).reset).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
        client.settle();
        assertThat(client.get("/on").body()).isEqualTo("hello /on");
    }

    @ParameterizedTest
    @CsvSource({"http, 200", "https, 200", "HTTPS, 200", "ftp, -1", "http:, -1", "javascript, -1"})
    void onlyHttpsSchemesAreTaken(String scheme, int status) {
        Http2RawClient client = client(HELLO);
        int id = client.nextStream();
        client.frame(HEADERS, END_HEADERS | END_STREAM, id,
                Http2RawClient.literal(":method", "GET", ":scheme", scheme, ":path", "/", ":authority", "h"));
        Answer answer = client.answer(id);
        if (status > 0) {
            assertThat(answer.status()).isEqualTo(status);
        } else {
            assertThat(answer.reset).isEqualTo((int) Http2Error.PROTOCOL_ERROR.code());
        }
    }

    @Test
    void aListOfHeadersIsTakenUpToTheSizeThatWasAnnounced() {
        Http2RawClient client = client(HELLO);
        client.settle();
        int announced = client.others.stream().filter(frame -> frame.type() == SETTINGS && !frame.has(1))
                .map(Http2AbuseTest::maxHeaderList).findFirst().orElseThrow();
        assertThat(announced).isEqualTo(24 << 10);
        assertThat(client.get("/", "x", "a".repeat(20_000)).status()).isEqualTo(200);
        assertThat(client.get("/", "x", "a".repeat(announced)).status()).isEqualTo(431);
        assertThat(client.get("/").status()).isEqualTo(200);
    }

    private static int maxHeaderList(Http2RawClient.Frame settings) {
        ByteBuffer bytes = ByteBuffer.wrap(settings.payload());
        while (bytes.hasRemaining()) {
            int key = bytes.getShort();
            int value = bytes.getInt();
            if (key == 6) {
                return value;
            }
        }
        return -1;
    }

    // ---- the upgrade from HTTP/1.1

    private TcpServer upgrading(boolean upgrade) {
        return fixture.serve(ServerConfig.of("http", 0).withHttp(HttpConfig.defaults()
                .withHttp2(Changed.with(Http2Config.defaults(), "upgrade", upgrade))),
                (request, response) -> response.send(request.version().toString()));
    }

    private String upgraded(TcpServer server, String connection, String settings) {
        return fixture.connect(server).send("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: " + connection
                + "\r\nHTTP2-Settings: " + settings + "\r\n\r\n").line();
    }

    @Test
    void onlyWhereItIsSwitchedOnARequestIsUpgraded() {
        String settings = "AAMAAABkAAQAAP__";
        assertThat(upgraded(upgrading(false), "Upgrade, HTTP2-Settings", settings)).isEqualTo("HTTP/1.1 200 OK");
        TcpServer on = upgrading(true);
        assertThat(upgraded(on, "Upgrade, HTTP2-Settings", settings)).isEqualTo("HTTP/1.1 101 Switching Protocols");
        assertThat(upgraded(on, "http2-settings,upgrade", settings)).isEqualTo("HTTP/1.1 101 Switching Protocols");
        // Those of another hop.
        assertThat(upgraded(on, "Upgrade", settings)).isEqualTo("HTTP/1.1 200 OK");
        assertThat(upgraded(on, "Upgrade, xHTTP2-Settings", settings)).isEqualTo("HTTP/1.1 200 OK");
    }

    @Test
    void settingsThatAreNoneAreNoReasonForAnErrorInTheLog() {
        TcpServer on = upgrading(true);
        Random random = new Random(1);
        try (Logged logged = new Logged("io.solaster", "io.netty")) {
            for (int i = 0; i < 300; i++) {
                ByteBuffer settings = ByteBuffer.allocate(6 * random.nextInt(4) + (random.nextInt(8) == 0 ? 1 : 0));
                while (settings.remaining() >= 6) {
                    settings.putShort((short) (random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(10)));
                    settings.putInt(random.nextInt(3) == 0 ? random.nextInt(3) : random.nextInt());
                }
                String said = Base64.getUrlEncoder().encodeToString(settings.array());
                assertThat(upgraded(on, "Upgrade, HTTP2-Settings", i % 10 == 0 ? said + "*" : said))
                        .startsWith("HTTP/1.1 ");
            }
            fixture.closeAll();
            assertThat(logged.lines(Level.WARN)).isEmpty();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    // ---- the end

    @Test
    void whoSendsNonsenseWithoutEndIsToldWhyItIsClosed() {
        Http2RawClient client = client(HELLO);
        byte[] bad = Http2RawClient.literal(":method", "POST", "UPPER", "a");
        for (int i = 0; i < 3000; i++) {
            client.frame(HEADERS, END_HEADERS | END_STREAM, client.nextStream(), bad);
        }
        assertThat(client.untilEnd()).isEqualTo((int) Http2Error.ENHANCE_YOUR_CALM.code());
    }
}
