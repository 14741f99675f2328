package io.solaster.streams.subscribe;

import io.netty.buffer.ByteBuf;

/** How messages look to those who get them. Each shard has one of its own. */
public interface MessageFormat {
    /** In how many forms messages are written, say one for each version of a protocol. */
    int forms();

    /**
     * Writes a message.
     *
     * @param to direct, and grows; the message goes behind what it has
     * @param form below {@link #forms}
     * @param kind what was published to: one of the kinds of {@link Subscriptions}
     * @param pattern address of the pattern by which the subscriber gets it; 0 if it has subscribed to the name itself
     */
    void write(ByteBuf to, int form, int kind, long pattern, int patternLength, long name, int nameLength, long payload,
            int payloadLength);
}
