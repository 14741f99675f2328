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
 * @param policy what becomes of messages to a client that does not read as fast as they come. 'close': it is disconnected at
 *            'output-buffer'. Else they wait in a queue of its own, and where that is full: 'drop-oldest' or 'drop-newest'; 'conflate':
 *            of each channel the last one waits; 'wait': who publishes waits for room
 * @param queueBytes bytes of messages in that queue, each with 64 bytes more; with 'wait' up to twice as much, of what was under way
 * @param queueMessages messages in that queue
 * @param waitFor how long a publish waits for room at most, with 'wait'; then it is refused
 */
public record SubscriberConfig(@DefaultValue("32MB") ByteSize outputBuffer,
        @DefaultValue("8MB") ByteSize softOutputBuffer, @DefaultValue("60s") Duration softTime,
        @DefaultValue("100000") @Range(min = 1) int maxSubscriptions, @DefaultValue("64MB") ByteSize memory,
        @DefaultValue("close") Policy policy, @DefaultValue("8MB") ByteSize queueBytes,
        @DefaultValue("10000") @Range(min = 1) int queueMessages, @DefaultValue("1s") Duration waitFor) {
    /** What becomes of messages to a client that does not read as fast as they come. */
    public enum Policy {
        /** It is disconnected. */
        CLOSE,
        /** The oldest make room for newer ones. */
        DROP_OLDEST,
        /** Those are dropped that find no room. */
        DROP_NEWEST,
        /** Of each channel the last one waits. */
        CONFLATE,
        /** Who publishes waits for room. */
        WAIT
    }

    /** What an empty configuration gives. */
    public static SubscriberConfig defaults() {
        return new SubscriberConfig(new ByteSize(32L << 20), new ByteSize(8L << 20), Duration.ofSeconds(60), 100_000,
                new ByteSize(64L << 20), Policy.CLOSE, new ByteSize(8L << 20), 10_000, Duration.ofSeconds(1));
    }

    /** This with another policy, and another queue for it. */
    public SubscriberConfig withPolicy(Policy newPolicy, ByteSize newQueueBytes, int newQueueMessages,
            Duration newWaitFor) {
        return new SubscriberConfig(outputBuffer, softOutputBuffer, softTime, maxSubscriptions, memory, newPolicy,
                newQueueBytes, newQueueMessages, newWaitFor);
    }

    /** This with other limits on what is not read. */
    public SubscriberConfig withOutput(ByteSize newOutputBuffer, ByteSize newSoftOutputBuffer, Duration newSoftTime) {
        return new SubscriberConfig(newOutputBuffer, newSoftOutputBuffer, newSoftTime, maxSubscriptions, memory, policy,
                queueBytes, queueMessages, waitFor);
    }

    /** This with another number of subscriptions, and another limit on what they take. */
    public SubscriberConfig withSubscriptions(int newMaxSubscriptions, ByteSize newMemory) {
        return new SubscriberConfig(outputBuffer, softOutputBuffer, softTime, newMaxSubscriptions, newMemory, policy,
                queueBytes, queueMessages, waitFor);
    }
}
