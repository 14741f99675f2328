package io.solaster.engine.file;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.config.Internal;
import io.solaster.engine.memory.Memory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of one shard: {@link io.solaster.engine.Shard#files}. On the owning shard, which never waits for a disk: each call
 * answers with a future that is completed there, and straight-line code parks for it.
 *
 * <p>
 * What is under way has a bound, in operations and in bytes; an operation of more bytes is let in alone. What is beyond it
 * fails at once, with {@link RejectedExecutionException}; who has more to do asks {@link #hasRoom}, and waits for {@link #whenRoom}. Whatever has begun
 * ends, also where nobody waits for it any more: to cancel a future stops no operation.
 *
 * <p>
 * Errors are {@link java.nio.file.FileSystemException}s that name the path and what was to be done with it: {@link
 * java.nio.file.NoSuchFileException}, {@link java.nio.file.FileAlreadyExistsException}, {@link
 * java.nio.file.AccessDeniedException} and {@link DiskFullException} where it is one of these. What a crash leaves, and the
 * order of operations, is as {@link Disk} says.
 */
public final class ShardFiles {
    /** What files past the page cache are read and written by, in bytes: no device has larger blocks. */
    public static final int ALIGNMENT = 4096;
    private static final Logger log = LoggerFactory.getLogger(ShardFiles.class);

    private final FileHome home;
    private final Disk disk;
    private final int mostOperations;
    private final long mostBytes;
    private int operations;
    private long bytes;
    private boolean toldOfCache;
    private @Nullable CompletableFuture<@Nullable Void> room;

    /**
     * @param home the shard
     * @param mostOperations that may be under way, 1 or more
     * @param mostBytes that operations under way may read and write, 1 or more
     */
    @Internal
    public ShardFiles(FileHome home, Disk disk, int mostOperations, long mostBytes) {
        if (mostOperations < 1 || mostBytes < 1) {
            throw new IllegalArgumentException(mostOperations + " operations and " + mostBytes
                    + " bytes under way; let there be 1 of each, or more");
        }
        this.home = home;
        this.disk = disk;
        this.mostOperations = mostOperations;
        this.mostBytes = mostBytes;
    }

    FileHome home() {
        return home;
    }

    /** Opens a file, which belongs to this shard then, and is to be closed. */
    public CompletableFuture<ShardFile> open(Path path, OpenMode mode) {
        return open(path, mode, false);
    }

    /**
     * As {@link #open}, but past the kernel's page cache (O_DIRECT), for who keeps a cache of his own. Each place, length and
     * part of memory is a multiple of {@link #ALIGNMENT} then, as buffers of {@link #aligned} are. Where the file system does
     * not do that, the file is opened as any other, and a line in the log says so once.
     */
    public CompletableFuture<ShardFile> openDirect(Path path, OpenMode mode) {
        return open(path, mode, true);
    }

    /**
     * Direct memory for files of {@link #openDirect}, empty. Any thread.
     *
     * @param bytes rounded up to a multiple of {@link #ALIGNMENT}
     */
    public static ByteBuf aligned(int bytes) {
        int rounded = Math.multiplyExact(Math.ceilDiv(bytes, ALIGNMENT), ALIGNMENT);
        ByteBuf whole = ByteBufAllocator.DEFAULT.directBuffer(Math.addExact(rounded, ALIGNMENT));
        int skipped = (int) (-Memory.address(whole) & ALIGNMENT - 1);
        return whole.slice(skipped, rounded).clear();
    }

    private CompletableFuture<ShardFile> open(Path path, OpenMode mode, boolean direct) {
        return begin(new Operation<Disk.Handle, ShardFile>(this, null, path, "open it for " + mode) {
            @Override
            ShardFile answer(Disk.Handle told) {
                if (direct && !told.isDirect() && !toldOfCache) {
                    toldOfCache = true;
                    log.warn("{} cannot be opened past the page cache (O_DIRECT) on its file system: it is read and"
                            + " written through the cache, and so are others of which nothing is said", path);
                }
                return new ShardFile(ShardFiles.this, path, told, mode != OpenMode.READ);
            }

            @Override
            void unwanted(Disk.Handle told) {
                told.close(new Unheard());
            }
        }, outcome -> disk.open(path, mode, direct, outcome));
    }

    /** What a path leads to. */
    public CompletableFuture<FileStatus> status(Path path) {
        return begin(same(path, "ask for its status"), outcome -> disk.status(path, outcome));
    }

    /** The names of what is in a directory, sorted. */
    public CompletableFuture<List<String>> list(Path directory) {
        return begin(same(directory, "list it"), outcome -> disk.list(directory, outcome));
    }

    /** Makes a directory, and those above it, where they are not there yet. */
    public CompletableFuture<@Nullable Void> createDirectories(Path directory) {
        return begin(same(directory, "make it"), outcome -> disk.createDirectories(directory, outcome));
    }

    /**
     * Gives a file another name, in one step: a file of that name is replaced. It survives a crash once the directory has been
     * synced; the file's content does only if that was synced before.
     */
    public CompletableFuture<@Nullable Void> rename(Path from, Path to) {
        return begin(same(from, "rename it to " + to), outcome -> disk.rename(from, to, outcome));
    }

    /** Removes a file's name, or an empty directory. A file that is open goes on until it is closed. */
    public CompletableFuture<@Nullable Void> delete(Path path) {
        return begin(same(path, "delete it"), outcome -> disk.delete(path, outcome));
    }

    /** Makes survive a crash that files were made in a directory, renamed and deleted, as far as that had been done. */
    public CompletableFuture<@Nullable Void> syncDirectory(Path directory) {
        return begin(same(directory, "sync the directory"), outcome -> disk.syncDirectory(directory, outcome));
    }

    /** Whether one more operation may begin. */
    public boolean hasRoom() {
        home.assertOwner("the room for file operations");
        return operations < mostOperations && bytes < mostBytes;
    }

    /** Completes once {@link #hasRoom}; all who wait are told at once, and only the first may find it so. */
    public CompletableFuture<@Nullable Void> whenRoom() {
        if (hasRoom()) {
            CompletableFuture<@Nullable Void> now = home.newFuture();
            now.complete(null);
            return now;
        }
        CompletableFuture<@Nullable Void> shared = room;
        if (shared == null) {
            shared = home.newFuture();
            room = shared;
        }
        // Of one's own, so that nobody ends the others' wait.
        return shared.copy();
    }

    /** Operations under way. */
    public int underWay() {
        home.assertOwner("the file operations under way");
        return operations;
    }

    private <T extends @Nullable Object> Operation<T, T> same(Path path, String verb) {
        return new Same<>(this, null, path, verb);
    }

    /** Begins an operation if there is room for it. */
    <D extends @Nullable Object, T extends @Nullable Object> CompletableFuture<T> begin(Operation<D, T> operation,
            Consumer<? super Disk.Outcome<D>> work) {
        int more = operation.bytes();
        if (operations >= mostOperations || bytes > 0 && bytes + more > mostBytes) {
            return operation.refuse(new RejectedExecutionException(
                    operations + " operations on files with " + bytes
                            + " bytes are under way on this shard, of at most "
                            + mostOperations + " with " + mostBytes + "; wait for ShardFiles.whenRoom()"));
        }
        bytes += more;
        start(operation, work);
        return operation.future();
    }

    /** Begins what must not be refused. */
    <D extends @Nullable Object, T extends @Nullable Object> CompletableFuture<T> beginInAnyCase(
            Operation<D, T> operation, Consumer<? super Disk.Outcome<D>> work) {
        start(operation, work);
        return operation.future();
    }

    private <D extends @Nullable Object> void start(Operation<D, ?> operation,
            Consumer<? super Disk.Outcome<D>> work) {
        operations++;
        operation.began();
        try {
            work.accept(operation);
        } catch (RuntimeException refused) {
            operation.failed(refused);
        }
    }

    void ended(int fewer) {
        operations--;
        bytes -= fewer;
    }

    void tellOfRoom() {
        CompletableFuture<@Nullable Void> waiting = room;
        if (waiting != null && operations < mostOperations && bytes < mostBytes) {
            room = null;
            home.resolve(waiting, null);
        }
    }

    /** An operation whose caller gets what the disk tells. */
    static final class Same<T extends @Nullable Object> extends Operation<T, T> {

        Same(ShardFiles files, @Nullable ShardFile file, Path path, String verb) {
            super(files, file, path, verb);
        }

        @Override
        T answer(T told) {
            return told;
        }
    }

    /** For what nobody asked for. */
    private static final class Unheard implements Disk.Outcome<@Nullable Void> {

        @Override
        public void done(@Nullable Void result) {
            // Nobody asked.
        }

        @Override
        public void failed(Throwable failure) {
            // The caller has left, and the file was not written.
        }
    }
}
