package io.solaster.engine.mesh;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * One direction between two shards: a single-producer single-consumer ring, and behind it a deque of the producer's own
 * for what the ring cannot hold, so that a full ring neither blocks nor deadlocks.
 *
 * <p>
 * The producer fills slots by plain stores and publishes them all with one release store in {@link #flush}; the consumer
 * takes all that is published and gives the slots back with one release store. The indices of either side stand on cache
 * lines of their own. (The ring is Lamport's; batching of the indices as in FastForward and MCRingBuffer.)
 */
final class Lane extends LaneConsumerFields {
    private static final VarHandle TAIL = field(LaneProducerFields.class, "tail", long.class);
    private static final VarHandle HEAD = field(LaneConsumerFields.class, "head", long.class);
    private static final VarHandle STARVED = field(LaneProducerFields.class, "starved", boolean.class);

    private final @Nullable Message[] ring;
    private final int mask;

    /** @param capacity slots of the ring, a power of two */
    Lane(int capacity) {
        if (Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("a lane of " + capacity + " slots; give a power of two");
        }
        ring = new @Nullable Message[capacity];
        mask = capacity - 1;
    }

    /** Producer: adds a message, to be seen after {@link #flush}. */
    void send(Message message) {
        if (!overflow.isEmpty() || !offer(message)) {
            overflow.add(message);
        }
    }

    private boolean offer(Message message) {
        long index = produced;
        if (index - headSeen > mask) {
            headSeen = (long) HEAD.getAcquire(this);
            if (index - headSeen > mask) {
                return false;
            }
        }
        ring[(int) index & mask] = message;
        produced = index + 1;
        return true;
    }

    /**
     * Producer: publishes what was sent, as far as the ring holds it.
     *
     * @return whether anything new can be received
     */
    boolean flush() {
        if (!overflow.isEmpty()) {
            refill();
            if (!overflow.isEmpty()) {
                starve();
                refill();
            }
        }
        if (starved && !isWaiting()) {
            STARVED.setOpaque(this, false);
        }
        if (produced == tail) {
            return false;
        }
        TAIL.setRelease(this, produced);
        return true;
    }

    /** Producer: asks the consumer for a wake-up after it has freed slots. */
    void starve() {
        if (!starved) {
            STARVED.setVolatile(this, true);
        }
        // Either the consumer sees the flag after freeing slots, or we see the slots.
        VarHandle.fullFence();
        headSeen = (long) HEAD.getVolatile(this);
    }

    /** Producer: whether something here waits for the consumer to free slots. */
    boolean isWaiting() {
        return !overflow.isEmpty() || !waiters.isEmpty();
    }

    private void refill() {
        for (Message next = overflow.peek(); next != null && offer(next); next = overflow.peek()) {
            overflow.poll();
        }
    }

    /** Producer: messages sent and not yet received. */
    int depth() {
        return (int) (produced - (long) HEAD.getAcquire(this)) + overflow.size();
    }

    /** Producer: whether something unpublished, overflowing or waiting could go on now. */
    boolean canProceed(int lowWaterMark) {
        return produced != tail || !overflow.isEmpty() && produced - (long) HEAD.getVolatile(this) <= mask
                || !waiters.isEmpty() && depth() <= lowWaterMark;
    }

    /** Any thread: messages published and not yet received, roughly. */
    int published() {
        return (int) Math.max(0, (long) TAIL.getOpaque(this) - (long) HEAD.getOpaque(this));
    }

    /** Consumer: whether messages wait; ordered after the consumer's own volatile stores. */
    boolean hasMessages() {
        return (long) TAIL.getVolatile(this) != head;
    }

    /** Consumer: whether the producer waits for free slots; call after {@link #receive} and a full fence. */
    boolean producerStarved() {
        return (boolean) STARVED.getOpaque(this);
    }

    /**
     * Consumer: delivers what is published, at most {@code limit} messages.
     *
     * @return how many were delivered
     */
    int receive(int limit, FailureSink failures) {
        long from = head;
        long to = Math.min((long) TAIL.getAcquire(this), from + limit);
        if (from == to) {
            return 0;
        }
        for (long index = from; index < to; index++) {
            int slot = (int) index & mask;
            Message message = Objects.requireNonNull(ring[slot]);
            ring[slot] = null;
            try {
                message.deliver();
            } catch (Throwable failure) {
                failures.failed(message, failure);
            }
        }
        HEAD.setRelease(this, to);
        return (int) (to - from);
    }

    /** Abandons everything inside. Only after both shards' threads have ended. */
    void abandonAll() {
        for (long index = head; index < produced; index++) {
            Message message = ring[(int) index & mask];
            if (message != null) {
                message.abandon();
            }
        }
        Arrays.fill(ring, null);
        HEAD.setRelease(this, produced);
        overflow.forEach(Message::abandon);
        overflow.clear();
    }

    /** Takes what {@link Message#deliver} throws. */
    interface FailureSink {
        void failed(Message message, Throwable failure);
    }

    private static VarHandle field(Class<?> owner, String name, Class<?> type) {
        try {
            return MethodHandles.privateLookupIn(owner, MethodHandles.lookup()).findVarHandle(owner, name, type);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}

/** What the producer writes, away from the object's header. */
@SuppressWarnings("unused")
abstract class LaneProducerFields {
    private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14;
    long produced;
    long headSeen;
    final ArrayDeque<Message> overflow = new ArrayDeque<>();
    final ArrayDeque<Runnable> waiters = new ArrayDeque<>();
    long tail;
    boolean starved;
}

/** What the consumer writes, two cache lines away from the producer's (adjacent lines are fetched in pairs). */
@SuppressWarnings("unused")
abstract class LaneConsumerFields extends LaneProducerFields {
    private long q00, q01, q02, q03, q04, q05, q06, q07, q08, q09, q10, q11, q12, q13, q14;
    long head;
    private long r00, r01, r02, r03, r04, r05, r06, r07, r08, r09, r10, r11, r12, r13, r14;
}
