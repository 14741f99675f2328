package io.solaster.http.websocket;

import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** Decompresses messages as RFC 7692, section 7.2.2, has it. One a shard, or one a connection with context takeover. */
final class Decompressor implements AutoCloseable {
    /** The empty block that the sender has left out. */
    private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};
    /** Bytes of room that {@link #begin} needs behind a payload. */
    static final int ADDED = TAIL.length;
    /** Streams that one message may consist of: senders have no use for more than one, and each begins the inflater anew. */
    private static final int MOST_STREAMS = 16;
    /** Bytes that one compressed byte is taken to be at first; there may be 1,032. */
    private static final int FIRST_GUESS = 4;

    private final Inflater inflater = new Inflater(true);
    private final boolean takeover;
    private ByteBuf source = Unpooled.EMPTY_BUFFER;
    private int streams;

    Decompressor(boolean takeover) {
        this.takeover = takeover;
    }

    /** Begins with a message's compressed payload, which is added to, and must stay there until {@link #end}. */
    void begin(ByteBuf compressed) {
        compressed.writeBytes(TAIL);
        source = compressed;
        streams = 1;
        inflater.setInput(compressed.nioBuffer());
    }

    /**
     * Decompresses into a buffer until the message ends or the buffer has so many bytes.
     *
     * @return whether the message may go on
     * @throws DataFormatException if the client has sent no such thing
     */
    boolean inflate(ByteBuf into, int most) throws DataFormatException {
        while (into.readableBytes() < most) {
            into.ensureWritable((int) Math.min(most - into.readableBytes(),
                    Math.max(64L, FIRST_GUESS * (long) inflater.getRemaining())));
            int room = Math.min(into.writableBytes(), most - into.readableBytes());
            ByteBuffer to = into.nioBuffer(into.writerIndex(), room);
            int written = inflater.inflate(to);
            into.writerIndex(into.writerIndex() + written);
            if (written == 0) {
                if (inflater.finished()) {
                    // A last block within the message: what follows begins anew.
                    int rest = inflater.getRemaining();
                    if (rest == 0) {
                        inflater.reset();
                        return false;
                    }
                    restart(rest);
                } else if (inflater.needsDictionary() || inflater.getRemaining() > 0) {
                    throw new DataFormatException("stuck");
                } else {
                    return false;
                }
            }
        }
        return true;
    }

    private void restart(int rest) throws DataFormatException {
        if (++streams > MOST_STREAMS) {
            throw new DataFormatException("more than " + MOST_STREAMS + " streams in one message");
        }
        inflater.reset();
        inflater.setInput(source.nioBuffer(source.writerIndex() - rest, rest));
    }

    /** The message is over, or given up. */
    void end() {
        source = Unpooled.EMPTY_BUFFER;
        if (!takeover) {
            inflater.reset();
        }
    }

    @Override
    public void close() {
        inflater.end();
    }
}
