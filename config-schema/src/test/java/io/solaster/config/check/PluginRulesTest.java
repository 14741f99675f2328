package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.plugin.PluginConfig;
import io.solaster.config.plugin.PluginLimits;
import io.solaster.config.plugin.PluginsConfig;
import io.solaster.config.value.ByteSize;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

final class PluginRulesTest {

    private static List<String> faults(PluginsConfig plugins) {
        return ConfigValidator.check(SolasterConfig.defaults().withPlugins(plugins)).stream().map(Violation::key)
                .toList();
    }

    private static PluginsConfig of(String name, PluginConfig plugin) {
        return PluginsConfig.defaults().withDirectory("/plugins").withProcessors(Map.of(name, plugin));
    }

    @Test
    void aDirectoryAndTopicsAreEnough() {
        assertThat(faults(PluginsConfig.defaults())).isEmpty();
        assertThat(faults(of("mask", PluginConfig.of("orders", "audit-*", "*")))).isEmpty();
    }

    @Test
    void aPluginNeedsADirectoryAndTopics() {
        assertThat(faults(of("mask", PluginConfig.of()).withDirectory(null)))
                .containsExactly("solaster.plugins.directory", "solaster.plugins.processors.mask.topics");
        assertThat(faults(of("mask", PluginConfig.of("or*ders", ""))))
                .containsExactly("solaster.plugins.processors.mask.topics", "solaster.plugins.processors.mask.topics");
        assertThat(faults(of("mask", PluginConfig.of("a")).withDirectory("a\0b")))
                .containsExactly("solaster.plugins.directory");
    }

    @Test
    void aNameIsPartOfAFileName() {
        assertThat(faults(of("../mask", PluginConfig.of("a")))).hasSize(1);
    }

    @Test
    void limitsHaveBounds() {
        assertThat(faults(of("a",
                PluginConfig.of("a").withLimits(new PluginLimits(Duration.ofNanos(1), new ByteSize(1))))))
                .containsExactly("solaster.plugins.processors.a.limits.time",
                        "solaster.plugins.processors.a.limits.memory");
        assertThat(faults(of("a", PluginConfig.of("a").withMaxFailures(0))))
                .containsExactly("solaster.plugins.processors.a.max-failures");
        assertThat(faults(PluginsConfig.defaults().withPollInterval(Duration.ofMillis(1))))
                .containsExactly("solaster.plugins.poll-interval");
    }

    @Test
    void isBoundFromYaml() {
        PluginsConfig bound = ConfigBinder.bind(new Binder(new MapConfigurationPropertySource(Map.of(
                "solaster.plugins.directory", "/plugins", "solaster.plugins.processors.mask.topics", "orders,audit-*",
                "solaster.plugins.processors.mask.at", "delivery", "solaster.plugins.processors.mask.on-failure",
                "reject", "solaster.plugins.processors.mask.limits.memory", "1MB")))).plugins();
        assertThat(bound).isEqualTo(of("mask", PluginConfig.of("orders", "audit-*").withAt(PluginConfig.At.DELIVERY)
                .withOnFailure(PluginConfig.OnFailure.REJECT)
                .withLimits(new PluginLimits(Duration.ofMillis(1), new ByteSize(1 << 20)))));
    }
}
