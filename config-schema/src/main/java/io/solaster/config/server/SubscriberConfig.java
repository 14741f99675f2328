package io.solaster.config.server;

import java.time.Duration;

import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Range;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What one client that has subscribed to channels may take of a server.
 *
 * @param outputBuffer bytes of messages and replies that it has not read above which it is disconnected
 * @param softOutputBuffer bytes above which it is disconnected once that is so for 'soft-time'; 0 for none
 * @param softTime how long more than 'soft-output-buffer' may wait for it
 * @param maxSubscriptions channels and patterns of one client
 * @param memory what the subscriptions of one client may take, their names and patterns included
 */
public record SubscriberConfig(@DefaultValue("32MB") ByteSize outputBuffer,
        @DefaultValue("8MB") ByteSize softOutputBuffer, @DefaultValue("60s") Duration softTime,
        @DefaultValue("100000") @Range(min = 1) int maxSubscriptions, @DefaultValue("64MB") ByteSize memory) {

    /** What an empty configuration gives. */
    public static SubscriberConfig defaults() {
        return new SubscriberConfig(new ByteSize(32L << 20), new ByteSize(8L << 20), Duration.ofSeconds(60), 100_000,
                new ByteSize(64L << 20));
    }

    /** This with other limits on what is not read. */
    public SubscriberConfig withOutput(ByteSize newOutputBuffer, ByteSize newSoftOutputBuffer, Duration newSoftTime) {
        return new SubscriberConfig(newOutputBuffer, newSoftOutputBuffer, newSoftTime, maxSubscriptions, memory);
    }

    /** This with another number of subscriptions, and another limit on what they take. */
    public SubscriberConfig withSubscriptions(int newMaxSubscriptions, ByteSize newMemory) {
        return new SubscriberConfig(outputBuffer, softOutputBuffer, softTime, newMaxSubscriptions, newMemory);
    }
}
