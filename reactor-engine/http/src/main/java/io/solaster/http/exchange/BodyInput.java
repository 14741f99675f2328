package io.solaster.http.exchange;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.http.RequestBody;
import org.jspecify.annotations.Nullable;

/** A request's body for whoever may block: one part is in memory at a time. On one virtual thread of the owning shard. */
final class BodyInput extends InputStream implements RequestBody.Reader {
    private final Shard shard;
    private final RequestBody body;
    private ByteBuf current = Unpooled.EMPTY_BUFFER;
    private @Nullable ShardFuture<@Nullable Void> arrived;
    private @Nullable Throwable failure;
    private boolean ended;
    private boolean closed;

    BodyInput(Shard shard, RequestBody body) {
        this.shard = shard;
        this.body = body;
    }

    @Override
    public int read() throws IOException {
        return await() ? current.readByte() & 0xFF : -1;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, into.length);
        if (length == 0) {
            return 0;
        }
        if (!await()) {
            return -1;
        }
        int bytes = Math.min(length, current.readableBytes());
        current.readBytes(into, from, bytes);
        return bytes;
    }

    @Override
    public int available() {
        return current.readableBytes();
    }

    /** What is not read is skipped, as what no handler reads. */
    @Override
    public void close() {
        closed = true;
        current.release();
        current = Unpooled.EMPTY_BUFFER;
        tell();
    }

    /** Waits for a byte; false at the end. */
    private boolean await() throws IOException {
        while (!current.isReadable() && !ended && !closed) {
            Shard.refuseToBlock("a request's body as a stream", "read() it in parts");
            current.release();
            current = Unpooled.EMPTY_BUFFER;
            ShardFuture<@Nullable Void> next = shard.newFuture();
            arrived = next;
            body.request(1);
            next.join();
        }
        Throwable met = failure;
        if (closed && met == null) {
            throw new IOException("the stream of the body is closed");
        }
        if (met != null && !current.isReadable()) {
            throw new IOException("the body does not come whole: " + met.getMessage(), met);
        }
        return current.isReadable();
    }

    @Override
    public void part(ByteBuf part) {
        if (closed) {
            part.release();
        } else {
            current = part;
        }
        tell();
    }

    @Override
    public void end(HttpHeaders trailers) {
        ended = true;
        tell();
    }

    @Override
    public void failed(Throwable cause) {
        failure = cause;
        ended = true;
        tell();
    }

    private void tell() {
        ShardFuture<@Nullable Void> waits = arrived;
        if (waits != null) {
            arrived = null;
            waits.resolve(null);
        }
    }
}
