package io.solaster.streams.subscribe;

import java.util.Arrays;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/**
 * Brings messages to the subscribers of one shard: each is written once for each form that somebody takes it in, and all that came
 * in a turn leaves at once. On the owning shard.
 */
final class Deliveries implements AutoCloseable {
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
    private long delivered;

    Deliveries(SubscriptionShard part, NameTable names, SubscriberLists lists, Shard shard, SchedulingGroup group,
            MessageFormat format) {
        this.part = part;
        this.names = names;
        this.lists = lists;
        this.shard = shard;
        this.group = group;
        this.format = format;
        this.encoded = new ByteBuf[format.forms()];
        this.isEncoded = new boolean[format.forms()];
    }

    /** What subscribers have got so far. */
    long delivered() {
        return delivered;
    }

    /** To all of this shard who have a name, or the pattern. */
    void deliver(int from, int kind, int id, int pattern, long name, int nameLength, long payload,
            int payloadLength) {
        try {
            for (int at = lists.first(id); at != SubscriberLists.NONE; at = lists.next(at)) {
                int number = lists.subscriber(at);
                Subscriber to = part.subscriber(number);
                Settling pending = part.settling(number);
                if (to == null || pending != null && pending.isTooNew(lists.born(at), from)) {
                    continue;
                }
                int form = to.form();
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
                give(number, to, Objects.requireNonNull(encoded[form]));
            }
        } finally {
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
    private void give(int number, Subscriber to, ByteBuf message) {
        try {
            to.take(message);
            delivered++;
            toFlush(number);
        } catch (OutOfMemoryError | RuntimeException failure) {
            to.failed(failure);
        }
    }

    private void encode(int form, int kind, int pattern, long name, int nameLength, long payload, int payloadLength) {
        ByteBuf to = encoded[form];
        if (to == null) {
            to = PooledByteBufAllocator.DEFAULT.directBuffer(Math.addExact(nameLength + HEADERS, payloadLength));
            encoded[form] = to;
        }
        isEncoded[form] = true;
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
        if (message.refCnt() == 1 && message.capacity() <= SCRATCH) {
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
