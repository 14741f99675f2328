package io.solaster.http;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

import io.netty.buffer.ByteBuf;

/**
 * Compresses one body after the other, RFC 1952. It holds memory outside of the heap, which is why a shard keeps a few and
 * uses them again. On the owning shard.
 */
final class Gzip {
    /** Magic number, deflate, no flags, no time, unknown system. */
    private static final byte[] HEADER = {0x1F, (byte) 0x8B, 8, 0, 0, 0, 0, 0, 0, (byte) 0xFF};
    private static final int ROOM = 512;

    private final int level;
    private final Deflater deflater;
    private final CRC32 sum = new CRC32();
    private long length;
    private boolean begun;

    Gzip(int level) {
        this.level = level;
        this.deflater = new Deflater(level, true);
    }

    int level() {
        return level;
    }

    /** Compresses a part, so that a client can read all of it, unless the whole of it is yet to come. */
    void write(ByteBuf part, ByteBuf to, boolean flush) {
        begin(to);
        length += part.readableBytes();
        for (ByteBuffer bytes : part.nioBuffers()) {
            sum.update(bytes.duplicate());
            deflater.setInput(bytes);
            drain(to, Deflater.NO_FLUSH);
        }
        if (flush) {
            drain(to, Deflater.SYNC_FLUSH);
        }
    }

    /** Writes what is left; {@link #reset} makes it ready for another body. */
    void finish(ByteBuf to) {
        begin(to);
        deflater.finish();
        drain(to, Deflater.NO_FLUSH);
        to.writeIntLE((int) sum.getValue());
        to.writeIntLE((int) length);
    }

    private void begin(ByteBuf to) {
        if (!begun) {
            begun = true;
            to.writeBytes(HEADER);
        }
    }

    private void drain(ByteBuf to, int flush) {
        while (true) {
            to.ensureWritable(ROOM);
            int room = to.writableBytes();
            int written = deflater.deflate(to.internalNioBuffer(to.writerIndex(), room), flush);
            to.writerIndex(to.writerIndex() + written);
            if (written < room && (deflater.finished() || deflater.needsInput())) {
                return;
            }
        }
    }

    void reset() {
        deflater.reset();
        sum.reset();
        length = 0;
        begun = false;
    }

    /** Gives the memory back. */
    void close() {
        deflater.end();
    }
}
