package io.solaster.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import io.solaster.boot.actuate.SolasterHealthAutoConfiguration;
import io.solaster.boot.actuate.SolasterWatchAutoConfiguration;
import io.solaster.boot.actuate.meters.SolasterMetricsAutoConfiguration;
import io.solaster.config.EngineConfig;
import io.solaster.config.SolasterConfig;
import io.solaster.config.pool.BalancingConfig;
import io.solaster.config.pool.EndpointConfig;
import io.solaster.config.server.Http2Config;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.ShardCount;
import io.solaster.engine.Engine;
import io.solaster.spring.server.ServerLifecycle;
import org.junit.jupiter.api.Test;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.aot.test.generate.TestGenerationContext;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.test.tools.CompileWithForkedClassLoader;
import org.springframework.core.test.tools.TestCompiler;

/** The starter in an application whose bean definitions were worked out when it was built. */
final class StarterAheadOfTimeTest {
    private static final Class<?>[] AUTO_CONFIGURATIONS = {SolasterAutoConfiguration.class,
            SolasterStoreAutoConfiguration.class, SolasterWatchAutoConfiguration.class,
            HealthContributorAutoConfiguration.class,
            HealthContributorRegistryAutoConfiguration.class, SolasterHealthAutoConfiguration.class,
            SolasterMetricsAutoConfiguration.class};

    @Test
    void processing_starts_no_engine() {
        try (AnnotationConfigApplicationContext context = application()) {
            new ApplicationContextAotGenerator().processAheadOfTime(context, new TestGenerationContext());
            assertThat(context.getBeanFactory().containsBeanDefinition("solasterEngine")).isTrue();
            assertThat(context.getBeanFactory().containsSingleton("solasterEngine")).isFalse();
            assertThat(context.getBeanFactory().containsSingleton("solasterConfig")).isFalse();
        }
    }

    @Test
    @CompileWithForkedClassLoader
    void what_was_processed_starts_and_serves() {
        TestGenerationContext generation = new TestGenerationContext();
        try (AnnotationConfigApplicationContext context = application()) {
            new ApplicationContextAotGenerator().processAheadOfTime(context, generation);
        }
        generation.writeGeneratedContent();
        TestCompiler.forSystem().with(generation).compile(compiled -> {
            try (GenericApplicationContext context = new GenericApplicationContext()) {
                properties(context);
                initializer(compiled.getInstance(ApplicationContextInitializer.class)).initialize(context);
                context.refresh();
                assertThat(context.getBean(Engine.class).shards()).hasSize(1);
                assertThat(context.getBean("solasterHealthIndicator", HealthIndicator.class).health())
                        .extracting(Health::getStatus).isEqualTo(Status.UP);
                int port = context.getBean(ServerLifecycle.class).server("kv").orElseThrow().port();
                assertThat(ping(port)).isEqualTo("+PONG\r\n");
            }
        });
    }

    @Test
    void every_record_of_the_configuration_may_be_bound_by_reflection() throws Exception {
        RuntimeHints hints = new RuntimeHints();
        new SolasterRuntimeHints().registerHints(hints, null);
        Set<Class<?>> records = new HashSet<>();
        collect(SolasterConfig.class, records);
        assertThat(records).contains(EngineConfig.class, ServerConfig.class, Http2Config.class, EndpointConfig.class,
                BalancingConfig.class, ByteSize.class);
        for (Class<?> type : records) {
            Class<?>[] components = Arrays.stream(type.getRecordComponents()).map(RecordComponent::getType)
                    .toArray(Class<?>[]::new);
            assertThat(RuntimeHintsPredicates.reflection()
                    .onConstructorInvocation(type.getDeclaredConstructor(components))).as(type.getName())
                    .accepts(hints);
        }
        assertThat(RuntimeHintsPredicates.reflection()
                .onMethodInvocation(ShardCount.class.getMethod("valueOf", String.class))).accepts(hints);
    }

    /** The records that are written in the components' types, in whichever room they are. */
    private static void collect(Type type, Set<Class<?>> records) {
        if (type instanceof ParameterizedType parameterized) {
            Arrays.stream(parameterized.getActualTypeArguments()).forEach(argument -> collect(argument, records));
        } else if (type instanceof Class<?> record && record.isRecord() && records.add(record)) {
            Arrays.stream(record.getRecordComponents()).forEach(part -> collect(part.getGenericType(), records));
        }
    }

    private static AnnotationConfigApplicationContext application() {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        properties(context);
        context.register(AUTO_CONFIGURATIONS);
        return context;
    }

    private static void properties(ConfigurableApplicationContext context) {
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("test",
                Map.of("solaster.engine.shards", "1", "solaster.engine.pinning", "never",
                        "solaster.servers.kv.protocol", "resp", "solaster.servers.kv.host", "127.0.0.1",
                        "solaster.servers.kv.port", "0")));
    }

    @SuppressWarnings("unchecked")
    private static ApplicationContextInitializer<GenericApplicationContext> initializer(
            ApplicationContextInitializer<?> compiled) {
        return (ApplicationContextInitializer<GenericApplicationContext>) compiled;
    }

    private static String ping(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readNBytes(7), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
