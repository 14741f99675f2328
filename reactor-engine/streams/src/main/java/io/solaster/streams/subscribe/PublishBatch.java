package io.solaster.streams.subscribe;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.mesh.Message;

/**
 * What was published in one turn and another shard has subscribers for. It comes home when they have taken it, and is used
 * again. It belongs to one shard at a time.
 */
final class PublishBatch extends Message {
    /** From so many bytes on it takes no more. */
    private static final int ENOUGH = 64 * 1024;
    /** Of so many bytes it takes one credit of its lane more. */
    private static final int BYTES_OF_CREDIT = 64 * 1024;
    private static final int HEADER = 12;
    /** In the place of a kind: what follows is to be published where the batch goes to. */
    private static final int FORWARDED = 1 << 8;

    private final SubscriptionShard origin;
    private final SubscriptionShard target;
    private final ByteBuf bytes = Unpooled.directBuffer(1024);
    private boolean home;

    PublishBatch(SubscriptionShard origin, SubscriptionShard target) {
        this.origin = origin;
        this.target = target;
    }

    void add(int kind, boolean forwarded, long name, int nameLength, long payload, int payloadLength) {
        int at = bytes.writerIndex();
        long more = (long) HEADER + nameLength + payloadLength;
        if (at + more > Integer.MAX_VALUE) {
            throw new OutOfMemoryError("more than 2 GiB published in one turn");
        }
        bytes.ensureWritable((int) more);
        long to = Memory.address(bytes) + at;
        Memory.putInt(to, forwarded ? kind | FORWARDED : kind);
        Memory.putInt(to + 4, nameLength);
        Memory.putInt(to + 8, payloadLength);
        Memory.copy(name, to + HEADER, nameLength);
        Memory.copy(payload, to + HEADER + nameLength, payloadLength);
        bytes.writerIndex(at + (int) more);
    }

    boolean isFull() {
        return bytes.readableBytes() >= ENOUGH;
    }

    /** What it takes of its lane. */
    int credits() {
        return 1 + bytes.readableBytes() / BYTES_OF_CREDIT;
    }

    SubscriptionShard target() {
        return target;
    }

    @Override
    public void deliver() {
        if (home) {
            home = false;
            origin.giveBatch(this);
            return;
        }
        try {
            deliverAll();
        } finally {
            clear();
            home = true;
            target.shard().mesh().sendFree(origin.shard().id(), this);
        }
    }

    /** One that finds no memory, say, takes no other message with it. */
    private void deliverAll() {
        Throwable failed = null;
        long at = Memory.address(bytes);
        long end = at + bytes.writerIndex();
        while (at < end) {
            int kind = Memory.getInt(at);
            int nameLength = Memory.getInt(at + 4);
            int payloadLength = Memory.getInt(at + 8);
            long name = at + HEADER;
            long payload = name + nameLength;
            try {
                if ((kind & FORWARDED) != 0) {
                    target.publish(kind & ~FORWARDED, name, nameLength, payload, payloadLength);
                } else {
                    target.deliver(origin.shard().id(), kind, name, nameLength, payload, payloadLength);
                }
            } catch (OutOfMemoryError | RuntimeException failure) {
                failed = failed == null ? failure : failed;
            }
            at = payload + payloadLength;
        }
        if (failed instanceof OutOfMemoryError none) {
            throw none;
        } else if (failed != null) {
            throw (RuntimeException) failed;
        }
    }

    private void clear() {
        bytes.clear();
        if (bytes.capacity() > 2 * ENOUGH) {
            bytes.capacity(1024);
        }
    }

    @Override
    public void abandon() {
        close();
    }

    /** Gives the memory back; on the shard that it belongs to, or when none is there any more. */
    void close() {
        if (bytes.refCnt() > 0) {
            bytes.release();
        }
    }
}
