package io.solaster.engine.memory;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * One direct buffer that a shard uses again and again: whoever takes it has it alone, and when it is released by then
 * the next one gets the same memory, still warm in the cache. If it is not, since it waits in a socket's queue or
 * somebody keeps it, there is a fresh one, and the old one is theirs. On the owning shard only.
 */
public final class ReusedBuffer {
    private final ByteBufAllocator allocator;
    private final int capacity;
    private @Nullable ByteBuf spare;
    private boolean closed;

    /** @param capacity of each new buffer, in bytes; one that has grown beyond 4 times this is not used again */
    public ReusedBuffer(ByteBufAllocator allocator, int capacity) {
        this.allocator = allocator;
        this.capacity = capacity;
    }

    /** An empty buffer; the caller releases it. */
    public ByteBuf take() {
        if (closed) {
            return allocator.directBuffer(capacity);
        }
        ByteBuf buffer = spare;
        // One that somebody has released once too often is gone: it must not break the shard's reads for good.
        if (buffer == null || buffer.refCnt() != 1 || buffer.capacity() > 4 * capacity) {
            letGo();
            buffer = allocator.directBuffer(capacity);
            spare = buffer;
        }
        return buffer.clear().retain();
    }

    private void letGo() {
        if (spare != null && spare.refCnt() > 0) {
            spare.release();
        }
    }

    /** Lets go of the memory. Who takes a buffer later, such as a socket that is closed last, has one that is nobody else's. */
    public void close() {
        closed = true;
        letGo();
        spare = null;
    }

    /**
     * This as the buffer that sockets are read into: right for handlers that have used up what they read before they
     * return, or copy the rest.
     *
     * @param readsPerTurn reads of one socket before others have their turn
     */
    public DefaultMaxMessagesRecvByteBufAllocator forReads(int readsPerTurn) {
        return new Reads(readsPerTurn);
    }

    private final class Reads extends DefaultMaxMessagesRecvByteBufAllocator {
        Reads(int readsPerTurn) {
            super(readsPerTurn);
        }

        @Override
        @SuppressWarnings("deprecation") // Netty's own type for it
        public Handle newHandle() {
            return new MaxMessageHandle() {
                @Override
                public ByteBuf allocate(ByteBufAllocator ignored) {
                    return take();
                }

                @Override
                public int guess() {
                    return capacity;
                }
            };
        }
    }
}
