package io.solaster.http.encoding;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

import io.netty.buffer.ByteBuf;

/** RFC 1952, by the JDK. */
final class GzipEncoder implements BodyEncoder {
    /** Magic number, deflate, no flags, no time, unknown system. */
    private static final byte[] HEADER = {0x1F, (byte) 0x8B, 8, 0, 0, 0, 0, 0, 0, (byte) 0xFF};
    private static final int ROOM = 512;

    private final int level;
    private final Deflater deflater;
    private final CRC32 sum = new CRC32();
    private long length;
    private boolean begun;

    GzipEncoder(int level) {
        this.level = level;
        this.deflater = new Deflater(level, true);
    }

    @Override
    public ContentEncoding encoding() {
        return ContentEncoding.GZIP;
    }

    @Override
    public int level() {
        return level;
    }

    @Override
    public void write(ByteBuf part, ByteBuf to, boolean flush) {
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

    @Override
    public void finish(ByteBuf to) {
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

    @Override
    public void reset() {
        deflater.reset();
        sum.reset();
        length = 0;
        begun = false;
    }

    @Override
    public void close() {
        deflater.end();
    }
}
