package io.solaster.log;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.solaster.engine.ShardFuture;
import io.solaster.log.format.Records;
import org.jspecify.annotations.Nullable;

/** Records that are written together, as they lie in the file: behind a mark. On the shard. */
final class Batch {
    private static final int FIRST_CAPACITY = 64 << 10;

    private final CRC32C crc = new CRC32C();
    private final long salt;
    /** Of the allocator; on the heap from when it has grown until it is written. */
    private ByteBuf buffer;
    private ByteBuffer view;
    /** Of the allocator, to be given back once it is written. */
    private @Nullable ByteBuf outgrown;
    private List<ShardFuture<@Nullable Void>> waiters = new ArrayList<>();
    private long first;
    /** Of the record before the first. */
    private long epoch;
    private int records;
    private long since;

    Batch(int capacity, long salt) {
        this.salt = salt;
        buffer = ByteBufAllocator.DEFAULT.directBuffer(Math.min(FIRST_CAPACITY, capacity), capacity);
        view = buffer.nioBuffer(0, buffer.capacity());
    }

    /** Empties it; what comes is behind a record. */
    void begin(long firstSequence, long lastEpoch) {
        buffer.clear();
        // Written when it is known what has been synced.
        buffer.writerIndex(Records.MARK_BYTES);
        first = firstSequence;
        epoch = lastEpoch;
        records = 0;
    }

    /**
     * Adds a record, in one go. A virtual thread may wait within the allocator, for one of its locks, and others of its shard would
     * append then: so what it needs more it takes of the heap.
     */
    void add(long sequence, long recordEpoch, int kind, ByteBuf payload, int bytes) {
        int at = buffer.writerIndex();
        int length = Records.HEADER + bytes;
        int room = Records.padded(length);
        if (room > buffer.writableBytes()) {
            grow(room);
        }
        buffer.setLong(at + room - Records.ALIGNMENT, 0);
        buffer.setBytes(at + Records.HEADER, payload, payload.readerIndex(), bytes);
        buffer.writerIndex(at + room);
        Records.seal(buffer, view, crc, at, length, sequence, recordEpoch, kind, salt);
        records++;
    }

    private void grow(int room) {
        ByteBuf larger = Unpooled.buffer(
                buffer.alloc().calculateNewCapacity(buffer.writerIndex() + room, buffer.maxCapacity()),
                buffer.maxCapacity());
        if (outgrown == null) {
            outgrown = buffer;
        }
        use(larger);
    }

    /** Goes on in another buffer, with what there is. */
    private void use(ByteBuf larger) {
        larger.writeBytes(buffer, 0, buffer.writerIndex());
        buffer = larger;
        view = larger.nioBuffer(0, larger.capacity());
    }

    /** Before it is written, when nothing is added any more: takes memory of the allocator, if it has grown and there is some. */
    void settle() {
        ByteBuf held = outgrown;
        if (held == null) {
            return;
        }
        ByteBuf direct;
        try {
            direct = held.alloc().directBuffer(buffer.capacity(), buffer.maxCapacity());
        } catch (OutOfMemoryError none) {
            // What is on the heap can be written too.
            return;
        }
        if (outgrown == null) {
            // It was released meanwhile.
            direct.release();
            return;
        }
        outgrown = null;
        use(direct);
        held.release();
    }

    /** Says in front of it what has been synced. */
    void mark(long synced) {
        buffer.setLongLE(Records.HEADER, synced);
        Records.seal(buffer, view, crc, 0, Records.MARK_BYTES, first, epoch, Records.MARK, salt);
    }

    /** All of it, from the mark on: until it is begun again. */
    ByteBuf bytes() {
        return buffer;
    }

    /** For one write, which releases it. */
    ByteBuf toWrite() {
        return buffer.retainedDuplicate();
    }

    /** When its first record was appended. */
    long since() {
        return since;
    }

    void since(long nanos) {
        since = nanos;
    }

    int records() {
        return records;
    }

    /** Bytes that it has of the file. */
    int size() {
        return buffer.writerIndex();
    }

    /** Of the record before the first. */
    long epochBefore() {
        return epoch;
    }

    long first() {
        return first;
    }

    long last() {
        return first + records - 1;
    }

    void add(ShardFuture<@Nullable Void> waiter) {
        waiters.add(waiter);
    }

    /** Who waits for its end; nobody does from then on. */
    List<ShardFuture<@Nullable Void>> takeWaiters() {
        if (waiters.isEmpty()) {
            return List.of();
        }
        List<ShardFuture<@Nullable Void>> taken = waiters;
        waiters = new ArrayList<>();
        return taken;
    }

    void release() {
        ByteBuf held = outgrown;
        outgrown = null;
        if (held != null) {
            held.release();
        }
        buffer.release();
    }
}
