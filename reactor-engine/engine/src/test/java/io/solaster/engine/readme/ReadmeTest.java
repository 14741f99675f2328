package io.solaster.engine.readme;

import static io.solaster.engine.Engines.get;
import static io.solaster.engine.Engines.until;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.net.udp.UdpServer;
import io.solaster.engine.tls.TestKeys;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs what the README shows, line by line. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ReadmeTest {
    private static final Path SOURCES = Path.of("src/test/java/io/solaster/engine/readme");
    private static final Pattern FENCED = Pattern.compile("(?ms)^```java\n(.*?)^```$");
    private static final int MOST_LINES = 30;

    private Engine engine;

    @AfterEach
    void stop() {
        if (engine != null) {
            engine.close();
        }
    }

    private Engine engine() {
        engine = Engines.start(Transport.NIO, 2);
        return engine;
    }

    @Test
    void eachOfItsExamplesIsOneThatRunsHere() throws IOException {
        StringBuilder sources = new StringBuilder();
        int classes = 0;
        try (var files = Files.newDirectoryStream(SOURCES, "*Example.java")) {
            for (Path file : files) {
                sources.append(Files.readString(file));
                classes++;
            }
        }
        List<String> examples = FENCED.matcher(Files.readString(Path.of("README.md"))).results()
                .map((MatchResult fenced) -> fenced.group(1)).toList();
        assertThat(examples).hasSize(classes)
                .allSatisfy(example -> assertThat(example.lines().count()).isLessThanOrEqualTo(MOST_LINES));
        assertThat(examples.stream().filter(example -> sources.indexOf(inAMethod(example)) < 0))
                .as("examples that are in no class").isEmpty();
    }

    private static String inAMethod(String example) {
        return example.indent(8).replaceAll("(?m)^ +$", "");
    }

    @Test
    void start() {
        assertThat(StartExample.run()).matches("shard \\d+ counted 1");
    }

    @Test
    void groups() throws IOException {
        GroupsExample.Result result = GroupsExample.run(engine());
        try (Socket client = new Socket("127.0.0.1", result.server().port())) {
            assertThat(client.getInputStream().readNBytes(3)).asString().isEqualTo("42\n");
        }
        assertThat(get(result.sum().future())).isEqualTo(499_999_500_000L);
        assertThat(get(result.sent())).isEqualTo("sent in mail");
        assertThat(engine.groups().background().shares()).isEqualTo(10);
    }

    @Test
    void mesh() {
        assertThat(get(MeshExample.run(engine()).future())).isEqualTo(
                "318549; For input string: \"of squares\", thrown on shard 1, called by shard 0");
        assertThat(engine.shard(0).stats().permitWaits.get()).isEqualTo(92);
    }

    @Test
    void roundTrip() {
        assertThat(get(RoundTripExample.run(engine()))).isEqualTo(1_000);
    }

    @Test
    void memory() {
        var pool = get(engine().submitTo(0, MemoryExample::run));
        assertThat(get(engine.submitTo(0, pool::ready))).isEqualTo(1);
    }

    @Test
    void budget() {
        AtomicLong dropped = new AtomicLong();
        assertThat(get(engine().submitTo(0, () -> BudgetExample.run(dropped)))).isTrue();
        assertThat(get(engine.submitTo(0, () -> engine.shard(0).memoryBudget().accounts().get("cache").used())))
                .isEqualTo(1 << 20);
        assertThat(dropped).hasValue(0);
    }

    @Test
    void timers() {
        List<String> events = new ArrayList<>();
        var answer = get(engine().submitTo(0, () -> TimersExample.run(engine, events)));
        assertThat(get(answer)).isEqualTo("answered");
        until("both have fired, in whatever order after a pause",
                () -> get(engine().submitTo(0, () -> events.containsAll(List.of("beat", "session is over")))));
        assertThat(get(engine().submitTo(0, () -> List.copyOf(events)))).containsOnlyOnce("session is over")
                .doesNotContain("client is idle");
    }

    @Test
    void manualClock() throws Exception {
        assertThat(ManualClockExample.run()).isEqualTo("an hour is over");
    }

    @Test
    void straightLine(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("greeting"), "hello");
        assertThat(StraightLineExample.run(engine(), file)).isEqualTo("hello from shard 0 of 2");
    }

    @Test
    void files(@TempDir Path folder) {
        get(engine().submitStageTo(0, CallOptions.DEFAULTS,
                () -> FilesExample.run(folder, Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII))));
        assertThat(folder.resolve("state")).hasContent("hello");
        assertThat(folder.resolve("state.next")).doesNotExist();
    }

    @Test
    void datagrams() throws IOException {
        try (UdpServer server = DatagramsExample.run(engine());
                DatagramSocket client = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            client.setSoTimeout((int) Engines.PATIENCE.toMillis());
            client.send(new DatagramPacket(new byte[]{7}, 1, server.address()));
            DatagramPacket answer = new DatagramPacket(new byte[10], 10);
            client.receive(answer);
            assertThat(answer.getLength()).isOne();
            assertThat(answer.getData()[0]).isEqualTo((byte) 7);
        }
    }

    @Test
    void tls() throws Exception {
        TestKeys keys = TestKeys.of("readme.example");
        try (TcpServer server = TlsExample.run(engine(), ServerConfig.of("answer", 0), keys.key(),
                List.of(keys.certificate()),
                (shard, channel) -> channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[]{42})));
                Socket client = TestKeys.client(null, keys).getSocketFactory().createSocket("127.0.0.1",
                        server.port())) {
            assertThat(client.getInputStream().read()).isEqualTo(42);
        }
    }

    @Test
    void sync() {
        List<String> sent = new ArrayList<>();
        get(get(engine().submitTo(0, () -> SyncExample.run(sent))));
        assertThat(sent).hasSize(100).doesNotHaveDuplicates().startsWith("request 0").contains("request 99");
    }

    @Test
    void eyes() {
        assertThat(EyesExample.run(engine())).matches("busy for \\d+ % of the time; \\d+ tasks, p99 \\d+ ns; "
                + "longest turn \\d+ ns; ready but not running for \\d+ ns; \\d+ stalls, the longest of \\d+ ns"
                + "(; \\w+ ran for \\d+ ns and starved for \\d+ ns){4}");
    }
}
