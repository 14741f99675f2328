package io.solaster.engine.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What one connection is read into until its protocol begins, and what the protocol says from then on. A channel makes its
 * handle with its first read, and keeps that: another allocator in its configuration is not asked any more. On the owning
 * shard.
 */
@SuppressWarnings("deprecation") // Netty's own types for it
final class SwitchedReads implements RecvByteBufAllocator {
    private final RecvByteBufAllocator first;
    private @Nullable Switched made;

    /** @param first until the protocol begins */
    SwitchedReads(RecvByteBufAllocator first) {
        this.first = first;
    }

    @Override
    public Handle newHandle() {
        Switched handle = new Switched((ExtendedHandle) first.newHandle());
        made = handle;
        return handle;
    }

    /** Goes by this one from the next turn of reads on; the turn that runs ends with the handle that it began with. */
    void follow(RecvByteBufAllocator next) {
        Switched handle = made;
        // Without a read before, the channel asks the next one itself.
        if (handle != null && next != this) {
            handle.next = (ExtendedHandle) next.newHandle();
        }
    }

    private static final class Switched implements ExtendedHandle {
        private ExtendedHandle now;
        private @Nullable ExtendedHandle next;

        Switched(ExtendedHandle first) {
            now = first;
        }

        @Override
        public void reset(ChannelConfig config) {
            ExtendedHandle switched = next;
            if (switched != null) {
                next = null;
                now = switched;
            }
            now.reset(config);
        }

        @Override
        public boolean continueReading() {
            return now.continueReading();
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier mayHaveMore) {
            return now.continueReading(mayHaveMore);
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            return now.allocate(allocator);
        }

        @Override
        public int guess() {
            return now.guess();
        }

        @Override
        public void incMessagesRead(int count) {
            now.incMessagesRead(count);
        }

        @Override
        public void lastBytesRead(int bytes) {
            now.lastBytesRead(bytes);
        }

        @Override
        public int lastBytesRead() {
            return now.lastBytesRead();
        }

        @Override
        public void attemptedBytesRead(int bytes) {
            now.attemptedBytesRead(bytes);
        }

        @Override
        public int attemptedBytesRead() {
            return now.attemptedBytesRead();
        }

        @Override
        public void readComplete() {
            now.readComplete();
        }
    }
}
