package io.solaster.http.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameReader;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.netty.handler.codec.http2.Http2Stream;
import io.solaster.engine.Shard;

/**
 * Reads the frames of one client, whole ones, and no more of them in a turn than are one connection's share: the rest is
 * left where it lies until the next. Sees to it that heads come where they may (RFC 9113, 5.1), of which Netty resets the
 * streams only. On the owning shard.
 */
final class Http2Turns implements Http2FrameReader {
    /** Frames between two looks at the clock. */
    private static final int UNTIMED = 32;

    /** Where a frame's type, flags and stream are. */
    private static final int TYPE = 3;
    private static final int FLAGS = 4;
    private static final int STREAM = 5;
    private static final int END_HEADERS = 4;

    private final Http2FrameReader frames;
    private final Http2Connection connection;
    private final StreamIds reset;
    private int read;
    private int most = Integer.MAX_VALUE;
    private boolean over;
    /** How many frames came whole, a head with its continuations being one; and whether one of those is coming. */
    private long whole;
    private boolean inHead;
    /** The head that is coming is on a stream whose client has ended it. */
    private boolean late;
    /** The stream from which on the client has left out none. */
    private int unbroken = 1;

    /** @param reset the streams that we have reset, on which a client may have sent a head before it heard of that */
    Http2Turns(Http2FrameReader frames, Http2Connection connection, StreamIds reset) {
        this.frames = frames;
        this.connection = connection;
        this.reset = reset;
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

    /** How many frames have come whole, good ones or bad, a head with its continuations being one. */
    long whole() {
        return whole;
    }

    /** Whether a head is coming of which a part was read. */
    boolean isInHead() {
        return inHead;
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
            begins(in);
            // It would go on to the last of what there is.
            in.writerIndex(in.readerIndex() + size);
            try {
                frames.readFrame(context, in, listener);
            } catch (Http2Exception e) {
                throw late && Http2Exception.isStreamError(e)
                        ? Http2Exception.streamError(Http2Exception.streamId(e), Http2Error.STREAM_CLOSED,
                                "a head behind the end of the stream")
                        : e;
            } finally {
                in.writerIndex(end);
                whole += inHead ? 0 : 1;
                over |= ++read >= most || read % UNTIMED == 0 && Shard.needPreempt();
            }
        }
    }

    /** A frame is there. */
    private void begins(ByteBuf in) throws Http2Exception {
        int at = in.readerIndex();
        int type = in.getByte(at + TYPE);
        if (type != Http2FrameTypes.HEADERS && type != Http2FrameTypes.CONTINUATION) {
            inHead = false;
            late = false;
            return;
        }
        inHead = (in.getByte(at + FLAGS) & END_HEADERS) == 0;
        if (type == Http2FrameTypes.HEADERS) {
            headOn(in.getInt(at + STREAM) & Integer.MAX_VALUE);
        }
    }

    private void headOn(int id) throws Http2Exception {
        Http2Stream stream = connection.stream(id);
        late = stream != null && stream.state() == Http2Stream.State.HALF_CLOSED_REMOTE;
        if (stream != null) {
            return;
        }
        int last = connection.remote().lastStreamCreated();
        if (id > last) {
            unbroken = id > Math.max(1, last + 2) ? id : unbroken;
        } else if (connection.streamMayHaveExisted(id) && !reset.has(id)) {
            throw id < unbroken
                    ? Http2Exception.connectionError(Http2Error.PROTOCOL_ERROR,
                            "a head on stream %d, behind one on stream %d", id, last)
                    : Http2Exception.connectionError(Http2Error.STREAM_CLOSED,
                            "a head on stream %d, which is closed", id);
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
