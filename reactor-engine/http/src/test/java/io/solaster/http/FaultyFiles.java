package io.solaster.http;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.random.RandomGenerator;

import io.solaster.engine.env.Environment;
import io.solaster.engine.env.Threads;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.file.Disk;
import io.solaster.engine.file.DiskFullException;
import io.solaster.engine.file.FileStatus;
import io.solaster.engine.file.OffShard;
import io.solaster.engine.file.OpenMode;
import org.jspecify.annotations.Nullable;

/** The machine, but for a disk that fails when a test says so. */
final class FaultyFiles implements Environment {
    /** Reads that begin there or behind fail with EIO. */
    volatile long badFrom = Long.MAX_VALUE;
    /** There is no room for what is written. */
    volatile boolean full;

    @Override
    public TimeSource clock() {
        return SYSTEM.clock();
    }

    @Override
    public InstantSource wallClock() {
        return SYSTEM.wallClock();
    }

    @Override
    public RandomGenerator random() {
        return SYSTEM.random();
    }

    @Override
    public RandomGenerator secrets() {
        return SYSTEM.secrets();
    }

    @Override
    public Threads threads() {
        return SYSTEM.threads();
    }

    @Override
    public Disk files(OffShard offShard) {
        return new Faulty(SYSTEM.files(offShard));
    }

    private final class Faulty implements Disk {
        private final Disk disk;

        Faulty(Disk disk) {
            this.disk = disk;
        }

        @Override
        public void open(Path path, OpenMode mode, boolean direct, Outcome<Handle> outcome) {
            disk.open(path, mode, direct, new Outcome<>() {
                @Override
                public void done(Handle result) {
                    outcome.done(new FaultyHandle(result));
                }

                @Override
                public void failed(Throwable failure) {
                    outcome.failed(failure);
                }
            });
        }

        @Override
        public void status(Path path, Outcome<FileStatus> outcome) {
            disk.status(path, outcome);
        }

        @Override
        public void list(Path directory, Outcome<List<String>> outcome) {
            disk.list(directory, outcome);
        }

        @Override
        public void createDirectories(Path directory, Outcome<@Nullable Void> outcome) {
            disk.createDirectories(directory, outcome);
        }

        @Override
        public void rename(Path from, Path to, Outcome<@Nullable Void> outcome) {
            disk.rename(from, to, outcome);
        }

        @Override
        public void delete(Path path, Outcome<@Nullable Void> outcome) {
            disk.delete(path, outcome);
        }

        @Override
        public void syncDirectory(Path directory, Outcome<@Nullable Void> outcome) {
            disk.syncDirectory(directory, outcome);
        }

        @Override
        public void lock(Path path, Outcome<Closeable> outcome) {
            disk.lock(path, outcome);
        }
    }

    private final class FaultyHandle implements Disk.Handle {
        private final Disk.Handle handle;

        FaultyHandle(Disk.Handle handle) {
            this.handle = handle;
        }

        @Override
        public void read(ByteBuffer[] into, long position, Disk.Outcome<Integer> outcome) {
            if (position >= badFrom) {
                outcome.failed(new IOException("Input/output error"));
            } else {
                handle.read(into, position, outcome);
            }
        }

        @Override
        public void write(ByteBuffer[] from, long position, Disk.Outcome<@Nullable Void> outcome) {
            if (full) {
                outcome.failed(new DiskFullException("", "No space left on device"));
            } else {
                handle.write(from, position, outcome);
            }
        }

        @Override
        public void sync(Disk.Outcome<@Nullable Void> outcome) {
            handle.sync(outcome);
        }

        @Override
        public void truncate(long size, Disk.Outcome<@Nullable Void> outcome) {
            handle.truncate(size, outcome);
        }

        @Override
        public void preallocate(long size, Disk.Outcome<@Nullable Void> outcome) {
            handle.preallocate(size, outcome);
        }

        @Override
        public void size(Disk.Outcome<Long> outcome) {
            handle.size(outcome);
        }

        @Override
        public void close(Disk.Outcome<@Nullable Void> outcome) {
            handle.close(outcome);
        }
    }
}
