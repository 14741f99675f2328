package io.solaster.http.websocket;

import java.util.Objects;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Frames that wait until a client has read those before them, in a ring that is there only while something waits. On the
 * owning shard.
 */
final class SendQueue {
    private static final int FEW = 8;
    private static final int KEPT = 64;

    private @Nullable ByteBuf[] frames = {};
    /** Which of them must not be dropped: control frames, and pieces of a message. */
    private boolean[] kept = {};
    private int head;
    private int count;
    private long bytes;

    /** Bytes that wait. */
    long bytes() {
        return bytes;
    }

    int count() {
        return count;
    }

    boolean isEmpty() {
        return count == 0;
    }

    void add(ByteBuf frame, boolean keep) {
        if (count == frames.length) {
            grow();
        }
        int at = head + count & frames.length - 1;
        frames[at] = frame;
        kept[at] = keep;
        count++;
        bytes += frame.readableBytes();
    }

    private void grow() {
        int size = Math.max(FEW, 2 * frames.length);
        @Nullable
        ByteBuf[] larger = new ByteBuf[size];
        boolean[] largerKept = new boolean[size];
        for (int i = 0; i < count; i++) {
            int from = head + i & frames.length - 1;
            larger[i] = frames[from];
            largerKept[i] = kept[from];
        }
        frames = larger;
        kept = largerKept;
        head = 0;
    }

    /** How long the next frame is; 0 if there is none. */
    int nextBytes() {
        ByteBuf next = count == 0 ? null : frames[head];
        return next == null ? 0 : next.readableBytes();
    }

    /** Whether the next frame is a message, which could be dropped. */
    boolean nextIsMessage() {
        return count > 0 && !kept[head];
    }

    /**
     * What to write next, for the caller to release: short frames together.
     *
     * @param part whose statistics count the messages among them
     * @param most bytes that are put together
     */
    ByteBuf next(WebSocketShard part, int most) {
        int first = nextBytes();
        if (count == 1 || first > Frames.COPIED) {
            ByteBuf frame = poll(part);
            // Who writes a buffer moves its indices, which are not ours alone while others send it too.
            return frame.refCnt() > 1 ? frame.duplicate() : frame;
        }
        ByteBuf lot = part.allocator().directBuffer((int) Math.min(bytes, most));
        for (int length = first; length > 0 && length <= Frames.COPIED
                && lot.readableBytes() + length <= most; length = nextBytes()) {
            ByteBuf frame = poll(part);
            lot.writeBytes(frame, frame.readerIndex(), length);
            frame.release();
        }
        return lot;
    }

    private ByteBuf poll(WebSocketShard part) {
        if (nextIsMessage()) {
            part.stats().messagesOut.increment();
        }
        return Objects.requireNonNull(poll());
    }

    /** The next frame, for the caller to release; null if there is none. */
    @Nullable
    ByteBuf poll() {
        if (count == 0) {
            return null;
        }
        ByteBuf frame = frames[head];
        frames[head] = null;
        head = head + 1 & frames.length - 1;
        count--;
        if (frame != null) {
            bytes -= frame.readableBytes();
        }
        if (count == 0 && frames.length > KEPT) {
            frames = new ByteBuf[0];
            kept = new boolean[0];
            head = 0;
        }
        return frame;
    }

    /**
     * Drops the oldest frame that may be.
     *
     * @return whether there was one
     */
    boolean dropOldest() {
        int mask = frames.length - 1;
        for (int i = 0; i < count; i++) {
            int at = head + i & mask;
            if (!kept[at]) {
                ByteBuf dropped = frames[at];
                // What must stay moves up by one: a ping or two.
                for (int to = i; to > 0; to--) {
                    frames[head + to & mask] = frames[head + to - 1 & mask];
                    kept[head + to & mask] = kept[head + to - 1 & mask];
                }
                frames[head] = dropped;
                kept[head] = false;
                ByteBuf oldest = poll();
                if (oldest != null) {
                    oldest.release();
                }
                return true;
            }
        }
        return false;
    }

    /** Drops everything. */
    void clear() {
        for (ByteBuf frame = poll(); frame != null; frame = poll()) {
            frame.release();
        }
    }
}
