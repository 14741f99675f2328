package io.solaster.boot.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.Unpooled;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.actuate.SolasterLogHealthAutoConfiguration;
import io.solaster.boot.actuate.meters.SolasterMetricsAutoConfiguration;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.log.Log;
import io.solaster.log.LogRecords;
import io.solaster.log.RecordConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Logs as an application of Spring has them. */
final class SolasterLogAutoConfigurationTest {
    @TempDir
    Path directory;
    private ApplicationContextRunner runner;

    @BeforeEach
    void make() {
        runner = new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterLogAutoConfiguration.class, SolasterLogHealthAutoConfiguration.class,
                        SolasterMetricsAutoConfiguration.class))
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .withPropertyValues("solaster.engine.shards=1", "solaster.engine.pinning=never",
                        "solaster.engine.transport=nio", "solaster.logs.orders.directory=" + directory.resolve("log"),
                        "solaster.logs.orders.segment=256KB", "solaster.logs.orders.buffer=64KB");
    }

    private static void append(Engine engine, Log log, String text) {
        engine.submitStageTo(0, CallOptions.DEFAULTS, () -> log.local().whenAcknowledged(log.local().append(0, 1,
                Unpooled.copiedBuffer(text, StandardCharsets.UTF_8)))).join();
    }

    /** Keeps what it is told. */
    private record Kept(String log, List<String> records) implements LogRecords {
        @Override
        public RecordConsumer of(Shard shard) {
            return (sequence, epoch, kind, payload) -> records
                    .add(sequence + "/" + payload.toString(StandardCharsets.UTF_8));
        }
    }

    @Test
    void aLogIsABeanAndItsRecordsAreTakenWhenTheApplicationStartsAgain() {
        runner.run(context -> {
            assertThat(context).hasNotFailed().hasBean("ordersLog");
            append(context.getBean(Engine.class), context.getBean("ordersLog", Log.class), "tea");
        });
        Kept kept = new Kept("orders", new CopyOnWriteArrayList<>());
        runner.withBean(LogRecords.class, () -> kept).run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(kept.records()).containsExactly("1/tea");
        });
    }

    @Test
    void itsHealthAndItsMetersAreTold() {
        runner.run(context -> {
            append(context.getBean(Engine.class), context.getBean(Log.class), "tea");
            HealthIndicator health = (HealthIndicator) context
                    .getBean("logsHealthContributor", CompositeHealthContributor.class).getContributor("orders");
            assertThat(health.health().getStatus()).isEqualTo(Status.UP);
            MeterRegistry registry = context.getBean(MeterRegistry.class);
            context.getBeansOfType(io.micrometer.core.instrument.binder.MeterBinder.class).get("solasterLogMeters")
                    .bindTo(registry);
            assertThat(registry.get("solaster.log.records").tag("log", "orders").functionCounter().count()).isOne();
            assertThat(registry.get("solaster.log.sealed").gauge().value()).isZero();
        });
    }

    @Test
    void withoutLogsThereIsNone() {
        runner.withPropertyValues("solaster.enabled=true").withClassLoader(new FilteredClassLoader(Log.class))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean("ordersLog"));
    }

    @Test
    void twoThatTakeTheSameRecordsAreRefused() {
        runner.withBean("a", LogRecords.class, () -> new Kept("orders", List.of()))
                .withBean("b", LogRecords.class, () -> new Kept("orders", List.of()))
                .run(context -> assertThat(context).getFailure()
                        .hasStackTraceContaining("has 2 beans of type LogRecords"));
    }
}
