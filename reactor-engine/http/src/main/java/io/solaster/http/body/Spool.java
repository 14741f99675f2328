package io.solaster.http.body;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.engine.Shard;
import io.solaster.engine.file.DiskFullException;
import io.solaster.engine.file.ShardFile;
import io.solaster.engine.file.ShardFiles;
import io.solaster.http.Failures;
import io.solaster.http.HttpException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file of a form as it comes: in memory, and from the limit on to disk, one write at a time. Small pieces are put together,
 * so that a file takes no more memory than its bytes. On the owning shard.
 */
final class Spool {
    /** What is put together before it is one buffer to be written. */
    private static final int PIECE = 64 << 10;
    private static final Logger log = LoggerFactory.getLogger(Spool.class);
    private static final long COMPLAINT_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** When it was last told of; 0 for never. */
    private static final AtomicLong TOLD = new AtomicLong();

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
    private int unwrittenBytes;
    /** Where more is written. */
    private long written;
    private @Nullable ShardFile file;

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
                unwrittenBytes += memory.readableBytes();
                unwritten.add(memory.readRetainedSlice(memory.readableBytes()));
            }
        }
        reader.spooled(length);
        unwrittenBytes += length;
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
        ShardFiles files = shard.files();
        ShardFile known = file;
        if (known == null) {
            files.openTemporary(unusedName()).whenComplete((opened, failure) -> {
                file = opened;
                stepped(0, failure);
            });
        } else if (!files.hasRoom(unwrittenBytes)) {
            files.whenRoom(unwrittenBytes).whenComplete((room, failure) -> stepped(0, failure));
        } else {
            int bytes = unwrittenBytes;
            ByteBuf batch = Unpooled.wrappedBuffer(unwritten.toArray(ByteBuf[]::new));
            unwritten = new ArrayList<>();
            unwrittenBytes = 0;
            long position = written;
            written += bytes;
            known.write(batch, position).whenComplete((done, failure) -> stepped(bytes, failure));
        }
    }

    private Path unusedName() {
        Path directory = limits.directory();
        return (directory == null ? Path.of(System.getProperty("java.io.tmpdir")) : directory)
                .resolve("solaster-" + Long.toHexString(shard.environment().random().nextLong()) + ".part");
    }

    /** One thing has been done with the file, or could not be. */
    private void stepped(int bytes, @Nullable Throwable failure) {
        writing = false;
        if (deleted) {
            remove();
        } else if (failure != null) {
            reader.failed(refusal(Failures.cause(failure)));
        } else {
            write();
            if (bytes > 0) {
                reader.written(bytes);
            }
        }
    }

    /** What the client is told: that there is no room is a state of the server, which uploads that go on need not report each. */
    private Throwable refusal(Throwable failure) {
        if (failure instanceof RejectedExecutionException) {
            return new HttpException(HttpResponseStatus.SERVICE_UNAVAILABLE, "too busy to write files", failure);
        }
        if (!(failure instanceof DiskFullException)) {
            return failure;
        }
        HttpException full = new HttpException(HttpResponseStatus.INSUFFICIENT_STORAGE, "no room for files", failure);
        long now = shard.environment().clock().nanoTime();
        long last = TOLD.get();
        if ((last == 0 || now - last >= COMPLAINT_NANOS) && TOLD.compareAndSet(last, now)) {
            log.error("Files of forms are refused with 507 for want of room; for a minute this is told once", failure);
        }
        return full.told();
    }

    /** Whether all that came is in memory or on disk. */
    boolean isSettled() {
        return !writing && unwritten.isEmpty();
    }

    /** Where it lies; null if it is in memory. */
    @Nullable
    ShardFile file() {
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
            unwrittenBytes = 0;
            if (!writing) {
                remove();
            }
        }
    }

    private void remove() {
        ShardFile left = file;
        if (left != null) {
            CompletableFuture<@Nullable Void> closed = left.close();
            if (!left.isUnnamed()) {
                closed.whenComplete((done, failure) -> delete(left.path()));
            }
        }
    }

    /** Once there is room for it: nobody else would. */
    private void delete(Path path) {
        ShardFiles files = shard.files();
        if (files.hasRoom()) {
            // Gone already where somebody has kept it.
            files.delete(path);
        } else {
            files.whenRoom().whenComplete((room, stopped) -> {
                if (stopped == null) {
                    delete(path);
                }
            });
        }
    }
}
