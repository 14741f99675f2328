package io.solaster.http.body;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.http.HttpException;
import org.jspecify.annotations.Nullable;

/**
 * One file of a form as it comes: in memory, and from the limit on to disk, written by Offload, one write at a time. Small
 * pieces are put together, so that a file takes no more memory than its bytes. On the owning shard.
 */
final class Spool {
    /** What is put together before it is one buffer to be written. */
    private static final int PIECE = 64 << 10;

    private final Shard shard;
    private final MultipartReader reader;
    private final Multipart.Limits limits;
    private final PartHead head;
    private final ByteBuf memory = ByteBufAllocator.DEFAULT.buffer();
    private List<ByteBuf> unwritten = new ArrayList<>();
    private long size;
    private boolean spooled;
    private boolean writing;
    private boolean deleted;
    /** Touched by one Offload call at a time, and by the shard between them. */
    private @Nullable Path file;
    private @Nullable FileChannel channel;

    Spool(MultipartReader reader, Shard shard, Multipart.Limits limits, PartHead head) {
        this.reader = reader;
        this.shard = shard;
        this.limits = limits;
        this.head = head;
    }

    PartHead head() {
        return head;
    }

    /** In bytes. */
    long size() {
        return size;
    }

    /**
     * So many bytes more of it; the buffer is left as it is.
     *
     * @throws HttpException with status 413 if that is too many
     */
    void add(ByteBuf bytes, int length) {
        size += length;
        if (size > limits.maxFile().bytes()) {
            throw new HttpException(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
                    "file '" + head.name() + "' of more than " + limits.maxFile().bytes() + " bytes");
        }
        int from = bytes.readerIndex();
        if (!spooled && size <= limits.memory().bytes()) {
            reader.take(length);
            memory.writeBytes(bytes, from, length);
            return;
        }
        if (!spooled) {
            spooled = true;
            if (memory.isReadable()) {
                reader.spooled(memory.readableBytes());
                unwritten.add(memory.readRetainedSlice(memory.readableBytes()));
            }
        }
        reader.spooled(length);
        ByteBuf last = unwritten.isEmpty() ? null : unwritten.getLast();
        if (last != null && last.writableBytes() >= length) {
            last.writeBytes(bytes, from, length);
        } else {
            unwritten.add(ByteBufAllocator.DEFAULT.buffer(Math.max(length, unwritten.isEmpty() ? length : PIECE))
                    .writeBytes(bytes, from, length));
        }
        write();
    }

    private void write() {
        if (writing || unwritten.isEmpty()) {
            return;
        }
        writing = true;
        List<ByteBuf> batch = unwritten;
        unwritten = new ArrayList<>();
        ShardFuture<Long> written = shard.offload().call(Purpose.FILES, () -> write(batch));
        written.whenComplete((bytes, failure) -> {
            writing = false;
            if (deleted) {
                remove();
            } else if (failure != null) {
                reader.failed(failure);
            } else {
                write();
                reader.written(bytes);
            }
        });
        // Refused or abandoned, it never ran: what it was to write is let go of here.
        written.exceptionally(failure -> {
            batch.forEach(buffer -> {
                if (buffer.refCnt() > 0) {
                    buffer.release();
                }
            });
            return -1L;
        });
    }

    private long write(List<ByteBuf> batch) throws IOException {
        FileChannel out = channel;
        if (out == null) {
            Path directory = limits.directory();
            Path made = directory == null
                    ? Files.createTempFile("solaster-", ".part")
                    : Files.createTempFile(directory, "solaster-", ".part");
            file = made;
            out = FileChannel.open(made, StandardOpenOption.WRITE);
            channel = out;
        }
        long written = 0;
        for (ByteBuf buffer : batch) {
            for (ByteBuffer bytes : buffer.nioBuffers()) {
                while (bytes.hasRemaining()) {
                    if (Thread.interrupted()) {
                        throw new InterruptedIOException("the engine stops");
                    }
                    written += out.write(bytes);
                }
            }
            buffer.release();
        }
        return written;
    }

    /** Whether all that came is in memory or on disk. */
    boolean isSettled() {
        return !writing && unwritten.isEmpty();
    }

    /** Closes what was written; off the shard. */
    void close() throws IOException {
        if (channel != null) {
            channel.close();
            channel = null;
        }
    }

    /** Where it lies; null if it is in memory. */
    @Nullable
    Path path() {
        return file;
    }

    boolean isSpooled() {
        return spooled;
    }

    /** What is in memory; this file's. */
    ByteBuf memory() {
        return memory;
    }

    /** Lets go of all of it, once: of the file as soon as nothing is being written any more. */
    void discard() {
        if (!deleted) {
            deleted = true;
            memory.release();
            unwritten.forEach(ByteBuf::release);
            unwritten.clear();
            if (!writing) {
                remove();
            }
        }
    }

    private void remove() {
        if (spooled) {
            shard.offload().call(Purpose.FILES, () -> {
                close();
                return file != null && Files.deleteIfExists(file);
            });
        }
    }
}
