package io.solaster.engine.mesh;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Objects;

import io.solaster.engine.task.Abandonable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One direction between two shards: a single-producer single-consumer ring, and behind it a deque of the producer's own
 * for what the ring cannot hold, so that a full ring neither blocks nor deadlocks.
 *
 * <p>
 * The producer fills slots by plain stores and publishes several with one release store, the last in {@link #flush}; the consumer
 * takes all that is published and gives the slots back with one release store. What each side writes stands on cache
 * lines of its own, and so does what both look at. (The ring is Lamport's; batching of the indices as in FastForward and
 * MCRingBuffer.) {@code LaneLincheckTest} tries each interleaving, {@code MemoryOrderTest} the order of memory.
 */
final class Lane extends LaneLastPadding {
    private static final Logger log = LoggerFactory.getLogger(Lane.class);
    private static final VarHandle TAIL = field(LanePublishedFields.class, "tail", long.class);
    private static final VarHandle HEAD = field(LaneConsumerFields.class, "head", long.class);
    private static final VarHandle STARVED = field(LanePublishedFields.class, "starved", long.class);

    /**
     * Messages after which a consumer that is awake may see them before the turn is over, so that both sides work; then
     * twice as many and so on, since each time costs both sides a cache miss.
     */
    private static final int FIRST_PUBLISHED = 16;

    /** @param capacity slots of the ring, a power of two */
    Lane(int capacity) {
        super(capacity);
    }

    /** Producer: adds a message, to be seen after {@link #flush}, or before. */
    void send(Message message) {
        if (!overflow.isEmpty() || !offer(message)) {
            overflow.add(message);
        } else {
            long unflushed = produced - flushed;
            if (unflushed >= FIRST_PUBLISHED && (unflushed & unflushed - 1) == 0) {
                publish();
            }
        }
    }

    private boolean offer(Message message) {
        @Nullable
        Message[] slots = ring;
        long index = produced;
        if (index - headSeen >= slots.length) {
            headSeen = (long) HEAD.getAcquire(this);
            if (index - headSeen >= slots.length) {
                return false;
            }
        }
        slots[(int) index & slots.length - 1] = message;
        produced = index + 1;
        return true;
    }

    /** Producer: publishes what is in the ring, for a consumer that is awake. */
    void publish() {
        TAIL.setRelease(this, produced);
    }

    /**
     * Producer: publishes what was sent, as far as the ring holds it.
     *
     * @return whether anything new can be received since the last call
     */
    boolean flush() {
        if (!overflow.isEmpty()) {
            refill();
            if (!overflow.isEmpty()) {
                starve();
                refill();
            }
        }
        if (starved != 0 && overflow.isEmpty()) {
            STARVED.setOpaque(this, 0L);
        }
        if (produced == flushed) {
            return false;
        }
        flushed = produced;
        TAIL.setRelease(this, produced);
        return true;
    }

    /** Producer: asks the consumer for a wake-up after it has freed slots. */
    private void starve() {
        if (starved == 0) {
            STARVED.setVolatile(this, 1L);
        }
        // Either the consumer sees the flag after freeing slots, or we see the slots.
        VarHandle.fullFence();
        headSeen = (long) HEAD.getVolatile(this);
    }

    /** Producer: whether something here waits for the consumer to free slots. */
    boolean isWaiting() {
        return !overflow.isEmpty();
    }

    private void refill() {
        for (Message next = overflow.peek(); next != null && offer(next); next = overflow.peek()) {
            overflow.poll();
        }
    }

    /** Producer: messages sent since the lane was made. */
    long sent() {
        return produced + overflow.size();
    }

    /** Producer: messages sent and not yet received. */
    int depth() {
        headSeen = (long) HEAD.getAcquire(this);
        return (int) (produced - headSeen) + overflow.size();
    }

    /** Producer: whether something unpublished or overflowing could go on now. */
    boolean canProceed() {
        return produced != flushed || !overflow.isEmpty() && produced - (long) HEAD.getVolatile(this) < ring.length;
    }

    /** Any thread: messages published and not yet received, roughly. */
    int published() {
        return (int) Math.max(0, (long) TAIL.getOpaque(this) - (long) HEAD.getOpaque(this));
    }

    /** Any thread: messages published since the lane was made, roughly. */
    long total() {
        return (long) TAIL.getOpaque(this);
    }

    /** Consumer: whether messages wait; ordered after the consumer's own volatile stores. */
    boolean hasMessages() {
        return (long) TAIL.getVolatile(this) != head;
    }

    /** Consumer: whether the producer waits for free slots; call after {@link #receive} and a full fence. */
    boolean producerStarved() {
        return (long) STARVED.getOpaque(this) != 0;
    }

    /**
     * Consumer: hands on what is published, at most {@code limit} messages.
     *
     * @return how many there were
     */
    int receive(int limit, Receiver receiver) {
        long from = head;
        long to = Math.min((long) TAIL.getAcquire(this), from + limit);
        if (from == to) {
            return 0;
        }
        @Nullable
        Message[] slots = ring;
        long index = from;
        try {
            while (index < to) {
                int slot = (int) index & slots.length - 1;
                Message message = Objects.requireNonNull(slots[slot]);
                slots[slot] = null;
                receiver.received(message, index++);
            }
        } finally {
            // Where the log itself throws, what is behind can still be read.
            HEAD.setRelease(this, index);
        }
        return (int) (to - from);
    }

    /** Abandons everything inside. Only after both shards' threads have ended. */
    void abandonAll() {
        long end = produced;
        int behind = overflow.size();
        for (long index = head; index < end; index++) {
            Message message = ring[(int) index & ring.length - 1];
            if (message != null) {
                abandon(message);
            }
        }
        Arrays.fill(ring, null);
        HEAD.setRelease(this, produced);
        // No more than there were, since one that hears of its end may be sent again.
        for (int i = 0; i < behind; i++) {
            abandon(overflow.remove());
        }
        overflow.clear();
    }

    static void abandon(Abandonable given) {
        try {
            given.abandon();
        } catch (Throwable failure) {
            // Others wait to hear of their end.
            log.error("{} threw when it was abandoned", given.getClass().getName(), failure);
        }
    }

    /** Takes what a lane brings; throws nothing. */
    interface Receiver {
        /** Takes a message, before which so many came. */
        void received(Message message, long index);
    }

    private static VarHandle field(Class<?> owner, String name, Class<?> type) {
        try {
            return MethodHandles.privateLookupIn(owner, MethodHandles.lookup()).findVarHandle(owner, name, type);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}

/** What nobody writes, beside the object's header. */
abstract class LaneRing {
    final @Nullable Message[] ring;

    LaneRing(int capacity) {
        if (Integer.bitCount(capacity) != 1) {
            throw new IllegalArgumentException("a lane of " + capacity + " slots; give a power of two");
        }
        ring = new @Nullable Message[capacity];
    }
}

/*
 * Padding in classes of its own, since the JVM may reorder fields within a class; two cache lines each, since adjacent
 * lines are fetched in pairs.
 */
@SuppressWarnings("unused")
abstract class LaneFirstPadding extends LaneRing {
    private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;

    LaneFirstPadding(int capacity) {
        super(capacity);
    }
}

/** What the producer alone looks at. */
abstract class LaneProducerFields extends LaneFirstPadding {
    long produced;
    long flushed;
    long headSeen;
    /** The tag of the latest messages, of which so many are counted as sent. */
    int tag;
    long counted;
    /** Messages that the sender's statistics know of. */
    long told;
    final ArrayDeque<Message> overflow = new ArrayDeque<>();

    LaneProducerFields(int capacity) {
        super(capacity);
    }
}

@SuppressWarnings("unused")
abstract class LaneSecondPadding extends LaneProducerFields {
    private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;

    LaneSecondPadding(int capacity) {
        super(capacity);
    }
}

/** What the producer writes once a turn, and the consumer reads. */
abstract class LanePublishedFields extends LaneSecondPadding {
    long tail;
    /** 0 or 1; a long, since the JVM fills gaps among the producer's own fields with smaller ones. */
    long starved;

    LanePublishedFields(int capacity) {
        super(capacity);
    }
}

@SuppressWarnings("unused")
abstract class LaneThirdPadding extends LanePublishedFields {
    private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;

    LaneThirdPadding(int capacity) {
        super(capacity);
    }
}

/** What the consumer writes once a turn, and the producer reads. */
abstract class LaneConsumerFields extends LaneThirdPadding {
    long head;

    LaneConsumerFields(int capacity) {
        super(capacity);
    }
}

@SuppressWarnings("unused")
abstract class LaneLastPadding extends LaneConsumerFields {
    private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;

    LaneLastPadding(int capacity) {
        super(capacity);
    }
}
