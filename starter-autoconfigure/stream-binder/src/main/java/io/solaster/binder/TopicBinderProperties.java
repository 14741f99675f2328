package io.solaster.binder;

import org.springframework.boot.context.properties.ConfigurationProperties;

/** What destinations are made with that are none of {@code solaster.topics}. */
@ConfigurationProperties("spring.cloud.stream.solaster.binder")
class TopicBinderProperties {
    /** How many partitions a topic has that the binder makes. */
    private int partitions = 16;

    int getPartitions() {
        return partitions;
    }

    /** Called by Spring. */
    void setPartitions(int partitions) {
        this.partitions = partitions;
    }
}
