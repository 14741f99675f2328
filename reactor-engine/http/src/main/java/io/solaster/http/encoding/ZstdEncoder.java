package io.solaster.http.encoding;

import java.nio.ByteBuffer;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.ZstdCompressCtx;
import io.netty.buffer.ByteBuf;

/** RFC 8878, by zstd-jni. */
final class ZstdEncoder implements BodyEncoder {
    /** What our levels, from 1 to 9, are there; its own default is 3, and those from 10 on are slow. */
    private static final int[] LEVELS = {1, 1, 2, 2, 3, 3, 5, 7, 9};
    /** Of 256 KB: a larger one would take megabytes for each response that is a stream. */
    private static final int WINDOW_LOG = 18;
    private static final int ROOM = 512;

    private final int level;
    private final ZstdCompressCtx context;

    ZstdEncoder(int level) {
        this.level = level;
        this.context = new ZstdCompressCtx().setLevel(LEVELS[level - 1]).setWindowLog(WINDOW_LOG);
    }

    @Override
    public ContentEncoding encoding() {
        return ContentEncoding.ZSTD;
    }

    @Override
    public int level() {
        return level;
    }

    @Override
    public void write(ByteBuf part, ByteBuf to, boolean flush) {
        for (ByteBuffer bytes : part.nioBuffers()) {
            if (bytes.isDirect()) {
                run(bytes, EndDirective.CONTINUE, to);
            } else {
                ByteBuf direct = to.alloc().directBuffer(bytes.remaining()).writeBytes(bytes);
                run(direct.nioBuffer(), EndDirective.CONTINUE, to);
                direct.release();
            }
        }
        if (flush) {
            run(nothing(to), EndDirective.FLUSH, to);
        }
    }

    @Override
    public void finish(ByteBuf to) {
        run(nothing(to), EndDirective.END, to);
    }

    /** The native code wants a direct buffer of no bytes too. */
    private static ByteBuffer nothing(ByteBuf to) {
        return to.nioBuffer(to.writerIndex(), 0);
    }

    private void run(ByteBuffer from, EndDirective end, ByteBuf to) {
        boolean done;
        do {
            to.ensureWritable(ROOM);
            int at = to.writerIndex();
            ByteBuffer out = to.internalNioBuffer(at, to.writableBytes());
            int begin = out.position();
            done = context.compressDirectByteBufferStream(out, from, end);
            to.writerIndex(at + out.position() - begin);
        } while (from.hasRemaining() || end != EndDirective.CONTINUE && !done);
    }

    @Override
    public void reset() {
        context.reset();
        context.setLevel(LEVELS[level - 1]).setWindowLog(WINDOW_LOG);
    }

    @Override
    public void close() {
        context.close();
    }
}
