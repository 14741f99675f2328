package io.solaster.binder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.solaster.config.EngineConfig;
import io.solaster.config.topic.StreamsConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.engine.Engine;
import io.solaster.streams.Streams;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.cloud.stream.binder.Binding;
import org.springframework.cloud.stream.binder.ConsumerProperties;
import org.springframework.cloud.stream.provisioning.ProvisioningException;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.integration.channel.DirectChannel;
import org.springframework.messaging.MessageChannel;

/** The topics behind destinations, and what becomes of messages that a handler does not take. */
final class DestinationsTest {
    private static final Engine engine = Engine
            .start(EngineConfig.defaults().withShards(2).withPinning(EngineConfig.Pinning.NEVER));

    @TempDir
    Path directory;

    @AfterAll
    static void stop() {
        engine.close();
    }

    private Destinations made() {
        return new Destinations(engine, null, StreamsConfig.defaults().withDirectory(directory.toString()), 3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"../up", "a/b", "", "ä", ".."})
    void aNameThatIsNoneIsRefusedAndMakesNothing(String name) {
        try (Destinations destinations = made()) {
            assertThatThrownBy(() -> destinations.get(name)).isInstanceOf(ProvisioningException.class)
                    .hasMessageContaining("cannot be made");
            assertThat(directory).isEmptyDirectory();
        }
    }

    @Test
    void withoutADirectoryOnlyConfiguredTopicsAreThere() {
        try (Streams streams = Streams.open(engine, Map.of("orders", TopicConfig.in(directory.toString())));
                Destinations destinations = new Destinations(engine, streams, StreamsConfig.defaults(), 3)) {
            assertThat(destinations.get("orders").streams()).isSameAs(streams);
            assertThatThrownBy(() -> destinations.get("bills"))
                    .hasMessageContaining("write solaster.topics.bills, or solaster.streams.directory");
        }
    }

    @Test
    void whatHasBeenClosedMakesNothingMore() {
        Destinations destinations = made();
        Destination first = destinations.get("orders");
        assertThat(destinations.get("orders")).isSameAs(first);
        for (int number = 0; number < 7; number++) {
            assertThat(first.topic().partitionOf(first.keyOf(number))).isEqualTo(number % 3);
        }
        destinations.close();
        assertThatThrownBy(() -> destinations.get("bills")).isInstanceOf(ProvisioningException.class);
        destinations.close();
        // Its directory is free again.
        try (Destinations others = made()) {
            assertThat(others.get("orders").topic().partitions()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void whatFailsAtEachAttemptIsSkippedAndWhatComesAfterIsTaken(int attempts) throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        GenericApplicationContext context = new GenericApplicationContext();
        context.refresh();
        try (Destinations destinations = made()) {
            TopicBinder binder = new TopicBinder(destinations);
            binder.setApplicationContext(context);
            binder.afterPropertiesSet();
            ConsumerProperties properties = new ConsumerProperties();
            properties.setMaxAttempts(attempts);
            properties.setBackOffInitialInterval(1);
            properties.setBackOffMaxInterval(2);
            DirectChannel channel = new DirectChannel();
            channel.setBeanName("input");
            channel.subscribe(message -> {
                String text = new String((byte[]) message.getPayload(), UTF_8);
                heard.add(text);
                if (text.equals("bad")) {
                    throw new IllegalArgumentException("no such article");
                }
            });
            Binding<MessageChannel> binding = binder.bindConsumer("orders", "billing", channel, properties);
            Destination orders = destinations.get("orders");
            orders.topic().publish(orders.keyOf(0), "bad".getBytes(UTF_8)).join();
            orders.topic().publish(orders.keyOf(0), "good".getBytes(UTF_8)).join();
            for (int i = 0; i < attempts; i++) {
                assertThat(heard.poll(1, TimeUnit.MINUTES)).isEqualTo("bad");
            }
            assertThat(heard.poll(1, TimeUnit.MINUTES)).isEqualTo("good");
            binding.unbind();
            assertThat(orders.topic().groups().join().getFirst().lag()).isZero();
        } finally {
            context.close();
        }
    }
}
