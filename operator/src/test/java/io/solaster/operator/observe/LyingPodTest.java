package io.solaster.operator.observe;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;

import io.fabric8.kubernetes.api.model.ContainerPortBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.solaster.operator.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pods whose answers are too large, too slow or no truth: they cost what an honest one does, and are told of by name. */
@Timeout(120)
class LyingPodTest {
    private static final String HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    private static final String REPORT = """
            {"engine":"main","state":"healthy","problems":[],"impairments":[],"transport":"epoll","transportReason":"",
            "plan":{"pinned":true,"spin":false,"housekeeping":"%s","reasons":[]},"shards":[%s],"groups":[],
            "servers":[%s],"configuration":%s}""";
    /** What a test is patient for at most, in parts of an answer; an operator that listens on has the test fail. */
    private static final int PARTS = 2_000;
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Pod pod = Objects.pod("kv-two-0", "a", "9", "8Gi", Map.of());
    private final AtomicInteger connections = new AtomicInteger();
    /** How many parts were sent until the other side closed. */
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private ServerSocket server;

    @BeforeEach
    void bind() throws IOException {
        pod.getMetadata().setUid("kv-two-0");
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void unbind() throws IOException {
        server.close();
    }

    /** Answers each question with a beginning, then with parts, every so many milliseconds, until it is not heard any more. */
    private void answers(String begin, IntFunction<String> parts, int pause) {
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    connections.incrementAndGet();
                    answer(socket, begin, parts, pause);
                } catch (IOException e) {
                    // Closed by the test.
                }
            }
        });
    }

    private void answer(Socket socket, String begin, IntFunction<String> parts, int pause) throws IOException {
        InputStream in = socket.getInputStream();
        int ends = 0;
        while (ends < 4) {
            ends = in.read() == (ends % 2 == 0 ? '\r' : '\n') ? ends + 1 : 0;
        }
        OutputStream out = socket.getOutputStream();
        out.write(begin.getBytes(US_ASCII));
        int sent = 0;
        try {
            String part = parts.apply(sent);
            while (part != null && sent < PARTS) {
                out.write(part.getBytes(US_ASCII));
                sent++;
                if (pause > 0) {
                    // Nothing comes but the end of the connection.
                    socket.setSoTimeout(pause);
                    try {
                        if (in.read() < 0) {
                            break;
                        }
                    } catch (java.net.SocketTimeoutException e) {
                        // The next one is due.
                    }
                }
                part = parts.apply(sent);
            }
        } catch (IOException e) {
            // Closed by the other side.
        }
        closed.complete(sent);
    }

    private PodReport ask(Duration patience) {
        try (Reports reports = new Reports(
                each -> URI.create("http://localhost:" + server.getLocalPort() + "/actuator/shards"), patience)) {
            reports.ask(() -> List.of(pod), each -> {});
            PodReport report = reports.of(pod);
            assertThat(report).isNotNull();
            if (!report.error().isEmpty()) {
                assertThat(reports.traffic(pod)).isNull();
                assertThat(reports.load(pod)).isNull();
            }
            return report;
        }
    }

    private PodReport told(String body) {
        answers(HEAD + "Connection: close\r\nContent-Length: " + body.length() + "\r\n\r\n" + body, part -> null, 0);
        return ask(LONG);
    }

    private static String shards(String shards) {
        return REPORT.formatted("", shards, "", "null");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Connection: close\r\n\r\n", "Content-Length: 9000000000000\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n"})
    void anEndlessBodyIsReadToABound(String way) throws Exception {
        String part = " ".repeat(64 << 10);
        answers(HEAD + way, each -> way.startsWith("Transfer") ? "10000\r\n" + part + "\r\n" : part, 0);
        assertThat(ask(LONG).error()).isEqualTo("/actuator/shards answers with more than 1048576 bytes");
        // What was read, and what lay in the sockets' buffers.
        assertThat(closed.get(60, TimeUnit.SECONDS)).isLessThan(PARTS / 4);
    }

    @ParameterizedTest
    @ValueSource(strings = {HEAD + "Content-Length: 1000000\r\n\r\n", "HTTP/1.1 200 OK\r\nX-Long: ", "HTTP/1.1 "})
    void aSlowTrickleEnds(String begin) throws Exception {
        answers(begin, part -> "2", 20);
        assertThat(ask(Duration.ofMillis(300)).error())
                .isEqualTo("/actuator/shards has not answered within 300 ms");
        assertThat(closed.get(60, TimeUnit.SECONDS)).isLessThan(PARTS);
    }

    @Test
    void endlessHeadersAreReadToABound() throws Exception {
        String line = "a".repeat(60) + ": b\r\n";
        answers("HTTP/1.1 200 OK\r\n", part -> ("X-" + part + line).repeat(1000), 0);
        assertThat(ask(LONG).error()).startsWith("/actuator/shards does not answer (");
        assertThat(closed.get(60, TimeUnit.SECONDS)).isLessThan(PARTS / 4);
    }

    @Test
    void nobodyElseIsAskedWhereItRefersTo() {
        answers("HTTP/1.1 302 Found\r\nLocation: http://localhost:" + server.getLocalPort()
                + "/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", part -> null, 0);
        assertThat(ask(LONG).error()).isEqualTo("/actuator/shards answers 302");
        assertThat(connections).hasValue(1);
    }

    @Test
    void onlyTheAddressThatTheApiServerNamesIsAsked() {
        Pod named = new PodBuilder(pod).editSpec().editFirstContainer()
                .withPorts(new ContainerPortBuilder().withName("management").withContainerPort(8081).build())
                .endContainer().endSpec().editStatus().withPodIP("10.0.0.7").endStatus().build();
        assertThat(Reports.management(named)).hasToString("http://10.0.0.7:8081/actuator/shards");
        named.getStatus().setPodIP("fd00::7");
        assertThat(Reports.management(named)).hasToString("http://[fd00::7]:8081/actuator/shards");
        for (String no : List.of("", "metadata.internal", "10.0.0.7/admin?", "user@10.0.0.7", "10.0.0.7:80")) {
            named.getStatus().setPodIP(no);
            assertThat(Reports.management(named)).as(no).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"cpu\":2147483647}", "{\"cpu\":-1}", "{\"cpu\":1,\"numaNode\":2000000000}",
            "{\"cpu\":99999999999}", "null"})
    void cpusThatNoMachineHasAreNotCounted(String shard) {
        assertThat(told(shards(shard)).error()).isEqualTo("/actuator/shards answers what cannot be read");
    }

    @Test
    void whatIsSmallAsTextIsNotLargeAsObjects() {
        assertThat(told(shards("{},".repeat(300_000) + "{}")).error())
                .isEqualTo("/actuator/shards answers what cannot be read");
    }

    @Test
    void whatIsNestedDeeplyIsNotFollowed() {
        assertThat(told("{\"x\":" + "[".repeat(500) + "]".repeat(500) + "," + shards("").substring(1)).error())
                .isEqualTo("/actuator/shards answers what cannot be read");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"requests\":-1", "\"requests\":9223372036854775807", "\"latencies\":{\"1\":null}",
            "\"latencies\":{\"1\":-5}"})
    void requestsThatCannotBeCountedAreNotCounted(String counts) {
        assertThat(told(REPORT.formatted("", "", "{\"drainedShards\":[]," + counts + "}", "null")).error())
                .isEqualTo("/actuator/shards answers what cannot be read");
    }

    @Test
    void aFloodOfBucketsIsNotRemembered() {
        StringBuilder buckets = new StringBuilder("\"0\":1");
        for (int i = 1; i < 5_000; i++) {
            buckets.append(",\"").append(i).append("\":1");
        }
        assertThat(told(REPORT.formatted("", "", "{\"drainedShards\":[],\"latencies\":{" + buckets + "}}", "null"))
                .error()).isEqualTo("/actuator/shards answers what cannot be read");
    }

    @Test
    void ofItsWordsAFewAreKeptOnALineEach() {
        String words = "\"" + "no\\n".repeat(10_000) + "\"";
        PodReport report = told(REPORT.formatted("", "", "",
                "{\"state\":\"invalid\",\"problems\":[" + (words + ",").repeat(20) + words + "],\"files\":{}}"));
        assertThat(report.error()).isEmpty();
        assertThat(report.config()).isNotNull();
        assertThat(report.config().refused()).hasSize(8)
                .allSatisfy(problem -> assertThat(problem).hasSize(300).doesNotContain("\n"));
    }
}
