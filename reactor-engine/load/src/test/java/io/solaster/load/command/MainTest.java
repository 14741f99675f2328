package io.solaster.load.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.HttpHandler;
import io.solaster.http.server.HttpProtocol;
import io.solaster.http.websocket.WebSocket;
import io.solaster.http.websocket.WebSocketListener;
import io.solaster.http.websocket.WebSockets;
import io.solaster.load.LoadReport;
import io.solaster.load.Stub;
import io.solaster.load.report.JsonReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** The program from its arguments to its files, against servers of ours. */
@Timeout(90)
class MainTest {
    private static final String PONG = "+PONG\r\n";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    private static Stream<Arguments> wrong() {
        String url = "redis://localhost:1";
        return Stream.of(
                Arguments.of("no URL; give one such as redis://", new String[]{}),
                Arguments.of("'localhost:1' is of a scheme that is not known", new String[]{"localhost:1"}),
                Arguments.of("'/path' has no scheme", new String[]{"/path"}),
                Arguments.of("'redis:///1' names no host", new String[]{"redis:///1"}),
                Arguments.of("'redis://a b' is no URL", new String[]{"redis://a b"}),
                Arguments.of("'fast' is no rate", new String[]{url, "--rate", "fast"}),
                Arguments.of("'0' offers nothing", new String[]{url, "--rate", "0"}),
                Arguments.of("'1k' is no ramp", new String[]{url, "--ramp", "1k"}),
                Arguments.of("'x' is no rate", new String[]{url, "--steps", "1k:5s,x"}),
                Arguments.of("give one of them", new String[]{url, "--rate", "5", "--closed"}),
                Arguments.of("--poisson draws gaps", new String[]{url, "--poisson", "--closed"}),
                Arguments.of("'30' is no time", new String[]{url, "--for", "30"}),
                Arguments.of("'soon' is no time", new String[]{url, "--warm-up", "soon"}),
                Arguments.of("'x' is no time", new String[]{url, "--timeout", "x"}),
                Arguments.of("an interval of PT0.001S; give 100 ms or more", new String[]{url, "--interval", "1ms"}),
                Arguments.of("length: PT0S; give more than 0", new String[]{url, "--for", "0s"}),
                Arguments.of("--connections many is no whole number", new String[]{url, "--connections", "many"}),
                Arguments.of("connections: 0; give 1 to", new String[]{url, "--connections", "0"}),
                Arguments.of("shards: 5000; give 1 to", new String[]{url, "--shards", "5000"}),
                Arguments.of("outstanding: 0; give 1 to", new String[]{url, "--outstanding", "0"}),
                Arguments.of("reconnects: -1; give 0 to", new String[]{url, "--reconnects=-1"}),
                Arguments.of("--seed x is no whole number", new String[]{url, "--seed", "x"}),
                Arguments.of("'3' is no session", new String[]{url, "--session", "3"}),
                Arguments.of("'fly' cannot be mixed", new String[]{url, "--mix", "fly=1"}),
                Arguments.of("a mix of nothing", new String[]{url, "--mix", "get=0"}),
                Arguments.of("'no' is no count", new String[]{url, "--keys", "no"}),
                Arguments.of("--zipf x is no number", new String[]{url, "--zipf", "x"}),
                Arguments.of("values of -1 bytes", new String[]{url, "--value=-1"}),
                Arguments.of("0 requests at a time", new String[]{url, "--pipeline", "0"}),
                Arguments.of("--method POST says nothing of RESP", new String[]{url, "--method", "POST"}),
                Arguments.of("--mix get=1 says nothing of HTTP/1.1",
                        new String[]{"http://localhost:1", "--mix", "get=1"}),
                Arguments.of("--body x says nothing of HTTP/2",
                        new String[]{"http://localhost:1", "--h2", "--body", "x"}),
                Arguments.of("'x' is no header", new String[]{"http://localhost:1", "--header", "x"}),
                Arguments.of("--keys 5 says nothing of WebSocket", new String[]{"ws://localhost:1", "--keys", "5"}),
                Arguments.of("--insecure is for TLS", new String[]{url, "--insecure"}),
                Arguments.of("'99' is no goal", new String[]{url, "--slo", "99"}),
                Arguments.of("as fast as answers come' has none of; give --rate",
                        new String[]{url, "--slo", "p99=2ms", "--closed"}),
                Arguments.of("'1,000 to 50,000/s for 62.0 s, even' has none of; give --rate",
                        new String[]{url, "--slo", "p99=2ms", "--ramp", "1k..50k", "--for", "60s"}),
                Arguments.of("has none of; give --rate", new String[]{url, "--slo", "p99=2ms", "--steps", "1k,2k"}),
                Arguments.of("exclude each other", new String[]{url, "--slo", "p99=2ms", "--ab"}),
                Arguments.of("the beginning of '1,000 to 50,000/s for 62.0 s, even'; give --rate",
                        new String[]{url, "--ab", "--ramp", "1k..50k", "--for", "60s"}),
                Arguments.of("--ab divides the run", new String[]{url, "--ab", "--steps", "1k:2s,2k:2s"}),
                Arguments.of("exclude each other", new String[]{url, "--compare", "a", "b"}),
                Arguments.of("--json /none/a cannot be written", new String[]{url, "--json", "/none/a"}),
                Arguments.of("--html / cannot be written", new String[]{url, "--html", "/"}),
                Arguments.of("--live 70000 is no port", new String[]{url, "--live", "70000"}),
                Arguments.of("--live x is no whole number", new String[]{url, "--live", "x"}),
                Arguments.of("--live 1 shows a single run", new String[]{url, "--live", "1", "--ab"}),
                Arguments.of("connections: 1 on 2 shards", new String[]{url, "--connections", "1", "--shards", "2"}),
                Arguments.of("Unknown option: '--fast'", new String[]{url, "--fast"}),
                Arguments.of("--compare", new String[]{"--compare", "a"}));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void aWrongArgumentIsNamedWithItsFix(String message, String[] args) {
        assertThat(run(args)).isEqualTo(Main.USAGE);
        assertThat(err.toString()).contains(message).contains("--help").doesNotContain("\tat ");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aFileThatIsNotThereEndsInASentence() {
        assertThat(run("redis://localhost:1", "--replay", "/none/record")).isEqualTo(1);
        assertThat(run("--compare", "/none/a.json", "/none/b.json")).isEqualTo(1);
        assertThat(run("--join", "/none/a.json")).isEqualTo(1);
        assertThat(err.toString().lines()).hasSize(3).allMatch(line -> line.contains("/none/"));
    }

    private static Duration length(String... args) throws IOException {
        io.solaster.load.command.Arguments arguments = new io.solaster.load.command.Arguments();
        arguments.url = "redis://localhost:1";
        return CommandLine.populateCommand(arguments, args).load().length();
    }

    @Test
    void whatHasAnEndOfItsOwnIsOfferedToItsEnd(@TempDir Path folder) throws IOException {
        // A warm-up of 2 s comes first.
        assertThat(length()).isEqualTo(Duration.ofSeconds(10));
        assertThat(length("--ramp", "1k..5k")).isEqualTo(Duration.ofSeconds(10));
        assertThat(length("--steps", "1k,5k")).isEqualTo(Duration.ofSeconds(10));
        assertThat(length("--steps", "1k:10s,5k:10s,1k:10s")).isEqualTo(Duration.ofSeconds(28));
        assertThat(length("--steps", "1k:10s,5k:10s,1k:10s", "--for", "5s")).isEqualTo(Duration.ofSeconds(5));
        String record = Files.writeString(folder.resolve("record"), "0\n3600 GET key\n").toString();
        assertThat(length("--replay", record)).isEqualTo(Duration.ofSeconds(3598).plusNanos(1));
        assertThat(length("--replay", record, "--for", "30s")).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void nobodyThereEndsInASentence() throws IOException {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        assertThat(run("redis://127.0.0.1:" + port)).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString()
                .contains("no connection to redis://127.0.0.1:" + port);
    }

    @Test
    void reportsAreWrittenComparedAndJoined(@TempDir Path folder) throws IOException {
        Path first = folder.resolve("a.json");
        Path second = folder.resolve("b.json");
        try (Stub server = Stub.answering(PONG)) {
            for (Path file : List.of(first, second)) {
                int code = run("redis://127.0.0.1:" + server.port(), "--mix", "ping", "--rate", "500", "--for", "300ms",
                        "--warm-up", "0s", "--poisson", "--interval", "100ms", "--json", file.toString(), "--hlog",
                        folder.resolve("a.hlog").toString(), "--html", folder.resolve("a.html").toString());
                assertThat(code).as(err.toString()).isIn(0, Program.INVALID);
            }
        }
        assertThat(out.toString()).contains("RESP, ping=1", "500/s, Poisson", "p99.9", "of CPU a request");
        assertThat(JsonReport.read(first).answered()).isBetween(80L, 250L);
        assertThat(folder.resolve("a.hlog")).content().contains("Interval_Compressed_Histogram");
        assertThat(folder.resolve("a.html")).content().contains("</html>");
        assertThat(run("--compare", first.toString(), second.toString(), "--html", folder.resolve("c.html").toString()))
                .isIn(0, Program.INVALID);
        assertThat(out.toString()).contains("a.json", "b.json", "ratio");
        Path joined = folder.resolve("joined.json");
        assertThat(run("--join", first.toString(), second.toString(), "--json", joined.toString())).isIn(0,
                Program.INVALID);
        assertThat(JsonReport.read(joined).answered())
                .isEqualTo(JsonReport.read(first).answered() + JsonReport.read(second).answered());
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("a.json", "b.json", "a.hlog", "a.html", "c.html",
                "joined.json");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void theSameTwiceAndTheHighestRateAreShown() throws IOException {
        try (Stub server = Stub.answering(PONG)) {
            String[] load = {"redis://127.0.0.1:" + server.port(), "--mix", "ping", "--rate", "500", "--for", "400ms",
                    "--warm-up", "0s"};
            assertThat(run(with(load, "--ab"))).isIn(0, Program.INVALID);
            assertThat(out.toString()).contains("A again", "ratio");
            assertThat(run(with(load, "--slo", "p50=1us", "--probe", "100ms"))).isEqualTo(Program.INVALID);
            assertThat(out.toString()).contains("No rate kept p50=1.00 µs");
        }
    }

    @Test
    void aPageTellsHowARunGoesAndNoPassword() throws Exception {
        try (Stub server = new Stub((in, out, connection) -> {
            in.readNBytes("*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n".length());
            out.write("+OK\r\n".getBytes(StandardCharsets.US_ASCII));
            while (in.readNBytes(Stub.PING).length == Stub.PING) {
                out.write(PONG.getBytes(StandardCharsets.US_ASCII));
            }
        }); HttpClient client = HttpClient.newHttpClient()) {
            Thread run = Thread.ofPlatform()
                    .start(() -> run("redis://:secret@127.0.0.1:" + server.port(), "--mix", "ping", "--rate",
                            "500", "--for", "1h", "--warm-up", "0s", "--interval", "100ms", "--live", "0"));
            String page = "";
            while (!page.contains("Requests over time")) {
                assertThat(run.isAlive()).isTrue();
                Thread.sleep(20);
                String url = err.toString().strip();
                if (!url.isEmpty()) {
                    page = client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString()).body();
                }
            }
            assertThat(page).contains("http-equiv='refresh'", "Latency over time", "redis://127.0.0.1:")
                    .doesNotContain("secret");
            run.interrupt();
            run.join();
            assertThat(out.toString()).contains("(stopped early)");
            int port = URI.create(err.toString().strip()).getPort();
            // Nobody listens any more.
            new ServerSocket(port, 1, InetAddress.getLoopbackAddress()).close();
        }
    }

    @Test
    void aPortThatIsTakenIsNamed() throws IOException {
        try (Stub server = Stub.answering(PONG)) {
            assertThat(run("redis://127.0.0.1:" + server.port(), "--live", Integer.toString(server.port())))
                    .isEqualTo(1);
            assertThat(err.toString()).contains("--live " + server.port());
        }
    }

    private static String[] with(String[] args, String... more) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void recordedRequestsAreReplayed(@TempDir Path folder) throws IOException {
        StringBuilder record = new StringBuilder();
        for (int i = 0; i < 50; i++) {
            record.append(i / 1000.0).append(" PING\n");
        }
        Path file = Files.writeString(folder.resolve("record"), record);
        Path json = folder.resolve("a.json");
        try (Stub server = Stub.answering(PONG)) {
            assertThat(
                    run("redis://127.0.0.1:" + server.port(), "--replay", file.toString(), "--warm-up", "0s", "--json",
                            json.toString()))
                    .isIn(0, Program.INVALID);
        }
        assertThat(JsonReport.read(json).answered()).isEqualTo(50);
    }

    @Test
    void everyProtocolOfOurServerIsSpoken(@TempDir Path folder) throws Exception {
        Path json = folder.resolve("a.json");
        ServerConfig config = ServerConfig.of("http", 0);
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER));
                TcpServer server = TcpServer.bind(engine, "web", config, new HttpProtocol(handler(engine), config))) {
            for (String url : List.of("http://%s/hello", "h2://%s/hello", "ws://%s/echo", "http://%s/no",
                    "h2://%s/no")) {
                String there = url.formatted("127.0.0.1:" + server.port());
                int code = run(there, "--rate", "400", "--for", "250ms", "--warm-up", "0s", "--json", json.toString());
                assertThat(code).as(err.toString()).isIn(0, Program.INVALID);
                LoadReport report = JsonReport.read(json);
                if (url.endsWith("/no")) {
                    assertThat(report.errors()).as(there).containsOnlyKeys("HTTP 503").containsEntry("HTTP 503", 99L);
                } else {
                    assertThat(report.errors()).as(there).isEmpty();
                    assertThat(report.answered()).as(there).isEqualTo(99);
                }
            }
        }
    }

    private static HttpHandler handler(Engine engine) {
        HttpHandler echo = WebSockets.on(engine).handler(new Echo());
        return (request, response) -> {
            if (request.path().equals("/echo")) {
                echo.handle(request, response);
            } else if (request.path().equals("/no")) {
                response.status(HttpResponseStatus.SERVICE_UNAVAILABLE).send("no");
            } else {
                response.send("hello");
            }
        };
    }

    private static final class Echo implements WebSocketListener {
        @Override
        public void binary(WebSocket socket, ByteBuf message) {
            socket.send(message.retain());
        }
    }

    /** The signals of Ctrl-C and of a stopped service; exit codes as shells know them. */
    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143"})
    void aSignalEndsTheRunAndPrintsTheReportSoFar(String signal, int exitCode, @TempDir Path folder) throws Exception {
        assumeThat(isIgnoredHere(signal)).as("whoever started this build has it ignore SIG" + signal).isFalse();
        Path json = folder.resolve("a.json");
        try (Stub server = Stub.answering(PONG)) {
            Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1", "-Xmx256m", "--enable-native-access=ALL-UNNAMED",
                    "--add-opens=java.base/java.lang=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-cp",
                    System.getProperty("java.class.path"), "io.solaster.load.command.Main",
                    "redis://127.0.0.1:" + server.port(), "--mix", "ping", "--rate", "200", "--for", "1h", "--warm-up",
                    "0s", "--json", json.toString()).start();
            try {
                while (server.answered() < 50) {
                    assertThat(process.isAlive()).as("the program runs").isTrue();
                    Thread.sleep(10);
                }
                send(signal, process);
                assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the program has ended").isTrue();
                assertThat(process.inputReader(StandardCharsets.UTF_8).readAllAsString()).contains("(stopped early)",
                        "answered ");
                assertThat(process.exitValue()).isEqualTo(exitCode);
                assertThat(JsonReport.read(json).setup().isStopped()).isTrue();
                assertThat(folder.toFile().list()).containsExactly("a.json");
            } finally {
                process.destroyForcibly();
            }
        }
    }

    private static void send(String signal, Process process) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor()).isZero();
    }

    /** A process that is started in the background of a script ignores SIGINT, and its children do. */
    private static boolean isIgnoredHere(String signal) throws IOException {
        int number = signal.equals("INT") ? 2 : 15;
        String ignored = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("SigIgn:")).findFirst().orElseThrow().substring(7).strip();
        return (Long.parseUnsignedLong(ignored, 16) >> number - 1 & 1) != 0;
    }
}
