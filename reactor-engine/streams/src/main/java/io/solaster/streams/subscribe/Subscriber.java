package io.solaster.streams.subscribe;

import io.netty.buffer.ByteBuf;

/** Somebody who subscribes, such as a client's connection. All calls on its shard; one that throws is told that it {@link #failed}. */
public interface Subscriber {
    /** A message of so many bytes and more is shared by all who get it; a smaller one costs less to copy. */
    int SHARED_FROM = 1024;

    /** A form of messages that needs no {@link MessageFormat}: the length of the name in 4 bytes, the name, the payload. */
    int PLAIN = -1;

    /** In which of the {@link MessageFormat}'s forms it takes messages, or {@link #PLAIN}. */
    int form();

    /**
     * Takes a message, and does not send it before {@link #flush}. What it leaves unsent is bounded, and it ends by itself beyond.
     *
     * @param message copied if shorter than {@link #SHARED_FROM}; else kept as a duplicate that is retained. Its indices stay
     */
    void take(ByteBuf message);

    /**
     * As {@link #take(ByteBuf)}, of a message with a key: messages by one subscription that were published to one name have the same, and
     * others, with all but no doubt, another one.
     */
    default void take(ByteBuf message, long key) {
        take(message);
    }

    /** What was taken is to leave. */
    void flush();

    /** It has thrown from {@link #take} or {@link #flush}, for want of memory mostly: it misses a message, so it is to end. */
    void failed(Throwable cause);

    /** The shard stops: what it keeps of messages is to be given back. */
    default void ended() {}

    /** What {@link SubscriptionShard#settle} began is done: all shards know of the subscriptions. */
    void settled();
}
