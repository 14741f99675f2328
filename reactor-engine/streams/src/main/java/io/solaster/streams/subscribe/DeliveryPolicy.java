package io.solaster.streams.subscribe;

/** What becomes of a message that finds the queue of a subscriber full. */
public enum DeliveryPolicy {
    /** The oldest messages make room for it. */
    DROP_OLDEST,
    /** It is dropped. */
    DROP_NEWEST,
    /** Of each name the last message waits, in the place of the one before it; where that is too much, the oldest make room. */
    CONFLATE,
    /** The subscriber is closed: it gets all messages, or is told that it does not. */
    CLOSE,
    /**
     * Who publishes waits until there is room, for at most {@link QueueLimits#waitFor}, and is refused then. What cannot wait, and what is
     * under way when the queue is full, is taken up to twice its bounds; what comes beyond is dropped.
     */
    WAIT
}
