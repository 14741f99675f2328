package io.solaster.pool.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.PoolConfig;
import io.solaster.config.pool.PoolConfig.Protocol;
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.pool.Endpoint;
import io.solaster.pool.Outcome;
import io.solaster.pool.ShardUpstream;
import io.solaster.pool.Target;
import io.solaster.pool.Upstream;
import io.solaster.pool.discovery.Discovery;
import io.solaster.pool.upstream.Upstreams;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs what the README shows of an upstream alone, line by line. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class UpstreamReadmeTest {
    private static final Pattern FENCED = Pattern.compile("(?ms)^```java\n(.*?)^```$");

    @Test
    void choosesWithoutAPool() throws Exception {
        try (Engine engine = Engine.start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER))) {
            assertThat(choose(engine)).isIn("one.example:8080", "two.example:8080");
        }
    }

    @Test
    void theReadmeShowsWhatRuns() throws Exception {
        String source = Files.readString(
                Path.of("src/test/java/io/solaster/pool/readme/UpstreamReadmeTest.java")).replaceAll("(?m)^\\s+", "");
        List<String> examples = FENCED.matcher(Files.readString(Path.of("README.md"))).results()
                .map(found -> found.group(1).replaceAll("(?m)^\\s+", "")).filter(text -> text.contains("here.choose("))
                .toList();
        assertThat(examples).hasSize(1);
        assertThat(source).contains(examples.getFirst());
    }

    private static String choose(Engine engine) throws Exception {
        PoolConfig config = PoolConfig.of(Protocol.HTTP).withBalancing(BalancingConfig.of(Algorithm.PEAK_EWMA));
        Discovery members = Discovery.of(List.of(Endpoint.of("one.example", 8080), Endpoint.of("two.example", 8080)));
        try (Upstream upstream = Upstreams.start(engine, "orders", config, members)) {
            ShardFuture<String> asked = engine.submitTo(0, () -> {
                ShardUpstream here = upstream.local();
                Target target = here.choose(0);
                if (target == null) {
                    return "nobody";
                }
                long began = System.nanoTime();
                target.begin();
                // ... a request to target.endpoint(), by whatever client, and what came of it:
                target.end(Outcome.SUCCESS, System.nanoTime() - began);
                return target.endpoint().address();
            });
            return asked.get();
        }
    }
}
