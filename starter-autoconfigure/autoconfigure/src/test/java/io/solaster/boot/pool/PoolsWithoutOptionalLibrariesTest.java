package io.solaster.boot.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** An application with pools starts with what its class path has: each in a JVM of its own that lacks some libraries. */
class PoolsWithoutOptionalLibrariesTest {
    private static final List<String> WEB = List.of("spring-web", "spring-boot-web", "spring-boot-rest",
            "spring-boot-http",
            "spring-boot-tomcat", "r2dbc", "spring-boot-r2dbc", "spring-r2dbc", "spring-boot-starter",
            "spring-boot-servlet", "spring-boot-rsocket", "spring-grpc",
            "spring-boot-grpc");
    private static final List<String> REACTIVE = List.of("reactor-", "reactive-streams", "spring-boot-reactor",
            "lettuce",
            "spring-data", "spring-boot-data", "spring-boot-persistence", "spring-boot-netty", "rsocket");
    private static final List<String> WATCHING = List.of("micrometer", "spring-boot-actuator", "spring-boot-health",
            "spring-boot-micrometer", "spring-boot-opentelemetry", "opentelemetry", "context-propagation", "prometheus",
            "kubernetes", "spring-cloud", "playwright");

    @TempDir
    Path directory;

    @Test
    void without_spring_web() throws Exception {
        assertStarts(WEB);
    }

    @Test
    void without_anything_that_is_optional() throws Exception {
        assertStarts(Stream.of(WEB, REACTIVE, WATCHING).flatMap(List::stream).toList());
    }

    private void assertStarts(List<String> without) throws Exception {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> without.stream().noneMatch(Path.of(entry).getFileName().toString()::startsWith))
                .collect(Collectors.joining(File.pathSeparator));
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED", "-cp", classPath, Application.class.getName(),
                "--spring.main.banner-mode=off", "--solaster.engine.shards=1", "--solaster.engine.pinning=never",
                "--solaster.engine.transport=nio", "--solaster.pools.cache.protocol=resp",
                "--solaster.pools.cache.endpoints=127.0.0.1:6379", "--solaster.pools.users.endpoints=127.0.0.1:8080")
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).as(Files.readString(log)).isTrue();
            assertThat(Files.readString(log)).contains("it has started");
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {

        public static void main(String[] args) {
            SpringApplication application = new SpringApplication(Application.class);
            application.setWebApplicationType(WebApplicationType.NONE);
            try (ConfigurableApplicationContext context = application.run(args)) {
                context.getBean("cache");
                context.getBean("users");
                System.out.println("it has started");
            }
        }
    }
}
