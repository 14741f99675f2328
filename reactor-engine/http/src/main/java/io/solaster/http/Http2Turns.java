package io.solaster.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameReader;
import io.solaster.engine.Shard;

/**
 * Reads the frames of one client, whole ones, and no more of them in a turn than are one connection's share: the rest is
 * left where it lies until the next. On the owning shard.
 */
final class Http2Turns implements Http2FrameReader {
    /** Frames between two looks at the clock. */
    private static final int UNTIMED = 32;

    private final Http2FrameReader frames;
    private int read;
    private int most = Integer.MAX_VALUE;
    private boolean over;

    Http2Turns(Http2FrameReader frames) {
        this.frames = frames;
    }

    /** A turn begins, of so many frames at most. */
    void begin(int mostFrames) {
        read = 0;
        most = mostFrames;
        over = false;
    }

    /** Nothing more is read. */
    void end() {
        over = true;
    }

    /** Whether others are to have theirs before more is read. */
    boolean isOver() {
        return over;
    }

    @Override
    public void readFrame(ChannelHandlerContext context, ByteBuf in, Http2FrameListener listener)
            throws Http2Exception {
        while (!over && in.readableBytes() >= Http2CodecUtil.FRAME_HEADER_LENGTH) {
            int payload = in.getUnsignedMedium(in.readerIndex());
            int size = Http2CodecUtil.FRAME_HEADER_LENGTH + payload;
            int end = in.writerIndex();
            if (size > in.readableBytes()) {
                if (payload <= configuration().frameSizePolicy().maxFrameSize()) {
                    return;
                }
                // Which the reader refuses before the rest of it has come.
                size = in.readableBytes();
            }
            // It would go on to the last of what there is.
            in.writerIndex(in.readerIndex() + size);
            try {
                frames.readFrame(context, in, listener);
            } finally {
                in.writerIndex(end);
            }
            over = ++read >= most || read % UNTIMED == 0 && Shard.needPreempt();
        }
    }

    @Override
    public Configuration configuration() {
        return frames.configuration();
    }

    @Override
    public void close() {
        frames.close();
    }
}
