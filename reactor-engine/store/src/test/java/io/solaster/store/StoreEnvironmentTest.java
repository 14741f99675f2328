package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.InstantSource;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.engine.Engine;
import io.solaster.engine.env.Environment;
import io.solaster.engine.env.ForwardingEnvironment;
import io.solaster.engine.net.TcpServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A store asks the engine's environment what time it is, and for its secrets. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class StoreEnvironmentTest {
    private static final Instant NOW = Instant.parse("2030-01-01T00:00:00.000007Z");

    /** The machine's, but for the time of day, which stands, and for secrets, which are known. */
    private static final class Known extends ForwardingEnvironment {
        private final RandomGenerator secrets;

        Known(RandomGenerator secrets) {
            super(Environment.SYSTEM);
            this.secrets = secrets;
        }

        @Override
        public InstantSource wallClock() {
            return InstantSource.fixed(NOW);
        }

        @Override
        public RandomGenerator secrets() {
            return secrets;
        }
    }

    private static String runId(long seed) {
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(1).withPinning(Pinning.NEVER),
                new Known(new SplittableRandom(seed)))) {
            Store store = Store.on(engine);
            try (TcpServer server = TcpServer.bind(engine, "test", StoreFixture.config(),
                    new RespProtocol(store, StoreFixture.config()));
                    RespClient client = new RespClient(server.port())) {
                String seconds = Long.toString(NOW.getEpochSecond());
                assertThat(client.call("TIME")).contains(seconds).endsWith("|7");
                client.call("SET", "a", "1", "EX", "10");
                assertThat(client.call("EXPIRETIME", "a")).isEqualTo(":" + (NOW.getEpochSecond() + 10));
                assertThat(client.call("INFO", "server")).contains("server_time_usec:" + seconds + "000000",
                        "uptime_in_seconds:0");
                return StoreFixture.parts(store).runId();
            }
        }
    }

    @Test
    void asksTheEnvironment() {
        assertThat(runId(1)).isEqualTo(runId(1)).isNotEqualTo(runId(2));
    }
}
