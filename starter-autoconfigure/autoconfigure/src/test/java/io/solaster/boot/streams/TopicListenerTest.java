package io.solaster.boot.streams;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.solaster.boot.SolasterAutoConfiguration;
import io.solaster.boot.SolasterBeansAutoConfiguration;
import io.solaster.boot.ThreeShards;
import io.solaster.boot.actuate.meters.SolasterMetricsAutoConfiguration;
import io.solaster.spring.TopicListener;
import io.solaster.spring.topic.StreamTemplate;
import io.solaster.spring.topic.TopicHeaders;
import io.solaster.streams.Streams;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.messaging.handler.annotation.Header;

/** Listeners of topics as an application of Spring has them. */
final class TopicListenerTest {
    private static final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    @TempDir
    Path directory;

    private ApplicationContextRunner runner() {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SolasterAutoConfiguration.class,
                        SolasterBeansAutoConfiguration.class, SolasterStreamsAutoConfiguration.class,
                        SolasterTopicListenersAutoConfiguration.class, SolasterMetricsAutoConfiguration.class))
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .withPropertyValues("solaster.engine.shards=2", "solaster.engine.pinning=never",
                        "solaster.engine.transport=nio", "spring.application.name=billing");
    }

    private ApplicationContextRunner configured() {
        return runner().withPropertyValues("solaster.streams.directory=" + directory,
                "solaster.topics.orders.partitions=4", "solaster.topics.orders.fsync=never",
                "solaster.topics.orders.segment=1MB", "solaster.topics.orders.buffer=256KB",
                "solaster.topics.orders.max-entry=16KB");
    }

    record Order(String article, int count) {}

    static class Billing {
        @TopicListener(topic = "orders")
        void bill(Order order, @Header(TopicHeaders.GROUP) String group) {
            if (order.count() == 0) {
                throw new IllegalArgumentException("nothing to bill");
            }
            heard.add(order + " " + group);
        }
    }

    @Test
    void aListenerTakesWhatTheTemplateSendsForTheGroupOfTheApplicationsName() {
        ObservationRegistry observations = ObservationRegistry.create();
        BlockingQueue<String> observed = new LinkedBlockingQueue<>();
        observations.observationConfig().observationHandler(new ObservationHandler<Observation.Context>() {
            @Override
            public void onStop(Observation.Context of) {
                observed.add(String.valueOf(of.getContextualName()));
            }

            @Override
            public boolean supportsContext(Observation.Context of) {
                return true;
            }
        });
        configured().withBean(Billing.class).withBean(ObservationRegistry.class, () -> observations)
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    context.getBean(StreamTemplate.class).sendAndWait("orders", "ada", new Order("tea", 1));
                    assertThat(heard.poll(1, TimeUnit.MINUTES)).isEqualTo("Order[article=tea, count=1] billing");
                    MeterRegistry registry = context.getBean(MeterRegistry.class);
                    context.getBean("solasterListenerMeters", MeterBinder.class).bindTo(registry);
                    ThreeShards.until("it is acknowledged", () -> registry
                            .get("solaster.streams.listener.acknowledged").tag("group", "billing")
                            .tag("listener", "Billing.bill(Order, String)").functionCounter().count() == 1);
                    assertThat(observed).containsExactlyInAnyOrder("publish orders", "process orders");
                    context.getBean(StreamTemplate.class).sendAndWait("orders", "ada", new Order("tea", 0));
                    ThreeShards.until("it has failed", () -> registry.get("solaster.streams.listener.failures")
                            .functionCounter().count() == 1);
                });
    }

    @Test
    void whatWasUnderWayAtTheEndComesAgainWhenTheApplicationStarts() {
        configured().run(context -> context.getBean(StreamTemplate.class).sendAndWait("orders", "ada",
                new Order("milk", 2), Map.of()));
        configured().withBean(Billing.class).run(context -> assertThat(heard.poll(1, TimeUnit.MINUTES))
                .isEqualTo("Order[article=milk, count=2] billing"));
    }

    @Test
    void aListenerWithoutATopicIsRefusedByName() {
        runner().withBean(Billing.class).run(context -> assertThat(context).getFailure()
                .hasStackTraceContaining("there is no topic; define some below solaster.topics"));
        configured().withPropertyValues("solaster.topics.orders.partitions=4", "spring.application.name=")
                .withBean(Billing.class).run(context -> assertThat(context).getFailure()
                        .hasStackTraceContaining("@TopicListener: Billing.bill(Order, String): its group's name has 0"
                                + " bytes"));
    }

    @Test
    void withoutMessagingTopicsAreThereAlone() {
        configured().withClassLoader(new FilteredClassLoader(MessageConverter.class))
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(Streams.class));
        configured().withClassLoader(new FilteredClassLoader("tools.jackson")).run(context -> {
            context.getBean(StreamTemplate.class).sendAndWait("orders", null, "text");
            assertThat(context.getBean(StreamTemplate.class).send("orders", null, new Order("tea", 1)))
                    .isCompletedExceptionally();
        });
    }
}
