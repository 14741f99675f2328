package io.solaster.boot.streams;

import io.solaster.streams.Topic;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** DOWN once a shard's log of the topic is sealed, OUT_OF_SERVICE while there is no room on the disk. It reads fields only. */
final class TopicHealthIndicator extends AbstractHealthIndicator {
    private final Topic topic;

    TopicHealthIndicator(Topic topic) {
        super("The health of topic '" + topic.name() + "' cannot be told");
        this.topic = topic;
    }

    @Override
    protected void doHealthCheck(Health.Builder health) {
        Throwable failure = topic.failure();
        Throwable noRoom = topic.noRoom();
        if (failure != null) {
            health.down(failure);
        } else if (noRoom != null) {
            health.outOfService().withException(noRoom);
        } else {
            health.up();
        }
        health.withDetail("directory", topic.config().directory())
                .withDetail("partitions", topic.partitions())
                .withDetail("sealed", topic.logStats().stream().mapToLong(stats -> stats.sealed.get()).sum());
    }
}
