package io.solaster.log;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * What was written last to the present segment, in memory while somebody reads: whoever keeps up reads no file. A ring, in which a
 * byte of the file lies at its position's remainder. On the shard.
 */
final class LogTail {
    /** Batches of which is known where they begin. */
    private static final int MARKS = 256;

    private static final int FIRST = 64 << 10;

    private final int most;
    private boolean kept;
    private int capacity;
    private @Nullable ByteBuf ring;
    /** The segment, by its first record. */
    private long segment = -1;
    /** These bytes of its file are here. */
    private long from;
    private long to;
    /** By number modulo {@link #MARKS}: the first record of a batch, and where it begins. */
    private final long[] firsts = new long[MARKS];
    private final long[] positions = new long[MARKS];
    private long batches;

    /** @param most bytes, of which the largest power of two is taken */
    LogTail(int most) {
        this.most = Integer.highestOneBit(most);
        capacity = Math.min(FIRST, this.most);
    }

    /** Keeps what comes from now on. */
    void keep() {
        kept = true;
    }

    /** Keeps nothing. */
    void release() {
        kept = false;
        drop();
    }

    private void drop() {
        ByteBuf held = ring;
        ring = null;
        segment = -1;
        if (held != null) {
            held.release();
        }
    }

    /**
     * A batch is written.
     *
     * @param inSegment the first record of its segment
     * @param position where in that it lies
     * @param first its first record
     */
    void add(long inSegment, long position, long first, ByteBuf batch) {
        if (!kept) {
            return;
        }
        int length = batch.writerIndex();
        grow(length);
        ByteBuf into = ring;
        if (into == null) {
            into = ByteBufAllocator.DEFAULT.directBuffer(capacity, capacity);
            if (!kept) {
                // On a virtual thread, that may have taken a while.
                into.release();
                return;
            }
            ring = into;
        }
        if (inSegment != segment || position != to) {
            segment = inSegment;
            from = position;
            to = position;
            batches = 0;
        }
        int skipped = Math.max(0, length - capacity);
        for (int at = skipped; at < length;) {
            int index = (int) (position + at & capacity - 1);
            int part = Math.min(length - at, capacity - index);
            into.setBytes(index, batch, at, part);
            at += part;
        }
        to = position + length;
        from = Math.max(from, to - capacity);
        int mark = (int) (batches++ & MARKS - 1);
        firsts[mark] = first;
        positions[mark] = position;
    }

    /** Room for some batches such as the last one: a log of few and small ones needs little. */
    private void grow(int batch) {
        int size = capacity;
        while (size < most && size < 4L * batch) {
            size *= 2;
        }
        if (size > capacity) {
            drop();
            capacity = size;
        }
    }

    /** Copies what there is from a position of a segment on; returns how many bytes. */
    int read(long inSegment, long position, ByteBuf into) {
        ByteBuf held = ring;
        if (held == null || inSegment != segment || position < from || position >= to) {
            return 0;
        }
        int length = (int) Math.min(into.writableBytes(), to - position);
        for (int at = 0; at < length;) {
            int index = (int) (position + at & capacity - 1);
            int part = Math.min(length - at, capacity - index);
            into.writeBytes(held, index, part);
            at += part;
        }
        return length;
    }

    /** Where to look for a record of a segment from on: a batch that is here and begins no later; -1 if there is none. */
    long positionOf(long inSegment, long record) {
        if (ring == null || inSegment != segment) {
            return -1;
        }
        for (long each = batches - 1; each >= Math.max(0, batches - MARKS); each--) {
            int mark = (int) (each & MARKS - 1);
            if (positions[mark] < from) {
                return -1;
            }
            if (firsts[mark] <= record) {
                return positions[mark];
            }
        }
        return -1;
    }
}
