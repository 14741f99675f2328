package io.solaster.streams.subscribe;

import java.util.Arrays;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.stats.Counter;
import io.solaster.streams.subscribe.name.IntIndex;
import org.jspecify.annotations.Nullable;

/**
 * Messages that wait for one subscriber, bounded in number and bytes, and what becomes of one that finds no room. Messages are those
 * that others get too, by counted reference: a message waits in any number of queues at the price of one. On the subscriber's shard.
 */
public final class DeliveryQueue {
    /** Bytes that a message counts for beside its own. */
    public static final int COST = 64;
    private static final int LEAST = 8;

    private final DeliveryPolicy policy;
    private final int maxMessages;
    private final long maxBytes;
    private final SubscriptionStats stats;
    private @Nullable ByteBuf[] ring = new ByteBuf[LEAST];
    private long[] keys = new long[LEAST];
    /** By key, where it waits; for {@link DeliveryPolicy#CONFLATE} alone. */
    private IntIndex byKey = new IntIndex();
    private long head;
    private int count;
    private long bytes;
    private long dropped;

    /**
     * @param maxMessages at least 1
     * @param maxBytes of messages, each with {@link #COST} more
     */
    public DeliveryQueue(DeliveryPolicy policy, int maxMessages, long maxBytes, SubscriptionStats stats) {
        if (maxMessages < 1 || maxBytes < 1) {
            throw new IllegalArgumentException(
                    "a queue of " + maxMessages + " messages and " + maxBytes + " bytes; give 1 or more of both");
        }
        this.policy = policy;
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
        this.stats = stats;
    }

    /**
     * Takes a message, or does what the policy says where there is no room.
     *
     * @param message is retained, and not changed any more
     * @param key what messages are alike that {@link DeliveryPolicy#CONFLATE} keeps the last one of
     * @return false if there is no room and the subscriber is to be closed
     */
    public boolean offer(ByteBuf message, long key) {
        long cost = cost(message);
        if (policy == DeliveryPolicy.CONFLATE && replace(message, key, cost)) {
            return true;
        }
        if (policy == DeliveryPolicy.WAIT) {
            if (count >= 2L * maxMessages || bytes + cost > 2 * maxBytes) {
                drop(stats.droppedNewest);
                return true;
            }
        } else if (count == maxMessages || bytes + cost > maxBytes) {
            switch (policy) {
                case CLOSE -> {
                    return false;
                }
                case DROP_NEWEST -> {
                    drop(stats.droppedNewest);
                    return true;
                }
                default -> {
                    if (!makeRoom(cost)) {
                        drop(counter());
                        return true;
                    }
                }
            }
        }
        if (count == ring.length) {
            grow();
        }
        int at = place(head + count);
        if (policy == DeliveryPolicy.CONFLATE) {
            // First, since it may find no memory: what waits is to be found by its key.
            byKey.add(hash(key), at);
        }
        ring[at] = message.retain();
        keys[at] = key;
        count++;
        grown(1, cost);
        return true;
    }

    private Counter counter() {
        return policy == DeliveryPolicy.CONFLATE ? stats.conflated : stats.droppedOldest;
    }

    private void drop(Counter counter) {
        dropped++;
        counter.increment();
    }

    /** The newest of a key waits where the one before it did. */
    private boolean replace(ByteBuf message, long key, long cost) {
        int at = find(key);
        if (at == IntIndex.NONE) {
            return false;
        }
        ByteBuf before = Objects.requireNonNull(ring[at]);
        long changed = cost - cost(before);
        if (bytes + changed > maxBytes) {
            // It is not to be passed over by what is older.
            byKey.remove(hash(key), at);
            keys[at] = ~key;
            byKey.add(hash(~key), at);
            return false;
        }
        ring[at] = message.retain();
        before.release();
        grown(0, changed);
        drop(stats.conflated);
        return true;
    }

    private int find(long key) {
        int hash = hash(key);
        for (int place = byKey.first(hash); byKey.at(place) != IntIndex.NONE; place = byKey.next(place)) {
            if (keys[byKey.at(place)] == key) {
                return byKey.at(place);
            }
        }
        return IntIndex.NONE;
    }

    private boolean makeRoom(long cost) {
        if (cost > maxBytes) {
            return false;
        }
        while (count == maxMessages || bytes + cost > maxBytes) {
            drop(counter());
            Objects.requireNonNull(poll()).release();
        }
        return true;
    }

    private void grow() {
        int capacity = ring.length * 2;
        @Nullable
        ByteBuf[] messages = new ByteBuf[capacity];
        long[] newKeys = new long[capacity];
        for (int i = 0; i < count; i++) {
            int from = place(head + i);
            messages[i] = ring[from];
            newKeys[i] = keys[from];
        }
        if (policy == DeliveryPolicy.CONFLATE) {
            IntIndex newByKey = new IntIndex();
            for (int i = 0; i < count; i++) {
                newByKey.add(hash(newKeys[i]), i);
            }
            byKey = newByKey;
        }
        ring = messages;
        keys = newKeys;
        head = 0;
    }

    private int place(long at) {
        return (int) (at & ring.length - 1);
    }

    private static int hash(long key) {
        return (int) (key * 0x9E3779B97F4A7C15L >>> 32);
    }

    /** Bytes that a message counts for. */
    static long cost(ByteBuf message) {
        return COST + (long) message.readableBytes();
    }

    private void grown(int messages, long more) {
        bytes += more;
        stats.queuedBytes.add(more);
        stats.queuedMessages.add(messages);
    }

    /** The oldest one, which the caller releases; null if there is none. Its indices are to stay, as others have it too. */
    public @Nullable ByteBuf poll() {
        if (count == 0) {
            return null;
        }
        int at = place(head);
        ByteBuf message = Objects.requireNonNull(ring[at]);
        if (policy == DeliveryPolicy.CONFLATE) {
            byKey.remove(hash(keys[at]), at);
        }
        ring[at] = null;
        head++;
        count--;
        grown(-1, -cost(message));
        if (count == 0 && ring.length > 1024) {
            ring = new ByteBuf[LEAST];
            keys = new long[LEAST];
            byKey = new IntIndex();
        }
        return message;
    }

    public boolean isEmpty() {
        return count == 0;
    }

    /** Whether who publishes is to wait, by {@link DeliveryPolicy#WAIT}, until it {@link #hasRoom}. */
    public boolean isFull() {
        return policy == DeliveryPolicy.WAIT && (count >= maxMessages || bytes >= maxBytes);
    }

    /** Whether there is room again for many messages: half of it is free. */
    public boolean hasRoom() {
        return count <= maxMessages / 2 && bytes <= maxBytes / 2;
    }

    /** Messages that wait. */
    public int size() {
        return count;
    }

    /** Bytes that wait, as they count against the bound. */
    public long bytes() {
        return bytes;
    }

    /** Messages that were dropped since this was asked last. */
    public long takeDropped() {
        long since = dropped;
        dropped = 0;
        return since;
    }

    /** Forgets what waits. */
    public void clear() {
        for (ByteBuf next = poll(); next != null; next = poll()) {
            next.release();
        }
    }
}
