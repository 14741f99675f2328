package io.solaster.http.http2;

import java.util.ArrayDeque;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.http.exchange.GatherBudget;
import org.jspecify.annotations.Nullable;

/**
 * What has come of a stream's body and is not wanted yet. Short parts are put together, or each byte of a body could cost
 * a buffer. On the owning shard.
 */
final class KeptBody {
    /** A shorter frame that is kept is copied, or it would keep all that was read with it. */
    static final int COPIED = 8 << 10;

    private final GatherBudget budget;
    private final ArrayDeque<ByteBuf> parts = new ArrayDeque<>(2);
    /** Bytes of memory that were taken from the server's budget: all, but for what came while its body waited for some. */
    private long kept;
    /** The last part, if that is a buffer which others may join. */
    private @Nullable ByteBuf tail;

    KeptBody(GatherBudget budget) {
        this.budget = budget;
    }

    /**
     * Keeps all of a part, which stays the caller's.
     *
     * @param anyway whether it is kept though the budget has no room: its body waits for that, one of few
     * @return false if there is no memory for it
     */
    boolean add(ByteBuf part, ByteBufAllocator allocator, boolean anyway) {
        int bytes = part.readableBytes();
        ByteBuf joins = tail;
        if (joins != null && joins.maxWritableBytes() >= bytes) {
            return append(joins, part, bytes, anyway);
        }
        if (!take(bytes) && !anyway) {
            return false;
        }
        if (bytes < COPIED) {
            joins = allocator.directBuffer(bytes, COPIED).writeBytes(part);
            tail = joins;
            parts.add(joins);
        } else {
            tail = null;
            parts.add(part.readRetainedSlice(bytes));
        }
        return true;
    }

    /** Puts a short part to those before it, whose buffer grows with what it holds. */
    private boolean append(ByteBuf joins, ByteBuf part, int bytes, boolean anyway) {
        if (joins.writableBytes() < bytes) {
            int room = joins.alloc().calculateNewCapacity(joins.writerIndex() + bytes, joins.maxCapacity());
            if (!take(room - joins.capacity()) && !anyway) {
                return false;
            }
            joins.capacity(room);
        }
        joins.writeBytes(part);
        return true;
    }

    private boolean take(int bytes) {
        if (!budget.take(bytes, kept)) {
            return false;
        }
        kept += bytes;
        return true;
    }

    boolean isEmpty() {
        return parts.isEmpty();
    }

    int count() {
        return parts.size();
    }

    ByteBuf first() {
        return parts.element();
    }

    void dropFirst() {
        ByteBuf first = parts.remove();
        if (parts.isEmpty()) {
            tail = null;
        }
        long counted = Math.min(first.capacity(), kept);
        kept -= counted;
        budget.give(counted);
        first.release();
    }

    void release() {
        while (!parts.isEmpty()) {
            dropFirst();
        }
    }
}
