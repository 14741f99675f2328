package io.solaster.streams.subscribe;

import java.util.Arrays;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/**
 * Brings messages to the subscribers of one shard: each is written once for each form that somebody takes it in, and all that came
 * in a turn leaves at once. On the owning shard.
 */
final class Deliveries implements AutoCloseable {
    /** Bytes before the name in the form {@link Subscriber#PLAIN}. */
    static final int PLAIN_HEADER = 4;
    static final int NO_PATTERN = NameTable.NONE;
    private static final int SCRATCH = 64 * 1024;
    /** Bytes of a message beside its name and its payload, mostly. */
    private static final int HEADERS = 64;

    private final SubscriptionShard part;
    private final NameTable names;
    private final SubscriberLists lists;
    private final Shard shard;
    private final SchedulingGroup group;
    private final MessageFormat format;
    /** Subscribers that are to flush, and those among all. */
    private int[] toFlush = new int[64];
    private boolean[] unsent = new boolean[64];
    private int flushCount;
    private int flushed;
    private final Runnable flush = this::flush;
    private final @Nullable ByteBuf[] encoded;
    private final boolean[] isEncoded;
    private final int plain;
    private final SubscriptionStats stats;

    Deliveries(SubscriptionShard part, NameTable names, SubscriberLists lists, Shard shard, SchedulingGroup group,
            MessageFormat format, SubscriptionStats stats) {
        this.stats = stats;
        this.part = part;
        this.names = names;
        this.lists = lists;
        this.shard = shard;
        this.group = group;
        this.format = format;
        this.encoded = new ByteBuf[format.forms() + 1];
        this.isEncoded = new boolean[format.forms() + 1];
        this.plain = format.forms();
    }

    /** To all of this shard who have a name, or the pattern. */
    void deliver(int from, int kind, int id, int pattern, long name, int nameLength, long payload,
            int payloadLength) {
        long key = names.key(pattern, name, nameLength);
        int given = 0;
        try {
            for (int at = lists.first(id); at != SubscriberLists.NONE; at = lists.next(at)) {
                int number = lists.subscriber(at);
                Subscriber to = part.subscriber(number);
                Settling pending = part.settling(number);
                if (to == null || pending != null && pending.isTooNew(lists.born(at), from)) {
                    continue;
                }
                int asked = to.form();
                int form = asked == Subscriber.PLAIN ? plain : asked;
                if (!isEncoded[form]) {
                    try {
                        encode(form, kind, pattern, name, nameLength, payload, payloadLength);
                    } catch (OutOfMemoryError | RuntimeException failure) {
                        if (from == shard.id()) {
                            // Who publishes is told.
                            throw failure;
                        }
                        letGoIfEncoded(form);
                        to.failed(failure);
                        continue;
                    }
                }
                if (give(number, to, Objects.requireNonNull(encoded[form]), key)) {
                    given++;
                }
            }
        } finally {
            stats.delivered.add(given);
            // Also where there was no memory to encode it: the next message is not to go out with these bytes.
            for (int form = 0; form < encoded.length; form++) {
                letGoIfEncoded(form);
            }
        }
    }

    private void letGoIfEncoded(int form) {
        if (isEncoded[form]) {
            isEncoded[form] = false;
            letGo(form);
        }
    }

    /** To one, who ends where it cannot be taken; the others get it all the same. */
    private boolean give(int number, Subscriber to, ByteBuf message, long key) {
        try {
            to.take(message, key);
            toFlush(number);
            return true;
        } catch (OutOfMemoryError | RuntimeException failure) {
            to.failed(failure);
            return false;
        }
    }

    private void encode(int form, int kind, int pattern, long name, int nameLength, long payload, int payloadLength) {
        ByteBuf to = encoded[form];
        if (to == null) {
            to = PooledByteBufAllocator.DEFAULT.directBuffer(Math.addExact(nameLength + HEADERS, payloadLength));
            encoded[form] = to;
        }
        isEncoded[form] = true;
        if (form == plain) {
            to.ensureWritable(PLAIN_HEADER + nameLength + payloadLength);
            long at = Memory.address(to) + to.writerIndex();
            to.setInt(to.writerIndex(), nameLength);
            Memory.copy(name, at + PLAIN_HEADER, nameLength);
            Memory.copy(payload, at + PLAIN_HEADER + nameLength, payloadLength);
            to.writerIndex(to.writerIndex() + PLAIN_HEADER + nameLength + payloadLength);
            return;
        }
        if (pattern == NO_PATTERN) {
            format.write(to, form, kind, 0, 0, name, nameLength, payload, payloadLength);
        } else {
            format.write(to, form, kind, names.address(pattern), names.length(pattern), name, nameLength, payload,
                    payloadLength);
        }
    }

    /** What nobody shares is written to again. */
    private void letGo(int form) {
        ByteBuf message = Objects.requireNonNull(encoded[form]);
        // A queue keeps a plain one as it is: in a buffer that was made for a longer one it would take more than it counts for.
        if (form != plain && message.refCnt() == 1 && message.capacity() <= SCRATCH) {
            message.clear();
        } else {
            encoded[form] = null;
            message.release();
        }
    }

    private void toFlush(int subscriber) {
        if (subscriber >= unsent.length) {
            unsent = Arrays.copyOf(unsent, Math.max(subscriber + 1, 2 * unsent.length));
        }
        if (unsent[subscriber]) {
            return;
        }
        if (flushCount == toFlush.length) {
            toFlush = Arrays.copyOf(toFlush, flushCount * 2);
        }
        if (flushCount == 0) {
            shard.execute(group, flush);
        }
        // Only what is sure to be flushed is written down: else nothing would be from then on.
        unsent[subscriber] = true;
        toFlush[flushCount++] = subscriber;
    }

    private void flush() {
        while (flushed < flushCount) {
            int number = toFlush[flushed++];
            unsent[number] = false;
            Subscriber subscriber = part.subscriber(number);
            if (subscriber != null) {
                flush(subscriber);
            }
            if (flushed < flushCount && (flushed & 15) == 0 && Shard.needPreempt()) {
                shard.execute(group, flush);
                return;
            }
        }
        flushed = 0;
        flushCount = 0;
    }

    private static void flush(Subscriber subscriber) {
        try {
            subscriber.flush();
        } catch (OutOfMemoryError | RuntimeException failure) {
            subscriber.failed(failure);
        }
    }

    @Override
    public void close() {
        for (int form = 0; form < encoded.length; form++) {
            ByteBuf scratch = encoded[form];
            if (scratch != null) {
                encoded[form] = null;
                scratch.release();
            }
        }
    }
}
