package io.solaster.streams.topic;

import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** Brings a message that a plug-in sends to another topic there. */
@Internal
@FunctionalInterface
public interface Router {

    /**
     * Publishes a message to another topic, where no plug-in looks at it. On a shard, whose room for publishes it takes.
     *
     * @param topic its name, as the plug-in says it
     * @param hops how often it was routed when it was to be delivered, this time too
     * @param heard told on the shard
     * @throws IllegalArgumentException if there is no such topic, or the message is too large for it
     * @throws java.util.concurrent.RejectedExecutionException if there is no room
     */
    void route(String topic, byte @Nullable [] key, byte[] headers, byte[] value, int hops, Published heard);
}
