package io.solaster.store.server;

import java.util.ArrayDeque;

import io.netty.buffer.ByteBuf;
import io.solaster.streams.subscribe.Subscriber;
import org.jspecify.annotations.Nullable;

/**
 * What is to go to a client behind its replies. Messages that lie one behind the other, as those of a turn do, are one piece of the buffer
 * that all who get them share; other small ones are copied one behind the other, large ones stay as they are. On the shard.
 */
final class Pushes {
    /** Bytes of room for more messages behind the first. */
    private static final int MORE = 4096;

    /** Those before the last one; null until there were two pieces. */
    private @Nullable ArrayDeque<ByteBuf> earlier;
    private @Nullable ByteBuf last;
    /** Whether more may be written to the last one. */
    private boolean open;
    /** What the last piece is of, if others have it too; it is retained. Then there is no {@link #last}. */
    private @Nullable ByteBuf shared;
    private int begin;
    private int end;
    private long bytes;

    /** Bytes that wait here. */
    long bytes() {
        return bytes;
    }

    boolean isEmpty() {
        return last == null && shared == null;
    }

    /**
     * Takes a message, which is copied, or its buffer retained.
     *
     * @param mayShare whether a small one may keep the whole buffer alive
     */
    @SuppressWarnings("ReferenceEquality") // buffers are equal by what they hold
    void add(ByteBuf buffer, int from, int length, boolean mayShare) {
        ByteBuf own = shared;
        if (own == null && last == null && (mayShare || length >= Subscriber.SHARED_FROM)) {
            shared = buffer.retain();
            begin = from;
            end = from + length;
        } else if (own == buffer && end == from && mayShare) {
            end += length;
        } else {
            if (own != null) {
                settle(own);
            }
            addBehind(buffer, from, length);
        }
        bytes += length;
    }

    /** The shared piece is followed by another one: it is a piece for good. */
    private void settle(ByteBuf own) {
        if (end - begin >= Subscriber.SHARED_FROM) {
            behind(own.slice(begin, end - begin), false);
        } else {
            // First, since it may find no memory.
            copy(own, begin, end - begin);
            own.release();
        }
        shared = null;
    }

    private void addBehind(ByteBuf buffer, int from, int length) {
        if (length >= Subscriber.SHARED_FROM) {
            behind(buffer.retainedSlice(from, length), false);
        } else {
            copy(buffer, from, length);
        }
    }

    private void copy(ByteBuf buffer, int from, int length) {
        ByteBuf to = last;
        if (to == null || !open) {
            to = buffer.alloc().directBuffer(length);
            behind(to, true);
        }
        if (to.writableBytes() < length) {
            // One message came, so others may: not a little more room for each of them.
            to.ensureWritable(Math.max(length, MORE));
        }
        to.writeBytes(buffer, from, length);
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
        ByteBuf own = shared;
        ByteBuf taken = own == null ? last : own.slice(begin, end - begin);
        shared = null;
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
