package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.ServerConfig.Distribution;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import io.solaster.engine.net.accept.AcceptPolicy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** A policy of one's own, on each transport; good ones and bad ones. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class AcceptPolicyTest {
    private static final int SHARDS = 4;
    private static final Logger LOG = (Logger) LoggerFactory.getLogger(TcpServer.class);

    /** What is told of bad policies is expected here. */
    @BeforeAll
    static void quiet() {
        LOG.setLevel(Level.OFF);
    }

    @AfterAll
    static void loud() {
        LOG.setLevel(null);
    }

    private static List<Long> spread(Transport transport, int connections, AcceptPolicy policy, long failures)
            throws Exception {
        List<Socket> clients = new ArrayList<>();
        try (Engine engine = Engines.start(transport, SHARDS);
                TcpServer server = TcpServer.bind(engine, "policy", ServerConfig.of("quiet", 0),
                        (shard, channel) -> {}, policy)) {
            for (int i = 0; i < connections; i++) {
                clients.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
            }
            Engines.until("all are accepted", () -> isEach(server, connections));
            assertThat(server.connections()).isEqualTo(connections);
            assertThat(server.policyFailures()).isEqualTo(failures);
            List<Long> spread = perShard(server);
            for (Socket client : clients) {
                client.close();
            }
            Engines.until("all have gone", () -> server.connections() == 0 && sum(server) == 0);
            assertThat(perShard(server)).containsOnly(0L);
            return spread;
        }
    }

    /** Whether so many are accepted, and counted with their owners, which is done a moment later. */
    private static boolean isEach(TcpServer server, int connections) {
        return server.accepted() == connections && sum(server) == connections;
    }

    private static long sum(TcpServer server) {
        return perShard(server).stream().mapToLong(n -> n).sum();
    }

    private static List<Long> perShard(TcpServer server) {
        return IntStream.range(0, SHARDS).mapToObj(server::connections).toList();
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void aPolicySaysWhoOwns(Transport transport) throws Exception {
        assertThat(spread(transport, 24, loads -> 2, 0)).containsExactly(0L, 0L, 24L, 0L);
        assertThat(spread(transport, 24, loads -> loads.connections(1) < 5 ? 1 : 3, 0).stream().mapToLong(n -> n).sum())
                .isEqualTo(24);
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void onePolicyThatThrowsOrNamesNobodyCostsNoConnection(Transport transport) throws Exception {
        AcceptPolicy throwing = loads -> {
            throw new IllegalStateException("on purpose");
        };
        for (AcceptPolicy bad : List.<AcceptPolicy>of(throwing, loads -> -1, loads -> SHARDS,
                loads -> Integer.MAX_VALUE)) {
            assertThat(spread(transport, 12, bad, 12).stream().mapToLong(n -> n).sum()).isEqualTo(12);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void aShardThatIsDrainedIsGivenNoneThoughItIsNamed(Transport transport) throws Exception {
        List<Socket> clients = new ArrayList<>();
        try (Engine engine = Engines.start(transport, SHARDS);
                TcpServer server = TcpServer.bind(engine, "policy", ServerConfig.of("quiet", 0),
                        (shard, channel) -> {}, loads -> 2)) {
            server.drain(2, Duration.ZERO);
            for (int i = 0; i < 12; i++) {
                clients.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
            }
            Engines.until("all are accepted", () -> isEach(server, 12));
            assertThat(server.connections(2)).isZero();
            assertThat(server.policyFailures()).isEqualTo(12);
            for (Socket client : clients) {
                client.close();
            }
        }
    }

    /** The shard that is to own them does nothing for a while: only so many wait for it, and the others are served elsewhere. */
    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void onlySoManyWaitForAShardThatIsBusy(Transport transport) throws Exception {
        List<Socket> clients = new ArrayList<>();
        CountDownLatch go = new CountDownLatch(1);
        ServerConfig config = ServerConfig.of("quiet", 0).withBacklog(8);
        AcceptPolicy toTheLast = new AcceptPolicy() {
            @Override
            public int owner(io.solaster.engine.net.accept.ShardLoads loads) {
                return SHARDS - 1;
            }

            @Override
            public boolean everyShardAccepts() {
                return false;
            }
        };
        try (Engine engine = Engines.start(transport, SHARDS);
                TcpServer server = TcpServer.bind(engine, "policy", config, (shard, channel) -> {}, toTheLast)) {
            engine.shard(SHARDS - 1).execute(() -> {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            for (int i = 0; i < 20; i++) {
                int count = i + 1;
                clients.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
                Engines.until("it is accepted", () -> isEach(server, count));
            }
            assertThat(perShard(server)).containsExactly(12L, 0L, 0L, 8L);
            go.countDown();
            Engines.until("they are there", () -> server.handedOver() == 8);
            assertThat(server.policyFailures()).isZero();
            for (Socket client : clients) {
                client.close();
            }
            Engines.until("all have gone", () -> server.connections() == 0);
        } finally {
            go.countDown();
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void balancedKeepsShardsWithinATenthOrSoOfTheMean(Transport transport) throws Exception {
        List<Socket> clients = new ArrayList<>();
        try (Engine engine = Engines.start(transport, SHARDS);
                TcpServer server = TcpServer.bind(engine, "balanced",
                        ServerConfig.of("quiet", 0).withDistribution(Distribution.BALANCED), (shard, channel) -> {})) {
            for (int i = 0; i < 200; i++) {
                int count = i + 1;
                clients.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
                // One at a time, so that each acceptor knows of all before.
                Engines.until("it is accepted", () -> isEach(server, count));
            }
            // By work too, where the machine is busy, but never beyond twice the mean.
            assertThat(perShard(server)).allSatisfy(connections -> assertThat(connections).isBetween(0L, 102L));
            for (Socket client : clients) {
                client.close();
            }
        }
    }
}
