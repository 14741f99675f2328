package io.solaster.http.websocket;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.CompositeByteBuf;

/** Writes a server's frames, which are not masked: the same bytes for every client. Any thread. */
final class Frames {
    static final int LONGEST_HEADER = 10;
    /** Payloads up to this are copied behind their header, rather than sent as buffers of their own. */
    static final int COPIED = 4 * 1024;

    private Frames() {}

    static int headerLength(int payload) {
        return payload <= FrameDecoder.LONGEST_CONTROL ? 2 : payload <= 0xFFFF ? 4 : LONGEST_HEADER;
    }

    /** Writes a header. */
    static void header(ByteBuf to, int head, int payload) {
        if (payload <= FrameDecoder.LONGEST_CONTROL) {
            to.writeShort(head << 8 | payload);
        } else if (payload <= 0xFFFF) {
            to.writeInt(head << 24 | 126 << 16 | payload);
        } else {
            to.writeShort(head << 8 | 127);
            to.writeLong(payload);
        }
    }

    /** A text message in one frame. */
    static ByteBuf text(ByteBufAllocator allocator, CharSequence text, int utf8Bytes) {
        ByteBuf frame = allocator.directBuffer(headerLength(utf8Bytes) + utf8Bytes);
        header(frame, FrameDecoder.FIN | FrameDecoder.TEXT, utf8Bytes);
        ByteBufUtil.writeUtf8(frame, text);
        return frame;
    }

    /**
     * A frame with this payload, which is copied if it is short and else becomes part of the frame.
     *
     * @param payload the frame's own from now on
     */
    static ByteBuf of(ByteBufAllocator allocator, int head, ByteBuf payload) {
        int length = payload.readableBytes();
        if (length <= COPIED) {
            ByteBuf frame = allocator.directBuffer(headerLength(length) + length);
            header(frame, head, length);
            frame.writeBytes(payload, payload.readerIndex(), length);
            payload.release();
            return frame;
        }
        ByteBuf header = allocator.directBuffer(LONGEST_HEADER);
        header(header, head, length);
        CompositeByteBuf frame = allocator.compositeDirectBuffer(2);
        return frame.addComponents(true, header, payload);
    }

    /**
     * A Close frame.
     *
     * @param code {@link CloseCode#NONE} for none
     * @param reason cut to what fits
     */
    static ByteBuf close(ByteBufAllocator allocator, int code, String reason) {
        ByteBuf frame = allocator.directBuffer(2 + FrameDecoder.LONGEST_CONTROL);
        frame.writeShort((FrameDecoder.FIN | FrameDecoder.CLOSE) << 8);
        if (code != CloseCode.NONE) {
            frame.writeShort(code);
            int longest = FrameDecoder.LONGEST_CONTROL - 2;
            byte[] bytes = reason.getBytes(StandardCharsets.UTF_8);
            int length = Math.min(longest, bytes.length);
            while (length < bytes.length && length > 0 && (bytes[length] & 0xC0) == 0x80) {
                length--;
            }
            frame.writeBytes(bytes, 0, length);
        }
        return frame.setByte(1, frame.writerIndex() - 2);
    }
}
