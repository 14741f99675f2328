package io.solaster.log;

import java.io.IOException;
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

/** Does to files one thing after the other, and waits where others have all room at the disk. On a virtual thread of the shard. */
final class Patient {
    /** To wait for room again, where a large operation finds none though there is some. */
    private static final Duration A_WHILE = Duration.ofMillis(1);

    private final ShardFiles files;

    Patient(ShardFiles files) {
        this.files = files;
    }

    ShardFiles files() {
        return files;
    }

    <T extends @Nullable Object> T await(Supplier<CompletableFuture<T>> operation) throws IOException {
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

    void write(ShardFile file, ByteBuf bytes, long position) throws IOException {
        try {
            this.<@Nullable Void>await(() -> file.write(bytes.retainedDuplicate(), position));
        } finally {
            bytes.release();
        }
    }

    void sync(ShardFile file) throws IOException {
        this.<@Nullable Void>await(file::sync);
    }

    void truncate(ShardFile file, long size) throws IOException {
        this.<@Nullable Void>await(() -> file.truncate(size));
    }

    void close(ShardFile file) throws IOException {
        this.<@Nullable Void>await(file::close);
    }
}
