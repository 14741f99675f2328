package io.solaster.binder;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.solaster.streams.Streams;
import io.solaster.streams.Topic;
import org.springframework.cloud.stream.provisioning.ConsumerDestination;
import org.springframework.cloud.stream.provisioning.ProducerDestination;

/** A topic, as Spring Cloud Stream names it. Any thread. */
final class Destination implements ConsumerDestination, ProducerDestination {
    private final Streams streams;
    private final Topic topic;
    /** By partition, a key that belongs to it. */
    private final byte[][] keys;

    Destination(Streams streams, Topic topic) {
        this.streams = streams;
        this.topic = topic;
        this.keys = new byte[topic.partitions()][];
        int missing = keys.length;
        for (int i = 0; missing > 0; i++) {
            byte[] key = Integer.toString(i).getBytes(UTF_8);
            int partition = topic.partitionOf(key);
            if (keys[partition] == null) {
                keys[partition] = key;
                missing--;
            }
        }
    }

    Streams streams() {
        return streams;
    }

    Topic topic() {
        return topic;
    }

    /** What has an entry belong to the partition of a number that may be larger than there are: those share. */
    byte[] keyOf(int number) {
        return keys[Math.floorMod(number, keys.length)];
    }

    @Override
    public String getName() {
        return topic.name();
    }

    @Override
    public String getNameForPartition(int partition) {
        return topic.name();
    }

    @Override
    public String toString() {
        return topic.toString();
    }
}
