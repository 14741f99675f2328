package io.solaster.engine.file;

import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.IllegalReferenceCountException;
import org.jspecify.annotations.Nullable;

/**
 * One operation under way, and its way home. On its shard, but for what the disk tells, on whatever thread.
 *
 * @param <D> what the disk tells
 * @param <T> what the caller gets
 */
abstract class Operation<D extends @Nullable Object, T extends @Nullable Object> implements Disk.Outcome<D>, Runnable {
    private final ShardFiles files;
    private final @Nullable ShardFile file;
    private final Path path;
    private final String verb;
    private final long position;
    /** How many bytes are read or written; -1 where there are none to speak of. */
    private final int bytes;
    /** Held until the disk has done with it. */
    private final ByteBuf held;
    private final CompletableFuture<T> future;
    private final AtomicBoolean home = new AtomicBoolean();
    private final long since;
    private final Consumer<? super Disk.Outcome<D>> work;
    /** Where it was accepted; null for what needs no room. */
    private IoScheduler.@Nullable Queue queue;
    private boolean atDisk;
    private long started;
    /** The disk has told what became of it, and has done with its memory. */
    private boolean answered;
    private boolean letGo;
    /** Its neighbours among those that the disk has: {@link ShardFiles}'. */
    @Nullable
    Operation<?, ?> before;
    @Nullable
    Operation<?, ?> after;
    private @Nullable D result;
    private @Nullable Throwable failure;

    /** @param verb what is done, for errors: "delete" */
    Operation(ShardFiles files, @Nullable ShardFile file, Path path, String verb,
            Consumer<? super Disk.Outcome<D>> work) {
        this(files, file, path, verb, -1, -1, Unpooled.EMPTY_BUFFER, work);
    }

    /**
     * @param held released when the disk has done with it
     * @param work asks the disk
     */
    Operation(ShardFiles files, @Nullable ShardFile file, Path path, String verb, long position, int bytes,
            ByteBuf held, Consumer<? super Disk.Outcome<D>> work) {
        this.files = files;
        this.file = file;
        this.path = path;
        this.verb = verb;
        this.position = position;
        this.bytes = bytes;
        this.held = held;
        this.work = work;
        this.future = files.home().newFuture();
        this.since = files.home().nanoTime();
    }

    CompletableFuture<T> future() {
        return future;
    }

    int bytes() {
        return Math.max(0, bytes);
    }

    /** Whether it reads or writes bytes. */
    boolean isTransfer() {
        return bytes >= 0;
    }

    /** Whether it reads them. */
    boolean reads() {
        return false;
    }

    /** What the caller gets. At home. */
    abstract T answer(D told);

    /** The caller has left before it was done. At home. */
    void unwanted(D told) {}

    /** It waits for its turn from here, or is under way. */
    void accepted(IoScheduler.@Nullable Queue by) {
        queue = by;
        if (file != null) {
            file.began();
        }
    }

    /** Its turn has come. */
    void start() {
        atDisk = true;
        files.given(this);
        started = files.home().nanoTime();
        files.meter().waited(started - since);
        try {
            work.accept(this);
        } catch (Throwable refused) {
            // Also an error: another operation's end may have brought this one on, and would not be told of.
            failed(refused);
        }
    }

    @Override
    public final void done(D told) {
        result = told;
        answered = true;
        files.home().comeHome(this);
    }

    @Override
    public final void failed(Throwable why) {
        failure = why;
        answered = true;
        files.home().comeHome(this);
    }

    /** Its memory is kept: until the disk answers after all, if it does. */
    @Override
    public final void lost(Throwable why) {
        failure = why;
        files.home().comeHome(this);
    }

    @Override
    @SuppressWarnings("NullAway") // where it has not failed, the result is one that D allows
    public final void run() {
        Throwable why = letGo(failure);
        if (!home.compareAndSet(false, true)) {
            return;
        }
        if (atDisk) {
            files.returned(this);
        }
        long now = files.home().nanoTime();
        files.meter().ended(now - since, why != null);
        files.ended(queue, bytes(), atDisk, isTransfer() ? now - started : -1);
        if (why != null) {
            files.home().fail(future, named(why));
        } else if (future.isDone()) {
            unwanted(result);
        } else {
            tell();
        }
        if (file != null) {
            file.ended();
        }
        files.tellOfRoom(queue);
    }

    /** A buffer that somebody else has let go of once too often must not keep the operation from ending. */
    private @Nullable Throwable letGo(@Nullable Throwable why) {
        if (!answered || letGo) {
            return why;
        }
        letGo = true;
        try {
            held.release();
            return why;
        } catch (IllegalReferenceCountException gone) {
            return why != null
                    ? why
                    : new IllegalStateException("its buffer was released while the operation held it: "
                            + "release once what is yours, after the operation has ended", gone);
        }
    }

    @SuppressWarnings("NullAway") // where it has not failed, the result is one that D allows
    private void tell() {
        T answered;
        try {
            answered = answer(result);
        } catch (Throwable spoilt) {
            files.home().fail(future, named(spoilt));
            return;
        }
        files.home().resolve(future, answered);
    }

    /** It does not begin. */
    CompletableFuture<T> refuse(Exception why) {
        held.release();
        files.home().fail(future, named(why));
        return future;
    }

    private Throwable named(Throwable why) {
        String name = path.toString();
        String reason = "could not " + verb + (bytes < 0 ? "" : " " + bytes + " bytes at " + position) + ": "
                + FileError.withFix(said(why));
        return switch (why) {
            case NoSuchFileException _ -> new NoSuchFileException(name, null, reason).initCause(why);
            case FileAlreadyExistsException _ -> new FileAlreadyExistsException(name, null, reason).initCause(why);
            case AccessDeniedException _ -> new AccessDeniedException(name, null, reason).initCause(why);
            case DiskFullException _ -> new DiskFullException(name, reason).initCause(why);
            case RejectedExecutionException _ -> new RejectedExecutionException(name + ": " + reason, why);
            default -> new FileSystemException(name, null, reason).initCause(why);
        };
    }

    private static String said(Throwable why) {
        String said = why instanceof FileSystemException system ? system.getReason() : why.getMessage();
        if (said != null) {
            return said;
        }
        return switch (why) {
            case NoSuchFileException _ -> "no such file or directory";
            case FileAlreadyExistsException _ -> "there is one already";
            case AccessDeniedException _ -> "permission denied";
            case NotDirectoryException _ -> "not a directory";
            case DirectoryNotEmptyException _ -> "the directory is not empty";
            default -> why.toString();
        };
    }
}
