package io.solaster.http.http1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** What was received on a connection and not yet taken, outside of the heap. On the owning shard. */
final class Received {
    private @Nullable ByteBuf bytes;

    boolean isEmpty() {
        ByteBuf rest = bytes;
        return rest == null || !rest.isReadable();
    }

    /** It; reading from it takes. */
    ByteBuf bytes() {
        ByteBuf rest = bytes;
        return rest == null ? Unpooled.EMPTY_BUFFER : rest;
    }

    /** More has come. */
    void add(ByteBuf received, ByteBufAllocator alloc) {
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
            ByteBuf larger = alloc.directBuffer(2 * (into.readableBytes() + size));
            larger.writeBytes(into);
            into.release();
            bytes = larger;
            into = larger;
        }
        into.writeBytes(more);
        more.release();
    }

    /** Keeps what is left in no more memory than it needs. */
    void keepRest(ByteBufAllocator alloc) {
        ByteBuf rest = bytes;
        if (rest == null) {
            return;
        }
        int size = rest.readableBytes();
        if (size == 0) {
            rest.release();
            bytes = null;
        } else if (size < rest.capacity() / 4) {
            bytes = alloc.directBuffer(size).writeBytes(rest);
            rest.release();
        }
    }

    /** Leaves it to somebody else, who releases it; null if there is nothing. */
    @Nullable
    ByteBuf leave() {
        ByteBuf rest = bytes;
        bytes = null;
        if (rest != null && !rest.isReadable()) {
            rest.release();
            return null;
        }
        return rest;
    }

    void release() {
        ByteBuf rest = bytes;
        bytes = null;
        if (rest != null) {
            rest.release();
        }
    }
}
