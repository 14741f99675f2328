package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.ServerConfig.Distribution;
import io.solaster.engine.DeadShards;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server that hands each connection to the shard that has the fewest. */
class DistributionTest {
    private static final int SHARDS = 4;

    private static List<Long> perShard(TcpServer server) {
        return IntStream.range(0, SHARDS).mapToObj(server::connections).toList();
    }

    private static void connect(TcpServer server, int count, List<Socket> clients) throws Exception {
        for (int i = 0; i < count; i++) {
            clients.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
        }
        Engines.until("all are accepted", () -> isEach(server, clients.size()));
    }

    /** Whether there are so many, also by shard, which is counted a moment later. */
    private static boolean isEach(TcpServer server, long connections) {
        return server.connections() == connections
                && perShard(server).stream().mapToLong(n -> n).sum() == connections;
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void eachShardHasAsManyAndNewOnesFillTheGaps(Transport transport) throws Exception {
        ServerConfig config = Changed.with(ServerConfig.of("quiet", 0), "distribution", Distribution.LEAST_CONNECTIONS);
        List<Socket> clients = new ArrayList<>();
        try (Engine engine = Engines.start(transport, SHARDS);
                TcpServer server = TcpServer.bind(engine, "quiet", config, (shard, channel) -> {})) {
            connect(server, 40, clients);
            assertThat(perShard(server)).containsOnly(10L);
            // Those of two shards, since they came in turns.
            for (int i = 39; i >= 0; i--) {
                if (i % SHARDS < 2) {
                    clients.remove(i).close();
                }
            }
            Engines.until("half have gone", () -> isEach(server, 20));
            connect(server, 20, clients);
            assertThat(perShard(server)).containsOnly(10L);
            assertThat(server.drain(3, Duration.ZERO)).isEqualTo(10);
            clients.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
            Engines.until("it is accepted", () -> isEach(server, 31));
            assertThat(server.connections(3)).isZero();
            for (Socket client : clients) {
                client.close();
            }
            Engines.until("all have gone", () -> server.connections() == 0);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void aShardThatHasDiedGetsNone(Transport transport) throws Exception {
        ServerConfig config = Changed.with(ServerConfig.of("quiet", 0), "distribution", Distribution.LEAST_CONNECTIONS);
        List<Socket> clients = new ArrayList<>();
        try (Engine engine = Engines.start(transport, SHARDS);
                TcpServer server = TcpServer.bind(engine, "quiet", config, (shard, channel) -> {})) {
            connect(server, SHARDS, clients);
            DeadShards.kill(engine.shard(2), () -> {});
            Engines.until("its connection is closed", () -> isEach(server, SHARDS - 1));
            long before = server.accepted();
            for (int i = 0; i < 9; i++) {
                clients.add(new Socket(InetAddress.getLoopbackAddress(), server.port()));
            }
            Engines.until("all are accepted", () -> server.accepted() == before + 9 && isEach(server, 12));
            assertThat(perShard(server)).containsExactly(4L, 4L, 0L, 4L);
            assertThat(server.isDrained(2)).isTrue();
            server.drain(1, Duration.ZERO);
            server.drain(3, Duration.ZERO);
            assertThatIllegalStateException().isThrownBy(() -> server.drain(0, Duration.ZERO))
                    .withMessageContaining("the last that takes connections");
            for (Socket client : clients) {
                client.close();
            }
        }
    }
}
