package io.solaster.boot.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
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
    static Path directory;
    private static Started withoutWeb;
    private static Started withoutAnything;

    private record Started(Process process, Path log) {}

    /** Both at once: each has a CPU for itself. */
    @BeforeAll
    static void start() throws IOException {
        withoutWeb = start("web", WEB);
        withoutAnything = start("anything", Stream.of(WEB, REACTIVE, WATCHING).flatMap(List::stream).toList());
    }

    @AfterAll
    static void stop() {
        Stream.of(withoutWeb, withoutAnything).filter(Objects::nonNull)
                .forEach(each -> each.process().destroyForcibly());
    }

    @Test
    void without_spring_web() throws Exception {
        assertStarts(withoutWeb);
    }

    @Test
    void without_anything_that_is_optional() throws Exception {
        assertStarts(withoutAnything);
    }

    private static Started start(String name, List<String> without) throws IOException {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> without.stream().noneMatch(Path.of(entry).getFileName().toString()::startsWith))
                .collect(Collectors.joining(File.pathSeparator));
        Path log = directory.resolve(name);
        return new Started(new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED", "-cp", classPath, Application.class.getName(),
                "--spring.main.banner-mode=off", "--solaster.engine.shards=1", "--solaster.engine.pinning=never",
                "--solaster.engine.transport=nio", "--solaster.pools.cache.protocol=resp",
                "--solaster.pools.cache.endpoints=127.0.0.1:6379", "--solaster.pools.users.endpoints=127.0.0.1:8080")
                .redirectErrorStream(true).redirectOutput(log.toFile()).start(), log);
    }

    private static void assertStarts(Started started) throws Exception {
        assertThat(started.process().waitFor(120, TimeUnit.SECONDS)).as(Files.readString(started.log())).isTrue();
        assertThat(Files.readString(started.log())).contains("it has started");
        assertThat(started.process().exitValue()).isZero();
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
