package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.config.server.UdpConfig;
import io.solaster.config.server.UdpLimitsConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Shard;
import io.solaster.engine.net.udp.DatagramHandler;
import io.solaster.engine.net.udp.UdpEndpoint;
import io.solaster.engine.net.udp.UdpServer;
import io.solaster.engine.net.udp.UdpStats;
import io.solaster.engine.net.udp.UdpStats.Drop;
import org.junit.jupiter.api.Test;

/** The engine's servers of datagrams on simulated machines. */
final class UdpServerTest {
    private static final int PORT = 9000;
    private static final int QUESTIONS = 50;
    private static final DatagramHandler ECHO = (endpoint, bytes, from) -> endpoint.send(bytes.retain(), from);

    private static UdpConfig onAll(int port) {
        return UdpConfig.of("test", port).withHost("0.0.0.0");
    }

    private static long sum(UdpServer server, java.util.function.ToLongFunction<UdpStats> what) {
        return server.stats().stream().mapToLong(what).sum();
    }

    /** Asks each question again until it is answered. On its shard. */
    private static final class Asker implements DatagramHandler {
        private final InetSocketAddress to;
        private final Set<Integer> open = new HashSet<>();
        private int answers;
        private UdpEndpoint endpoint;

        Asker(InetSocketAddress to) {
            this.to = to;
        }

        @Override
        public void opened(UdpEndpoint opened) {
            if (opened.shard().id() == 0) {
                endpoint = opened;
                for (int i = 0; i < QUESTIONS; i++) {
                    open.add(i);
                }
                ask();
            }
        }

        private void ask() {
            for (int question : open) {
                endpoint.send(Unpooled.buffer(4).writeInt(question), to);
            }
            if (!open.isEmpty()) {
                Shard.sleep(Duration.ofMillis(200)).thenRun(this::ask);
            }
        }

        @Override
        public void received(UdpEndpoint from, ByteBuf bytes, InetSocketAddress sender) {
            assertThat(sender).isEqualTo(to);
            answers++;
            open.remove(bytes.readInt());
        }
    }

    private static Simulation.Result asksUntilAnswered(long seed) {
        return Simulation.run(seed, sim -> {
            Machine server = sim.machine("server");
            Machine client = sim.machine("client");
            server.start(EngineConfig.defaults().withShards(2));
            client.start(EngineConfig.defaults().withShards(1));
            for (Link link : new Link[]{sim.network().link(client, server), sim.network().link(server, client)}) {
                link.loss(0.3);
                link.doubles(0.3);
                link.delay(Duration.ZERO, Duration.ofMillis(30));
            }
            try (UdpServer echo = UdpServer.bind(server.engine(), "echo", onAll(PORT), ECHO)) {
                Asker asker = new Asker(server.address(PORT));
                try (UdpServer asking = UdpServer.bind(client.engine(), "asker", onAll(0), asker)) {
                    assertThat(echo.sockets()).isEqualTo(2);
                    sim.sleep(Duration.ofMinutes(1));
                    assertThat(asker.open).isEmpty();
                    assertThat(asker.answers).isGreaterThanOrEqualTo(QUESTIONS);
                    assertThat(sum(asking, stats -> stats.received.get())).isEqualTo(asker.answers);
                    assertThat(sum(echo, UdpStats::dropped)).isZero();
                    assertThat(sum(echo, stats -> stats.sent.get()))
                            .isEqualTo(sum(echo, stats -> stats.received.get()));
                }
                assertThat(echo.drain(Duration.ofSeconds(10))).isZero();
            }
        });
    }

    @Test
    void whoAsksAgainIsAnsweredThoughSomeAreLostDoubledAndLate() {
        for (long seed = 0; seed < 5; seed++) {
            asksUntilAnswered(seed);
        }
        assertThat(asksUntilAnswered(3)).isEqualTo(asksUntilAnswered(3));
    }

    @Test
    void whatASocketDoesNotTakeWaitsUpToTheBoundAndIsDroppedBeyond() {
        long dropped = 0;
        for (long seed = 0; seed < 5; seed++) {
            long[] seen = new long[1];
            Simulation.run(seed, sim -> {
                Machine server = sim.machine("server");
                Machine client = sim.machine("client");
                server.start(EngineConfig.defaults().withShards(1));
                client.start(EngineConfig.defaults().withShards(1));
                DatagramHandler burst = (endpoint, bytes, from) -> {
                    for (int i = 0; i < 200; i++) {
                        endpoint.send(Unpooled.wrappedBuffer(new byte[100]), from);
                    }
                };
                UdpLimitsConfig limits = UdpLimitsConfig.defaults().withSendQueue(new ByteSize(1_024));
                try (UdpServer bursts = UdpServer.bind(server.engine(), "burst", onAll(PORT).withLimits(limits), burst);
                        UdpServer asking = UdpServer.bind(client.engine(), "asker", onAll(0),
                                new Asker(server.address(PORT)))) {
                    sim.sleep(Duration.ofSeconds(1));
                    long asked = sum(bursts, stats -> stats.received.get());
                    seen[0] = sum(bursts, stats -> stats.dropped(Drop.SEND_QUEUE));
                    assertThat(asked).isPositive();
                    assertThat(sum(bursts, stats -> stats.sent.get()) + seen[0]).isEqualTo(200 * asked);
                    assertThat(sum(asking, UdpStats::dropped)).isZero();
                }
            });
            dropped += seen[0];
        }
        assertThat(dropped).isPositive();
    }
}
