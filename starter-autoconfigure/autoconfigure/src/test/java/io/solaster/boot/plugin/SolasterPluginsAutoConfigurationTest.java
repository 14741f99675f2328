package io.solaster.boot.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;

import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.streams.plugin.Plugins;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Plug-ins as an application of Spring has them. */
final class SolasterPluginsAutoConfigurationTest {
    @TempDir
    private Path directory;

    private ApplicationContextRunner runner() {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterPluginsAutoConfiguration.class))
                .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                        "solaster.engine.transport=nio", "management.endpoints.web.exposure.include=*");
    }

    private ApplicationContextRunner configured() {
        return runner().withPropertyValues("solaster.plugins.directory=" + directory,
                "solaster.plugins.processors.mask.topics=orders,audit-*",
                "solaster.plugins.processors.mask.on-failure=reject");
    }

    @Test
    void showsThemAtTheEndpoint() {
        configured().run(context -> {
            assertThat(context).hasSingleBean(Plugins.class).hasSingleBean(PluginsEndpoint.class);
            PluginsEndpoint endpoint = context.getBean(PluginsEndpoint.class);
            assertThat(endpoint.plugin("mask")).containsEntry("state", "missing").containsEntry("calls", 0L)
                    .extractingByKey("lastError").asString().contains("no file of plug-in 'mask'");
            assertThat(endpoint.plugins().toString()).contains("mask={state=missing");
            assertThat(endpoint.plugin("other")).isNull();
            assertThat(endpoint.reload()).containsEntry("reload", "begun");
        });
    }

    @Test
    void withoutADirectoryThereAreNone() {
        runner().run(context -> assertThat(context).doesNotHaveBean(Plugins.class));
    }

    @Test
    void withoutTheModuleNothingIsThere() {
        configured().withClassLoader(new FilteredClassLoader(Plugins.class))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(PluginsEndpoint.class));
    }
}
