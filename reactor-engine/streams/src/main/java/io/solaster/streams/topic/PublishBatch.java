package io.solaster.streams.topic;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/** Entries for one shard, as their records will be, from whoever publishes there. It belongs to one shard at a time. */
final class PublishBatch {
    /** Of an entry that a plug-in has dropped or routed: its sequence. */
    private static final long LEFT_OUT = -1;
    /** With so many bytes it leaves at once. */
    static final int ENOUGH = 64 << 10;

    private byte[] bytes = new byte[1024];
    private ByteBuf whole = Unpooled.wrappedBuffer(bytes);
    private int size;
    private int[] ends = new int[8];
    private int count;
    private final List<Published> told = new ArrayList<>();
    /** By entry, once it was taken. */
    private long[] sequences = new long[8];
    // Where it was taken.
    private int taken;
    private long lastRecord;
    private @Nullable Throwable refusal;
    /** By entry, what has become of it alone. */
    private @Nullable Throwable @Nullable [] failures;
    /** Entries that are on their way to other topics. */
    private int routes;
    private boolean waitsForRoutes;
    @Nullable
    ShardFuture<PublishBatch> done;
    long waitsUntil;

    private final boolean isRouted;

    /** @param isRouted whether its entries come from a plug-in, so that none looks at them */
    PublishBatch(boolean isRouted) {
        this.isRouted = isRouted;
    }

    void add(int partition, int hops, byte @Nullable [] key, byte[] headers, byte[] value, Published heard) {
        int end = size + TopicRecords.length(key, headers, value);
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
            whole = Unpooled.wrappedBuffer(bytes);
        }
        TopicRecords.write(bytes, size, partition, hops, key, headers, value);
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, 2 * count);
            sequences = Arrays.copyOf(sequences, 2 * count);
        }
        ends[count++] = end;
        size = end;
        told.add(heard);
    }

    int count() {
        return count;
    }

    /** Bytes of its records. */
    int size() {
        return size;
    }

    /** Bytes of keys, headers and values. */
    long payload() {
        return (long) size - (long) count * TopicRecords.ENTRY_HEADER;
    }

    /** Empties it, to be filled anew; false where it is too large to be kept. */
    boolean clear() {
        if (bytes.length > 2 * ENOUGH || waitsForRoutes || routes > 0) {
            return false;
        }
        Arrays.fill(sequences, 0, count, 0);
        told.clear();
        size = 0;
        count = 0;
        taken = 0;
        lastRecord = 0;
        refusal = null;
        failures = null;
        done = null;
        return true;
    }

    // ---- where it is taken

    boolean isRouted() {
        return isRouted;
    }

    boolean isTaken() {
        return taken == count;
    }

    /** The next one to be taken. */
    ByteBuf next() {
        int from = taken == 0 ? 0 : ends[taken - 1];
        return whole.setIndex(from, ends[taken]);
    }

    void take(long sequence, long record) {
        sequences[taken++] = sequence;
        lastRecord = record;
    }

    /** The record of its last entry that was taken; 0 for none. */
    long lastRecord() {
        return lastRecord;
    }

    /** The next one is not to be in the log, and that is as it should be. */
    void leaveOut() {
        sequences[taken++] = LEFT_OUT;
    }

    /** The next one is refused, by itself. */
    void fail(Throwable why) {
        failed(taken++, why);
    }

    private void failed(int entry, Throwable why) {
        @Nullable
        Throwable[] all = failures;
        if (all == null) {
            all = new @Nullable Throwable[count];
            failures = all;
        }
        all[entry] = why;
    }

    /** The next one is on its way elsewhere: this is told what becomes of it, and tells when nothing is. */
    Published route(Runnable whenNone) {
        int entry = taken++;
        routes++;
        return new Published() {
            private boolean over;

            @Override
            public void published(int partition, long sequence) {
                sequences[entry] = LEFT_OUT;
                ended();
            }

            @Override
            public void failed(Throwable why) {
                PublishBatch.this.failed(entry, why);
                ended();
            }

            private void ended() {
                if (over) {
                    return;
                }
                over = true;
                if (--routes == 0 && waitsForRoutes) {
                    whenNone.run();
                }
            }
        };
    }

    /** Whether something is on its way elsewhere still: who was handed to {@link #route} is told when nothing is. */
    boolean waitsForRoutes() {
        waitsForRoutes = routes > 0;
        return waitsForRoutes;
    }

    void refuseRest(Throwable why) {
        refusal = why;
    }

    @Nullable
    Throwable refusal() {
        return refusal;
    }

    // ---- at home

    /** @param failed why those that were taken are not acknowledged; null where they are */
    void tell(@Nullable Throwable failed) {
        for (int i = 0; i < count; i++) {
            Published each = told.get(i);
            long sequence = sequences[i];
            Throwable why = failures == null ? null : failures[i];
            if (why == null && sequence != LEFT_OUT) {
                why = failed == null && sequence == 0 ? refusal : failed;
            }
            Outbox.tell(each, whole.getIntLE(i == 0 ? 0 : ends[i - 1]), Math.max(0, sequence), why);
        }
    }
}
