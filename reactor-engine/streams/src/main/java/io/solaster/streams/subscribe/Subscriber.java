package io.solaster.streams.subscribe;

import io.netty.buffer.ByteBuf;

/** Somebody who subscribes, such as a client's connection. All calls on its shard; one that throws is told that it {@link #failed}. */
public interface Subscriber {
    /** A message of so many bytes and more has a buffer of its own; smaller ones lie one behind the other in one. */
    int SHARED_FROM = 1024;

    /** A form of messages that needs no {@link MessageFormat}: the length of the name in 4 bytes, the name, the payload. */
    int PLAIN = -1;

    /** Added to one of the forms: the message is to have a buffer of its own and no larger, as it may be kept for long. */
    int KEPT = 1 << 16;

    /** In which of the {@link MessageFormat}'s forms it takes the next message, maybe {@link #KEPT}, or {@link #PLAIN}. */
    int form();

    /**
     * Takes a message, and does not send it before {@link #flush}. What it leaves unsent is bounded, and it ends by itself beyond.
     *
     * @param buffer where it lies, as for all others who get it; behind it the messages that come next may be written, so that who gets
     *        both has one piece. Who wants the bytes for longer than this call retains it, or copies them; its indices stay. In the form
     *        {@link #PLAIN}, and of one that is {@link #KEPT}, it holds nothing else
     * @param from where it begins
     * @param length bytes of it
     * @param key messages by one subscription that were published to one name have the same, and others, with all but no doubt, another
     *        one
     * @return false if it is full: who publishes to the name is to wait until {@link SubscriptionShard#hasRoom} is called
     */
    boolean take(ByteBuf buffer, int from, int length, long key);

    /** How long a publish waits at most where {@link #take} says that it is to, in milliseconds. */
    default int waitMillis() {
        return (int) QueueLimits.WAIT_FOR.toMillis();
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
