package io.solaster.store.server;

import java.util.concurrent.Executor;

import io.netty.buffer.ByteBuf;
import io.solaster.config.server.SubscriberConfig;
import io.solaster.store.message.ClientSubscriptions;
import io.solaster.streams.subscribe.DeliveryPolicy;
import io.solaster.streams.subscribe.DeliveryQueue;
import io.solaster.streams.subscribe.SubscriptionStats;

/**
 * Messages of a client that does not read as fast as they come: they wait here, bounded, by one of the policies that do not disconnect it,
 * and go to its socket piece by piece. On the shard.
 */
final class MessageBacklog {
    /** Bytes that go to the socket at once, and may wait there before what comes next waits here. */
    static final long WINDOW = 64 << 10;

    private final SubscriberConfig limits;
    private final DeliveryQueue queue;
    private final ClientConnection connection;
    private boolean holds;
    private boolean isScheduled;

    MessageBacklog(SubscriberConfig limits, SubscriptionStats stats, ClientConnection connection) {
        this.limits = limits;
        this.queue = new DeliveryQueue(policy(limits.policy()), limits.queueMessages(), limits.queueBytes().bytes(),
                stats);
        this.connection = connection;
    }

    private static DeliveryPolicy policy(SubscriberConfig.Policy policy) {
        return switch (policy) {
            case CLOSE -> DeliveryPolicy.CLOSE;
            case DROP_OLDEST -> DeliveryPolicy.DROP_OLDEST;
            case DROP_NEWEST -> DeliveryPolicy.DROP_NEWEST;
            case CONFLATE -> DeliveryPolicy.CONFLATE;
            case WAIT -> DeliveryPolicy.WAIT;
        };
    }

    /** Whether it is as these limits have it, which may have changed since. */
    boolean isOf(SubscriberConfig others) {
        return limits.equals(others);
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    /** As {@link ReplyOutput#message}; the buffer holds nothing else. */
    boolean offer(ByteBuf message, long key) {
        queue.offer(message, key);
        holds |= queue.isFull();
        return !holds;
    }

    /** What the socket may be given now goes behind what is there. */
    void moveTo(Pushes pushes) {
        while (pushes.bytes() < WINDOW) {
            ByteBuf next = queue.poll();
            if (next == null) {
                break;
            }
            try {
                pushes.add(next, next.readerIndex(), next.readableBytes(), true);
            } finally {
                next.release();
            }
        }
        tellOfRoom();
    }

    private void tellOfRoom() {
        if (holds && queue.hasRoom()) {
            holds = false;
            ClientSubscriptions own = connection.state().subscriptions();
            if (own != null) {
                own.hasRoom();
            }
        }
    }

    /** Has the connection flush in a later turn. */
    void flushLater(Executor shard) {
        if (!isScheduled) {
            isScheduled = true;
            shard.execute(() -> {
                isScheduled = false;
                connection.flushMessages();
            });
        }
    }

    void clear() {
        queue.clear();
        tellOfRoom();
    }
}
