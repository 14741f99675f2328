package io.solaster.boot.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.boot.actuate.meters.SolasterMetricsAutoConfiguration;
import io.solaster.config.EngineConfig;
import io.solaster.engine.Engine;
import io.solaster.spring.reload.ConfigReloader;
import io.solaster.spring.reload.ReloadStatus;
import io.solaster.spring.reload.ReloadStatus.State;
import io.solaster.streams.ConsumeOptions;
import io.solaster.streams.ConsumeOptions.Acknowledge;
import io.solaster.streams.Streams;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Topics as an application of Spring has them. */
final class SolasterStreamsAutoConfigurationTest {
    @TempDir
    Path directory;

    private ApplicationContextRunner runner() {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterStreamsAutoConfiguration.class, SolasterStreamsActuatorAutoConfiguration.class,
                        SolasterMetricsAutoConfiguration.class))
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                        "solaster.engine.transport=nio", "management.endpoints.web.exposure.include=*");
    }

    private ApplicationContextRunner configured() {
        return runner().withPropertyValues("solaster.streams.directory=" + directory,
                "solaster.topics.orders.partitions=4", "solaster.topics.orders.segment=1MB",
                "solaster.topics.orders.buffer=256KB", "solaster.topics.orders.max-entry=16KB");
    }

    private static void publish(ApplicationContext context, String key, String value) {
        context.getBean(Streams.class).topic("orders").publish(bytes(key), bytes(value)).join();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static BlockingQueue<String> consume(ApplicationContext context, ConsumeOptions options) {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        context.getBean(Streams.class).consume("orders", "billing", options,
                delivery -> heard.add(new String(delivery.value(), StandardCharsets.UTF_8)));
        return heard;
    }

    private static Health health(ApplicationContext context) {
        HealthIndicator topic = (HealthIndicator) context
                .getBean("streamsHealthContributor", CompositeHealthContributor.class).getContributor("orders");
        return Objects.requireNonNull(Objects.requireNonNull(topic).health());
    }

    @Test
    void whatWasPublishedIsThereWhenTheApplicationStartsAgain() {
        configured().run(context -> {
            assertThat(context).hasNotFailed();
            publish(context, "ada", "tea");
            assertThat(directory.resolve("orders")).isDirectory();
        });
        configured().run(context -> {
            assertThat(consume(context, ConsumeOptions.DEFAULTS).poll(1, TimeUnit.MINUTES)).isEqualTo("tea");
        });
    }

    @Test
    void theEndpointAndTheMetersTellOfTopicsAndGroups() {
        configured().run(context -> {
            publish(context, "ada", "tea");
            publish(context, "bob", "milk");
            BlockingQueue<String> heard = consume(context,
                    ConsumeOptions.DEFAULTS.withAcknowledge(Acknowledge.BY_HAND));
            heard.poll(1, TimeUnit.MINUTES);
            heard.poll(1, TimeUnit.MINUTES);
            StreamsEndpoint endpoint = context.getBean(StreamsEndpoint.class);
            assertThat(endpoint.topic("orders")).asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
                    .containsEntry("partitions", 4).containsEntry("published", 2L).containsEntry("delivered", 2L)
                    .containsEntry("state", "open").containsEntry("fsync", "always")
                    .containsEntry("groups", Map.of("billing", Map.of("members", 1, "underWay", 2, "lag", 2L)));
            assertThat(endpoint.streams().toString()).contains("orders={directory=");
            assertThat(endpoint.topic("other")).isNull();

            MeterRegistry registry = context.getBean(MeterRegistry.class);
            context.getBeansOfType(MeterBinder.class).forEach((name, binder) -> {
                if (name.startsWith("solasterTopic")) {
                    binder.bindTo(registry);
                }
            });
            assertThat(registry.get("solaster.streams.published").tag("topic", "orders").functionCounter().count())
                    .isEqualTo(2);
            assertThat(registry.get("solaster.log.disk").tag("log", "topic-orders").gauge().value()).isPositive();
            ThreeShards.until("the shards have been asked",
                    () -> registry.get("solaster.streams.groups").tag("topic", "orders").gauge().value() == 1);
            assertThat(registry.get("solaster.streams.lag").tag("group", "billing").gauge().value()).isEqualTo(2);
            assertThat(registry.get("solaster.streams.pending").tag("group", "billing").gauge().value()).isEqualTo(2);
        });
    }

    @Test
    void aTopicWhoseDiskFailsIsDown() {
        FailingDisk disk = new FailingDisk();
        configured().withBean(Engine.class, () -> Engine.start(
                EngineConfig.defaults().withShards(2).withPinning(EngineConfig.Pinning.NEVER), disk.environment()))
                .run(context -> {
                    publish(context, "ada", "tea");
                    assertThat(health(context).getStatus()).isEqualTo(Status.UP);
                    disk.fail();
                    assertThatThrownBy(() -> publish(context, "ada", "milk")).isInstanceOf(CompletionException.class);
                    assertThat(health(context).getStatus()).isEqualTo(Status.DOWN);
                    assertThat(health(context).getDetails()).containsEntry("sealed", 1L);
                    assertThat(context.getBean(StreamsEndpoint.class).topic("orders").toString())
                            .contains("state=sealed").contains("Input/output error");
                });
    }

    @Test
    void aSecondApplicationOnTheSameDirectoryIsRefusedByName() {
        configured().run(first -> configured().run(second -> assertThat(second).getFailure()
                .hasStackTraceContaining("topic 'orders' needs " + directory.resolve("orders") + " for itself")));
    }

    @Test
    void whatIsWrongIsToldBeforeAnythingIsOpened() {
        configured().withPropertyValues("solaster.topics.orders.partitions=0", "solaster.topics[a/b].order=key")
                .run(context -> {
                    assertThat(context).getFailure().hasStackTraceContaining("solaster.topics.orders.partitions")
                            .hasStackTraceContaining("'a/b' cannot name a topic");
                    assertThat(directory).isEmptyDirectory();
                });
        configured().withPropertyValues("solaster.topics.orders.partitionz=2").run(context -> assertThat(context)
                .getFailure().hasStackTraceContaining("write solaster.topics.orders.partitions"));
    }

    @Test
    void anotherNumberOfPartitionsIsRefused() {
        configured().run(context -> publish(context, "ada", "tea"));
        configured().withPropertyValues("solaster.topics.orders.partitions=5").run(context -> assertThat(context)
                .getFailure().hasStackTraceContaining("partitions"));
    }

    @Test
    void withoutTopicsOrTheModuleThereIsNone() {
        runner().run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(Streams.class)
                .doesNotHaveBean(StreamsEndpoint.class).doesNotHaveBean("streamsHealthContributor"));
        configured().withClassLoader(new FilteredClassLoader(Streams.class))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(StreamsEndpoint.class));
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({SolasterAutoConfiguration.class, SolasterStreamsAutoConfiguration.class})
    static class Application {}

    @Test
    void aTopicThatComesGoesOrChangesNeedsARestart() throws Exception {
        String yaml = """
                solaster:
                  reload: {enabled: false}
                  engine: {shards: 1, pinning: never, transport: nio}
                  streams: {directory: '%s'}
                  topics:
                    orders: {partitions: 2, fsync: never}
                """.formatted(directory.resolve("topics"));
        Path file = Files.writeString(directory.resolve("application.yml"), yaml);
        SpringApplication application = new SpringApplication(Application.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.setBannerMode(Banner.Mode.OFF);
        try (ConfigurableApplicationContext context = application.run("--spring.config.location=" + file)) {
            publish(context, "ada", "tea");
            assertThat(problems(context, file, yaml + "    audit: {}\n"))
                    .contains("solaster.topics.audit: unset -> set; a topic comes with a start");
            assertThat(problems(context, file, yaml.replace("orders:", "\"[or.ders]\":")))
                    .contains("solaster.topics[or.ders]: unset -> set; a topic comes with a start")
                    .contains("solaster.topics.orders: set -> unset; a topic goes with the application");
            assertThat(problems(context, file, yaml.replace("fsync: never", "fsync: 1s")))
                    .contains("solaster.topics.orders.fsync: never -> 1s");
            // It is there as it was.
            publish(context, "ada", "milk");
            assertThat(context.getBean(Streams.class).topic("orders").config().fsync().isNever()).isTrue();
        }
    }

    private static String problems(ApplicationContext context, Path file, String content) throws Exception {
        Files.writeString(file, content);
        ReloadStatus status = context.getBean(ConfigReloader.class).reload();
        assertThat(status.state()).isEqualTo(State.NEEDS_RESTART);
        return status.problems().toString();
    }
}
