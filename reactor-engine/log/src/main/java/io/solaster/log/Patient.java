package io.solaster.log;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

import io.netty.buffer.ByteBuf;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.file.ShardFile;
import io.solaster.engine.file.ShardFiles;
import org.jspecify.annotations.Nullable;

/**
 * Does to a shard's files one thing after the other: waits for the end of each, and where others have all room at the disk. On a
 * virtual thread of the shard.
 */
public final class Patient {
    /** To wait for room again, where a large operation finds none though there is some. */
    private static final Duration A_WHILE = Duration.ofMillis(1);

    private final ShardFiles files;

    public Patient(ShardFiles files) {
        this.files = files;
    }

    /** The files. */
    public ShardFiles files() {
        return files;
    }

    /** Does something that others may leave no room for, until it is done; what it fails with is thrown. */
    public <T extends @Nullable Object> T await(Supplier<CompletableFuture<T>> operation) throws IOException {
        while (true) {
            try {
                return operation.get().join();
            } catch (CompletionException failed) {
                Throwable cause = ShardFuture.causeOf(failed);
                if (!(cause instanceof RejectedExecutionException)) {
                    throw cause instanceof IOException io ? io : new IOException(cause.getMessage(), cause);
                }
                waitForRoom(cause);
            }
        }
    }

    private void waitForRoom(Throwable refusal) throws IOException {
        try {
            files.whenRoom().join();
            Shard.sleep(A_WHILE).join();
        } catch (CompletionException | RejectedExecutionException stopped) {
            throw new IOException(refusal.getMessage(), stopped);
        }
    }

    /** Makes a directory, and those above it, and sees to it that a crash leaves them. */
    public void makeDirectory(Path directory) throws IOException {
        Opening.makeDirectory(this, directory);
    }

    /** Writes what is readable of a buffer, and releases it. */
    public void write(ShardFile file, ByteBuf bytes, long position) throws IOException {
        try {
            this.<@Nullable Void>await(() -> file.write(bytes.retainedDuplicate(), position));
        } finally {
            bytes.release();
        }
    }

    /** Syncs a file. */
    public void sync(ShardFile file) throws IOException {
        this.<@Nullable Void>await(file::sync);
    }

    void truncate(ShardFile file, long size) throws IOException {
        this.<@Nullable Void>await(() -> file.truncate(size));
    }

    /** Closes a file. */
    public void close(ShardFile file) throws IOException {
        this.<@Nullable Void>await(file::close);
    }
}
