package io.solaster.config;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What a WebSocket connection may take, how long it may be silent, and how much may wait for it.
 *
 * @param maxFrame the longest payload of a frame that a client may send
 * @param maxMessage the longest message that a client may send, all of its frames together and decompressed
 * @param pingInterval how long a client may be silent before it is sent a ping; 0 for no pings
 * @param idleTimeout how long a client may be silent, without so much as a pong, before it is disconnected; 0 for ever
 * @param closeTimeout how long a client may take to answer the end of a conversation before it is disconnected
 * @param queue what waits for a client that does not read as fast as it is sent to
 * @param compression whether messages are compressed
 */
@ConfigurationPropertiesSource
public record WebSocketConfig(@DefaultValue("1MB") ByteSize maxFrame, @DefaultValue("1MB") ByteSize maxMessage,
        @DefaultValue("30s") Duration pingInterval, @DefaultValue("90s") Duration idleTimeout,
        @DefaultValue("5s") Duration closeTimeout, @DefaultValue Queue queue, @DefaultValue Compression compression) {

    /** What an empty configuration gives. */
    public static WebSocketConfig defaults() {
        return new WebSocketConfig(new ByteSize(1L << 20), new ByteSize(1L << 20), Duration.ofSeconds(30),
                Duration.ofSeconds(90), Duration.ofSeconds(5), Queue.defaults(), Compression.defaults());
    }

    /** This with another longest frame. */
    public WebSocketConfig withMaxFrame(ByteSize newMaxFrame) {
        return new WebSocketConfig(newMaxFrame, maxMessage, pingInterval, idleTimeout, closeTimeout, queue,
                compression);
    }

    /** This with another longest message. */
    public WebSocketConfig withMaxMessage(ByteSize newMaxMessage) {
        return new WebSocketConfig(maxFrame, newMaxMessage, pingInterval, idleTimeout, closeTimeout, queue,
                compression);
    }

    /** This with other times: until a ping, until a silent client is disconnected, and for the end. */
    public WebSocketConfig withTimes(Duration newPingInterval, Duration newIdleTimeout, Duration newCloseTimeout) {
        return new WebSocketConfig(maxFrame, maxMessage, newPingInterval, newIdleTimeout, newCloseTimeout, queue,
                compression);
    }

    /** This with another queue. */
    public WebSocketConfig withQueue(ByteSize size, QueuePolicy policy) {
        return new WebSocketConfig(maxFrame, maxMessage, pingInterval, idleTimeout, closeTimeout,
                new Queue(size, policy), compression);
    }

    /** This with another compression. */
    public WebSocketConfig withCompression(Compression newCompression) {
        return new WebSocketConfig(maxFrame, maxMessage, pingInterval, idleTimeout, closeTimeout, queue,
                newCompression);
    }

    /**
     * What waits for one client.
     *
     * @param size bytes of messages that may wait beside what the socket has taken; the policy says what happens beyond
     * @param policy what happens to a message that finds the queue full
     */
    public record Queue(@DefaultValue("1MB") ByteSize size, @DefaultValue("wait") QueuePolicy policy) {

        /** What an empty configuration gives. */
        public static Queue defaults() {
            return new Queue(new ByteSize(1L << 20), QueuePolicy.WAIT);
        }
    }

    /** What happens to a message that finds a client's queue full. */
    public enum QueuePolicy {
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

    /**
     * permessage-deflate, as RFC 7692 has it.
     *
     * @param enabled whether it is agreed upon with clients that offer it; it takes the shard's time
     * @param level 1, the quickest, to 9, the smallest
     * @param threshold messages shorter than this are sent as they are
     * @param contextTakeover whether a message may refer to those before it: smaller, for about 300 KB more memory a
     *            connection
     */
    public record Compression(@DefaultValue("false") boolean enabled,
            @DefaultValue("1") @Range(min = 1, max = 9) int level, @DefaultValue("1KB") ByteSize threshold,
            @DefaultValue("false") boolean contextTakeover) {

        /** What an empty configuration gives. */
        public static Compression defaults() {
            return new Compression(false, 1, new ByteSize(1L << 10), false);
        }

        /** Compression of messages of 1 KB or more, without context takeover. */
        public static Compression on() {
            return new Compression(true, 1, new ByteSize(1L << 10), false);
        }
    }
}
