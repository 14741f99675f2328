package io.solaster.engine.file;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A file that a shard has opened: {@link ShardFiles#open}. On that shard. Bounds, errors and what is left after a crash are as
 * {@link ShardFiles} says; what is under way at once is done in any order, so who writes one place twice waits between.
 */
public final class ShardFile {
    private final ShardFiles files;
    private final Path path;
    /** For errors: made once, since each operation may need it. */
    private final String name;
    private final Disk.Handle handle;
    private final boolean writable;
    private int underWay;
    private @Nullable CompletableFuture<@Nullable Void> closed;
    /** Waits until nothing is under way. */
    private @Nullable Operation<?, ?> closing;

    ShardFile(ShardFiles files, Path path, Disk.Handle handle, boolean writable) {
        this.files = files;
        this.path = path;
        this.name = "file " + path;
        this.handle = handle;
        this.writable = writable;
    }

    /** The path that it was opened by. Any thread. */
    public Path path() {
        return path;
    }

    /** Whether reads and writes go past the page cache: {@link ShardFiles#openDirect}. Any thread. */
    public boolean isDirect() {
        return handle.isDirect();
    }

    /**
     * Reads into what is writable of a buffer, which may be one of many parts and stays the caller's: it is held until the
     * operation ends, and its indexes are to be left alone until then.
     *
     * @param into direct memory saves a copy
     * @return how many bytes: fewer than were asked only where the file ends, 0 behind its end. The buffer's writer index has
     *         moved by as many
     */
    public CompletableFuture<Integer> read(ByteBuf into, long position) {
        int room = into.writableBytes();
        int from = into.writerIndex();
        check(position, room);
        ByteBuffer[] parts = into.nioBuffers(from, room);
        checkAligned(parts, position);
        return begin(new Operation<Integer, Integer>(files, this, path, "read", position, room, into.retain(),
                outcome -> handle.read(parts, position, outcome)) {
            @Override
            Integer answer(Integer told) {
                files.meter().read(told);
                into.writerIndex(from + told);
                return told;
            }
        });
    }

    /**
     * Writes what is readable of a buffer, which may be one of many parts, and releases it in any case. It survives a crash
     * only after {@link #sync}.
     *
     * @return done when all is written; a failure may leave any part of it written
     */
    public CompletableFuture<@Nullable Void> write(ByteBuf from, long position) {
        ByteBuffer[] parts;
        try {
            check(position, from.readableBytes());
            parts = from.nioBuffers();
            checkAligned(parts, position);
        } catch (RuntimeException refused) {
            from.release();
            throw refused;
        }
        return change(new Operation<@Nullable Void, @Nullable Void>(files, this, path, "write", position,
                from.readableBytes(), from, outcome -> handle.write(parts, position, outcome)) {
            @Override
            @Nullable
            Void answer(@Nullable Void told) {
                files.meter().written(bytes());
                return null;
            }
        });
    }

    /**
     * Makes survive a crash what had been written when this was called, and the file's size: fdatasync. That there is a file
     * of this name survives by {@link ShardFiles#syncDirectory}. After a failure nobody knows what is on the disk, and to sync
     * again proves nothing: what was written since the last sync is to be taken for lost.
     */
    public CompletableFuture<@Nullable Void> sync() {
        return begin(new ShardFiles.Same<@Nullable Void>(files, this, path, "sync it", handle::sync));
    }

    /** Cuts the file to a size, or makes it longer by zeros. */
    public CompletableFuture<@Nullable Void> truncate(long size) {
        check(size, 0);
        return change("cut it to " + size + " bytes", outcome -> handle.truncate(size, outcome));
    }

    /**
     * Takes room up to a size. What is new reads as zeros; to write there meets no full disk, and to sync that costs no change
     * of the file's size. A file that is longer stays as it is.
     */
    public CompletableFuture<@Nullable Void> preallocate(long size) {
        check(size, 0);
        return change("take room up to " + size + " bytes", outcome -> handle.preallocate(size, outcome));
    }

    /** Its size in bytes. */
    public CompletableFuture<Long> size() {
        return begin(new ShardFiles.Same<>(files, this, path, "ask for its size", handle::size));
    }

    /**
     * Lets go of the file, once what is under way has ended. Syncs nothing. The second time it is the first one's future. It is
     * never refused for want of room.
     */
    public CompletableFuture<@Nullable Void> close() {
        files.home().assertOwner(name);
        CompletableFuture<@Nullable Void> once = closed;
        if (once == null) {
            // Made here: what is under way may end after the shard, on a thread that makes no futures.
            Operation<?, @Nullable Void> closer = new ShardFiles.Same<@Nullable Void>(files, null, path, "close it",
                    handle::close);
            once = closer.future();
            closed = once;
            closing = closer;
            closeIfIdle();
        }
        return once;
    }

    /** Whether it has not been closed. */
    public boolean isOpen() {
        files.home().assertOwner(name);
        return closed == null;
    }

    /** One of its operations has begun. */
    void began() {
        underWay++;
    }

    /** One of its operations has ended. */
    void ended() {
        underWay--;
        closeIfIdle();
    }

    private void closeIfIdle() {
        Operation<?, ?> closer = closing;
        if (closer != null && underWay == 0) {
            closing = null;
            files.beginInAnyCase(closer);
        }
    }

    private void check(long position, int length) {
        files.home().assertOwner(name);
        if (position < 0 || position > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException(
                    length + " bytes at " + position + " are no place in a file; it goes from 0 to " + Long.MAX_VALUE);
        }
    }

    private void checkAligned(ByteBuffer[] parts, long position) {
        if (!handle.isDirect()) {
            return;
        }
        for (ByteBuffer part : parts) {
            if ((position | part.remaining()) % ShardFiles.ALIGNMENT != 0 || !part.isDirect()
                    || MemorySegment.ofBuffer(part).address() % ShardFiles.ALIGNMENT != 0) {
                throw new IllegalArgumentException(path + " was opened past the page cache: " + part.remaining()
                        + " bytes at " + position + " are to begin and end at multiples of " + ShardFiles.ALIGNMENT
                        + ", in memory too; take buffers of ShardFiles.aligned()");
            }
        }
    }

    private CompletableFuture<@Nullable Void> change(String verb, Consumer<Disk.Outcome<@Nullable Void>> work) {
        return change(new ShardFiles.Same<>(files, this, path, verb, work));
    }

    private CompletableFuture<@Nullable Void> change(Operation<@Nullable Void, @Nullable Void> operation) {
        return writable
                ? begin(operation)
                : operation.refuse(new IOException("it was opened to be read; open it for " + OpenMode.WRITE));
    }

    private <T extends @Nullable Object> CompletableFuture<T> begin(Operation<?, T> operation) {
        return closed == null ? files.begin(operation) : operation.refuse(new IOException("it is closed"));
    }
}
