package io.solaster.streams.subscribe;

import java.util.Arrays;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.streams.subscribe.name.NameTable;
import org.jspecify.annotations.Nullable;

/**
 * Brings messages to the subscribers of one shard: each is written once for each form that somebody takes it in, and all that came
 * in a turn leaves at once. On the owning shard.
 */
final class Deliveries implements AutoCloseable {
    /** Bytes before the name in the form {@link Subscriber#PLAIN}. */
    static final int PLAIN_HEADER = 4;
    static final int NO_PATTERN = NameTable.NONE;
    /** Bytes of the buffer that small messages lie in. A subscriber that leaves one of them unsent keeps as much. */
    private static final int SHARED = 16 * 1024;
    /** Bytes of a message beside its name, its payload and its pattern, and what its format may write over, at most. */
    private static final int HEADERS = 320;

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
    /**
     * By form, those that are kept behind the others, and the plain one last: where the message lies that is delivered now, if it is
     * encoded; small ones that are not kept in {@link #shared}.
     */
    private final @Nullable ByteBuf[] encoded;
    private final int[] begins;
    private final int[] lengths;
    private final @Nullable ByteBuf[] shared;
    private final int forms;
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
        this.forms = format.forms();
        this.plain = 2 * forms;
        this.encoded = new ByteBuf[plain + 1];
        this.begins = new int[plain + 1];
        this.lengths = new int[plain + 1];
        this.shared = new ByteBuf[forms];
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
                int form = place(to.form());
                ByteBuf message = encoded[form];
                if (message == null) {
                    try {
                        message = encode(form, kind, pattern, name, nameLength, payload, payloadLength);
                    } catch (OutOfMemoryError | RuntimeException failure) {
                        if (from == shard.id()) {
                            // Who publishes is told.
                            throw failure;
                        }
                        to.failed(failure);
                        continue;
                    }
                }
                if (give(at, number, to, message, form, key)) {
                    given++;
                }
            }
        } finally {
            stats.delivered.add(given);
            // Also where there was no memory to encode it: the next message is not to go out with these bytes.
            for (int form = 0; form <= plain; form++) {
                letGo(form);
            }
        }
    }

    /** To one, who ends where it cannot be taken; the others get it all the same. */
    private boolean give(int at, int number, Subscriber to, ByteBuf message, int form, long key) {
        try {
            if (!to.take(message, begins[form], lengths[form], key)) {
                part.hold(at, to.waitMillis());
            }
            toFlush(number);
            return true;
        } catch (OutOfMemoryError | RuntimeException failure) {
            to.failed(failure);
            return false;
        }
    }

    private int place(int form) {
        if (form == Subscriber.PLAIN) {
            return plain;
        }
        return form < Subscriber.KEPT ? form : form - Subscriber.KEPT + forms;
    }

    private ByteBuf encode(int form, int kind, int pattern, long name, int nameLength, long payload,
            int payloadLength) {
        if (form == plain) {
            return encodePlain(name, nameLength, payload, payloadLength);
        }
        if (form >= forms) {
            int common = form - forms;
            ByteBuf known = encoded[common];
            return keep(form, common, known != null
                    ? known
                    : encode(common, kind, pattern, name, nameLength, payload, payloadLength));
        }
        long patternText = pattern == NO_PATTERN ? 0 : names.address(pattern);
        int patternLength = pattern == NO_PATTERN ? 0 : names.length(pattern);
        long most = (long) HEADERS + patternLength + nameLength + payloadLength;
        ByteBuf to = most > Subscriber.SHARED_FROM
                ? PooledByteBufAllocator.DEFAULT.directBuffer(Math.toIntExact(most))
                : shared(form, (int) most);
        int begin = to.writerIndex();
        try {
            format.write(to, form, kind, patternText, patternLength, name, nameLength, payload, payloadLength);
        } catch (Throwable failure) {
            to.writerIndex(begin);
            if (most > Subscriber.SHARED_FROM) {
                to.release();
            }
            throw failure;
        }
        return encoded(form, to, begin);
    }

    @SuppressWarnings("ReferenceEquality") // buffers are equal by what they hold
    private ByteBuf keep(int form, int common, ByteBuf message) {
        if (message != shared[common]) {
            return encoded(form, message.retain(), 0);
        }
        ByteBuf to = PooledByteBufAllocator.DEFAULT.directBuffer(lengths[common]);
        to.writeBytes(message, begins[common], lengths[common]);
        return encoded(form, to, 0);
    }

    private ByteBuf encodePlain(long name, int nameLength, long payload, int payloadLength) {
        // A queue keeps it as it is: in a larger buffer it would take more than it counts for.
        int length = Math.addExact(PLAIN_HEADER + nameLength, payloadLength);
        ByteBuf to = PooledByteBufAllocator.DEFAULT.directBuffer(length);
        long at = Memory.address(to);
        to.setInt(0, nameLength);
        Memory.copy(name, at + PLAIN_HEADER, nameLength);
        Memory.copy(payload, at + PLAIN_HEADER + nameLength, payloadLength);
        to.writerIndex(length);
        return encoded(plain, to, 0);
    }

    private ByteBuf encoded(int form, ByteBuf message, int begin) {
        encoded[form] = message;
        begins[form] = begin;
        lengths[form] = message.writerIndex() - begin;
        return message;
    }

    /** Where the next small message of a form goes: behind those before it, as long as there is room. */
    private ByteBuf shared(int form, int most) {
        ByteBuf before = shared[form];
        if (before != null && before.writableBytes() >= most) {
            return before;
        }
        renew(form);
        ByteBuf known = shared[form];
        if (known == null) {
            known = PooledByteBufAllocator.DEFAULT.directBuffer(SHARED, SHARED);
            shared[form] = known;
        }
        return known;
    }

    /** The messages that come next go to the beginning of a buffer: the same one, if nobody keeps anything of it. */
    private void renew(int form) {
        ByteBuf before = shared[form];
        if (before == null) {
            return;
        }
        if (before.refCnt() == 1) {
            before.clear();
        } else {
            shared[form] = null;
            before.release();
        }
    }

    @SuppressWarnings("ReferenceEquality") // buffers are equal by what they hold
    private void letGo(int form) {
        ByteBuf message = encoded[form];
        if (message == null) {
            return;
        }
        encoded[form] = null;
        if (form >= forms || message != shared[form]) {
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
        for (int form = 0; form < forms; form++) {
            renew(form);
        }
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
        for (int form = 0; form < forms; form++) {
            ByteBuf kept = shared[form];
            if (kept != null) {
                shared[form] = null;
                kept.release();
            }
        }
    }
}
