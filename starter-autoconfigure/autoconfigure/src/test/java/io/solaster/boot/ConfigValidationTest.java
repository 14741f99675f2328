package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.solaster.boot.actuate.SolasterHealthAutoConfiguration;
import io.solaster.boot.actuate.SolasterWatchAutoConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** {@code --solaster.validate}, in a process of its own where it ends the process. */
final class ConfigValidationTest {

    @TempDir
    Path directory;

    @Test
    void what_is_right_ends_with_0_and_starts_nothing() throws Exception {
        Run run = run(Map.of(), "--solaster.validate", "--solaster.servers.kv.protocol=resp");
        assertThat(run.output).contains("The configuration of Solaster is valid.").doesNotContain("a bean was made")
                .doesNotContain("Engine '");
        assertThat(run.exit).isZero();
    }

    @Test
    void what_is_wrong_is_told_at_once_and_ends_with_1() throws Exception {
        Path file = directory.resolve("application.yml");
        Files.writeString(file, """
                solaster:
                  engine:
                    shards: 100000
                    task-qouta: 1ms
                  servers:
                    kv:
                      protocol: smtp
                      port: 6380
                """);
        Run run = run(Map.of("SOLASTER_ENGINE_SHARDZ", "1", "SOLASTER_PORT", "tcp://10.0.0.1:6379"),
                "--solaster.validate", "--spring.config.location=" + file, "--solaster.engine.smt=perhaps");
        assertThat(run.output).contains("The configuration of Solaster is not valid: 4 errors, 1 warning.")
                .contains("ERROR solaster.engine.shards (" + file + ":3:13)\n    100000 is out of range\n    write a")
                .contains("ERROR solaster.engine.task-qouta (" + file
                        + ":4:17)\n    there is no such key\n    write solaster.engine.task-quota")
                .contains("ERROR solaster.engine.smt (command line)\n    'perhaps' is neither true nor false")
                .contains("ERROR SOLASTER_ENGINE_SHARDZ (environment variable SOLASTER_ENGINE_SHARDZ)")
                .contains("WARNING solaster.servers.kv.protocol (" + file
                        + ":7:17)\n    'smtp' is no protocol here unless the application adds it\n    write 'http', 'resp'")
                .doesNotContain("SOLASTER_PORT").doesNotContain("a bean was made").doesNotContain("\tat ");
        assertThat(run.exit).isEqualTo(1);
    }

    @Test
    void false_starts_the_application() {
        try (ConfigurableApplicationContext context = application().run("--solaster.validate=false",
                "--solaster.enabled=false")) {
            assertThat(context.containsBean("told")).isTrue();
        }
    }

    private Run run(Map<String, String> variables, String... arguments) throws IOException, InterruptedException {
        Path log = directory.resolve("log");
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java")
                .toString(), "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                Application.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(variables);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(Files.readString(log)).isTrue();
            return new Run(process.exitValue(), Files.readString(log));
        } finally {
            process.destroyForcibly();
        }
    }

    private static SpringApplication application() {
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        return application;
    }

    private record Run(int exit, String output) {}

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterStoreAutoConfiguration.class,
            SolasterWatchAutoConfiguration.class, SolasterHealthAutoConfiguration.class})
    static class Application {

        public static void main(String[] args) {
            application().run(args);
        }

        @Bean
        String told() {
            System.out.println("a bean was made");
            return "";
        }
    }
}
