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
     * @param message as it goes over the wire; is copied, or retained
     */
    void message(ByteBuf message);

    /** Sends the messages that were taken. */
    void flushMessages();

    /** Closes the connection: it has missed a message. */
    void kill();

    /** Runs nothing else, and sends nothing, until {@link #resume}: what the command answers is not true before. */
    void hold();

    /** Ends what {@link #hold} began. */
    void resume();
}
