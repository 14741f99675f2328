package io.solaster.engine.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import org.jspecify.annotations.Nullable;

/**
 * What was received on a connection and not yet taken: bytes in one piece, outside of the heap. On the owning shard.
 */
public final class UnreadInput {
    private static final long MOST = Integer.MAX_VALUE - 8;

    private @Nullable ByteBuf bytes;

    /** Whether all was taken. */
    public boolean isEmpty() {
        ByteBuf rest = bytes;
        return rest == null || !rest.isReadable();
    }

    /** How many bytes wait. */
    public int size() {
        ByteBuf rest = bytes;
        return rest == null ? 0 : rest.readableBytes();
    }

    /** What waits; reading from it takes. It is valid until more is added, or the rest is kept. */
    public ByteBuf bytes() {
        ByteBuf rest = bytes;
        return rest == null ? Unpooled.EMPTY_BUFFER : rest;
    }

    /**
     * More has come.
     *
     * @param received is taken over
     * @param expected how long what has begun will be, as the client says, with what waits of it already; 0 where it does
     *            not say. It is believed up to twice what has come
     */
    public void add(ByteBuf received, ByteBufAllocator alloc, long expected) {
        ByteBuf more = received;
        if (!received.isDirect()) {
            more = alloc.directBuffer(received.readableBytes()).writeBytes(received);
            received.release();
        }
        ByteBuf into = bytes;
        if (into == null) {
            bytes = more;
            return;
        }
        if (!into.isReadable()) {
            into.release();
            bytes = more;
            return;
        }
        int size = more.readableBytes();
        if (size > into.writableBytes()) {
            long all = (long) into.readableBytes() + size;
            long wanted = expected >= all ? Math.min(2 * all, expected) : 2 * all;
            ByteBuf larger = alloc.directBuffer((int) Math.min(wanted, MOST));
            larger.writeBytes(into);
            into.release();
            bytes = larger;
            into = larger;
        }
        into.writeBytes(more);
        more.release();
    }

    /**
     * Keeps what is left in no more memory than it needs.
     *
     * @param expected how long that will be, as the client says; 0 where it does not say
     */
    public void keepRest(ByteBufAllocator alloc, long expected) {
        ByteBuf rest = bytes;
        if (rest == null) {
            return;
        }
        int size = rest.readableBytes();
        if (size == 0) {
            rest.release();
            bytes = null;
            return;
        }
        int quarter = held(rest) / 4;
        if (size < quarter && expected < quarter) {
            bytes = alloc.directBuffer((int) Math.max(size, expected)).writeBytes(rest);
            rest.release();
        }
    }

    /** How much memory stays taken for a buffer: a slice holds all that it was cut from, one of a buffer ring's buffers say. */
    private static int held(ByteBuf buffer) {
        int most = buffer.capacity();
        for (ByteBuf from = buffer.unwrap(); from != null; from = from.unwrap()) {
            most = Math.max(most, from.capacity());
        }
        return most;
    }

    /** Leaves it to somebody else, who releases it; null if there is nothing. */
    public @Nullable ByteBuf leave() {
        ByteBuf rest = bytes;
        bytes = null;
        if (rest != null && !rest.isReadable()) {
            rest.release();
            return null;
        }
        return rest;
    }

    /** Lets go of it. */
    public void release() {
        ByteBuf rest = bytes;
        bytes = null;
        if (rest != null) {
            rest.release();
        }
    }

    /** Reads from a client, or waits, while there is more of it already than is wanted. */
    public static void readOrWait(Channel client, boolean read) {
        ChannelConfig config = client.config();
        // To set what is set already costs an atomic operation.
        if (config.isAutoRead() != read) {
            config.setAutoRead(read);
        }
    }
}
