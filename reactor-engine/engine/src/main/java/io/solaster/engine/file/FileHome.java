package io.solaster.engine.file;

import java.util.concurrent.CompletableFuture;

import org.jspecify.annotations.Nullable;

/** The shard that files belong to, as these see it. */
public interface FileHome {

    /**
     * Guards what belongs to the shard. Any thread.
     *
     * @throws IllegalStateException if the calling thread is another
     */
    void assertOwner(String what);

    /** The number of the group that is running. On the shard. */
    int group();

    /** What part of the disk a group gets, relative to others that want some too: 1 or more. On the shard. */
    int shares(int group);

    /** Nanoseconds since some fixed moment. Any thread. */
    long nanoTime();

    /** Runs a task on the shard after so many nanoseconds, in the group that is running now; not where the shard ends. On the shard. */
    void later(long nanos, Runnable task);

    /** A future of the caller's. On the shard. */
    <T extends @Nullable Object> CompletableFuture<T> newFuture();

    /** Completes one of {@link #newFuture}, in the group of who waits. On the shard. */
    <T extends @Nullable Object> void resolve(CompletableFuture<T> future, T result);

    /** As {@link #resolve}, with a failure. */
    void fail(CompletableFuture<?> future, Throwable failure);

    /**
     * Has a task run on the shard, at once where the calling thread is that one, or on whatever thread where the shard has ended; sometimes it is run twice then. Any
     * thread.
     */
    void comeHome(Runnable task);
}
