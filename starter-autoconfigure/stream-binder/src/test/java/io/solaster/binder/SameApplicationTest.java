package io.solaster.binder;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

import io.solaster.streams.Streams;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.stream.function.StreamBridge;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.test.EmbeddedKafkaKraftBroker;

/** An application of Spring Cloud Stream goes from topics of its process to a broker of Kafka by its configuration alone. */
final class SameApplicationTest {
    private static final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

    @TempDir
    Path directory;

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Shop {
        record Order(String article, int count) {}

        @Bean
        Function<Order, String> bill() {
            return order -> order.count() + " x " + order.article();
        }

        @Bean
        Consumer<String> print() {
            return heard::add;
        }
    }

    private static ConfigurableApplicationContext start(List<String> more) {
        List<String> arguments = new ArrayList<>(List.of("--spring.cloud.function.definition=bill;print",
                "--spring.cloud.stream.bindings.bill-in-0.destination=orders",
                "--spring.cloud.stream.bindings.bill-in-0.group=billing",
                "--spring.cloud.stream.bindings.bill-out-0.destination=bills",
                "--spring.cloud.stream.bindings.print-in-0.destination=bills",
                "--spring.cloud.stream.bindings.print-in-0.group=printing",
                "--spring.jmx.enabled=false", "--solaster.engine.shards=2", "--solaster.engine.pinning=never",
                "--solaster.engine.transport=nio"));
        arguments.addAll(more);
        SpringApplication application = new SpringApplication(Shop.class);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.setBannerMode(Banner.Mode.OFF);
        return application.run(arguments.toArray(String[]::new));
    }

    private static void order(ConfigurableApplicationContext context, String article) throws InterruptedException {
        assertThat(context.getBean(StreamBridge.class).send("orders", new Shop.Order(article, 2))).isTrue();
        assertThat(heard.poll(1, TimeUnit.MINUTES)).isEqualTo("2 x " + article);
    }

    private List<String> onTopics() {
        return List.of("--spring.cloud.stream.default-binder=solaster", "--solaster.streams.directory=" + directory,
                "--solaster.topics.orders.partitions=2", "--solaster.topics.orders.segment=1MB",
                "--solaster.topics.orders.buffer=256KB", "--solaster.topics.orders.max-entry=16KB",
                "--spring.cloud.stream.solaster.binder.partitions=3");
    }

    @Test
    void itRunsOnTopicsThatAreConfiguredAndOnOthersThatAreMade() throws Exception {
        try (ConfigurableApplicationContext context = start(onTopics())) {
            order(context, "tea");
            assertThat(context.getBean(Streams.class).topic("orders").stats().stream()
                    .mapToLong(stats -> stats.entries.get()).sum()).isOne();
            assertThat(Files.isDirectory(directory.resolve("bills"))).isTrue();
        }
        // What was acknowledged is not billed again.
        try (ConfigurableApplicationContext context = start(onTopics())) {
            order(context, "milk");
            assertThat(heard).isEmpty();
        }
    }

    @Test
    @Tag("full")
    void itRunsOnKafkaByItsConfigurationAlone() throws Exception {
        EmbeddedKafkaKraftBroker kafka = new EmbeddedKafkaKraftBroker(1, 1, "orders", "bills");
        kafka.afterPropertiesSet();
        try (ConfigurableApplicationContext context = start(List.of("--spring.cloud.stream.default-binder=kafka",
                "--spring.cloud.stream.kafka.binder.brokers=" + kafka.getBrokersAsString()))) {
            order(context, "tea");
        } finally {
            kafka.destroy();
        }
    }
}
