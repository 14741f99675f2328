package io.solaster.config.server;

import io.solaster.config.value.ByteSize;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What waits for a WebSocket client that does not read as fast as it is sent to.
 *
 * @param size bytes of messages that may wait beside what the socket has taken; the policy says what happens beyond
 * @param policy what happens to a message that finds the queue full
 */
public record WebSocketQueueConfig(@DefaultValue("1MB") ByteSize size, @DefaultValue("wait") Policy policy) {

    /** What an empty configuration gives. */
    public static WebSocketQueueConfig defaults() {
        return new WebSocketQueueConfig(new ByteSize(1L << 20), Policy.WAIT);
    }

    /** What happens to a message that finds a client's queue full. */
    public enum Policy {
        /**
         * The sender is told to wait, and the client is not read from; who sends all the same, as a broadcast does, may
         * up to 4 times the size, and then the client is disconnected.
         */
        WAIT,
        /** What has waited longest makes room for it. */
        DROP_OLDEST,
        /** It is dropped. */
        DROP_NEWEST,
        /** The client is disconnected. */
        CLOSE
    }
}
