package io.solaster.spring;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

import io.solaster.engine.Shard;
import org.jspecify.annotations.Nullable;

/** A shard as an executor that can be shut down by itself, while the shard goes on. Any thread. */
final class ShardExecutor extends AbstractExecutorService implements ScheduledExecutorService {
    private final Shard shard;
    private volatile boolean shutdown;

    ShardExecutor(Shard shard) {
        this.shard = shard;
    }

    private Shard open() {
        if (shutdown) {
            throw new RejectedExecutionException("this scheduler over shard " + shard.id() + " was disposed of");
        }
        return shard;
    }

    @Override
    public void execute(Runnable task) {
        open().execute(task);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        return open().schedule(task, delay, unit);
    }

    @Override
    public <V extends @Nullable Object> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
        return open().schedule(task, delay, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long initialDelay, long period, TimeUnit unit) {
        return open().scheduleAtFixedRate(task, initialDelay, period, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable task, long initialDelay, long delay, TimeUnit unit) {
        return open().scheduleWithFixedDelay(task, initialDelay, delay, unit);
    }

    @Override
    public void shutdown() {
        shutdown = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
        shutdown = true;
        return List.of();
    }

    @Override
    public boolean isShutdown() {
        return shutdown || shard.isShutdown();
    }

    @Override
    public boolean isTerminated() {
        return isShutdown();
    }

    /** Waits for nobody: what was accepted is the shard's. */
    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return isShutdown();
    }
}
