package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.SolasterConfig;
import io.solaster.config.log.LogConfig;
import io.solaster.config.topic.StreamsConfig;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.topic.TopicOrder;
import io.solaster.config.topic.TopicRetainConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

final class TopicRulesTest {

    private static List<String> faults(Map<String, TopicConfig> topics) {
        return ConfigValidator.checkTopics(topics).stream().map(Violation::key).toList();
    }

    private static List<String> faults(TopicConfig topic) {
        return faults(Map.of("a", topic));
    }

    @Test
    void aDirectoryIsEnough() {
        assertThat(faults(Map.of("orders.eu_1", TopicConfig.in("/var/lib/orders")))).isEmpty();
        assertThat(faults(TopicConfig.in(""))).containsExactly("topics.a.directory");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-a", "a/b", "a b", "ä", ".."})
    void aNameThatIsNoneIsRefused(String name) {
        assertThat(faults(Map.of(name, TopicConfig.in("/t")))).hasSize(1);
    }

    @Test
    void twoTopicsHaveTwoDirectories() {
        assertThat(faults(Map.of("a", TopicConfig.in("/t"), "b", TopicConfig.in("/x/../t")))).hasSize(1);
    }

    @Test
    void theRecordOfAllPartitionsFitsIntoTheBuffer() {
        TopicConfig small = TopicConfig.in("/t").withSizes(new ByteSize(128 << 10), new ByteSize(64 << 10),
                new ByteSize(1 << 10));
        assertThat(faults(small.withPartitions(1024))).isEmpty();
        assertThat(faults(small.withPartitions(1025))).containsExactly("topics.a.buffer");
    }

    @Test
    void anEntryFitsIntoTheBuffer() {
        TopicConfig topic = TopicConfig.in("/t");
        ByteSize large = new ByteSize(8 << 20);
        assertThat(faults(topic.withSizes(large, large, new ByteSize(2 << 20))))
                .containsExactly("topics.a.maxEntry");
        assertThat(faults(topic.withSizes(large, large, new ByteSize((2 << 20) - 4096)))).isEmpty();
        assertThat(faults(topic.withInFlight(1, new ByteSize(64 << 10), Duration.ZERO)))
                .containsExactly("topics.a.inFlightBytes");
    }

    @Test
    void numbersHaveTheirRanges() {
        TopicConfig topic = TopicConfig.in("/t");
        assertThat(faults(topic.withPartitions(0))).containsExactly("topics.a.partitions");
        assertThat(faults(topic.withPartitions(16385))).containsExactly("topics.a.partitions");
        assertThat(faults(topic.withMaxGroups(0))).containsExactly("topics.a.maxGroups");
        assertThat(faults(topic.withInFlight(0, new ByteSize(16 << 20), Duration.ofHours(1))))
                .containsExactlyInAnyOrder("topics.a.inFlight", "topics.a.waitFor");
        assertThat(faults(topic.withRetain(new TopicRetainConfig(new ByteSize(1), Duration.ofMillis(1), false))))
                .containsExactly("topics.a.retain.size", "topics.a.retain.age");
    }

    private static SolasterConfig configured(String base, Map<String, TopicConfig> topics) {
        return SolasterConfig.defaults().withTopics(StreamsConfig.defaults().withDirectory(base), topics);
    }

    private static List<String> configuredFaults(String base, Map<String, TopicConfig> topics) {
        return ConfigValidator.check(configured(base, topics)).stream().map(Violation::key).toList();
    }

    @Test
    void aTopicLiesBelowTheDirectoryOfAllUnlessItNamesOne() {
        Map<String, TopicConfig> topics = Map.of("orders", TopicConfig.in(""), "audit", TopicConfig.in("/audit"));
        assertThat(configuredFaults("/topics", topics)).isEmpty();
        assertThat(configured("/topics", topics).placedTopics())
                .containsEntry("orders", TopicConfig.in("/topics/orders"))
                .containsEntry("audit", TopicConfig.in("/audit"));
        assertThat(configuredFaults(null, topics)).containsExactly("solaster.topics.orders.directory");
        assertThat(configuredFaults("a\0b", Map.of())).containsExactly("solaster.streams.directory");
        assertThat(configuredFaults("/t", Map.of("a", TopicConfig.in(""), "b", TopicConfig.in("/t/a")))).hasSize(1);
    }

    @Test
    void whatIsWrongWithAConfiguredTopicIsToldByItsKeys() {
        TopicConfig topic = TopicConfig.in("/t");
        assertThat(configuredFaults(null, Map.of("a.b", topic.withPartitions(0).withMaxGroups(0)
                .withInFlight(0, new ByteSize(1), Duration.ofHours(1)))))
                .containsExactlyInAnyOrder("solaster.topics[a.b].partitions", "solaster.topics[a.b].max-groups",
                        "solaster.topics[a.b].in-flight", "solaster.topics[a.b].in-flight-bytes",
                        "solaster.topics[a.b].in-flight-bytes", "solaster.topics[a.b].wait-for");
        // A name that is none is in no path.
        assertThat(configuredFaults("/t", Map.of("../up", TopicConfig.in(""))))
                .containsExactly("solaster.topics[../up]");
        SolasterConfig log = SolasterConfig.defaults().withLogs(Map.of("l", LogConfig.in("/t")))
                .withTopics(StreamsConfig.defaults(), Map.of("a", topic));
        assertThat(ConfigValidator.check(log)).extracting(Violation::key)
                .containsExactly("solaster.topics.a.directory");
    }

    @Test
    void isReadFromYaml() {
        SolasterConfig config = ConfigBinder.read(new Binder(new MapConfigurationPropertySource(Map.of(
                "solaster.streams.directory", "/topics", "solaster.topics.orders.partitions", "8",
                "solaster.topics.orders.order", "key", "solaster.topics.orders.fsync", "100ms",
                "solaster.topics.orders.retain.age", "7d", "solaster.topics[orders.eu].partitions", "2")))).config();
        assertThat(config.placedTopics()).containsOnly(
                Map.entry("orders", TopicConfig.in("/topics/orders").withPartitions(8).withOrder(TopicOrder.KEY)
                        .withFsync(Fsync.valueOf("100ms"))
                        .withRetain(new TopicRetainConfig(null, Duration.ofDays(7), false))),
                Map.entry("orders.eu", TopicConfig.in("/topics/orders.eu").withPartitions(2)));
    }
}
