package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

import io.solaster.boot.actuate.SolasterHealthAutoConfiguration;
import io.solaster.boot.actuate.SolasterWatchAutoConfiguration;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.reload.ReloadStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/**
 * Measures how long a change takes from files that have been read to the last shard: bind, check, compare, apply. No test
 * by its name, since it asserts no time: {@code mvn -pl starter-autoconfigure/autoconfigure -am test
 * -Dtest=ReloadLatency -Dsurefire.failIfNoSpecifiedTests=false}.
 */
final class ReloadLatency {
    private static final int WARM_UP = 1_000;
    private static final int CHANGES = 1_000;
    private static final String FILE = """
            solaster:
              reload: {enabled: false}
              engine:
                shards: 2
                pinning: never
                groups:
                  reports: {shares: %d, max-queued: %d}
              servers:
                kv: {protocol: resp, port: 0, limits: {max-connections: %d}}
            """;

    @Test
    void from_the_parsed_file_to_the_last_shard(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("application.yml");
        Files.writeString(file, FILE.formatted(1, 1, 1));
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        try (ConfigurableApplicationContext context = application.run("--spring.config.location=" + file,
                "--logging.level.io.solaster=warn")) {
            ConfigReloader reloader = context.getBean(ConfigReloader.class);
            long[] nanos = new long[CHANGES];
            for (int i = 0; i < WARM_UP + CHANGES; i++) {
                int value = 2 + i;
                Files.writeString(file, FILE.formatted(value, value, value));
                ReloadStatus status = reloader.reload();
                assertThat(status.state()).isEqualTo(ReloadStatus.State.APPLIED);
                assertThat(context.getBean(Engine.class).groups().get("reports").shares()).isEqualTo(value);
                if (i >= WARM_UP) {
                    nanos[i - WARM_UP] = status.applyNanos();
                }
            }
            SolasterConfig config = reloader.get();
            assertThat(config.servers().get("kv").limits().maxConnections()).isEqualTo(1 + WARM_UP + CHANGES);
            tell("From the parsed file to the last of 2 shards", nanos);
            for (int i = 0; i < CHANGES; i++) {
                EngineConfig next = Changed.with(config.engine(), "taskQuota", Duration.ofNanos(500_000 + i));
                long start = System.nanoTime();
                context.getBean(Engine.class).reconfigure(next).join();
                nanos[i] = System.nanoTime() - start;
            }
            tell("Of these, compared and applied", nanos);
        }
    }

    private static void tell(String what, long[] nanos) {
        Arrays.sort(nanos);
        System.out.printf("%n%s, %d changes: median %d us, p99 %d us, maximum %d us%n", what, CHANGES,
                nanos[CHANGES / 2] / 1_000, nanos[CHANGES * 99 / 100] / 1_000, nanos[CHANGES - 1] / 1_000);
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterStoreAutoConfiguration.class,
            SolasterWatchAutoConfiguration.class, SolasterHealthAutoConfiguration.class})
    static class Application {}
}
