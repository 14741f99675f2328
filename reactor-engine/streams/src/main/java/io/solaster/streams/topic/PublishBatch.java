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
        int keyLength = key == null ? 0 : key.length;
        int end = size + TopicRecords.ENTRY_HEADER + keyLength + headers.length + value.length;
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(end, bytes.length * 2));
        }
        ByteBuf into = Unpooled.wrappedBuffer(bytes);
        into.setIntLE(size, partition);
        into.setByte(size + TopicRecords.HOPS_AT, hops);
        into.setIntLE(size + TopicRecords.KEY_AT, key == null ? -1 : keyLength);
        into.setIntLE(size + TopicRecords.HEADERS_AT, headers.length);
        int at = size + TopicRecords.ENTRY_HEADER;
        if (key != null) {
            System.arraycopy(key, 0, bytes, at, keyLength);
            at += keyLength;
        }
        System.arraycopy(headers, 0, bytes, at, headers.length);
        System.arraycopy(value, 0, bytes, at + headers.length, value.length);
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
        return Unpooled.wrappedBuffer(bytes, from, ends[taken] - from);
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
            if (why != null) {
                each.failed(why);
            } else {
                int at = i == 0 ? 0 : ends[i - 1];
                each.published(Unpooled.wrappedBuffer(bytes).getIntLE(at), Math.max(0, sequence));
            }
        }
    }
}
