package io.solaster.streams.subscribe;

import io.netty.buffer.ByteBuf;

/** Somebody who subscribes, such as a client's connection. All calls on its shard; one that throws is told that it {@link #failed}. */
public interface Subscriber {
    /** A message of so many bytes and more is shared by all who get it; a smaller one costs less to copy. */
    int SHARED_FROM = 1024;

    /** In which of the {@link MessageFormat}'s forms it takes messages. */
    int form();

    /**
     * Takes a message, and does not send it before {@link #flush}. What it leaves unsent is bounded, and it ends by itself beyond.
     *
     * @param message copied if shorter than {@link #SHARED_FROM}; else kept as a duplicate that is retained. Its indices stay
     */
    void take(ByteBuf message);

    /** What was taken is to leave. */
    void flush();

    /** It has thrown from {@link #take} or {@link #flush}, for want of memory mostly: it misses a message, so it is to end. */
    void failed(Throwable cause);

    /** What {@link SubscriptionShard#settle} began is done: all shards know of the subscriptions. */
    void settled();
}
