package io.solaster.engine;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.OffloadConfig;
import org.jspecify.annotations.Nullable;

/**
 * Threads off the shards for what blocks: files, DNS, drivers that wait in native code. They are started before the
 * first shard is pinned, since a thread inherits the CPUs of the one that starts it. Any thread may call.
 */
public final class Offload implements Executor {
    private final ThreadPoolExecutor threads;
    private final int queueCapacity;

    Offload(String engine, OffloadConfig config) {
        AtomicInteger number = new AtomicInteger();
        queueCapacity = config.queueCapacity();
        threads = new ThreadPoolExecutor(config.threads(), config.threads(), 0, TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(queueCapacity), task -> {
                    Thread thread = new Thread(task, engine + "-offload-" + number.getAndIncrement());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.prestartAllCoreThreads();
    }

    /**
     * Calls off the shards.
     *
     * @return the result, completed on the shard that asked; failed with {@link RejectedExecutionException} if the queue
     *         is full
     */
    public <T extends @Nullable Object> ShardFuture<T> call(Callable<T> work) {
        Shard origin = Shard.current();
        Executor home = origin != null ? origin : this;
        ShardFuture<T> future = new ShardFuture<>(home);
        try {
            execute(() -> {
                try {
                    T result = work.call();
                    finish(origin, () -> future.complete(result));
                } catch (Throwable failure) {
                    finish(origin, () -> future.completeExceptionally(failure));
                }
            });
        } catch (RejectedExecutionException e) {
            future.completeExceptionally(e);
        }
        return future;
    }

    /** @throws RejectedExecutionException if the queue is full */
    @Override
    public void execute(Runnable work) {
        try {
            threads.execute(work);
        } catch (RejectedExecutionException e) {
            throw new RejectedExecutionException(threads.isShutdown()
                    ? "the engine has stopped"
                    : "solaster.engine.offload.queue-capacity: " + queueCapacity + " calls wait for a thread already",
                    e);
        }
    }

    /** Calls that wait for a thread. */
    public int queued() {
        return threads.getQueue().size();
    }

    private static void finish(@Nullable Shard origin, Runnable completion) {
        if (origin == null || origin.isShuttingDown()) {
            completion.run();
            return;
        }
        try {
            origin.execute(completion);
        } catch (RejectedExecutionException stoppedMeanwhile) {
            completion.run();
        }
    }

    void close() {
        threads.shutdown();
    }
}
