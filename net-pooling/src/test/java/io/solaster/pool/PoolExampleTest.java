package io.solaster.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.pool.PoolConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.pool.Lines.Line;
import io.solaster.pool.connect.Connectors;
import io.solaster.pool.core.ConnectionPools;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstreams;
import org.junit.jupiter.api.Test;

/** The example of the pool in the README, which runs. */
final class PoolExampleTest {

    @Test
    void runs() {
        try (Engine engine = TestEngines.start(Transport.AUTO, 2); Backend backend = Backend.start(engine, "a")) {
            assertThat(TestEngines.get(example(engine, PoolConfig.of(PoolConfig.Protocol.TCP), backend.endpoint(),
                    new Lines(false), Rig::resolve))).isEqualTo("a hello");
        }
    }

    @Test
    void standsInTheReadme() throws Exception {
        List<String> source = Files.readAllLines(
                Path.of("src/test/java/io/solaster/pool/PoolExampleTest.java"));
        int begin = source.indexOf("        // Where connections go: discovery, health and balancing.");
        String example = String.join("\n", source.subList(begin, source.indexOf("        // End.")).stream()
                .map(line -> line.isEmpty() ? line : line.substring(8)).toList());
        assertThat(Files.readString(Path.of("README.md"))).contains("```java\n" + example + "\n```");
    }

    private static CompletableFuture<String> example(Engine engine, PoolConfig config, Endpoint endpoint,
            Protocol<Line> protocol, Resolver resolver) {
        // Where connections go: discovery, health and balancing.
        Upstream upstream = Upstreams.start(engine, "orders", config, Discovery.of(List.of(endpoint)));
        engine.onStop(upstream::close);
        // Connections to it, each on the shard that uses it. What they speak is up to the protocol.
        ConnectionPool<Line> pool = ConnectionPools.start(engine, "orders", config, protocol, upstream,
                Connectors.of(engine, config, resolver, null));
        // On a shard: work with a connection, which is given back once the result is there.
        return engine.submitStageTo(0, CallOptions.DEFAULTS,
                () -> pool.use(0, null, Duration.ofSeconds(30), connection -> connection.ask("hello")));
        // End.
    }
}
