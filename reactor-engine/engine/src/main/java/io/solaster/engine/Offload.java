package io.solaster.engine;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

import io.solaster.config.OffloadConfig;
import io.solaster.engine.task.Abandonable;
import io.solaster.engine.trace.Hop;
import io.solaster.engine.trace.Tracing;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads off the shards for what blocks: files, DNS, drivers that wait in native code. They are started before the
 * first shard is pinned, since a thread inherits the CPUs of the one that starts it. Straight-line code waits for the
 * result: {@code engine.offload().call(() -> Files.readString(path)).join()} parks the virtual thread. Any thread may
 * call.
 */
public final class Offload implements Executor {
    private static final Logger log = LoggerFactory.getLogger(Offload.class);
    private static final String STOPPED = "the engine has stopped";

    private final ThreadPoolExecutor threads;
    private final int queueCapacity;
    private final LongAdder rejected = new LongAdder();
    private volatile @Nullable ContextCarrier carrier;
    private volatile @Nullable Tracing tracing;

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
     * Calls off the shards. Cancelled, or timed out, while it waits for a thread, the call gives up its place in the
     * queue; once it has begun it runs to its end, and its result is dropped.
     *
     * @return the result, completed on the shard that asked; failed with {@link RejectedExecutionException} if the queue
     *         is full
     */
    public <T extends @Nullable Object> ShardFuture<T> call(Callable<T> work) {
        Shard home = Shard.current();
        ShardFuture<T> future = new ShardFuture<>(home != null ? home : this);
        ContextCarrier present = carrier;
        Tracing asked = tracing;
        Hop hop = asked == null ? null : asked.hop(Hop.Kind.OFFLOAD, home, null, null);
        Callable<T> traced = hop == null ? work : () -> hop.call(work);
        Work<T> call = new Work<>(home, present == null ? traced : present.carry(traced), future, hop);
        try {
            execute(call);
        } catch (RejectedExecutionException e) {
            call.ended(e);
            future.completeExceptionally(e);
            return future;
        }
        future.whenComplete((result, failure) -> {
            if (failure != null && !call.begun && threads.remove(call)) {
                call.ended(failure);
            }
        });
        return future;
    }

    /** @throws RejectedExecutionException if the queue is full */
    @Override
    public void execute(Runnable work) {
        try {
            threads.execute(work);
        } catch (RejectedExecutionException e) {
            rejected.increment();
            throw new RejectedExecutionException(threads.isShutdown()
                    ? STOPPED
                    : "solaster.engine.offload.queue-capacity: " + queueCapacity + " calls wait for a thread already",
                    e);
        }
    }

    void carryContext(@Nullable ContextCarrier newCarrier) {
        carrier = newCarrier;
    }

    void trace(@Nullable Tracing newTracing) {
        tracing = newTracing;
    }

    /** Calls that wait for a thread. */
    public int queued() {
        return threads.getQueue().size();
    }

    /** Calls that run, roughly. */
    public int active() {
        return threads.getActiveCount();
    }

    /** Calls refused so far, for want of room in the queue or because the engine had stopped. */
    public long rejected() {
        return rejected.sum();
    }

    /** Lets what was accepted finish, then interrupts it; what has not begun by then fails. */
    void close(Duration patience) {
        threads.shutdown();
        boolean done = false;
        try {
            done = threads.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        List<Runnable> left = done ? List.of() : threads.shutdownNow();
        for (Runnable task : left) {
            if (task instanceof Work<?> work) {
                work.fail(new RejectedExecutionException(STOPPED));
            }
        }
        if (!done && !patience.isZero()) {
            log.warn("Work off the shards was not done within {}: interrupted, and {} call(s) not begun", patience,
                    left.size());
        }
    }

    /** One call and its way home. */
    private static final class Work<T extends @Nullable Object> implements Runnable {
        private final @Nullable Shard home;
        private final Callable<T> work;
        private final ShardFuture<T> future;
        private final @Nullable Hop hop;
        private volatile boolean begun;

        Work(@Nullable Shard home, Callable<T> work, ShardFuture<T> future, @Nullable Hop hop) {
            this.home = home;
            this.work = work;
            this.future = future;
            this.hop = hop;
        }

        void ended(@Nullable Throwable failure) {
            if (hop != null) {
                hop.ended(failure);
            }
        }

        @Override
        @SuppressWarnings("NullAway") // a null result is one that T allows
        public void run() {
            begun = true;
            if (future.isDone()) {
                ended(ShardFuture.failureOf(future));
                return;
            }
            try {
                T result = work.call();
                comeHome(null, () -> future.resolve(result));
            } catch (Throwable failure) {
                fail(failure);
            }
        }

        void fail(Throwable failure) {
            comeHome(failure, () -> future.fail(failure));
        }

        private void comeHome(@Nullable Throwable failure, Runnable told) {
            Runnable completion = hop == null ? told : () -> {
                hop.ended(failure);
                hop.resume(told);
            };
            if (home == null) {
                completion.run();
            } else {
                home.executeOrElse(new Homecoming(completion), completion);
            }
        }
    }

    /** Told even to a shard that ends before its turn. */
    private record Homecoming(Runnable completion) implements Abandonable {

        @Override
        public void run() {
            completion.run();
        }

        @Override
        public void abandon() {
            completion.run();
        }
    }
}
