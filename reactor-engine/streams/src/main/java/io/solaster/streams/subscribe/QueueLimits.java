package io.solaster.streams.subscribe;

import java.time.Duration;

/**
 * What may wait for a subscriber of the same process, and what becomes of more.
 *
 * @param policy what becomes of a message that finds no room
 * @param maxMessages messages that may wait
 * @param maxBytes bytes that may wait, with {@link DeliveryQueue#COST} for each message; while as much is under way, no more is begun
 * @param maxUnderWay messages that a handler may have begun with and not ended, at most; it is let have fewer while those take longer
 *        than the target
 * @param target how long a message may be under way before the subscriber is let have fewer at once
 * @param waitFor how long a publish waits for room at most, where the policy is {@link DeliveryPolicy#WAIT}; by milliseconds
 */
public record QueueLimits(DeliveryPolicy policy, int maxMessages, long maxBytes, int maxUnderWay, Duration target,
        Duration waitFor) {
    /** What a publish waits for at most, unless another time is set. */
    public static final Duration WAIT_FOR = Duration.ofSeconds(1);
    /** Longer than this no publish may wait. */
    public static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

    /** With {@link #WAIT_FOR}. */
    public QueueLimits(DeliveryPolicy policy, int maxMessages, long maxBytes, int maxUnderWay, Duration target) {
        this(policy, maxMessages, maxBytes, maxUnderWay, target, WAIT_FOR);
    }

    public QueueLimits {
        if (waitFor.compareTo(Duration.ofMillis(1)) < 0 || waitFor.compareTo(LONGEST_WAIT) > 0) {
            throw new IllegalArgumentException("a publish waits for " + waitFor + "; give 1 ms to " + LONGEST_WAIT);
        }
        if (maxMessages < 1 || maxBytes < 1 || maxUnderWay < 1 || target.isNegative() || target.isZero()) {
            throw new IllegalArgumentException("queue limits of " + maxMessages + " messages, " + maxBytes + " bytes, "
                    + maxUnderWay + " under way within " + target + "; give more than 0 of each");
        }
    }

    /** 10,000 messages, 8 MiB, 256 under way within 100 ms. */
    public static QueueLimits of(DeliveryPolicy policy) {
        return new QueueLimits(policy, 10_000, 8L << 20, 256, Duration.ofMillis(100));
    }
}
