package io.solaster.boot.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigBinder;
import io.solaster.config.check.ConfigValidator;
import io.solaster.config.pool.BalancingConfig.Algorithm;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.pool.PoolConfig;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.io.ByteArrayResource;

/** What the README of net-pooling says of configuration is so; its Java is compiled by tests beside it. */
final class PoolsReadmeTest {
    private static final Pattern YAML = Pattern.compile("(?ms)^```yaml\n(.*?)^```$");
    private static final Pattern ALGORITHM = Pattern
            .compile("(?m)^\\| `([a-z-]+)`( \\(default\\))? \\| (of|the|one|any|by)\\b");

    private final String readme = Files.readString(Path.of("../../net-pooling/README.md"));

    PoolsReadmeTest() throws IOException {}

    @Test
    void its_yaml_binds_and_is_valid() throws IOException {
        List<String> blocks = YAML.matcher(readme).results().map(block -> block.group(1)).toList();
        assertThat(blocks).hasSizeGreaterThanOrEqualTo(3).allMatch(block -> block.startsWith("solaster:"));
        for (String block : blocks) {
            SolasterConfig config = ConfigBinder.bind(new Binder(ConfigurationPropertySources.from(
                    new YamlPropertySourceLoader().load("README", new ByteArrayResource(block.getBytes())))));
            assertThat(config.pools()).as(block).isNotEmpty();
            assertThat(config.pools().values()).as(block).doesNotContain(PoolConfig.of(PoolConfig.Protocol.HTTP));
            // Some leave out what they are not about.
            config.pools().forEach((name, pool) -> {
                PoolConfig whole = pool.endpoints().isEmpty()
                        ? pool.withEndpoints(List.of(EndpointConfig.valueOf("a.example:1")))
                        : pool;
                assertThat(ConfigValidator.check(config.withPools(java.util.Map.of(name, whole)))).as(block)
                        .noneMatch(violation -> violation.isError());
            });
        }
    }

    @Test
    void it_tells_of_every_algorithm() {
        assertThat(ALGORITHM.matcher(readme).results().map((MatchResult row) -> row.group(1)))
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(Algorithm.values())
                        .map(each -> each.name().toLowerCase(Locale.ROOT).replace('_', '-')).toList());
    }
}
