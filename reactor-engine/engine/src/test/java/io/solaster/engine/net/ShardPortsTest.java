package io.solaster.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.server.ServerConfig.Distribution;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A port for each shard beside that of all. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ShardPortsTest {
    private static final int SHARDS = 3;
    private static final int TRIES = 100;

    private static String greeting(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) Engines.PATIENCE.toMillis());
            return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                    .readLine();
        }
    }

    /** Nobody, most likely; but anybody may have taken the port meanwhile. */
    private static String whoAnswers(int port) {
        try {
            return greeting(port);
        } catch (IOException nobody) {
            return null;
        }
    }

    /** On a row of ports that was free a moment ago; others take ports meanwhile, and then on another. */
    private static TcpServer bind(Engine engine, ServerConfig config, ConnectionHandler handler) throws IOException {
        for (int i = 0;; i++) {
            try (ServerSocket free = new ServerSocket(0)) {
                int first = Math.min(free.getLocalPort() + 1, 65_535 - SHARDS);
                return TcpServer.bind(engine, "rows", config.withShardPorts(first), handler);
            } catch (BindException taken) {
                if (i == TRIES) {
                    throw taken;
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void whoConnectsToAShardsPortIsServedByThatShard(Transport transport) throws Exception {
        for (Distribution distribution : Distribution.values()) {
            try (Engine engine = Engines.start(transport, SHARDS);
                    TcpServer server = bind(engine, ServerConfig.of("echo", 0).withDistribution(distribution),
                            new Echo(false))) {
                for (int round = 0; round < 4; round++) {
                    for (int shard = 0; shard < SHARDS; shard++) {
                        assertThat(server.shardPort(shard)).isEqualTo(server.config().shardPorts() + shard);
                        assertThat(greeting(server.shardPort(shard))).isEqualTo("shard " + shard);
                    }
                }
                assertThat(greeting(server.port())).startsWith("shard ");
                assertThat(server.accepted()).isEqualTo(4 * SHARDS + 1);
                // Counts of shards are behind that of all by a moment.
                Engines.until("all have gone", () -> server.connections() == 0
                        && IntStream.range(0, SHARDS).allMatch(shard -> server.connections(shard) == 0));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void aShardThatIsDrainedGivesItsPortBackAndTheOthersKeepTheirs(Transport transport) throws Exception {
        for (Distribution distribution : Distribution.values()) {
            try (Engine engine = Engines.start(transport, SHARDS);
                    TcpServer server = bind(engine, ServerConfig.of("echo", 0).withDistribution(distribution),
                            new Echo(false))) {
                assertThat(server.drain(0, Duration.ofSeconds(60))).isZero();
                assertThat(whoAnswers(server.shardPort(0))).isNotEqualTo("shard 0");
                assertThat(greeting(server.shardPort(1))).isEqualTo("shard 1");
                for (int i = 0; i < 8; i++) {
                    assertThat(greeting(server.port())).isIn("shard 1", "shard 2");
                }
                server.close();
                assertThat(server.isListening()).isFalse();
                assertThat(whoAnswers(server.shardPort(2))).isNotEqualTo("shard 2");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void aPortThatIsTakenIsNamedAndNothingStaysOpen(Transport transport) throws Exception {
        try (Engine engine = Engines.start(transport, SHARDS)) {
            for (int i = 0; i < TRIES; i++) {
                try (ServerSocket taken = new ServerSocket()) {
                    taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                    int first = taken.getLocalPort() - 2;
                    ServerConfig config = ServerConfig.of("echo", 0).withShardPorts(first);
                    BindException refused = org.assertj.core.api.Assertions.catchThrowableOfType(BindException.class,
                            () -> TcpServer.bind(engine, "rows", config, new Echo(false)));
                    if (!refused.getMessage().contains("shard 2")) {
                        // Somebody else has one of the two before it.
                        continue;
                    }
                    assertThat(refused).hasMessage("server 'rows' cannot listen on 127.0.0.1:" + (first + 2)
                            + ", the port of shard 2: the port is in use; stop what listens there (ss -ltnp 'sport = :"
                            + (first + 2) + "'), or set solaster.servers.rows.shard-ports to a first port whose row is"
                            + " free");
                    taken.close();
                    try (TcpServer server = TcpServer.bind(engine, "rows", config, new Echo(false))) {
                        assertThat(greeting(server.shardPort(2))).isEqualTo("shard 2");
                        return;
                    } catch (BindException e) {
                        // Somebody else was quicker.
                        continue;
                    }
                }
            }
        }
    }

    @Test
    void aRowThatEndsBeyondTheLastPortIsRefused() {
        try (Engine engine = Engines.start(Transport.NIO, SHARDS)) {
            assertThatExceptionOfType(BindException.class).isThrownBy(() -> {
                // What the two before the end do is not asked: others may have them.
                for (int i = 0; i < TRIES; i++) {
                    try {
                        TcpServer.bind(engine, "rows", ServerConfig.of("echo", 0).withShardPorts(65_534),
                                new Echo(false)).close();
                    } catch (BindException e) {
                        if (e.getMessage().contains("in use")) {
                            continue;
                        }
                        throw e;
                    }
                }
            }).withMessageContainingAll("there is no such port", "shard-ports");
        }
    }
}
