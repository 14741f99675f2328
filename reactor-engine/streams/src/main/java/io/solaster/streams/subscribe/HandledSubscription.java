package io.solaster.streams.subscribe;

import java.util.concurrent.CompletionStage;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A subscriber of the same process: messages wait in its queue, and its handler has as many of them at once as it gets through in time.
 * It takes them in turns of its own, so that a slow one holds up neither who publishes nor the others. On its shard.
 */
final class HandledSubscription implements Subscriber, Subscription {
    private static final Logger log = LoggerFactory.getLogger(HandledSubscription.class);

    private final SubscriptionShard part;
    private final Shard shard;
    private final SchedulingGroup group;
    private final MessageHandler handler;
    private final DeliveryQueue queue;
    private final DeliveryWindow window;
    private final long maxBytes;
    private final Runnable turn = this::turn;
    private int number;
    private int underWay;
    private long bytesUnderWay;
    private boolean isScheduled;
    private boolean closed;
    private final int waitMillis;
    /** Who publishes waits for it. */
    private boolean holds;

    HandledSubscription(SubscriptionShard part, SchedulingGroup group, QueueLimits limits, MessageHandler handler) {
        this.part = part;
        this.shard = part.shard();
        this.group = group;
        this.handler = handler;
        this.queue = new DeliveryQueue(limits.policy(), limits.maxMessages(), limits.maxBytes(), part.stats());
        this.maxBytes = limits.maxBytes();
        this.waitMillis = (int) limits.waitFor().toMillis();
        this.window = new DeliveryWindow(1, limits.maxUnderWay(), 1, limits.target().toNanos());
    }

    void joined(int as) {
        number = as;
    }

    int number() {
        return number;
    }

    @Override
    public int form() {
        return PLAIN;
    }

    @Override
    public boolean take(ByteBuf message, int from, int length, long key) {
        if (!closed && !queue.offer(message, key)) {
            part.stats().closed.increment();
            close();
            tellClosed();
        }
        holds |= queue.isFull();
        return !holds;
    }

    @Override
    public int waitMillis() {
        return waitMillis;
    }

    private void tellClosed() {
        try {
            handler.closed();
        } catch (RuntimeException failure) {
            failed(failure);
        }
    }

    @Override
    public void flush() {
        schedule();
    }

    private void schedule() {
        if (!isScheduled && !closed && !queue.isEmpty() && isReady()) {
            isScheduled = true;
            shard.execute(group, turn);
        }
    }

    private boolean isReady() {
        return underWay < window.size() && bytesUnderWay < maxBytes;
    }

    private void turn() {
        isScheduled = false;
        while (!closed && isReady()) {
            long dropped = queue.isEmpty() ? 0 : queue.takeDropped();
            ByteBuf message = queue.poll();
            if (message == null) {
                return;
            }
            if (holds && queue.hasRoom()) {
                holds = false;
                part.hasRoom(number);
            }
            handle(message, dropped);
            if (Shard.needPreempt()) {
                schedule();
                return;
            }
        }
    }

    private void handle(ByteBuf message, long dropped) {
        long begun = now();
        underWay++;
        bytesUnderWay += DeliveryQueue.cost(message);
        CompletionStage<?> rest;
        try {
            int nameLength = message.getInt(message.readerIndex());
            int name = message.readerIndex() + Deliveries.PLAIN_HEADER;
            int payload = name + nameLength;
            rest = handler.handle(new Delivery(message.slice(name, nameLength),
                    message.slice(payload, message.writerIndex() - payload), dropped));
        } catch (Exception failure) {
            ended(message, begun, failure);
            return;
        } catch (Throwable failure) {
            ended(message, begun, failure);
            throw failure;
        }
        if (rest == null) {
            ended(message, begun, null);
        } else {
            // It may end on any thread, and when the shard has.
            rest.whenComplete((done, failure) -> shard.hereOrElse(() -> ended(message, begun, failure),
                    message::release));
        }
    }

    private void ended(ByteBuf message, long begun, @Nullable Throwable failure) {
        underWay--;
        bytesUnderWay -= DeliveryQueue.cost(message);
        message.release();
        window.drained(begun, now());
        if (failure != null) {
            failed(failure);
        }
        schedule();
    }

    private long now() {
        return shard.environment().clock().nanoTime();
    }

    @Override
    public void failed(Throwable cause) {
        part.stats().failed.increment();
        log.debug("The handler of a subscription has failed", cause);
    }

    @Override
    public void settled() {
        // What was published before is of no concern to it.
    }

    @Override
    public void ended() {
        closed = true;
        queue.clear();
    }

    @Override
    public int queued() {
        return queue.size();
    }

    @Override
    public int window() {
        return (int) window.size();
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public void close() {
        if (!closed) {
            ended();
            part.leave(number);
        }
    }
}
