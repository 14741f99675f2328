package io.solaster.engine.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

/** The machine's files by {@link FileChannel}, on threads that may wait for a disk. Any thread. */
public final class ChannelDisk implements Disk {
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(256 << 10).asReadOnlyBuffer();

    /** By name, since the compiler warns of every mention of it; null on a JVM without it. */
    private static final @Nullable OpenOption DIRECT = option("com.sun.nio.file.ExtendedOpenOption", "DIRECT");

    private static final Set<OpenOption> NEW = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE,
            StandardOpenOption.CREATE_NEW);
    /** What {@link Files#createTempFile} gives. */
    private static final FileAttribute<?>[] OWN_RIGHTS = FileSystems.getDefault().supportedFileAttributeViews()
            .contains("posix")
                    ? new FileAttribute<?>[]{
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))}
                    : new FileAttribute<?>[0];

    private final OffShard threads;

    public ChannelDisk(OffShard threads) {
        this.threads = threads;
    }

    @Override
    public void open(Path path, OpenMode mode, boolean direct, Outcome<Handle> outcome) {
        Set<OpenOption> options = switch (mode) {
            case READ -> Set.of(StandardOpenOption.READ);
            case WRITE -> Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
            case CREATE -> Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
            case CREATE_NEW -> Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
            case APPEND -> Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        };
        run(outcome, () -> {
            // Linux opens them, and fails each read.
            if (Files.isDirectory(path)) {
                throw new FileSystemException(path.toString(), null, "it is a directory");
            }
            FileChannel channel = FileChannel.open(path, options);
            return new OpenFile(path, channel, direct ? direct(path, mode) : null, null);
        });
    }

    @Override
    public void openToSend(Path path, Outcome<Handle> outcome) {
        if (Libc.Here.opens(path)) {
            run(outcome, () -> byChannel(path, Descriptor.openToSend(path), StandardOpenOption.READ));
        } else {
            Disk.super.openToSend(path, outcome);
        }
    }

    @Override
    public void openTemporary(Path named, Outcome<Handle> outcome) {
        openTemporary(named, outcome, (path, descriptor) -> byChannel(path, descriptor, StandardOpenOption.READ,
                StandardOpenOption.WRITE));
    }

    /** @param handles what is made of a descriptor; closes that if it fails */
    void openTemporary(Path named, Outcome<Handle> outcome, Handles handles) {
        if (!Libc.Here.opens(named)) {
            Disk.super.openTemporary(named, outcome);
            return;
        }
        run(outcome, () -> {
            Descriptor unnamed = Descriptor.openUnnamed(named);
            if (unnamed != null) {
                return handles.of(Libc.opened(unnamed.number()), unnamed);
            }
            return new OpenFile(named, FileChannel.open(named, NEW, OWN_RIGHTS), null, null);
        });
    }

    /** Makes handles, off the shards. */
    interface Handles {
        Handle of(Path path, Descriptor descriptor) throws IOException;
    }

    private Handle byChannel(Path path, Descriptor descriptor, OpenOption... options) throws IOException {
        try {
            FileChannel channel = FileChannel.open(Libc.opened(descriptor.number()), options);
            return new OpenFile(path, channel, null, descriptor);
        } catch (IOException | RuntimeException refused) {
            descriptor.close();
            throw refused;
        }
    }

    private static @Nullable OpenOption option(String type, String name) {
        try {
            for (Object each : Class.forName(type).getEnumConstants()) {
                if (each instanceof OpenOption option && each.toString().equals(name)) {
                    return option;
                }
            }
        } catch (ClassNotFoundException none) {
            // The page cache serves as well.
        }
        return null;
    }

    /** The same file past the page cache; null where the file system does not do that. */
    static @Nullable FileChannel direct(Path path, OpenMode mode) {
        OpenOption past = DIRECT;
        if (past == null) {
            return null;
        }
        try {
            long block = Files.getFileStore(path).getBlockSize();
            if (block <= 0 || ShardFiles.ALIGNMENT % block != 0) {
                // Network file systems have blocks of a megabyte: the JDK would refuse each read that is no multiple.
                return null;
            }
            return FileChannel.open(path, mode == OpenMode.READ
                    ? Set.of(StandardOpenOption.READ, past)
                    : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, past));
        } catch (IOException | UnsupportedOperationException refused) {
            return null;
        }
    }

    @Override
    public void status(Path path, Outcome<FileStatus> outcome) {
        run(outcome, () -> {
            BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class);
            FileStatus.Kind kind = found.isRegularFile()
                    ? FileStatus.Kind.FILE
                    : found.isDirectory() ? FileStatus.Kind.DIRECTORY : FileStatus.Kind.OTHER;
            return new FileStatus(kind, found.size(), found.lastModifiedTime().toMillis());
        });
    }

    @Override
    public void list(Path directory, Outcome<List<String>> outcome) {
        run(outcome, () -> {
            try (Stream<Path> found = Files.list(directory)) {
                return found.map(each -> String.valueOf(each.getFileName())).sorted().toList();
            }
        });
    }

    @Override
    public void createDirectories(Path directory, Outcome<@Nullable Void> outcome) {
        act(outcome, () -> Files.createDirectories(directory));
    }

    @Override
    public void rename(Path from, Path to, Outcome<@Nullable Void> outcome) {
        act(outcome, () -> Files.move(from, to, StandardCopyOption.ATOMIC_MOVE));
    }

    @Override
    public void move(Path from, Path to, Outcome<@Nullable Void> outcome) {
        act(outcome, () -> Files.move(from, to, StandardCopyOption.REPLACE_EXISTING));
    }

    @Override
    public void delete(Path path, Outcome<@Nullable Void> outcome) {
        act(outcome, () -> Files.delete(path));
    }

    @Override
    public void syncDirectory(Path directory, Outcome<@Nullable Void> outcome) {
        act(outcome, () -> {
            if (Files.exists(directory) && !Files.isDirectory(directory)) {
                throw new NotDirectoryException(directory.toString());
            }
            try (FileChannel opened = FileChannel.open(directory, StandardOpenOption.READ)) {
                opened.force(true);
            }
        });
    }

    @Override
    public void lock(Path path, Outcome<Closeable> outcome) {
        run(outcome, () -> FileLocks.take(path));
    }

    void act(Outcome<@Nullable Void> outcome, Action action) {
        this.<@Nullable Void>run(outcome, () -> {
            action.run();
            return null;
        });
    }

    <T extends @Nullable Object> void run(Outcome<? super T> outcome, Callable<T> work) {
        Task<T> task = new Task<>(work, outcome);
        try {
            threads.execute(task, task::abandon);
        } catch (RejectedExecutionException refused) {
            outcome.failed(refused);
        }
    }

    /** Closes a file, here where no thread does: a descriptor must not be left, and to close one waits for no disk. */
    void runInAnyCase(Outcome<@Nullable Void> outcome, Action action) {
        Task<@Nullable Void> task = new Task<>(() -> {
            action.run();
            return null;
        }, outcome);
        try {
            threads.execute(task, task);
        } catch (RejectedExecutionException refused) {
            task.run();
        }
    }

    /** What there is no room for is refused before the disk is filled with it. */
    static void fillWithZeros(FileChannel channel, Path path, long size) throws IOException {
        long more = size - channel.size();
        if (more > 0 && more > Files.getFileStore(path).getUsableSpace()) {
            throw FileError.exception(FileError.ENOSPC.number(), path.toString());
        }
        for (long at = channel.size(); at < size;) {
            at = write(channel, path, ZEROS.slice(0, (int) Math.min(ZEROS.capacity(), size - at)), at);
        }
    }

    private static long write(FileChannel to, Path path, ByteBuffer from, long position) throws IOException {
        long at = position;
        try {
            while (from.hasRemaining()) {
                at += to.write(from, at);
            }
        } catch (IOException failure) {
            if (isFull(failure, to, path, from.remaining())) {
                throw (DiskFullException) new DiskFullException(path.toString(), failure.getMessage())
                        .initCause(failure);
            }
            throw failure;
        }
        return at;
    }

    private static boolean isFull(IOException failure, FileChannel to, Path path, int wanted) {
        if (FileError.isFull(failure.getMessage())) {
            return true;
        }
        try {
            // In another language than English the room that is left tells.
            return to.isOpen() && Files.getFileStore(path).getUsableSpace() < wanted;
        } catch (IOException unknown) {
            return false;
        }
    }

    /** Something done off the shards. */
    interface Action {
        void run() throws IOException;
    }

    /** What a thread runs or, where the engine stops before, is told of. */
    private record Task<T extends @Nullable Object>(Callable<T> work, Outcome<? super T> outcome) implements Runnable {

        @Override
        public void run() {
            T result;
            try {
                result = work.call();
            } catch (Throwable failure) {
                outcome.failed(failure);
                return;
            }
            outcome.done(result);
        }

        void abandon() {
            outcome.failed(new RejectedExecutionException("the engine has stopped"));
        }
    }

    private final class OpenFile implements Handle {
        private final Path path;
        private final FileChannel channel;
        /** Where reads and writes go past the page cache; what has no length that fits goes by the other one. */
        private final @Nullable FileChannel direct;
        /** The same file once more, where more is asked of Linux than Java does. */
        private final @Nullable Descriptor descriptor;

        OpenFile(Path path, FileChannel channel, @Nullable FileChannel direct, @Nullable Descriptor descriptor) {
            this.path = path;
            this.channel = channel;
            this.direct = direct;
            this.descriptor = descriptor;
        }

        @Override
        public int descriptor() {
            return descriptor == null ? -1 : descriptor.number();
        }

        @Override
        public long sizeWhenOpened() {
            return descriptor == null ? -1 : descriptor.size();
        }

        @Override
        public boolean isUnnamed() {
            return descriptor != null && descriptor.isUnnamed();
        }

        @Override
        public void keep(Path target, Outcome<@Nullable Void> outcome) {
            Descriptor kept = descriptor;
            if (kept == null || !kept.isUnnamed()) {
                Handle.super.keep(target, outcome);
            } else {
                act(outcome, () -> kept.keep(target));
            }
        }

        @Override
        public boolean isDirect() {
            return direct != null;
        }

        private FileChannel forData() {
            return direct == null ? channel : direct;
        }

        @Override
        public void read(ByteBuffer[] into, long position, Outcome<Integer> outcome) {
            ChannelDisk.this.run(outcome, () -> {
                int done = 0;
                for (ByteBuffer each : into) {
                    done += read(each, position + done);
                    if (each.position() < each.limit()) {
                        return done;
                    }
                }
                return done;
            });
        }

        /** Until the buffer is full, or the file ends. */
        private int read(ByteBuffer into, long position) throws IOException {
            int before = into.position();
            while (into.hasRemaining()) {
                int some = forData().read(into, position + into.position() - before);
                // Past the page cache no read begins within a block: a part of one is the end.
                if (some < 0 || direct != null && some % ShardFiles.ALIGNMENT != 0) {
                    break;
                }
            }
            return into.position() - before;
        }

        @Override
        public void write(ByteBuffer[] from, long position, Outcome<@Nullable Void> outcome) {
            act(outcome, () -> {
                long at = position;
                for (ByteBuffer each : from) {
                    at = ChannelDisk.write(forData(), path, each, at);
                }
            });
        }

        @Override
        public void sync(Outcome<@Nullable Void> outcome) {
            act(outcome, () -> channel.force(false));
        }

        @Override
        public void truncate(long size, Outcome<@Nullable Void> outcome) {
            act(outcome, () -> {
                if (size > channel.size()) {
                    ChannelDisk.write(channel, path, ZEROS.slice(0, 1), size - 1);
                } else {
                    channel.truncate(size);
                }
            });
        }

        /** Java has no call for it: zeros are written, and later writes change nothing but bytes. */
        @Override
        public void preallocate(long size, Outcome<@Nullable Void> outcome) {
            act(outcome, () -> fillWithZeros(channel, path, size));
        }

        @Override
        public void size(Outcome<Long> outcome) {
            ChannelDisk.this.run(outcome, channel::size);
        }

        @Override
        public void close(Outcome<@Nullable Void> outcome) {
            runInAnyCase(outcome, () -> {
                try (FileChannel _ = direct; Descriptor _ = descriptor) {
                    channel.close();
                }
            });
        }
    }
}
