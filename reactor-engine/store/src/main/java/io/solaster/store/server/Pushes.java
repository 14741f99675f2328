package io.solaster.store.server;

import java.util.ArrayDeque;

import io.netty.buffer.ByteBuf;
import io.solaster.streams.subscribe.Subscriber;
import org.jspecify.annotations.Nullable;

/** What is to go to a client behind its replies: small messages one behind the other, large ones as they are. On the shard. */
final class Pushes {
    /** Bytes of room for more messages behind the first. */
    private static final int MORE = 4096;

    /** Those before the last one; null until a large one came. */
    private @Nullable ArrayDeque<ByteBuf> earlier;
    private @Nullable ByteBuf last;
    /** Whether more may be written to the last one. */
    private boolean open;
    private long bytes;

    /** Bytes that wait here. */
    long bytes() {
        return bytes;
    }

    boolean isEmpty() {
        return last == null;
    }

    /** @param message copied, or retained if that costs less */
    void add(ByteBuf message) {
        int length = message.readableBytes();
        bytes += length;
        if (length >= Subscriber.SHARED_FROM) {
            behind(message.retainedDuplicate(), false);
            return;
        }
        ByteBuf to = last;
        if (to == null || !open) {
            to = message.alloc().directBuffer(length);
            behind(to, true);
        }
        if (to.writableBytes() < length) {
            // One message came, so others may: not a little more room for each of them.
            to.ensureWritable(Math.max(length, MORE));
        }
        to.writeBytes(message, message.readerIndex(), length);
    }

    private void behind(ByteBuf next, boolean isOpen) {
        ByteBuf before = last;
        if (before != null) {
            if (earlier == null) {
                earlier = new ArrayDeque<>();
            }
            earlier.add(before);
        }
        last = next;
        open = isOpen;
    }

    /** The next one but for the last, which the caller releases; null if there is none. */
    @Nullable
    ByteBuf poll() {
        return earlier == null ? null : earlier.poll();
    }

    /** The last one, which the caller releases: there is none any more. */
    @Nullable
    ByteBuf takeLast() {
        ByteBuf taken = last;
        last = null;
        bytes = 0;
        return taken;
    }

    void release() {
        for (ByteBuf next = poll(); next != null; next = poll()) {
            next.release();
        }
        ByteBuf taken = takeLast();
        if (taken != null) {
            taken.release();
        }
    }
}
