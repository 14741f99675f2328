package io.solaster.boot.web.sample;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

import io.solaster.boot.actuate.Actuated;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.InvalidConfigException;
import io.solaster.engine.Engine;
import io.solaster.engine.transport.TransportChoice;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import reactor.core.publisher.Sinks;

/**
 * The sample application passes the same tests on Reactor Netty and on our server: nothing here knows which it is. A
 * subclass says on which servers.
 */
abstract class SampleTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static ConfigurableApplicationContext context;
    private static HttpClient client;

    @Parameter
    Served served;

    /** @param by the value of {@code solaster.web.server} */
    record Served(String by, Transport transport, Version version) {
        @Override
        public String toString() {
            return (by.equals("none") ? "Reactor Netty" : "Solaster") + " over " + TransportChoice.label(transport)
                    + ", " + version;
        }
    }

    static boolean isHere(Transport transport) {
        try {
            return TransportChoice.choose(transport).kind() == transport;
        } catch (InvalidConfigException notHere) {
            return false;
        }
    }

    @BeforeParameterizedClassInvocation
    static void start(Served served) {
        context = new SpringApplicationBuilder(Sample.class).web(WebApplicationType.REACTIVE).properties(
                "server.port=0", "solaster.engine.shards=2", "solaster.engine.pinning=never",
                "solaster.engine.transport=" + served.transport.name().toLowerCase(Locale.ROOT),
                "solaster.web.server=" + served.by, "spring.main.banner-mode=off",
                "server.compression.enabled=true", "server.http2.enabled=" + (served.version == Version.HTTP_2),
                "solaster.web.http.http2.upgrade=true",
                "spring.web.resources.static-locations=classpath:/webflux-sample/", "management.server.port=-1",
                "spring.autoconfigure.exclude=" + Actuated.BUT_NETTY).run();
        client = HttpClient.newBuilder().version(served.version).connectTimeout(PATIENCE).build();
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        client.shutdownNow();
        context.close();
    }

    @Test
    void the_server_is_the_one_that_was_asked_for() {
        assertThat(((ReactiveWebServerApplicationContext) context).getWebServer().getClass().getSimpleName())
                .isEqualTo(served.by.equals("none") ? "NettyWebServer" : "ShardWebServer");
        assertThat(context.getEnvironment().getProperty("local.server.port", Integer.class)).isPositive();
    }

    @Test
    void a_controller_answers_with_the_headers_of_a_filter() throws Exception {
        HttpResponse<String> answer = get("/hello?name=J%C3%BCrgen");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("Hello, Jürgen!");
        assertThat(answer.version()).isEqualTo(served.version);
        assertThat(answer.headers().firstValue("content-length")).contains("15");
        assertThat(answer.headers().allValues("x-sample")).containsExactly("committed");
    }

    @Test
    void what_is_posted_as_JSON_is_found_and_removed() throws Exception {
        HttpResponse<String> added = post("/orders", "application/json", "{\"article\": \"pen\", \"count\": 3}");
        assertThat(added.statusCode()).isEqualTo(201);
        String location = added.headers().firstValue("location").orElseThrow();
        HttpResponse<String> found = get(location);
        assertThat(found.headers().firstValue("content-type")).contains("application/json");
        assertThat(found.body()).isEqualTo("{\"article\":\"pen\",\"count\":3}");
        assertThat(get("/orders").body()).contains(found.body());
        HttpResponse<String> removed = send(request(location).DELETE());
        assertThat(removed.statusCode()).isEqualTo(204);
        assertThat(removed.body()).isEmpty();
        assertThat(get(location).statusCode()).isEqualTo(404);
    }

    @Test
    void what_is_not_valid_is_told() throws Exception {
        HttpResponse<String> answer = post("/orders", "application/json", "{\"article\": \"\", \"count\": 0}");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("\"path\":\"/orders\"").contains("Bad Request");
        assertThat(post("/orders", "application/json", "{\"article\":").statusCode()).isEqualTo(400);
        assertThat(post("/orders", "text/csv", "pen,3").statusCode()).isEqualTo(415);
        assertThat(send(request("/orders/1").method("PATCH", BodyPublishers.noBody())).statusCode()).isEqualTo(405);
        assertThat(get("/orders/x").statusCode()).isEqualTo(400);
        assertThat(get("/nowhere").statusCode()).isEqualTo(404);
    }

    @Test
    void what_a_controller_throws_is_an_answer_of_500() throws Exception {
        for (String path : List.of("/fail", "/throw")) {
            HttpResponse<String> answer = get(path);
            assertThat(answer.statusCode()).isEqualTo(500);
            assertThat(answer.body()).contains("\"status\":500").contains("\"path\":\"" + path + "\"");
        }
    }

    @Test
    void functional_routes_answer() throws Exception {
        assertThat(get("/fn/files/text.txt").body()).isEqualTo("0123456789\n");
        assertThat(get("/fn/hello/you").body()).isEqualTo("Hello, you");
        assertThat(post("/fn/echo", "text/plain", "an echo").body()).isEqualTo("an echo");
    }

    @Test
    void a_body_without_a_length_is_echoed_while_it_comes() throws Exception {
        byte[] sent = new byte[1 << 20];
        Arrays.fill(sent, (byte) 'x');
        HttpResponse<byte[]> answer = client.send(request("/fn/echo").POST(BodyPublishers.ofInputStream(
                () -> new ByteArrayInputStream(sent))).build(), BodyHandlers.ofByteArray());
        assertThat(answer.body()).isEqualTo(sent);
        assertThat(answer.headers().firstValue("content-length")).isEmpty();
        assertThat(answer.headers().firstValue("transfer-encoding"))
                .isEqualTo(answer.version() == Version.HTTP_1_1 ? Optional.of("chunked") : Optional.empty());
    }

    @Test
    void a_HEAD_has_the_length_and_no_body() throws Exception {
        HttpResponse<String> answer = send(request("/hello").method("HEAD", BodyPublishers.noBody()));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("content-length")).contains("13");
        assertThat(answer.body()).isEmpty();
        assertThat(send(request("/ticks?count=3").method("HEAD", BodyPublishers.noBody())).statusCode()).isEqualTo(200);
        assertThat(get("/hello").body()).isEqualTo("Hello, World!");
    }

    @Test
    void no_body_is_an_empty_answer() throws Exception {
        HttpResponse<String> answer = get("/nothing");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("content-length")).contains("0");
        assertThat(answer.body()).isEmpty();
    }

    @Test
    void cookies_come_and_go() throws Exception {
        HttpResponse<String> answer = send(request("/cookies").header("Cookie", "taste=sweet; other=1"));
        assertThat(answer.body()).isEqualTo("sweet");
        assertThat(answer.headers().allValues("set-cookie")).hasSize(2)
                .anySatisfy(cookie -> assertThat(cookie).startsWith("a=1;").contains("Path=/")
                        .containsIgnoringCase("HttpOnly")
                        .contains("SameSite=Lax"))
                .anySatisfy(cookie -> assertThat(HttpCookie.parse("Set-Cookie: " + cookie).getFirst().getMaxAge())
                        .isPositive());
    }

    @Test
    void a_session_is_kept() throws Exception {
        try (HttpClient browser = HttpClient.newBuilder().version(Version.HTTP_1_1)
                .cookieHandler(new CookieManager()).build()) {
            for (int visit = 1; visit <= 3; visit++) {
                assertThat(browser.send(request("/session").build(), BodyHandlers.ofString()).body())
                        .isEqualTo("visit " + visit);
            }
        }
    }

    @Test
    void a_request_tells_what_it_is() throws Exception {
        HttpResponse<String> answer = send(request("/about?a=1&a=2&b=%20").header("X-Many", "1").header("x-many", "2"));
        assertThat(answer.body()).contains("\"uri\":\"http://localhost:" + port() + "/about?a=1&a=2&b=%20\"")
                .contains("\"path\":\"/about\"").contains("\"query\":\"{a=[1, 2], b=[ ]}\"")
                .contains("\"many\":\"[1, 2]\"").contains("\"remote\":\"127.0.0.1\"")
                .contains("\"local\":\"" + port() + "\"").contains("\"ssl\":\"none\"");
    }

    @Test
    void a_form_is_read() throws Exception {
        assertThat(post("/form", "application/x-www-form-urlencoded", "a=1&b=x+y&a=2").body())
                .isEqualTo("{a=[1, 2], b=[x y]}");
    }

    @Test
    void files_are_uploaded_in_parts() throws Exception {
        String boundary = "limit";
        String body = part(boundary, "form-data; name=\"title\"", "holiday")
                + part(boundary, "form-data; name=\"file\"; filename=\"a.txt\"", "a".repeat(100_000))
                + part(boundary, "form-data; name=\"file\"; filename=\"b.txt\"", "b") + "--" + boundary + "--\r\n";
        assertThat(post("/upload", "multipart/form-data; boundary=" + boundary, body).body())
                .isEqualTo("holiday [a.txt=100000, b.txt=1]");
        assertThat(post("/parts", "multipart/form-data; boundary=" + boundary, body).body())
                .isEqualTo("title=holiday;file;file;");
    }

    private static String part(String boundary, String disposition, String content) {
        return "--" + boundary + "\r\nContent-Disposition: " + disposition + "\r\n\r\n" + content + "\r\n";
    }

    @Test
    void files_are_served_with_ranges_and_dates() throws Exception {
        HttpResponse<String> whole = get("/text.txt");
        assertThat(whole.body()).isEqualTo("0123456789\n");
        HttpResponse<String> range = send(request("/text.txt").header("Range", "bytes=2-4"));
        assertThat(range.statusCode()).isEqualTo(206);
        assertThat(range.body()).isEqualTo("234");
        HttpResponse<String> same = send(request("/text.txt").header("If-Modified-Since",
                whole.headers().firstValue("last-modified").orElseThrow()));
        assertThat(same.statusCode()).isEqualTo(304);
        assertThat(same.body()).isEmpty();
        assertThat(get("/%2e%2e/application.yml").statusCode()).isEqualTo(404);
    }

    @Test
    void events_are_sent_one_by_one() throws Exception {
        HttpResponse<Stream<String>> answer = client.send(request("/ticks?count=1000").build(), BodyHandlers.ofLines());
        assertThat(answer.headers().firstValue("content-type")).hasValueSatisfying(
                type -> assertThat(type).startsWith("text/event-stream"));
        assertThat(answer.body().filter(line -> line.startsWith("data:")).toList()).hasSize(1000)
                .startsWith("data:tick 0", "data:tick 1").endsWith("data:tick 999");
        assertThat(client.send(request("/ticks/timed?count=50").build(), BodyHandlers.ofLines()).body()
                .filter(line -> !line.isEmpty()).toList()).hasSize(50).startsWith("data:tick 0")
                .endsWith("data:tick 49");
    }

    @Test
    void what_several_threads_publish_leaves_in_order() throws Exception {
        assertThat(get("/ping-pong?count=500").body().lines().toList())
                .isEqualTo(IntStream.range(0, 500).mapToObj(String::valueOf).toList());
        assertThat(get("/elsewhere").body()).startsWith("from boundedElastic");
    }

    @Test
    void who_reads_slowly_slows_the_application_down() throws Exception {
        StreamController streams = context.getBean(StreamController.class);
        long before = streams.produced.get();
        int chunks = 8_192; // 128 MiB, more than any socket holds
        try (Socket socket = raw("GET /down?chunks=" + chunks + " HTTP/1.1\r\nHost: x\r\n\r\n")) {
            InputStream in = socket.getInputStream();
            assertThat(in.read()).isEqualTo('H');
            long seen = settled(() -> streams.produced.get() - before);
            assertThat(seen).isBetween(1L, chunks / 2L);
            in.readNBytes(64 << 20);
            eventually(() -> streams.produced.get() - before > seen);
            long cancelledBefore = streams.cancelled.get();
            socket.setSoLinger(true, 0);
            socket.close();
            eventually(() -> streams.cancelled.get() > cancelledBefore);
            assertThat(streams.produced.get() - before).isLessThan(chunks);
        }
    }

    @Test
    void a_long_stream_arrives_whole() throws Exception {
        HttpResponse<byte[]> answer = client.send(request("/down?chunks=1000").build(), BodyHandlers.ofByteArray());
        assertThat(answer.body()).isEqualTo(new byte[1000 * StreamController.CHUNK]);
    }

    @Test
    void a_stream_that_breaks_ends_the_connection_and_not_the_body() throws Exception {
        try (Socket socket = raw("GET /down/broken HTTP/1.1\r\nHost: x\r\n\r\n")) {
            String read = new String(socket.getInputStream().readAllBytes(), US_ASCII);
            assertThat(read).startsWith("HTTP/1.1 200").doesNotContain("\r\n0\r\n\r\n");
        } catch (IOException reset) {
            // As good.
        }
    }

    @Test
    void a_client_that_leaves_cancels_what_is_done_for_it() throws Exception {
        StreamController streams = context.getBean(StreamController.class);
        long before = streams.cancelled.get();
        try (Socket socket = raw("GET /ticks/endless HTTP/1.1\r\nHost: x\r\n\r\n")) {
            BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
            String line = lines.readLine();
            while (!line.equals("data:first")) {
                line = lines.readLine();
            }
        }
        eventually(() -> streams.cancelled.get() == before + 1);
        Sample.Watch watch = context.getBean(Sample.Watch.class);
        try (Socket socket = raw("GET /never?1 HTTP/1.1\r\nHost: x\r\n\r\n")) {
            // Gone before it is answered.
        }
        eventually(() -> watch.ends.contains("GET /never cancel"));
        // How it ended is not the same everywhere.
        eventually(() -> watch.ends.stream().anyMatch(end -> end.startsWith("GET /ticks/endless ")));
    }

    @Test
    void a_long_body_is_read_whole_on_the_shard() throws Exception {
        byte[] sent = new byte[8 << 20];
        assertThat(send(request("/up").POST(BodyPublishers.ofByteArray(sent))).body())
                .isEqualTo(String.valueOf(sent.length));
        assertThat(send(request("/up").POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(sent))))
                .body()).isEqualTo(String.valueOf(sent.length));
    }

    @Test
    void an_application_that_reads_slowly_slows_the_client_down() throws Exception {
        StreamController streams = context.getBean(StreamController.class);
        long before = streams.consumed.get();
        streams.gate = Sinks.empty();
        long length = 64 << 20;
        try (Socket socket = raw("POST /up/slow HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + "\r\n\r\n")) {
            AtomicLong written = new AtomicLong();
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
                try {
                    OutputStream out = socket.getOutputStream();
                    byte[] chunk = new byte[65_536];
                    while (written.get() < length) {
                        out.write(chunk);
                        written.addAndGet(chunk.length);
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }, task -> Thread.ofPlatform().start(task));
            eventually(() -> streams.consumed.get() > before);
            assertThat(settled(written::get)).isLessThan(length);
            assertThat(streams.consumed.get() - before).isLessThan(1 << 20);
            streams.gate.tryEmitEmpty();
            writer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(answer(socket)).endsWith("\r\n\r\n" + length);
        }
    }

    @Test
    void a_body_that_nobody_reads_does_not_harm_the_next_request() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertThat(post("/up/ignored", "text/plain", "x".repeat(10_000)).body()).isEqualTo("ignored");
            assertThat(get("/hello").body()).isEqualTo("Hello, World!");
        }
    }

    @Test
    void pipelined_requests_are_answered_in_order() throws Exception {
        try (Socket socket = raw(
                "GET /hello?name=1 HTTP/1.1\r\nHost: x\r\n\r\nGET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n"
                        + "GET /hello?name=3 HTTP/1.1\r\nHost: x\r\n\r\n")) {
            StringBuilder read = new StringBuilder();
            while (read.indexOf("Hello, 3!") < 0) {
                read.append((char) socket.getInputStream().read());
            }
            assertThat(read).containsSubsequence("Hello, 1!", "from boundedElastic", "Hello, 3!");
        }
    }

    @Test
    void what_is_large_is_compressed_for_who_asks() throws Exception {
        HttpResponse<InputStream> answer = client.send(request("/large").header("Accept-Encoding", "gzip").build(),
                BodyHandlers.ofInputStream());
        assertThat(answer.headers().firstValue("content-encoding")).contains("gzip");
        assertThat(new String(new GZIPInputStream(answer.body()).readAllBytes(), UTF_8))
                .isEqualTo("large ".repeat(10_000));
        assertThat(get("/large").headers().firstValue("content-encoding")).isEmpty();
        assertThat(send(request("/hello").header("Accept-Encoding", "gzip")).headers().firstValue("content-encoding"))
                .isEmpty();
    }

    @Test
    void who_asks_to_close_is_closed_after_the_answer() throws Exception {
        try (Socket socket = raw("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) {
            assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII)).endsWith("Hello, World!");
        }
    }

    @Test
    void a_WebSocket_echoes() {
        Talk talk = new Talk();
        WebSocket socket = talk.to("/ws/echo", client.newWebSocketBuilder());
        socket.sendText("a text", true).join();
        assertThat(talk.next()).isEqualTo("a text");
        socket.sendText("x".repeat(40_000), true).join();
        assertThat(talk.next()).isEqualTo("x".repeat(40_000));
        socket.sendText("in ", false).join();
        socket.sendText("parts", true).join();
        assertThat(talk.next()).isEqualTo("in parts");
        socket.sendBinary(ByteBuffer.wrap(new byte[]{1, 2, 3}), true).join();
        assertThat(talk.next()).isEqualTo("[1, 2, 3]");
        socket.sendPing(ByteBuffer.wrap(new byte[]{4})).join();
        assertThat(talk.next()).isEqualTo("pong [4]");
        Sample.Watch watch = context.getBean(Sample.Watch.class);
        watch.ends.remove("WS onComplete");
        socket.sendClose(1000, "done").join();
        assertThat(talk.next()).startsWith("closed 1000");
        eventually(() -> watch.ends.contains("WS onComplete"));
    }

    /** RFC 8441, which no client for Java speaks that is here: its frames are said and read as they are. */
    @Test
    void a_WebSocket_echoes_on_a_stream_of_HTTP_2() throws Exception {
        assumeTrue(served.version == Version.HTTP_2, "HTTP/1.1 only");
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        for (String text : List.of(":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":path",
                "/ws/echo", ":authority", "localhost", "sec-websocket-version", "13")) {
            if (text.startsWith(":") || text.startsWith("sec-")) {
                // A name, and neither it nor its value is in a table or packed.
                head.write(0);
            }
            head.write(text.length());
            head.writeBytes(text.getBytes(US_ASCII));
        }
        Sample.Watch watch = context.getBean(Sample.Watch.class);
        watch.ends.remove("WS onComplete");
        try (Socket socket = raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            out.write(http2(4, 0, 0));
            out.write(http2(1, 4, 1, head.toByteArray()));
            // :status 200
            assertThat(nextOfStream(in, 1)[0]).isEqualTo((byte) 0x88);
            out.write(http2(0, 0, 1, new byte[]{(byte) 0x81, (byte) 0x82, 0, 0, 0, 0, 'h', 'i'}));
            assertThat(nextOfStream(in, 1)).isEqualTo(new byte[]{(byte) 0x81, 2, 'h', 'i'});
            out.write(http2(0, 0, 1, new byte[]{(byte) 0x88, (byte) 0x82, 0, 0, 0, 0, 3, (byte) 0xE8}));
            assertThat(nextOfStream(in, 1)).startsWith(0x88, 2, 3, 0xE8);
            eventually(() -> watch.ends.contains("WS onComplete"));
        }
    }

    private static byte[] http2(int type, int flags, int stream, byte... payload) {
        return ByteBuffer.allocate(9 + payload.length).putShort((short) 0).put((byte) payload.length).put((byte) type)
                .put((byte) flags).putInt(stream).put(payload).array();
    }

    /** What the next frame of headers or data says on a stream. */
    private static byte[] nextOfStream(DataInputStream in, int stream) throws IOException {
        while (true) {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            int type = in.readUnsignedByte();
            in.readUnsignedByte();
            int id = in.readInt();
            byte[] payload = in.readNBytes(length);
            if (id == stream && type <= 1 && length > 0) {
                return payload;
            }
        }
    }

    @Test
    void a_WebSocket_knows_its_handshake() {
        Talk talk = new Talk();
        WebSocket socket = talk.to("/ws/chat",
                client.newWebSocketBuilder().subprotocols("chat.v1").header("X-Name", "Ada"));
        assertThat(socket.getSubprotocol()).isEqualTo("chat.v1");
        assertThat(talk.next()).isEqualTo("chat.v1 /ws/chat Ada");
        for (int i = 0; i < 100; i++) {
            socket.sendText("word " + i, true).join();
        }
        for (int i = 0; i < 100; i++) {
            assertThat(talk.next()).isEqualTo("WORD " + i);
        }
        socket.abort();
    }

    @Test
    void a_handler_ends_the_conversation_with_its_code() {
        Talk talk = new Talk();
        talk.to("/ws/farewell", client.newWebSocketBuilder());
        assertThat(talk.next()).isEqualTo("bye");
        assertThat(talk.next()).isEqualTo("closed 4001 enough");
    }

    @Test
    void a_handler_that_sends_without_end_waits_for_the_client() throws Exception {
        Sample.Watch watch = context.getBean(Sample.Watch.class);
        int before = watch.sent.get();
        try (Socket socket = raw("GET /ws/flood HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")) {
            assertThat(socket.getInputStream().read()).isEqualTo('H');
            long seen = settled(() -> watch.sent.get() - before);
            assertThat(seen).isBetween(1L, 4_096L); // 64 MiB
            socket.getInputStream().readNBytes(16 << 20);
            eventually(() -> watch.sent.get() - before > seen);
        }
    }

    @Test
    void what_is_no_handshake_is_refused() throws Exception {
        assertThat(get("/ws/echo").statusCode()).isEqualTo(400);
        assertThat(post("/ws/echo", "text/plain", "x").statusCode()).isEqualTo(405);
        assertThat(get("/hello").body()).isEqualTo("Hello, World!");
    }

    /** What a WebSocket hears, one after the other. */
    private static final class Talk implements WebSocket.Listener {
        private final LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
        private final StringBuilder text = new StringBuilder();

        WebSocket to(String path, WebSocket.Builder builder) {
            return builder.buildAsync(URI.create("ws://localhost:" + port() + path), this)
                    .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
        }

        String next() {
            try {
                return Objects.requireNonNull(heard.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS), "silence");
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                heard.add(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean last) {
            heard.add(text(part));
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onPong(WebSocket socket, ByteBuffer payload) {
            heard.add("pong " + text(payload));
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            heard.add("closed " + code + " " + reason);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable failure) {
            heard.add("failed " + failure);
        }

        private static String text(ByteBuffer bytes) {
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            return Arrays.toString(copy);
        }
    }

    @Test
    void everything_runs_on_shards() throws Exception {
        Sample.Watch watch = context.getBean(Sample.Watch.class);
        get("/hello");
        get("/ticks?count=10");
        get("/fn/hello/x");
        post("/orders", "application/json", "{\"article\": \"pen\", \"count\": 3}");
        post("/up", "text/plain", "x");
        Engine engine = context.getBean(Engine.class);
        // Reactor Netty completes where the last part came from, and not always at home.
        watch.threads.removeIf(thread -> served.by.equals("none") && !thread.contains("-shard-"));
        assertThat(watch.threads).isNotEmpty()
                .isSubsetOf(engine.shards().stream().map(shard -> engine.name() + "-shard-" + shard.id()).toList());
    }

    @Test
    void many_clients_at_once_are_answered() {
        List<CompletableFuture<HttpResponse<String>>> answers = IntStream.range(0, 200)
                .mapToObj(i -> client.sendAsync(request("/hello?name=" + i).build(), BodyHandlers.ofString())).toList();
        for (int i = 0; i < answers.size(); i++) {
            assertThat(answers.get(i).orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join().body())
                    .isEqualTo("Hello, " + i + "!");
        }
    }

    private static int port() {
        return context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + port() + path)).timeout(PATIENCE);
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private static HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(request(path));
    }

    private static HttpResponse<String> post(String path, String type, String body)
            throws IOException, InterruptedException {
        return send(request(path).header("Content-Type", type).POST(BodyPublishers.ofString(body)));
    }

    private static Socket raw(String request) throws IOException {
        Socket socket = new Socket("localhost", port());
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.getOutputStream().write(request.getBytes(US_ASCII));
        return socket;
    }

    /** A response whose body ends where its first read ends. */
    private static String answer(Socket socket) throws IOException {
        StringBuilder read = new StringBuilder();
        InputStream in = socket.getInputStream();
        byte[] some = new byte[8192];
        while (read.indexOf("\r\n\r\n") < 0 || read.toString().endsWith("\r\n\r\n")) {
            int bytes = in.read(some);
            assertThat(bytes).as("the connection ended after: %s", read).isPositive();
            read.append(new String(some, 0, bytes, US_ASCII));
        }
        return read.toString();
    }

    private static void eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(end);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    /** What a number is once it no longer changes. */
    private static long settled(LongSupplier number) {
        long last = -1;
        int same = 0;
        while (same < 15) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
            long now = number.getAsLong();
            same = now == last ? same + 1 : 0;
            last = now;
        }
        return last;
    }
}
