package io.solaster.http.files;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.Internal;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.Shard;
import io.solaster.engine.file.ShardFile;
import io.solaster.http.Failures;
import io.solaster.http.HttpException;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.ResponseStream;
import org.jspecify.annotations.Nullable;

/**
 * Sends pieces of a file as the body of a response, where the kernel cannot do it alone: read a chunk at a time, whenever the
 * client has room for one. The first is read before the head is sent, so that a file that cannot be read is told of. On the
 * owning shard.
 */
@Internal
public final class FilePump {
    /** What is read at once. */
    public static final int CHUNK = 64 << 10;

    /** A piece of the body: text of ASCII, and a part of the file behind it. */
    public record Piece(String before, long position, long count) {

        ByteBuf head() {
            return Unpooled.copiedBuffer(before, StandardCharsets.US_ASCII);
        }
    }

    /** What is read, never on the loop. On the owning shard. */
    @FunctionalInterface
    public interface Source {

        /**
         * Reads some bytes, 1 or more.
         *
         * @return the caller's buffer, with fewer bytes where the file ends
         */
        CompletableFuture<ByteBuf> read(long position, int count);
    }

    private final HttpRequest request;
    private final HttpResponse response;
    private final Source file;
    private final Iterator<Piece> pieces;
    /** What stands before the first bytes of the file. */
    private String before = "";
    /** Null until the head is sent. */
    private @Nullable ResponseStream stream;
    private long position;
    private long left;
    private boolean waits;

    private FilePump(HttpRequest request, HttpResponse response, Source file, List<Piece> pieces) {
        this.request = request;
        this.response = response;
        this.file = file;
        this.pieces = pieces.iterator();
    }

    /** Sends them all, behind the head, and ends the response. */
    public static void send(HttpRequest request, HttpResponse response, Source file, List<Piece> pieces) {
        new FilePump(request, response, file, pieces).next();
    }

    /** A shard's file, whose operations wait for room. */
    public static Source of(Shard shard, ShardFile file) {
        return new Source() {
            @Override
            public CompletableFuture<ByteBuf> read(long position, int count) {
                if (!shard.files().hasRoom(count)) {
                    return shard.files().whenRoom(count).thenCompose(room -> read(position, count));
                }
                ByteBuf into = ByteBufAllocator.DEFAULT.directBuffer(count, count);
                return file.read(into, position).handle((read, failure) -> {
                    if (failure != null) {
                        into.release();
                        throw new CompletionException(failure);
                    }
                    return into;
                });
            }
        };
    }

    /** A channel, read off the shard. */
    public static Source of(Shard shard, FileChannel file) {
        return (position, count) -> shard.offload().call(Purpose.FILES, () -> read(file, position, count));
    }

    /** Closes a file off the shard. */
    public static void close(Shard shard, FileChannel file) {
        shard.offload().call(Purpose.FILES, () -> {
            file.close();
            return true;
        });
    }

    /** What is told where nothing of a file can be read any more. */
    public static Throwable isShorter(boolean begun) {
        return begun
                ? new EOFException("the file has become shorter while it was sent")
                : new HttpException(HttpResponseStatus.SERVICE_UNAVAILABLE, "it is being changed: ask again").told();
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
                begin().end();
                return;
            }
            Piece piece = pieces.next();
            position = piece.position;
            left = piece.count;
            if (!piece.before.isEmpty()) {
                if (stream == null && left > 0) {
                    before = piece.before;
                } else {
                    begin().write(piece.head());
                }
            }
        }
        if (stream != null && !stream.isWritable()) {
            waits = true;
            return;
        }
        file.read(position, (int) Math.min(left, CHUNK)).whenComplete(this::sendOrFail);
    }

    /** Sends the head, once. */
    private ResponseStream begin() {
        ResponseStream begun = stream;
        if (begun == null) {
            begun = response.stream();
            stream = begun;
            begun.onWritable(this::goOn);
            if (!before.isEmpty()) {
                begun.write(Unpooled.copiedBuffer(before, StandardCharsets.US_ASCII));
            }
        }
        return begun;
    }

    private void sendOrFail(@Nullable ByteBuf bytes, @Nullable Throwable failure) {
        if (response.isEnded()) {
            if (bytes != null) {
                bytes.release();
            }
            return;
        }
        if (bytes == null || !bytes.isReadable()) {
            if (bytes != null) {
                bytes.release();
            }
            response.fail(failure == null ? isShorter(stream != null) : StaticFiles.refusal(failure));
            return;
        }
        try {
            ResponseStream to = begin();
            if (response.isEnded()) {
                // By a filter that was told of the head.
                bytes.release();
                return;
            }
            position += bytes.readableBytes();
            left -= bytes.readableBytes();
            to.write(bytes);
        } catch (RuntimeException failed) {
            response.fail(failed);
            return;
        }
        next();
    }

    private static ByteBuf read(FileChannel file, long position, int count) throws IOException {
        ByteBuf bytes = ByteBufAllocator.DEFAULT.directBuffer(count, count);
        try {
            ByteBuffer into = bytes.internalNioBuffer(0, count);
            return bytes.writerIndex(Math.max(0, file.read(into, position)));
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
