package io.solaster.engine.file;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.FileRegion;
import io.netty.channel.epoll.AbstractEpollStreamChannel;
import io.netty.channel.unix.UnixChannel;
import org.jspecify.annotations.Nullable;

/**
 * A file that a shard has opened: {@link ShardFiles#open}. On that shard. Bounds, errors and what is left after a crash are as
 * {@link ShardFiles} says; what is under way at once is done in any order, so who writes one place twice waits between.
 */
public final class ShardFile {
    /** One byte in so many is asked for. */
    private static final long PROBED = 16 << 10;

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

    /** The path that it was opened by; of a file without a name the one by which this process opens it again. Any thread. */
    public Path path() {
        return path;
    }

    /** Whether reads and writes go past the page cache: {@link ShardFiles#openDirect}. Any thread. */
    public boolean isDirect() {
        return handle.isDirect();
    }

    /** Whether it has no name: {@link ShardFiles#openTemporary}. Any thread. */
    public boolean isUnnamed() {
        return handle.isUnnamed();
    }

    /** How many bytes there were when it was opened to be sent; -1 where nobody has looked. Any thread. */
    public long sizeWhenOpened() {
        return handle.sizeWhenOpened();
    }

    /**
     * Whether the kernel is likely to have all of a part in its page cache, so that a {@link #region} of it waits for no disk.
     * Asked of a byte in each 16 KiB, by reads that do not wait (RWF_NOWAIT); false where the kernel or the file system has no
     * answer.
     */
    public boolean isCached(long position, long count) {
        int descriptor = handle.descriptor();
        if (descriptor < 0 || closed != null) {
            return false;
        }
        long last = position + count - 1;
        for (long at = position; at < last; at += PROBED) {
            if (!Libc.isCached(descriptor, at, files.scratch())) {
                return false;
            }
        }
        return Libc.isCached(descriptor, last, files.scratch());
    }

    /** Whether {@link #region} of this file can be written to a channel: a plain one of epoll. */
    public boolean sendsTo(Channel channel) {
        return handle.descriptor() >= 0 && channel instanceof AbstractEpollStreamChannel;
    }

    /**
     * A part of the file that the kernel sends without a copy, for one write to this channel. It waits for the disk where
     * {@link #isCached} is false, and fails where the file has become shorter. The file is closed no sooner than that is
     * released.
     *
     * @throws IllegalStateException if the file is closed: its descriptor's number may be another file's
     */
    public FileRegion region(Channel channel, long position, long count) {
        check(position, 0);
        if (closed != null) {
            throw new IllegalStateException(name + " is closed; take a region of it before that");
        }
        return new SentRegion(this, ((UnixChannel) channel).fd().intValue(), handle.descriptor(), position, count);
    }

    /**
     * Gives a file for a while a name to stay: a file of that name is replaced. On another file system it is copied there. What
     * survives a crash is as {@link ShardFiles#rename} says.
     */
    public CompletableFuture<@Nullable Void> keep(Path target) {
        return handle.isUnnamed()
                ? change("keep it as " + target, outcome -> handle.keep(target, outcome))
                : files.move(path, target);
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
        checkAligned(into, from, room, position);
        return begin(new Operation<Integer, Integer>(files, this, path, "read", position, room, into.retain(),
                outcome -> handle.read(into, from, room, position, outcome)) {
            @Override
            boolean reads() {
                return true;
            }

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
        int index = from.readerIndex();
        int length = from.readableBytes();
        try {
            check(position, length);
            checkAligned(from, index, length, position);
        } catch (RuntimeException refused) {
            from.release();
            throw refused;
        }
        return change(new Operation<@Nullable Void, @Nullable Void>(files, this, path, "write", position, length,
                from, outcome -> handle.write(from, index, length, position, outcome)) {
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

    /**
     * As {@link #close}, for who may be elsewhere and need not hear of it: on the file's shard, or at once where that has ended.
     * Any thread.
     */
    public void closeAtHome() {
        files.home().comeHome(() -> {
            try {
                close();
            } catch (IllegalStateException ended) {
                if (underWay == 0) {
                    handle.close(new ShardFiles.Unheard());
                }
            }
        });
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

    private void checkAligned(ByteBuf buffer, int index, int length, long position) {
        if (!handle.isDirect()) {
            return;
        }
        for (ByteBuffer part : buffer.nioBuffers(index, length)) {
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
