package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Child;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a server does on any transport; a subclass each. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
abstract class TcpServerTest {
    private final Transport transport;
    private final List<AutoCloseable> open = new ArrayList<>();
    private Engine engine;

    TcpServerTest(Transport transport) {
        this.transport = transport;
    }

    @BeforeEach
    void start() {
        engine = Engines.start(transport, 2);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        if (engine != null) {
            engine.close();
        }
    }

    @Test
    @Tag("smoke")
    void spreadsConnectionsOverTheShardsAndServesEachOnItsOwn() throws Exception {
        TcpServer server = bind(0);
        assertThat(server.port()).isPositive();
        assertThat(server.isListening()).isTrue();
        Map<String, Integer> perShard = new HashMap<>();
        for (int i = 0; i < 64; i++) {
            Client client = connect(server);
            perShard.merge(client.greeting, 1, Integer::sum);
            client.send("hello " + i);
            assertThat(client.line()).isEqualTo("hello " + i);
        }
        assertThat(perShard).containsOnlyKeys("shard 0", "shard 1");
        if (!engine.transport().reusePort()) {
            assertThat(perShard.values()).containsOnly(32);
        }
        assertThat(server.connections()).isEqualTo(64);
        assertThat(server.connections(0) + server.connections(1)).isEqualTo(64);
        assertThat(server.accepted()).isEqualTo(64);
        assertThat(engine.shards().stream().mapToLong(shard -> shard.stats().connections.get()).sum()).isEqualTo(64);
        ((Client) open.removeLast()).close();
        Engines.until("one less", () -> server.connections() == 63);
    }

    @Test
    void aDrainedShardSaysGoodbyeAndTheOthersGoOn() throws Exception {
        TcpServer server = bind(0);
        for (int i = 0; i < 64 || server.connections(0) == 0; i++) {
            connect(server);
        }
        assertThat(server.drain(0, Duration.ofSeconds(60))).isZero();
        assertThat(server.isDrained(0)).isTrue();
        assertThat(server.isDrained(1)).isFalse();
        assertThat(server.connections(0)).isZero();
        assertThat(server.isListening()).isTrue();
        for (int i = 0; i < 16; i++) {
            assertThat(connect(server).greeting).isEqualTo("shard 1");
        }
        assertThatIllegalStateException().isThrownBy(() -> server.drain(1, Duration.ofSeconds(1)))
                .withMessageContaining("the last that takes connections of server");
        assertThat(server.isDraining()).isFalse();
    }

    @Test
    void aSecondEngineIsRefusedThePort() {
        TcpServer server = bind(0);
        for (Transport other : Transport.values()) {
            try (Engine second = Engines.start(other, 2)) {
                BindException refused = catchThrowableOfType(BindException.class,
                        () -> TcpServer.bind(second, "second", ServerConfig.of("echo", server.port()),
                                new Echo(false)));
                assertThat(refused).hasMessageContainingAll(
                        "server 'second' cannot listen on 127.0.0.1:" + server.port(),
                        "in use", "solaster.servers.second.port");
                assertThat(refused.server()).isEqualTo("second");
            } catch (org.opentest4j.TestAbortedException absent) {
                continue;
            }
        }
        assertThat(server.isListening()).isTrue();
    }

    @Test
    void anotherProcessIsRefusedThePort() throws Exception {
        TcpServer server = bind(0);
        try (Child child = Child.start("", ChildServer.class, List.of(), transport.name(),
                String.valueOf(server.port()))) {
            assertThat(child.line("bind: ")).hasValueSatisfying(line -> assertThat(line).contains("in use"));
        }
        assertThat(connect(server).greeting).startsWith("shard");
    }

    @Test
    void aPortThatAnyoneHasIsRefused() throws Exception {
        for (boolean reusePort : new boolean[]{false, true}) {
            try (ServerSocket other = new ServerSocket()) {
                other.setOption(StandardSocketOptions.SO_REUSEPORT, reusePort);
                other.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                assertThatExceptionOfType(BindException.class).isThrownBy(() -> bind(other.getLocalPort()))
                        .withMessageContaining("in use");
                other.close();
                bind(other.getLocalPort());
            }
        }
    }

    @Test
    void aPlainSocketIsRefusedThePortWhileAllShardsListen() throws Exception {
        TcpServer server = bind(0);
        try (ServerSocket other = new ServerSocket()) {
            assertThatExceptionOfType(java.net.BindException.class).isThrownBy(
                    () -> other.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port())));
        }
    }

    @Test
    void aPortIsFreeOnceItsServerIsClosed() {
        TcpServer server = bind(0);
        int port = server.port();
        for (int round = 0; round < 50; round++) {
            server.close();
            assertThat(server.isListening()).isFalse();
            server = bind(port);
        }
    }

    @Test
    void saysWhatIsWrongWithAnAddress() {
        assertThatExceptionOfType(BindException.class)
                .isThrownBy(() -> bind(ServerConfig.of("echo", 0).withHost("no-such-host.invalid"), false))
                .withMessageContainingAll("no-such-host.invalid:0", "no such host", "solaster.servers.test.host");
        // An address for documentation (RFC 5737), which no machine has.
        assertThatExceptionOfType(BindException.class)
                .isThrownBy(() -> bind(ServerConfig.of("echo", 0).withHost("192.0.2.1"), false))
                .withMessageContainingAll("192.0.2.1:0", "not one of this machine", "solaster.servers.test.host");
        assertThat(bind(0).isListening()).isTrue();
    }

    @Test
    void saysThatAPortIsPrivileged() throws Exception {
        assumeTrue(!"root".equals(System.getProperty("user.name")), "root may have any port");
        Path lowest = Path.of("/proc/sys/net/ipv4/ip_unprivileged_port_start");
        assumeTrue(Files.exists(lowest) && Integer.parseInt(Files.readString(lowest).strip()) > 1,
                "here anyone may have any port");
        assertThatExceptionOfType(BindException.class).isThrownBy(() -> bind(1))
                .withMessageContainingAll("no permission", "CAP_NET_BIND_SERVICE");
    }

    @Test
    void tellsWhoIsTooManyAndServesAgainOnceSomebodyLeaves() throws Exception {
        TcpServer server = bind(withMost(4), false);
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            clients.add(connect(server));
        }
        Client refused = connect(server);
        assertThat(refused.greeting).isEqualTo("full");
        assertThat(refused.line()).isNull();
        assertThat(server.refused()).isEqualTo(1);
        assertThat(engine.shards().stream().mapToLong(shard -> shard.stats().refused.get()).sum()).isEqualTo(1);
        assertThat(server.connections()).isEqualTo(4);
        clients.getFirst().close();
        Engines.until("a place is free", () -> server.connections() == 3);
        assertThat(connect(server).greeting).startsWith("shard");
    }

    /** Many come at once: where one shard accepts for all, the bound is exact and the spread even. */
    @Test
    @Tag("smoke")
    void aBurstIsBoundedAndSpread() throws Exception {
        int most = 20;
        TcpServer server = bind(withMost(most), false);
        CountDownLatch release = new CountDownLatch(2);
        CountDownLatch go = new CountDownLatch(1);
        for (int shard = 0; shard < 2; shard++) {
            engine.shard(shard).execute(() -> {
                release.countDown();
                try {
                    go.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        release.await();
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
            open.add(socket);
            sockets.add(socket);
        }
        go.countDown();
        // Counts of shards are behind that of all by a moment.
        Engines.until("all decided", () -> server.accepted() + server.refused() == 40
                && server.connections(0) + server.connections(1) == server.connections());
        if (engine.transport().reusePort()) {
            assertThat(server.connections()).isBetween((long) most, most + 1L);
        } else {
            assertThat(server.connections()).isEqualTo(most);
            assertThat(server.connections(0)).isEqualTo(most / 2);
        }
    }

    @Test
    @Tag("smoke")
    void drainsWhatFinishesAndCutsWhatDoesNot() throws Exception {
        TcpServer polite = bind(0);
        Client client = connect(polite);
        assertThat(polite.drain(Duration.ofSeconds(60))).isZero();
        assertThat(client.line()).isEqualTo("bye");
        assertThat(client.line()).isNull();
        assertThat(polite.connections()).isZero();
        assertThat(polite.isListening()).isFalse();

        TcpServer stubborn = bind(ServerConfig.of("echo", 0), true);
        List<Client> clients = List.of(connect(stubborn), connect(stubborn), connect(stubborn));
        assertThat(stubborn.drain(Duration.ofMillis(20))).isEqualTo(3);
        for (Client each : clients) {
            assertThat(each.line()).isNull();
        }
        assertThat(stubborn.connections()).isZero();
        assertThat(stubborn.drain(Duration.ofSeconds(60))).isZero();
    }

    /** Connections that the kernel has accepted and the server has not: they are served before the socket closes. */
    @Test
    void whoWaitsInAnAcceptQueueIsServedBeforeItCloses() throws Exception {
        TcpServer server = bind(0);
        connect(server).close();
        CountDownLatch go = new CountDownLatch(1);
        for (int shard = 0; shard < 2; shard++) {
            engine.shard(shard).execute(() -> {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        List<Client> waiting = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            waiting.add(new Client(new Socket(InetAddress.getLoopbackAddress(), server.port())));
        }
        open.addAll(waiting);
        Thread drain = Thread.ofPlatform().start(() -> server.drain(Duration.ofSeconds(60)));
        go.countDown();
        drain.join();
        for (Client client : waiting) {
            assertThat(client.line()).startsWith("shard");
            assertThat(client.line()).isEqualTo("bye");
        }
    }

    /** Beside messages that go round at once, and more than a few turns accept. */
    @Test
    void whoWaitsInALongAcceptQueueIsServedBesideTrafficBetweenShards() throws Exception {
        TcpServer server = bind(ServerConfig.of("echo", 0).withBacklog(4096), false);
        AtomicBoolean over = new AtomicBoolean();
        for (int from = 0; from < 2; from++) {
            int to = 1 - from;
            engine.shard(from).execute(() -> new Rounds(engine, to, over).go());
        }
        CountDownLatch go = new CountDownLatch(1);
        for (int shard = 0; shard < 2; shard++) {
            engine.shard(shard).execute(() -> {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        List<SocketChannel> waiting = new ArrayList<>();
        try {
            for (int i = 0; i < 1_500; i++) {
                waiting.add(SocketChannel
                        .open(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port())));
            }
            Thread drain = Thread.ofPlatform().start(() -> server.drain(Duration.ofSeconds(60)));
            go.countDown();
            drain.join();
            assertThat(server.accepted()).isEqualTo(1_500);
        } finally {
            go.countDown();
            over.set(true);
            for (SocketChannel each : waiting) {
                each.close();
            }
        }
    }

    @Test
    void aServerOfAnEngineThatHasStoppedCloses() throws Exception {
        TcpServer server = bind(0);
        Client client = connect(server);
        engine.close();
        assertThat(client.line()).isNull();
        server.close();
        assertThat(server.isListening()).isFalse();
        assertThatIllegalStateException().isThrownBy(() -> bind(0)).withMessageContaining("is stopping");
    }

    /** In a process of its own, which opens files until none is left. */
    @Tag("full")
    @Test
    void pausesAcceptingWhileOutOfFileDescriptors() throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/self/fd")), "no ulimit to set");
        try (Child child = Child.start("ulimit -n 256", ChildServer.class, List.of(), transport.name(), "0",
                "exhaust")) {
            int port = child.number("port ");
            try (Client first = new Client(new Socket(InetAddress.getLoopbackAddress(), port))) {
                assertThat(first.line()).startsWith("shard");
                first.send("hello");
                assertThat(first.line()).isEqualTo("hello");
                child.tell("go");
                assertThat(child.number("files ")).isPositive();
                try (Client waiting = new Client(new Socket(InetAddress.getLoopbackAddress(), port))) {
                    assertThat(waiting.line()).startsWith("shard");
                    assertThat(child.line("accepts again after")).isPresent();
                    child.tell("end");
                    assertThat(waiting.line()).isEqualTo("bye");
                }
            }
            assertThat(child.all()).containsPattern(
                    "Server 'child': shard \\d pauses accepting: .*; raise the limit on open files.*"
                            + "solaster.servers.child.limits.max-connections")
                    .contains("closed");
        }
    }

    private TcpServer bind(int port) {
        return bind(ServerConfig.of("echo", port), false);
    }

    private TcpServer bind(ServerConfig config, boolean stubborn) {
        TcpServer server = TcpServer.bind(engine, "test", config, new Echo(stubborn));
        open.add(server);
        return server;
    }

    private Client connect(TcpServer server) throws IOException {
        Client client = new Client(new Socket(InetAddress.getLoopbackAddress(), server.port()));
        open.add(client);
        client.greeting = client.line();
        return client;
    }

    private static ServerConfig withMost(int connections) {
        LimitsConfig limits = LimitsConfig.defaults();
        return ServerConfig.of("echo", 0)
                .withLimits(new LimitsConfig(connections, 0, Duration.ZERO, limits.outputBuffer(),
                        limits.maxArguments(), limits.maxBulk(), limits.maxInline(), limits.commandsPerTurn(),
                        new ByteSize(64 << 10), limits.subscribers()));
    }

    private static final class Client implements AutoCloseable {
        final Socket socket;
        final BufferedReader in;
        String greeting;

        Client(Socket socket) throws IOException {
            this.socket = socket;
            socket.setSoTimeout((int) Engines.PATIENCE.toMillis());
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
        }

        /** Null at the end, be it gentle or not. */
        String line() throws IOException {
            try {
                return in.readLine();
            } catch (SocketException reset) {
                return null;
            }
        }

        void send(String text) throws IOException {
            socket.getOutputStream().write((text + "\n").getBytes(StandardCharsets.US_ASCII));
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
