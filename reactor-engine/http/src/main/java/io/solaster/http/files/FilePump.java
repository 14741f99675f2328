package io.solaster.http.files;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.solaster.config.Internal;
import io.solaster.engine.Offload;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.http.Failures;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.ResponseStream;
import org.jspecify.annotations.Nullable;

/**
 * Sends pieces of a file as the body of a response, where the kernel cannot do it alone: read off the shard, a chunk
 * whenever the client has room for one. On the owning shard.
 */
@Internal
public final class FilePump {
    private static final int CHUNK = 64 << 10;

    /** A piece of the body: text of ASCII, and a part of the file behind it. */
    public record Piece(String before, long position, long count) {

        ByteBuf head() {
            return Unpooled.copiedBuffer(before, StandardCharsets.US_ASCII);
        }
    }

    private final HttpRequest request;
    private final HttpResponse response;
    private final Offload offload;
    private final FileChannel file;
    private final Iterator<Piece> pieces;
    private final ResponseStream stream;
    private long position;
    private long left;
    private boolean waits;

    private FilePump(HttpRequest request, HttpResponse response, FileChannel file, List<Piece> pieces) {
        this.request = request;
        this.response = response;
        this.offload = request.shard().offload();
        this.file = file;
        this.pieces = pieces.iterator();
        this.stream = response.stream();
    }

    /**
     * Sends them all, behind the head, and ends the response.
     *
     * @param file closed at the end of the exchange
     */
    public static void send(HttpRequest request, HttpResponse response, FileChannel file, List<Piece> pieces) {
        FilePump pump = new FilePump(request, response, file, pieces);
        pump.stream.onWritable(pump::goOn);
        pump.next();
    }

    /** Closes a file off the shard. */
    public static void close(Shard shard, FileChannel file) {
        shard.offload().call(Purpose.FILES, () -> {
            file.close();
            return true;
        });
    }

    private void goOn() {
        if (waits) {
            waits = false;
            next();
        }
    }

    private void next() {
        while (left == 0) {
            if (!pieces.hasNext()) {
                stream.end();
                return;
            }
            Piece piece = pieces.next();
            position = piece.position;
            left = piece.count;
            if (!piece.before.isEmpty()) {
                stream.write(piece.head());
            }
        }
        if (!stream.isWritable()) {
            waits = true;
            return;
        }
        long from = position;
        int count = (int) Math.min(left, CHUNK);
        ShardFuture<ByteBuf> chunk = offload.call(Purpose.FILES, () -> read(file, from, count));
        chunk.whenComplete((bytes, failure) -> sendOrFail(bytes, failure));
    }

    private void sendOrFail(@Nullable ByteBuf bytes, @Nullable Throwable failure) {
        if (response.isEnded()) {
            if (bytes != null) {
                bytes.release();
            }
            return;
        }
        if (bytes == null) {
            response.fail(failure == null ? new IOException("nothing was read") : Failures.cause(failure));
            return;
        }
        position += bytes.readableBytes();
        left -= bytes.readableBytes();
        stream.write(bytes);
        next();
    }

    private static ByteBuf read(FileChannel file, long position, int count) throws IOException {
        ByteBuf bytes = ByteBufAllocator.DEFAULT.directBuffer(count, count);
        try {
            ByteBuffer into = bytes.internalNioBuffer(0, count);
            int read = file.read(into, position);
            if (read <= 0) {
                throw new EOFException("the file has become shorter while it was sent");
            }
            return bytes.writerIndex(read);
        } catch (Throwable failure) {
            bytes.release();
            throw failure;
        }
    }

    @Override
    public String toString() {
        return request.method() + " " + request.target() + ": " + left + " bytes left of this piece";
    }
}
