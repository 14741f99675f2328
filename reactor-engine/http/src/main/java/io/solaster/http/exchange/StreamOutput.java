package io.solaster.http.exchange;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * A response's body for whoever may block: it waits while the client has enough to read. On one virtual thread of the owning
 * shard.
 */
final class StreamOutput extends OutputStream {
    private static final int PART = 8 << 10;

    private final Response response;
    private @Nullable ByteBuf part;
    private boolean closed;

    StreamOutput(Response response) {
        this.response = response;
    }

    @Override
    public void write(int b) throws IOException {
        room().writeByte(b);
        sendIfFull();
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        for (int at = from; at < from + length;) {
            ByteBuf into = room();
            int some = Math.min(into.writableBytes(), from + length - at);
            into.writeBytes(bytes, at, some);
            at += some;
            sendIfFull();
        }
    }

    private ByteBuf room() throws IOException {
        if (closed) {
            throw new IOException("the stream of the response is closed");
        }
        ByteBuf into = part;
        if (into == null) {
            into = ByteBufAllocator.DEFAULT.directBuffer(PART, PART);
            part = into;
        }
        return into;
    }

    private void sendIfFull() throws IOException {
        ByteBuf full = part;
        if (full != null && !full.isWritable()) {
            send();
        }
    }

    private void send() throws IOException {
        ByteBuf bytes = part;
        part = null;
        if (bytes != null && !response.write(bytes)) {
            throw new IOException("the response was cut off: the client has gone, or it took too long");
        }
    }

    @Override
    public void flush() throws IOException {
        send();
        response.flush();
    }

    /** The exchange is over. */
    void abandon() {
        closed = true;
        ByteBuf left = part;
        part = null;
        if (left != null) {
            left.release();
        }
    }

    /** Ends the response. */
    @Override
    public void close() throws IOException {
        if (!closed) {
            try {
                send();
            } finally {
                closed = true;
                response.end();
            }
        }
    }
}
