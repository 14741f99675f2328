package io.solaster.http;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.multipart.MemoryFileUpload;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/**
 * One file of a form as it comes: in memory, and from the limit on to disk, written by Offload, one write at a time. What
 * Netty's decoder hands over is the file's to release. On the owning shard.
 */
final class Spool extends MemoryFileUpload {
    private final Shard shard;
    private final MultipartReader reader;
    private final Multipart.Limits limits;
    private final CompositeByteBuf memory = Unpooled.compositeBuffer(Integer.MAX_VALUE);
    private List<ByteBuf> unwritten = new ArrayList<>();
    private boolean spooled;
    private boolean writing;
    private boolean deleted;
    /** Touched by one Offload call at a time, and by the shard between them. */
    private @Nullable Path file;
    private @Nullable FileChannel channel;

    Spool(MultipartReader reader, Shard shard, Multipart.Limits limits, String name, String filename,
            String contentType, Charset charset) {
        super(name, filename, contentType, null, charset, 0);
        this.reader = reader;
        this.shard = shard;
        this.limits = limits;
    }

    @Override
    public void addContent(ByteBuf buffer, boolean last) throws IOException {
        int bytes = buffer.readableBytes();
        size += bytes;
        if (size > limits.maxFile().bytes()) {
            buffer.release();
            throw new MultipartReader.TooLarge("file '" + getName() + "' of more than " + limits.maxFile().bytes()
                    + " bytes");
        }
        spooled |= size > limits.memory().bytes();
        if (spooled) {
            if (memory.isReadable()) {
                unwritten.add(memory.readRetainedSlice(memory.readableBytes()));
            }
            unwritten.add(buffer);
            reader.spooled(bytes);
            write();
        } else {
            memory.addComponent(true, buffer);
        }
        if (last) {
            setCompleted();
        }
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

    /** Netty's decoder deletes what it has handed over; the end of the exchange does that here. */
    @Override
    public void delete() {}
}
