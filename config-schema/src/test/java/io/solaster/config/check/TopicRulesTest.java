package io.solaster.config.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.topic.TopicRetainConfig;
import io.solaster.config.value.ByteSize;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
}
