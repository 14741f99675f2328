package io.solaster.store.message;

import io.netty.buffer.ByteBuf;
import io.solaster.config.server.SubscriberConfig;

/** A client as messages see it. On the client's shard only. */
public interface MessageClient {
    /** Whether it speaks RESP3. */
    boolean isResp3();

    /** What it may take as a subscriber. */
    SubscriberConfig subscriberLimits();

    /**
     * Takes a message of those that others get too: it leaves behind the replies written so far, once {@link #flushMessages} is
     * called. A client that leaves more unread than subscribers may is cut off.
     *
     * @param buffer where it lies as it goes over the wire; is copied, or retained
     * @param key as of {@link io.solaster.streams.subscribe.Subscriber#take}
     * @return false if who publishes is to wait until {@link ClientSubscriptions#hasRoom} is called
     */
    boolean message(ByteBuf buffer, int from, int length, long key);

    /** Whether the next message may have to wait for long, so that it is to have a buffer of its own. */
    boolean keepsMessages();

    /** It has no subscription any more: messages that wait are of no concern to it. */
    void forgetMessages();

    /** Sends the messages that were taken. */
    void flushMessages();

    /** Closes the connection: it has missed a message. */
    void kill();

    /** Runs nothing else, and sends nothing, until {@link #resume}: what the command answers is not true before. */
    void hold();

    /** Ends what {@link #hold} began. */
    void resume();
}
