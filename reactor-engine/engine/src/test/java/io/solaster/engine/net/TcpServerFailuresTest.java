package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.sun.management.UnixOperatingSystemMXBean;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.LimitsConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.ServerConfig.Distribution;
import io.solaster.config.server.SocketConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** Clients that are many, quick, slow, or gone at the wrong moment; on each transport. */
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class TcpServerFailuresTest {
    private static final int SHARDS = 2;
    private static final int MANY = 20_000;
    private static final int SERVED = 8;

    private static final Logger TAIL = (Logger) LoggerFactory.getLogger("io.netty.channel.DefaultChannelPipeline");

    /** The echo takes no exceptions, and resets are what is tested. */
    @BeforeAll
    static void quiet() {
        TAIL.setLevel(Level.ERROR);
    }

    @AfterAll
    static void loud() {
        TAIL.setLevel(null);
    }

    private static Socket connect(TcpServer server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout((int) Engines.PATIENCE.toMillis());
        return socket;
    }

    private static String line(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII)).readLine();
    }

    /** Closes so that the other side is sent a reset. */
    private static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    /** Holds every shard until the latch is released. */
    private static CountDownLatch hold(Engine engine) throws InterruptedException {
        CountDownLatch held = new CountDownLatch(SHARDS);
        CountDownLatch go = new CountDownLatch(1);
        for (Shard shard : engine.shards()) {
            shard.execute(() -> {
                held.countDown();
                try {
                    go.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        assertThat(held.await(60, TimeUnit.SECONDS)).isTrue();
        return go;
    }

    /**
     * Whether it still serves, on both shards, and has forgotten whoever has gone.
     *
     * @param connected so many have connected so far
     */
    private static void isWell(TcpServer server, int connected) throws IOException {
        if (System.getProperty("os.name").equals("Linux")) {
            // It gives out what was reset in its queue, too; others drop that there.
            Engines.until("all are accepted", () -> server.accepted() >= connected);
        }
        // Counts of shards are behind that of all by a moment.
        Engines.until("all that were reset have gone",
                () -> server.connections() == 0 && server.connections(0) == 0 && server.connections(1) == 0);
        for (int i = 0; i < SERVED; i++) {
            try (Socket next = connect(server)) {
                assertThat(line(next)).startsWith("shard");
            }
        }
        Engines.until("these have gone, too", () -> server.connections() == 0);
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void aResetInAnyStateCostsNothingButTheConnection(Transport transport) throws Exception {
        for (Distribution distribution : Distribution.values()) {
            ServerConfig config = ServerConfig.of("echo", 0).withDistribution(distribution)
                    .withSocket(Changed.with(SocketConfig.defaults(), "halfClose", true));
            try (Engine engine = Engines.start(transport, SHARDS);
                    TcpServer server = TcpServer.bind(engine, "resets", config, new Echo(false))) {
                // Before it is accepted.
                CountDownLatch go = hold(engine);
                try {
                    for (int i = 0; i < 20; i++) {
                        reset(connect(server));
                    }
                } finally {
                    go.countDown();
                }
                isWell(server, 20);
                // Before its first byte, in the middle of what it says, and of what it is told; half-closed.
                for (int i = 0; i < 20; i++) {
                    reset(connect(server));
                    Socket speaking = connect(server);
                    speaking.getOutputStream().write(new byte[100]);
                    reset(speaking);
                    Socket listening = connect(server);
                    listening.getOutputStream().write(new byte[200_000]);
                    assertThat(listening.getInputStream().read()).isEqualTo('s');
                    reset(listening);
                    Socket half = connect(server);
                    half.getOutputStream().write(new byte[100]);
                    half.shutdownOutput();
                    assertThat(half.getInputStream().read()).isEqualTo('s');
                    reset(half);
                }
                isWell(server, 20 + SERVED + 4 * 20);
            }
        }
    }

    /** Where one shard accepts for all, nobody is lost while another drains, whatever goes on between the two. */
    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void aShardThatDrainsWhileConnectionsComeLosesNone(Transport transport) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        ServerConfig config = ServerConfig.of("echo", 0).withDistribution(Distribution.LEAST_CONNECTIONS);
        try (Engine engine = Engines.start(transport, SHARDS);
                TcpServer server = TcpServer.bind(engine, "draining", config, new Echo(false))) {
            for (int from = 0; from < SHARDS; from++) {
                int to = 1 - from;
                engine.shard(from).execute(() -> new Rounds(engine, to, over).go());
            }
            AtomicInteger greeted = new AtomicInteger();
            AtomicInteger others = new AtomicInteger();
            Thread clients = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 400; i++) {
                    try (Socket client = connect(server)) {
                        String said = line(client);
                        (said != null && said.startsWith("shard") ? greeted : others).incrementAndGet();
                    } catch (IOException e) {
                        others.incrementAndGet();
                    }
                }
            });
            Engines.until("some have come", () -> greeted.get() > 20);
            server.drain(1, Duration.ofSeconds(60));
            clients.join();
            assertThat(greeted).hasValue(400);
            assertThat(others).hasValue(0);
            Engines.until("all have gone", () -> server.connections() == 0);
            over.set(true);
        } finally {
            over.set(true);
        }
    }

    /** Writes as much as it may, and waits where it may not. */
    private static final class Pouring extends ChannelInboundHandlerAdapter {
        static final int CHUNK = 1024;
        static final int CHUNKS = 16 * 1024;
        private final AtomicLong mostUnsent;
        private int written;

        Pouring(AtomicLong mostUnsent) {
            this.mostUnsent = mostUnsent;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            pour(ctx);
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            pour(ctx);
        }

        private void pour(ChannelHandlerContext ctx) {
            while (ctx.channel().isWritable() && written < CHUNKS) {
                written++;
                ctx.write(ctx.alloc().buffer(CHUNK).writeZero(CHUNK));
                long high = ctx.channel().config().getWriteBufferHighWaterMark();
                mostUnsent.accumulateAndGet(high - Math.max(0, ctx.channel().bytesBeforeUnwritable()), Math::max);
            }
            ctx.flush();
        }
    }

    /** One that reads a byte now and then holds no more than its mark, and holds nobody else up. */
    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void aClientThatReadsByteByByteIsWaitedForWithinItsMark(Transport transport) throws Exception {
        AtomicLong mostUnsent = new AtomicLong();
        int high = 100_000;
        ServerConfig config = ServerConfig.of("pour", 0)
                .withSocket(Changed.with(SocketConfig.defaults(), "writeHighWaterMark", new ByteSize(high)));
        try (Engine engine = Engines.start(transport, 1);
                TcpServer pouring = TcpServer.bind(engine, "pour", config,
                        (shard, channel) -> channel.pipeline().addLast(new Pouring(mostUnsent)));
                TcpServer echo = TcpServer.bind(engine, "echo", ServerConfig.of("echo", 0), new Echo(false));
                Socket slow = connect(pouring)) {
            for (int i = 0; i < 50; i++) {
                assertThat(slow.getInputStream().read()).isZero();
                try (Socket other = connect(echo)) {
                    assertThat(line(other)).isEqualTo("shard 0");
                }
            }
            assertThat(mostUnsent.get()).isPositive().isLessThanOrEqualTo(high);
            // Nothing was lost over it.
            long left = (long) Pouring.CHUNK * Pouring.CHUNKS - 50;
            assertThat(slow.getInputStream().readNBytes((int) left)).hasSize((int) left);
        }
    }

    /** Ports that clients are given, of which other programs have some. */
    private static long ports() throws IOException {
        Path range = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
        if (!Files.isReadable(range)) {
            return MANY;
        }
        // In one read: the kernel gives nothing more to a second one.
        String[] ends = Files.readAllLines(range).getFirst().strip().split("\\s+");
        return (Long.parseLong(ends[1]) - Long.parseLong(ends[0])) * 3 / 4;
    }

    /** As many as there are files and ports for, at both ends, and as few as that may be. */
    @Tag("full")
    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void manyIdleConnectionsAreSpreadAndServed(Transport transport) throws Exception {
        UnixOperatingSystemMXBean process = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long files = process.getMaxFileDescriptorCount() - process.getOpenFileDescriptorCount();
        int many = (int) Math.min(MANY, Math.min((files - 500) / 2, ports()));
        assumeTrue(many > 100, () -> "files (ulimit -n) or ports for " + many + " connections only");
        if (many < MANY) {
            System.out
                    .println(many + " idle connections instead of " + MANY + ": no more files or ports are to be had");
        }
        ServerConfig config = ServerConfig.of("echo", 0).withDistribution(Distribution.LEAST_CONNECTIONS)
                .withBacklog(4096).withLimits(LimitsConfig.defaults().withMaxConnections(MANY + 1));
        List<SocketChannel> idle = new ArrayList<>();
        try (Engine engine = Engines.start(transport, SHARDS);
                TcpServer server = TcpServer.bind(engine, "idle", config, new Echo(false))) {
            for (int i = 0; i < many; i++) {
                SocketChannel client = SocketChannel
                        .open(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
                client.setOption(StandardSocketOptions.SO_LINGER, 0);
                idle.add(client);
            }
            Engines.until("all are accepted", () -> server.connections(0) + server.connections(1) == many);
            assertThat(Math.abs(server.connections(0) - server.connections(1))).isLessThanOrEqualTo(1);
            try (Socket one = connect(server)) {
                assertThat(line(one)).startsWith("shard");
            }
            for (SocketChannel each : idle) {
                each.close();
            }
            isWell(server, many + 1);
        } finally {
            for (SocketChannel each : idle) {
                each.close();
            }
        }
    }

    /** As 2,000 a second do for three: each is greeted, and none is left. */
    @Tag("full")
    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void thousandsOfConnectsAreAllGreeted(Transport transport) throws Exception {
        for (Distribution distribution : Distribution.values()) {
            ServerConfig config = ServerConfig.of("echo", 0).withDistribution(distribution).withBacklog(4096);
            AtomicInteger greeted = new AtomicInteger();
            Queue<String> others = new ConcurrentLinkedQueue<>();
            try (Engine engine = Engines.start(transport, SHARDS);
                    TcpServer server = TcpServer.bind(engine, "storm", config, new Echo(false))) {
                List<Thread> clients = new ArrayList<>();
                for (int thread = 0; thread < 4; thread++) {
                    clients.add(Thread.ofPlatform().start(() -> {
                        for (int i = 0; i < 500; i++) {
                            try {
                                Socket client = connect(server);
                                String said = line(client);
                                if (said != null && said.startsWith("shard")) {
                                    greeted.incrementAndGet();
                                } else {
                                    others.add("said " + said);
                                }
                                reset(client);
                            } catch (IOException e) {
                                others.add(e.toString());
                            }
                        }
                    }));
                }
                for (Thread client : clients) {
                    client.join();
                }
                assertThat(others).as("what came in place of greetings").isEmpty();
                assertThat(greeted).hasValue(2_000);
                isWell(server, 2_000);
            }
        }
    }
}
