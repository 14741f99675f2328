package io.solaster.store.stream;

import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Effects;
import io.solaster.store.keyspace.Effects.Step;

/**
 * The groups of the stream that {@link Streams} has open, their consumers, and the entries that were delivered to them and not
 * acknowledged. Groups and consumers are told by their addresses, which hold until a key is written in another command. On the
 * owning shard.
 */
public final class Groups {
    private final Streams streams;
    private final StreamMemory memory;
    private final IdTree pending;
    private final IdTree own;
    /** What was found last, of a group or of a consumer. */
    private long found;

    Groups(Streams streams) {
        this.streams = streams;
        this.memory = streams.memory;
        pending = new IdTree(memory);
        own = new IdTree(memory);
    }

    private long list() {
        return streams.head() + StreamHead.GROUPS;
    }

    /** How many there are. */
    public int count() {
        return streams.exists() ? StreamHead.count(list()) : 0;
    }

    /** A group, in the order of their names. */
    public long get(int index) {
        return StreamHead.get(list(), index);
    }

    /** A group by its name; 0 if there is none. */
    public long find(long name, int length) {
        if (!streams.exists()) {
            return 0;
        }
        int at = StreamHead.find(list(), StreamHead.GROUP_NAME, name, length);
        return at < 0 ? 0 : get(at);
    }

    public static long name(long group) {
        return StreamHead.name(group, StreamHead.GROUP_NAME);
    }

    public static int nameLength(long group) {
        return StreamHead.nameLength(group, StreamHead.GROUP_NAME);
    }

    public static long lastMs(long group) {
        return Memory.getLong(group);
    }

    public static long lastSeq(long group) {
        return Memory.getLong(group + 8);
    }

    /** How many entries up to its last one were ever added; negative if that is not known. */
    public static long read(long group) {
        return Memory.getLong(group + StreamHead.READ);
    }

    /** How many entries are pending. */
    public static long pendingCount(long group) {
        return IdTree.count(group + StreamHead.PENDING);
    }

    /**
     * Makes a group, or sets where it has come to; makes the stream, too.
     *
     * @param step by which it is told
     */
    public long set(Step step, long name, int length, long ms, long seq, long read) {
        Effects effects = streams.effects();
        streams.create();
        long group = find(name, length);
        if (group == 0) {
            StreamHead.reserve(memory, list());
            int at = ~StreamHead.find(list(), StreamHead.GROUP_NAME, name, length);
            group = StreamHead.named(memory, StreamHead.GROUP_NAME, name, length);
            StreamHead.insert(list(), at, group);
        }
        Memory.putLong(group, ms);
        Memory.putLong(group + 8, seq);
        Memory.putLong(group + StreamHead.READ, read);
        long scratch = streams.scratch;
        Memory.putLong(scratch, Memory.littleEndian(ms));
        Memory.putLong(scratch + 8, Memory.littleEndian(seq));
        streams.tell(effects, step, read, scratch, 16, name, length);
        return group;
    }

    /** Removes a group with all it has. */
    public void drop(long name, int length) {
        int at = streams.exists() ? StreamHead.find(list(), StreamHead.GROUP_NAME, name, length) : -1;
        if (at < 0) {
            return;
        }
        Effects effects = streams.effects();
        long group = get(at);
        StreamHead.remove(memory, list(), at);
        streams.tell(effects, Step.GROUP_DROP, 0, name, length, 0, 0);
        while (!StreamType.freeGroup(memory, pending, group)) {
            // Goes on.
        }
    }

    // ---- consumers

    public static int consumers(long group) {
        return StreamHead.count(group + StreamHead.CONSUMERS);
    }

    /** A consumer, in the order of their names. */
    public static long consumer(long group, int index) {
        return StreamHead.get(group + StreamHead.CONSUMERS, index);
    }

    /** A consumer by its name; 0 if there is none. */
    public static long findConsumer(long group, long name, int length) {
        int at = StreamHead.find(group + StreamHead.CONSUMERS, StreamHead.CONSUMER_NAME, name, length);
        return at < 0 ? 0 : consumer(group, at);
    }

    public static long consumerName(long consumer) {
        return StreamHead.name(consumer, StreamHead.CONSUMER_NAME);
    }

    public static int consumerNameLength(long consumer) {
        return StreamHead.nameLength(consumer, StreamHead.CONSUMER_NAME);
    }

    /** When it last asked for anything; Unix milliseconds. */
    public static long seen(long consumer) {
        return Memory.getLong(consumer + StreamHead.SEEN);
    }

    /** When it last got anything; -1 for never. */
    public static long active(long consumer) {
        return Memory.getLong(consumer + StreamHead.ACTIVE);
    }

    /** How many entries are pending that it got. */
    public static long owned(long consumer) {
        return IdTree.count(consumer + StreamHead.OWN);
    }

    /** Makes a consumer, or sets its times. */
    public long setConsumer(long group, long name, int length, long seen, long active) {
        long consumer = findConsumer(group, name, length);
        if (consumer != 0 && seen(consumer) == seen && active(consumer) == active) {
            return consumer;
        }
        Effects effects = streams.effects();
        Step step = consumer == 0 ? Step.CONSUMER_ADD : Step.CONSUMER_SEEN;
        if (consumer == 0) {
            long consumers = group + StreamHead.CONSUMERS;
            StreamHead.reserve(memory, consumers);
            int at = ~StreamHead.find(consumers, StreamHead.CONSUMER_NAME, name, length);
            consumer = StreamHead.named(memory, StreamHead.CONSUMER_NAME, name, length);
            StreamHead.insert(consumers, at, consumer);
        }
        Memory.putLong(consumer + StreamHead.SEEN, seen);
        Memory.putLong(consumer + StreamHead.ACTIVE, active);
        if (effects != null) {
            tellConsumer(effects, step, group, consumer, seen, active);
        }
        return consumer;
    }

    private void tellConsumer(Effects effects, Step step, long group, long consumer, long number, long other) {
        int length = consumerNameLength(consumer);
        long copy = Memory.allocate(32L + length);
        try {
            Memory.putLong(copy, Memory.littleEndian(other));
            Memory.copy(consumerName(consumer), copy + 8, length);
            streams.tell(effects, step, number, name(group), nameLength(group), copy, 8 + length);
        } finally {
            Memory.free(copy);
        }
    }

    /** Removes a consumer, and what is pending for it; how much that was. */
    public long dropConsumer(long group, long name, int length) {
        long consumers = group + StreamHead.CONSUMERS;
        int at = StreamHead.find(consumers, StreamHead.CONSUMER_NAME, name, length);
        if (at < 0) {
            return 0;
        }
        Effects effects = streams.effects();
        long consumer = StreamHead.get(consumers, at);
        long count = owned(consumer);
        own.open(consumer + StreamHead.OWN, 0);
        pending.open(group + StreamHead.PENDING, StreamHead.ROW);
        for (boolean more = own.first(); more; more = own.next()) {
            if (pending.find(own.ms(), own.seq())) {
                pending.remove();
            }
        }
        streams.tell(effects, Step.CONSUMER_DROP, 0, name(group), nameLength(group), name, length);
        while (!own.freeRows(64)) {
            // Goes on.
        }
        StreamHead.remove(memory, consumers, at);
        memory.free(consumer, StreamHead.room(consumer, StreamHead.CONSUMER_NAME));
        return count;
    }

    // ---- what is pending

    /** Goes to an entry that is pending; whether it is. */
    public boolean findPending(long group, long ms, long seq) {
        pending.open(group + StreamHead.PENDING, StreamHead.ROW);
        return pending.find(ms, seq);
    }

    /** Goes to the first entry that is pending and not below; whether there is one. */
    public boolean seekPending(long group, long ms, long seq) {
        pending.open(group + StreamHead.PENDING, StreamHead.ROW);
        return pending.seekFrom(ms, seq);
    }

    /** Goes to the last entry that is pending; whether there is one. */
    public boolean seekLastPending(long group) {
        pending.open(group + StreamHead.PENDING, StreamHead.ROW);
        return pending.last();
    }

    /** As {@link #seekPending}, of one consumer's; {@link #nextOwned} leads on. */
    public boolean seekOwned(long group, long consumer, long ms, long seq) {
        own.open(consumer + StreamHead.OWN, 0);
        return own.seekFrom(ms, seq) && findPending(group, own.ms(), own.seq());
    }

    /** How many entries are pending for a consumer that are not below an id, of so many at most. */
    public long countOwned(long consumer, long ms, long seq, long most) {
        own.open(consumer + StreamHead.OWN, 0);
        if (!own.first()) {
            return 0;
        }
        if (IdTree.compare(ms, seq, own.ms(), own.seq()) <= 0) {
            return Math.min(most, owned(consumer));
        }
        long count = 0;
        for (boolean more = own.seekFrom(ms, seq); more && count < most; more = own.next()) {
            count++;
        }
        return count;
    }

    /** Goes to the next; false if there is none. */
    public boolean nextPending() {
        return pending.next();
    }

    /** Goes to the next of the consumer's; false if there is none. */
    public boolean nextOwned(long group) {
        return own.next() && findPending(group, own.ms(), own.seq());
    }

    public long pendingMs() {
        return pending.ms();
    }

    public long pendingSeq() {
        return pending.seq();
    }

    /** When it was delivered last. */
    public long time() {
        return Memory.getLong(pending.value() + StreamHead.TIME);
    }

    /** How often it was delivered. */
    public long times() {
        return Memory.getLong(pending.value() + StreamHead.TIMES);
    }

    /** To whom. */
    public long owner() {
        return Memory.getLong(pending.value() + StreamHead.CONSUMER);
    }

    /** Has an entry pending for a consumer, whether it was so for another one or not. */
    public void setPending(long group, long consumer, long ms, long seq, long time, long times) {
        Effects effects = streams.effects();
        boolean there = findPending(group, ms, seq);
        found = there ? owner() : 0;
        if (found != consumer) {
            own.open(consumer + StreamHead.OWN, 0);
            own.insert(ms, seq);
            if (there) {
                removeOwned(found, ms, seq);
            } else {
                try {
                    pending.insert(ms, seq);
                } catch (OutOfMemoryError e) {
                    removeOwned(consumer, ms, seq);
                    throw e;
                }
            }
        }
        long row = pending.value();
        Memory.putLong(row + StreamHead.TIME, time);
        Memory.putLong(row + StreamHead.TIMES, times);
        Memory.putLong(row + StreamHead.CONSUMER, consumer);
        if (effects != null) {
            int length = consumerNameLength(consumer);
            long copy = Memory.allocate(24L + length);
            try {
                Memory.putLong(copy, Memory.littleEndian(ms));
                Memory.putLong(copy + 8, Memory.littleEndian(seq));
                Memory.putLong(copy + 16, Memory.littleEndian(times));
                Memory.copy(consumerName(consumer), copy + 24, length);
                streams.tell(effects, Step.PENDING_SET, time, name(group), nameLength(group), copy, 24 + length);
            } finally {
                Memory.free(copy);
            }
        }
    }

    private void removeOwned(long consumer, long ms, long seq) {
        own.open(consumer + StreamHead.OWN, 0);
        if (own.find(ms, seq)) {
            own.remove();
        }
    }

    /** Has an entry pending no more; whether it was. */
    public boolean dropPending(long group, long ms, long seq) {
        if (!findPending(group, ms, seq)) {
            return false;
        }
        Effects effects = streams.effects();
        long consumer = owner();
        pending.remove();
        removeOwned(consumer, ms, seq);
        long scratch = streams.scratch;
        Memory.putLong(scratch, Memory.littleEndian(ms));
        Memory.putLong(scratch + 8, Memory.littleEndian(seq));
        streams.tell(effects, Step.PENDING_DROP, 0, name(group), nameLength(group), scratch, 16);
        return true;
    }
}
