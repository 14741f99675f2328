package io.solaster.engine.file;

import java.io.Closeable;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * What {@link ShardFiles} stand on: the machine's files, or those of a test. No method waits for anything. Each tells its
 * outcome exactly once, on whatever thread, perhaps before it returns; on the machine's end, never. Operations that are
 * under way at once are done in any order. Any thread may call.
 *
 * <p>
 * What a crash leaves is what POSIX says, and no more: what {@link Handle#sync} has covered of a file, what {@link
 * #syncDirectory} has covered of names. All else may be there, in part or not at all, later things without earlier ones.
 */
public interface Disk {

    /**
     * Opens a file.
     *
     * @param direct to be read and written past the page cache, if the file system does that: {@link Handle#isDirect} tells
     */
    void open(Path path, OpenMode mode, boolean direct, Outcome<Handle> outcome);

    /**
     * Opens a file to be read and sent, through no link in the last place. Fails for what is no file.
     *
     * <p>
     * By default it is opened to be read.
     */
    default void openToSend(Path path, Outcome<Handle> outcome) {
        open(path, OpenMode.READ, false, outcome);
    }

    /**
     * Makes a file for a while, to be read and written: without a name in the directory of the one given, if the file system
     * does that, so that it is gone with whoever has it open.
     *
     * <p>
     * By default it has that name.
     */
    default void openTemporary(Path named, Outcome<Handle> outcome) {
        open(named, OpenMode.CREATE_NEW, false, outcome);
    }

    /** What a path leads to. */
    void status(Path path, Outcome<FileStatus> outcome);

    /** The names of what is in a directory, sorted. */
    void list(Path directory, Outcome<List<String>> outcome);

    /** Makes a directory, and those above it, where they are not there yet. */
    void createDirectories(Path directory, Outcome<@Nullable Void> outcome);

    /** Gives a file another name, in one step: a file of that name is replaced. */
    void rename(Path from, Path to, Outcome<@Nullable Void> outcome);

    /** As {@link #rename}, also to another file system, where it is copied. By default there is only one. */
    default void move(Path from, Path to, Outcome<@Nullable Void> outcome) {
        rename(from, to, outcome);
    }

    /** Removes the name of a file, or of an empty directory. */
    void delete(Path path, Outcome<@Nullable Void> outcome);

    /** Makes the names in a directory survive a crash, as they were when this was called. */
    void syncDirectory(Path directory, Outcome<@Nullable Void> outcome);

    /**
     * Has a file for this process alone, and within it for who asked, until what is told is closed: by any thread, at once, and
     * never with an error. Makes the file where there is none; says in it who has it. Fails where somebody else has it.
     */
    void lock(Path path, Outcome<Closeable> outcome);

    /** A file that is open. Nothing is called after {@link #close}, and that only when nothing is under way. */
    interface Handle {

        /** Whether reads and writes go past the page cache: their places, lengths and memory are aligned then. */
        default boolean isDirect() {
            return false;
        }

        /** Linux's descriptor; -1 where there is none to speak of. */
        default int descriptor() {
            return -1;
        }

        /** How long the file was when it was opened to be sent; -1 where nobody has looked. */
        default long sizeWhenOpened() {
            return -1;
        }

        /** Whether it has no name: {@link Disk#openTemporary}. */
        default boolean isUnnamed() {
            return false;
        }

        /**
         * Gives a file {@link #isUnnamed} a name, or copies it to another file system. A file of that name is replaced.
         */
        default void keep(Path target, Outcome<@Nullable Void> outcome) {
            outcome.failed(new UnsupportedOperationException("it has a name: rename it"));
        }

        /** Fills buffers one behind the other; with less only where the file ends. Tells how many bytes there were. */
        void read(ByteBuffer[] into, long position, Outcome<Integer> outcome);

        /** Writes all of some buffers one behind the other. A failure may leave any part of it written. */
        void write(ByteBuffer[] from, long position, Outcome<@Nullable Void> outcome);

        /** As {@link #read(ByteBuffer[], long, Outcome)}, into a part of a buffer, whose indexes stay as they are. */
        default void read(ByteBuf into, int index, int length, long position, Outcome<Integer> outcome) {
            read(into.nioBuffers(index, length), position, outcome);
        }

        /** As {@link #write(ByteBuffer[], long, Outcome)}, a part of a buffer, whose indexes stay as they are. */
        default void write(ByteBuf from, int index, int length, long position, Outcome<@Nullable Void> outcome) {
            write(from.nioBuffers(index, length), position, outcome);
        }

        /** Makes survive a crash what had been written when this was called, the file's size included. */
        void sync(Outcome<@Nullable Void> outcome);

        /** Cuts the file, or makes it longer by zeros. */
        void truncate(long size, Outcome<@Nullable Void> outcome);

        /** Takes room up to a size: bytes that are new are zeros, and writing there meets no full disk. */
        void preallocate(long size, Outcome<@Nullable Void> outcome);

        /** The size in bytes. */
        void size(Outcome<Long> outcome);

        /** Lets go of the file. Syncs nothing. */
        void close(Outcome<@Nullable Void> outcome);
    }

    /** What became of an operation: one call of one method. */
    interface Outcome<T extends @Nullable Object> {

        void done(T result);

        /** The operation may have been done in part. */
        void failed(Throwable failure);

        /** As {@link #failed}, but the disk may go on with it for all that is known: its memory is not to be used again. */
        default void lost(Throwable failure) {
            failed(failure);
        }
    }
}
