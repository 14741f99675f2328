package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.Unpooled;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.AccessLogConfig;
import io.solaster.config.server.AccessLogConfig.Format;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.route.Router;
import io.solaster.http.server.HttpProtocol;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
class AccessLogTest {
    private static final String DATE = "\\[\\d\\d/[A-Z][a-z]{2}/\\d{4}:\\d\\d:\\d\\d:\\d\\d \\+0000\\]";

    private final HttpFixture fixture = new HttpFixture(Transport.AUTO, 1);
    private final Logger logger = (Logger) LoggerFactory.getLogger("io.solaster.http.access");
    private final Lines lines = new Lines();

    @BeforeEach
    void listen() {
        lines.start();
        logger.addAppender(lines);
        logger.setAdditive(false);
        logger.setLevel(Level.INFO);
    }

    @AfterEach
    void close() throws Exception {
        lines.open.countDown();
        logger.detachAppender(lines);
        fixture.close();
    }

    private static ServerConfig config(AccessLogConfig log) {
        return ServerConfig.of("http", 0).withHttp(Changed.with(HttpConfig.defaults(), "accessLog", log));
    }

    private static AccessLogConfig on(Format format) {
        return Changed.with(AccessLogConfig.defaults(), "enabled", true, "format", format);
    }

    private static HttpHandler router() {
        return Router.builder().get("/orders/{id}", (request, response) -> response.send("order"))
                .get("/broken", (request, response) -> {
                    throw new HttpException(io.netty.handler.codec.http.HttpResponseStatus.BAD_GATEWAY, "broken");
                }).build();
    }

    @Test
    void writesTheCombinedFormatAndWhatWeKnowBesides() {
        RawClient client = fixture.connect(fixture.serve(config(on(Format.COMBINED)), router()));
        client.send("""
                GET /orders/7?a=b HTTP/1.1
                Host: h
                User-Agent: test/1.0
                Referer: https://example.org/
                traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01

                """.replace("\n", "\r\n")).answer();
        client.send("HEAD /orders/8 HTTP/1.1\r\nHost: h\r\n\r\n").answerToHead();
        client.send("GET /none HTTP/1.0\r\n\r\n").answer();
        List<String> logged = lines.await(3);
        assertThat(logged.getFirst()).matches("127\\.0\\.0\\.1 - - " + DATE
                + " \"GET /orders/7\\?a=b HTTP/1\\.1\" 200 5"
                + " \"https://example\\.org/\" \"test/1\\.0\" \\d+ \"/orders/\\{id\\}\" 4bf92f3577b34da6a3ce929d0e0e4736");
        assertThat(logged.get(1)).matches("127\\.0\\.0\\.1 - - " + DATE
                + " \"HEAD /orders/8 HTTP/1\\.1\" 200 - \"-\" \"-\" \\d+ \"/orders/\\{id\\}\" -");
        assertThat(logged.get(2)).contains("\"GET /none HTTP/1.0\" 404 ").endsWith(" \"-\" -");
        assertThat(lines.loggers).containsOnly("io.solaster.http.access.web");
    }

    @Test
    void writesTheCommonFormatWithoutWhatTheCombinedAdds() {
        RawClient client = fixture.connect(fixture.serve(config(on(Format.COMMON)), router()));
        client.send("GET /orders/7 HTTP/1.1\r\nHost: h\r\nUser-Agent: test\r\n\r\n").answer();
        assertThat(lines.await(1).getFirst()).matches("127\\.0\\.0\\.1 - - " + DATE
                + " \"GET /orders/7 HTTP/1\\.1\" 200 5 \\d+ \"/orders/\\{id\\}\" -");
    }

    @Test
    void writesJson() {
        RawClient client = fixture.connect(fixture.serve(config(on(Format.JSON)), router()));
        client.send(
                "GET /orders/7 HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\nUser-Agent: gr\u00fc\u00dfe \"x\\\r\n\r\n")
                .answer();
        Map<?, ?> line = JsonMapper.shared().readValue(lines.await(1).getFirst(), Map.class);
        assertThat(line.remove("time").toString()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
        assertThat((Integer) line.remove("micros")).isNotNegative();
        assertThat(line).isEqualTo(Map.of("server", "web", "remote", "127.0.0.1", "forwardedFor", "10.0.0.1", "method",
                "GET", "target", "/orders/7", "protocol", "HTTP/1.1", "status", 200, "bytes", 5, "route",
                "/orders/{id}", "userAgent", "gr\u00fc\u00dfe \"x\\"));
    }

    @Test
    void nobodyWritesLinesOfTheirOwn() {
        RawClient client = fixture.connect(fixture.serve(config(on(Format.COMBINED)), router()));
        client.send("GET /%0a%22 HTTP/1.1\r\nHost: h\r\nReferer: \t\"a\\b\tc\u00ff\r\nUser-Agent: "
                + "x".repeat(5000) + "\r\n\r\n").answer();
        assertThat(lines.await(1).getFirst()).contains("\"GET /%0a%22 HTTP/1.1\" ",
                "\"\\\"a\\\\b\\x09c\\xff\" \"" + "x".repeat(4096) + "...\" ");
    }

    @Test
    void countsTheBytesOfBodiesHoweverTheyAreSent(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("file"), new byte[700_000]);
        RawClient client = fixture.connect(fixture.serve(config(on(Format.COMMON)), (request, response) -> {
            switch (request.rawPath()) {
                case "/stream" -> {
                    ResponseStream stream = response.stream();
                    stream.write(Unpooled.wrappedBuffer(new byte[10_000]));
                    stream.write(Unpooled.wrappedBuffer(new byte[23]));
                    stream.end();
                }
                case "/file" -> {
                    try {
                        response.sendFile(FileChannel.open(file), 0, 700_000);
                    } catch (java.io.IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                }
                case "/long" -> response.send(new byte[100_000]);
                default -> response.send();
            }
        }));
        for (String path : new String[]{"/stream", "/file", "/long", "/none"}) {
            client.get(path);
        }
        assertThat(lines.await(4)).extracting(line -> line.replaceAll(".*\" 200 (\\S+) .*", "$1"))
                .containsExactly("10023", "700000", "100000", "-");
    }

    @Test
    void aSampleLeavesOutAllButErrorsAndWhatIsSlow() throws Exception {
        AccessLogConfig none = Changed.with(on(Format.COMMON), "sample", 0);
        TcpServer server = fixture.serve(config(none), router());
        RawClient client = fixture.connect(server);
        client.get("/orders/1");
        client.get("/broken");
        server.reconfigure(config(Changed.with(none, "slow", Duration.ofNanos(1)))).join();
        client.get("/orders/2");
        server.reconfigure(config(Changed.with(none, "slow", Duration.ofDays(1)))).join();
        client.get("/orders/3");
        server.reconfigure(config(Changed.with(none, "sample", 1))).join();
        client.get("/orders/4");
        server.reconfigure(config(Changed.with(none, "enabled", false))).join();
        client.get("/orders/5");
        assertThat(lines.await(3)).extracting(line -> line.replaceAll(".*GET (\\S+) .*", "$1"))
                .containsExactly("/broken", "/orders/2", "/orders/4");
        server.reconfigure(config(Changed.with(none, "sample", 0.5))).join();
        for (int i = 0; i < 1000; i++) {
            client.get("/orders/6");
        }
        server.reconfigure(config(Changed.with(none, "enabled", false))).join();
        lines.await(300);
        assertThat(lines.all).hasSizeBetween(300, 700);
    }

    @Test
    void aClientThatLeavesBeforeItIsAnsweredIs499() {
        AtomicReference<HttpResponse> open = new AtomicReference<>();
        RawClient client = fixture.connect(fixture.serve(config(on(Format.COMMON)),
                (request, response) -> open.set(response)));
        client.send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n");
        HttpFixture.await("the handler was asked", () -> open.get() != null);
        client.close();
        assertThat(lines.await(1).getFirst()).contains("\"GET /late HTTP/1.1\" 499 - ");
    }

    @Test
    void oneThatWaitedBehindAnotherIsLoggedAsItWas() {
        AtomicReference<HttpResponse> first = new AtomicReference<>();
        RawClient client = fixture.connect(fixture.serve(config(on(Format.COMBINED)), (request, response) -> {
            if (request.rawPath().equals("/first")) {
                first.set(response);
            } else {
                response.send("x");
            }
        }));
        client.send("GET /first HTTP/1.1\r\nHost: h\r\nUser-Agent: one\r\n\r\n"
                + "GET /second HTTP/1.1\r\nHost: h\r\nUser-Agent: two\r\n\r\n");
        HttpFixture.await("the first was asked", () -> first.get() != null);
        // Comes to lie where those before have been.
        RawClient other = fixture.connect(client.socket().getPort());
        other.send("GET /other HTTP/1.1\r\nHost: h\r\nUser-Agent: three\r\nX-Long: " + "y".repeat(3000) + "\r\n\r\n")
                .answer();
        first.get().send("late");
        client.answer();
        client.answer();
        assertThat(lines.await(3)).extracting(line -> line.replaceAll(".*GET (\\S+) .*\"-\" \"(\\w+)\".*", "$1 $2"))
                .containsExactly("/other three", "/first one", "/second two");
    }

    @Test
    void aLoggerThatStandsStillHoldsNobodyAndWhatIsLostIsCounted() {
        ServerConfig config = config(on(Format.COMMON));
        HttpProtocol protocol = new HttpProtocol(router(), config);
        RawClient client = fixture.connect(fixture.bind(config, protocol));
        lines.blocks = true;
        int requests = 1000;
        String request = "GET /orders/" + "z".repeat(4000) + " HTTP/1.1\r\nHost: h\r\n\r\n";
        for (int i = 0; i < requests; i++) {
            assertThat(client.send(request).answer().status()).isEqualTo(200);
        }
        HttpStats stats = protocol.stats().values().iterator().next();
        HttpFixture.await("each is counted", () -> stats.logged.get() + stats.logDropped.get() == requests);
        assertThat(stats.logDropped.get()).isPositive();
        lines.blocks = false;
        lines.open.countDown();
        lines.await((int) stats.logged.get());
        client.send(request).answer();
        lines.await((int) stats.logged.get());
    }

    private static AccessLogConfig into(Path file) {
        return Changed.with(on(Format.COMMON), "file", file.toString());
    }

    private static List<String> linesOf(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void appendsToAFileInPlaceOfTheLoggerAndLosesNothingAtTheEnd(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("access.log"), "before\n");
        int each = 500;
        ServerConfig config = config(into(file));
        HttpProtocol protocol = new HttpProtocol(router(), config);
        try (HttpFixture two = new HttpFixture(Transport.AUTO, 2)) {
            TcpServer server = two.bind(config, protocol);
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                clients.add(two.connect(server));
            }
            for (int i = 0; i < each; i++) {
                for (RawClient client : clients) {
                    client.send("GET /orders/" + i + " HTTP/1.1\r\nHost: h\r\n\r\n");
                }
                clients.forEach(RawClient::answer);
            }
        }
        List<String> all = linesOf(file);
        // A disk that is slower than the clients makes it drop lines while they ask.
        long dropped = protocol.stats().values().stream().mapToLong(stats -> stats.logDropped.get()).sum();
        assertThat(all).hasSize(1 + 8 * each - (int) dropped).first().isEqualTo("before");
        assertThat(all.subList(1, all.size()))
                .allMatch(line -> line.startsWith("127.0.0.1 - - [") && line.endsWith(" -"));
        assertThat(lines.all).isEmpty();
    }

    @Test
    void goesOnInANewFileOnceTheOldOneIsRenamed(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("access.log");
        Path old = directory.resolve("access.log.1");
        ServerConfig config = config(into(file));
        HttpProtocol protocol = new HttpProtocol(router(), config);
        RawClient client = fixture.connect(fixture.bind(config, protocol));
        client.get("/orders/1");
        HttpStats stats = protocol.stats().values().iterator().next();
        HttpFixture.await("a line is written", () -> linesOf(file).size() == 1);
        Files.move(file, old);
        int[] asked = {1};
        HttpFixture.await("a new file is begun", () -> {
            client.get("/orders/2");
            asked[0]++;
            return !linesOf(file).isEmpty();
        });
        // A disk that is slower than the client makes it drop lines.
        HttpFixture.await("all lines are in either",
                () -> linesOf(file).size() + linesOf(old).size() == asked[0] - stats.logDropped.get());
    }

    @Test
    void dropsLinesWhereTheFileCannotBeMadeAndTellsOfItOnce(@TempDir Path directory) {
        Path file = directory.resolve("missing").resolve("access.log");
        ServerConfig config = config(into(file));
        HttpProtocol protocol = new HttpProtocol(router(), config);
        try (Logged logged = new Logged("io.solaster.http.log.LogFile")) {
            RawClient client = fixture.connect(fixture.bind(config, protocol));
            for (int i = 0; i < 3; i++) {
                assertThat(client.get("/orders/1").status()).isEqualTo(200);
            }
            HttpStats stats = protocol.stats().values().iterator().next();
            HttpFixture.await("all are dropped", () -> stats.logDropped.get() == 3);
            // Which is counted before it is told of.
            HttpFixture.await("it is told of", () -> !logged.lines(Level.INFO).isEmpty());
            assertThat(logged.lines(Level.INFO)).hasSize(1).first().asString().contains("goes on trying",
                    file.toString());
        }
    }

    /** What came to the logger, in its order. */
    private static final class Lines extends AppenderBase<ILoggingEvent> {
        final List<String> all = new CopyOnWriteArrayList<>();
        final List<String> loggers = new CopyOnWriteArrayList<>();
        final CountDownLatch open = new CountDownLatch(1);
        volatile boolean blocks;

        @Override
        protected void append(ILoggingEvent event) {
            if (blocks) {
                try {
                    open.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            all.add(event.getFormattedMessage());
            loggers.add(event.getLoggerName());
        }

        /** At least so many. */
        List<String> await(int count) {
            HttpFixture.await(count + " lines have come", () -> all.size() >= count);
            return new ArrayList<>(all);
        }
    }
}
