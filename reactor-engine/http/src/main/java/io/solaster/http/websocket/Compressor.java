package io.solaster.http.websocket;

import java.nio.ByteBuffer;
import java.util.zip.Deflater;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** Compresses messages as RFC 7692, section 7.2.1, has it. One a shard, or one a connection with context takeover. */
final class Compressor implements AutoCloseable {
    /** An empty block, which ends each message and is left out. */
    private static final int TAIL = 4;

    private final Deflater deflater;
    private final boolean takeover;

    Compressor(int level, boolean takeover) {
        this.deflater = new Deflater(level, true);
        this.takeover = takeover;
    }

    /**
     * A message as one compressed frame.
     *
     * @param kind text or binary
     * @param payload not empty; stays the caller's
     * @param window the most bytes that refer to each other: the JDK's zlib knows no window but its own, so after so many
     *            it begins anew
     */
    ByteBuf frame(ByteBufAllocator allocator, int kind, ByteBuf payload, int window) {
        int length = payload.readableBytes();
        ByteBuf frame = allocator.directBuffer(Frames.LONGEST_HEADER + Math.max(64, length / 2));
        boolean done = false;
        try {
            frame.writerIndex(Frames.LONGEST_HEADER);
            ByteBuffer[] pieces = payload.nioBuffers();
            for (int i = 0; i < pieces.length; i++) {
                boolean last = i == pieces.length - 1;
                if (length <= window) {
                    deflater.setInput(pieces[i]);
                    write(frame, last ? Deflater.SYNC_FLUSH : Deflater.NO_FLUSH);
                } else {
                    inWindows(pieces[i], window, last, frame);
                }
            }
            int compressed = frame.writerIndex() - Frames.LONGEST_HEADER - TAIL;
            int begin = Frames.LONGEST_HEADER - Frames.headerLength(compressed);
            frame.setIndex(begin, begin);
            Frames.header(frame, FrameDecoder.FIN | FrameDecoder.COMPRESSED | kind, compressed);
            frame.writerIndex(Frames.LONGEST_HEADER + compressed);
            done = true;
            return frame;
        } finally {
            if (!takeover) {
                deflater.reset();
            }
            if (!done) {
                frame.release();
            }
        }
    }

    private void inWindows(ByteBuffer piece, int window, boolean last, ByteBuf frame) {
        while (piece.hasRemaining()) {
            int bytes = Math.min(window, piece.remaining());
            deflater.setInput(piece.slice(piece.position(), bytes));
            piece.position(piece.position() + bytes);
            write(frame, last && !piece.hasRemaining() ? Deflater.SYNC_FLUSH : Deflater.FULL_FLUSH);
        }
    }

    private void write(ByteBuf frame, int flush) {
        int written;
        int room;
        do {
            frame.ensureWritable(64);
            ByteBuffer to = frame.nioBuffer(frame.writerIndex(), frame.writableBytes());
            room = to.remaining();
            written = deflater.deflate(to, flush);
            frame.writerIndex(frame.writerIndex() + written);
            // Only room left over tells that nothing more is to come.
        } while (written == room);
    }

    @Override
    public void close() {
        deflater.end();
    }
}
