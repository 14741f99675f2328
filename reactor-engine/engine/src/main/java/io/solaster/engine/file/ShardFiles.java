package io.solaster.engine.file;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
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
 * Each scheduling group has a queue, and the groups take turns at the disk by their shares. What a group has accepted has a
 * bound, in operations and in bytes; an operation of more bytes is let in alone. What is beyond it fails at once, with {@link
 * RejectedExecutionException}; who has more to do asks {@link #hasRoom}, and waits for {@link #whenRoom}. Whatever was accepted
 * ends, also where nobody waits for it any more: to cancel a future stops no operation. When the shard ends, what the disk has
 * comes to its end, and what waits for its turn fails with {@link RejectedExecutionException}.
 *
 * <p>
 * Errors are {@link java.nio.file.FileSystemException}s that name the path and what was to be done with it: {@link
 * java.nio.file.NoSuchFileException}, {@link java.nio.file.FileAlreadyExistsException}, {@link
 * java.nio.file.AccessDeniedException} and {@link DiskFullException} where it is one of these. What a crash leaves, and the
 * order of operations, is as {@link Disk} says.
 */
public final class ShardFiles {
    /** What files past the page cache are read and written by, in bytes. */
    public static final int ALIGNMENT = 4096;
    private static final Logger log = LoggerFactory.getLogger(ShardFiles.class);

    private final FileHome home;
    private final Disk disk;
    private final IoScheduler scheduler;
    private final FileMeter meter;
    private boolean toldOfCache;
    /** The first of those that the disk has. */
    private @Nullable Operation<?, ?> given;
    private @Nullable MemorySegment scratch;
    private @Nullable CompletableFuture<@Nullable Void> idle;

    /** @param home the shard */
    @Internal
    public ShardFiles(FileHome home, Disk disk, FileBounds bounds, FileMeter meter) {
        this.home = home;
        this.disk = disk;
        this.meter = meter;
        scheduler = new IoScheduler(home, bounds, meter);
        meter.depth(bounds.depth());
    }

    FileMeter meter() {
        return meter;
    }

    /**
     * The shard ends: what waits for its turn fails, and so does whatever is asked for from now on, but to close files. What
     * the disk has comes home.
     */
    @Internal
    public void stop(RejectedExecutionException why) {
        scheduler.stop(why);
    }

    /**
     * Takes nothing any more, but to close files, and completes a future, of whatever thread, when all that was accepted has
     * ended. On the shard.
     */
    @Internal
    public void end(RejectedExecutionException why, CompletableFuture<@Nullable Void> toTell) {
        scheduler.refuse(why);
        idle = toTell;
        tellIfIdle();
    }

    private void tellIfIdle() {
        CompletableFuture<@Nullable Void> waits = idle;
        if (waits != null && scheduler.accepted() == 0) {
            idle = null;
            waits.complete(null);
        }
    }

    FileHome home() {
        return home;
    }

    /**
     * What the disk has not answered by now fails, and keeps its memory until it does. After the shard's thread has ended; any
     * thread.
     */
    @Internal
    public void abandon(RejectedExecutionException why) {
        // At home, since the disk may answer just now.
        home.comeHome(() -> {
            int count = 0;
            for (Operation<?, ?> next = given; next != null; next = given) {
                // Whatever becomes of it: there is none twice.
                returned(next);
                next.lost(why);
                count++;
            }
            if (count > 0) {
                log.warn(
                        "{} operations on files were not answered before their shard ended; they have failed, and their"
                                + " memory is kept until the disk answers",
                        count);
            }
        });
    }

    /** The disk has an operation from here on. */
    void given(Operation<?, ?> operation) {
        Operation<?, ?> first = given;
        operation.after = first;
        if (first != null) {
            first.before = operation;
        }
        given = operation;
    }

    /** The disk has it no more. The second time it does nothing. */
    @SuppressWarnings("ReferenceEquality") // each is itself alone
    void returned(Operation<?, ?> operation) {
        Operation<?, ?> earlier = operation.before;
        Operation<?, ?> later = operation.after;
        if (earlier != null) {
            earlier.after = later;
        } else if (given == operation) {
            given = later;
        }
        if (later != null) {
            later.before = earlier;
        }
        operation.before = null;
        operation.after = null;
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

    /**
     * Opens a file to be read and sent: {@link ShardFile#isCached}, {@link ShardFile#region}. No link is followed in the path's
     * last place, and what is no file is refused, as {@link OpenMode#READ} does.
     */
    public CompletableFuture<ShardFile> openToSend(Path path) {
        return open(path, "open it to be sent", false, false, outcome -> disk.openToSend(path, outcome));
    }

    /**
     * Makes a file for a while, to be read and written by nobody but this process's user. On Linux it has no name, where the
     * file system does that: it is gone with the process, however that ends. Elsewhere it has the name given, and whoever made
     * it deletes it. {@link ShardFile#isUnnamed} tells which, and {@link ShardFile#path} by what it can be opened once more
     * while it is open.
     *
     * @param named a name that is free, in the directory where the file is to be
     */
    public CompletableFuture<ShardFile> openTemporary(Path named) {
        return open(named, "make it for a while", false, true, outcome -> disk.openTemporary(named, outcome));
    }

    private CompletableFuture<ShardFile> open(Path path, OpenMode mode, boolean direct) {
        return open(path, "open it for " + mode, direct, mode != OpenMode.READ,
                outcome -> disk.open(path, mode, direct, outcome));
    }

    private CompletableFuture<ShardFile> open(Path path, String verb, boolean direct, boolean writable,
            Consumer<? super Disk.Outcome<Disk.Handle>> work) {
        return begin(new Operation<Disk.Handle, ShardFile>(this, null, path, verb, work) {
            @Override
            ShardFile answer(Disk.Handle told) {
                if (direct && !told.isDirect() && !toldOfCache) {
                    toldOfCache = true;
                    log.warn("{} cannot be opened past the page cache (O_DIRECT) on its file system: it is read and"
                            + " written through the cache, and so are others of which nothing is said", path);
                }
                return new ShardFile(ShardFiles.this, told.isUnnamed() ? Libc.opened(told.descriptor()) : path, told,
                        writable);
            }

            @Override
            void unwanted(Disk.Handle told) {
                told.close(new Unheard());
            }
        });
    }

    /** What a path leads to. */
    public CompletableFuture<FileStatus> status(Path path) {
        return begin(same(path, "ask for its status", outcome -> disk.status(path, outcome)));
    }

    /** The names of what is in a directory, sorted. */
    public CompletableFuture<List<String>> list(Path directory) {
        return begin(same(directory, "list it", outcome -> disk.list(directory, outcome)));
    }

    /** Makes a directory, and those above it, where they are not there yet. */
    public CompletableFuture<@Nullable Void> createDirectories(Path directory) {
        return begin(
                this.<@Nullable Void>same(directory, "make it", outcome -> disk.createDirectories(directory, outcome)));
    }

    /**
     * Gives a file another name, in one step: a file of that name is replaced. It survives a crash once the directory has been
     * synced; the file's content does only if that was synced before.
     */
    public CompletableFuture<@Nullable Void> rename(Path from, Path to) {
        return begin(this.<@Nullable Void>same(from, "rename it to " + to, outcome -> disk.rename(from, to, outcome)));
    }

    /** As {@link #rename}; on another file system it is copied there. */
    CompletableFuture<@Nullable Void> move(Path from, Path to) {
        return begin(this.<@Nullable Void>same(from, "move it to " + to, outcome -> disk.move(from, to, outcome)));
    }

    /** Removes a file's name, or an empty directory. A file that is open goes on until it is closed. */
    public CompletableFuture<@Nullable Void> delete(Path path) {
        return begin(this.<@Nullable Void>same(path, "delete it", outcome -> disk.delete(path, outcome)));
    }

    /** Makes survive a crash that files were made in a directory, renamed and deleted, as far as that had been done. */
    public CompletableFuture<@Nullable Void> syncDirectory(Path directory) {
        return begin(this.<@Nullable Void>same(directory, "sync the directory",
                outcome -> disk.syncDirectory(directory, outcome)));
    }

    /**
     * Has a file for this process alone, and within it for the caller, until what this answers with is closed: by any thread, at
     * once. Makes the file where there is none. Fails where somebody else has it, and says who.
     */
    public CompletableFuture<Closeable> lock(Path path) {
        return begin(new Operation<Closeable, Closeable>(this, null, path, "lock it",
                outcome -> disk.lock(path, outcome)) {
            @Override
            Closeable answer(Closeable told) {
                return told;
            }

            @Override
            void unwanted(Closeable told) {
                try {
                    told.close();
                } catch (IOException never) {
                    log.warn("{} stays locked", path, never);
                }
            }
        });
    }

    /** Whether one more operation of the group that is running may begin. */
    public boolean hasRoom() {
        home.assertOwner("the room for file operations");
        return scheduler.hasRoom(scheduler.current());
    }

    /**
     * Completes once the group that is running {@link #hasRoom}; all of the group who wait are told at once, and only the first
     * may find it so. Fails with a {@link RejectedExecutionException} where the shard stops.
     */
    public CompletableFuture<@Nullable Void> whenRoom() {
        if (hasRoom()) {
            CompletableFuture<@Nullable Void> now = home.newFuture();
            now.complete(null);
            return now;
        }
        return scheduler.whenRoom(scheduler.current());
    }

    /** As {@link #hasRoom()}, for an operation that reads or writes so many bytes. */
    public boolean hasRoom(int bytes) {
        home.assertOwner("the room for file operations");
        return scheduler.hasRoom(scheduler.current(), bytes);
    }

    /**
     * As {@link #whenRoom()}, for an operation of so many bytes. Where others' operations end one by one there may be too little
     * still: ask {@link #hasRoom(int)} then, and wait again.
     */
    public CompletableFuture<@Nullable Void> whenRoom(int bytes) {
        return hasRoom(bytes) ? whenRoom() : scheduler.whenRoom(scheduler.current());
    }

    /** Memory of this shard by which {@link ShardFile#isCached} asks. */
    MemorySegment scratch() {
        MemorySegment made = scratch;
        if (made == null) {
            made = Libc.scratch();
            scratch = made;
        }
        return made;
    }

    /** Operations of all groups that wait for their turn or are under way. */
    public int underWay() {
        home.assertOwner("the file operations under way");
        return scheduler.accepted();
    }

    private <T extends @Nullable Object> Operation<T, T> same(Path path, String verb,
            Consumer<? super Disk.Outcome<T>> work) {
        return new Same<>(this, null, path, verb, work);
    }

    /** Begins an operation, when its turn has come, if there is room for it. */
    <T extends @Nullable Object> CompletableFuture<T> begin(Operation<?, T> operation) {
        IoScheduler.Queue queue = scheduler.current();
        RejectedExecutionException refusal = scheduler.refusal(queue, operation.bytes());
        if (refusal != null) {
            return operation.refuse(refusal);
        }
        operation.accepted(queue);
        scheduler.accept(queue, operation);
        return operation.future();
    }

    /** Begins at once what must not be refused. */
    void beginInAnyCase(Operation<?, ?> operation) {
        operation.accepted(null);
        operation.start();
    }

    void ended(IoScheduler.@Nullable Queue queue, int bytes, boolean wasAtDisk, long nanosAtDisk) {
        if (queue != null) {
            scheduler.ended(queue, bytes, wasAtDisk, nanosAtDisk);
        }
    }

    void tellOfRoom(IoScheduler.@Nullable Queue queue) {
        if (queue != null) {
            scheduler.tellOfRoom(queue);
            if (idle != null) {
                tellIfIdle();
            }
        }
    }

    /** An operation whose caller gets what the disk tells. */
    static final class Same<T extends @Nullable Object> extends Operation<T, T> {

        Same(ShardFiles files, @Nullable ShardFile file, Path path, String verb,
                Consumer<? super Disk.Outcome<T>> work) {
            super(files, file, path, verb, work);
        }

        @Override
        T answer(T told) {
            return told;
        }
    }

    /** For what nobody asked for. */
    static final class Unheard implements Disk.Outcome<@Nullable Void> {

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
