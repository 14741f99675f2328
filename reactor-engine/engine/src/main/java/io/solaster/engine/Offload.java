package io.solaster.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

import io.solaster.config.OffloadConfig;
import io.solaster.engine.env.Environment;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.trace.Hop;
import io.solaster.engine.trace.Tracing;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads off the shards for what blocks: files, DNS, drivers that wait in native code. They are started before the
 * first shard is pinned, since a thread inherits the CPUs of the one that starts it. Straight-line code waits for the
 * result: {@code engine.offload().call(() -> lookUp(host)).join()} parks the virtual thread. Each {@link Purpose} has
 * threads and a queue of its own, so that none keeps another waiting. Any thread may call.
 */
public final class Offload implements Executor {
    private static final Logger log = LoggerFactory.getLogger(Offload.class);

    /** Kinds of tasks named in the line on those that are dropped. */
    private static final int NAMED = 10;

    /** What threads are for. */
    public enum Purpose {
        /** Whatever blocks, for as long as it likes: drivers, DNS, the application's own. */
        CALLS("calls"),
        /** Files: to look for, open, read and write them. */
        FILES("files"),
        /** The arithmetic of TLS handshakes. */
        HANDSHAKES("handshakes");

        private final String words;

        Purpose(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    private final Environment environment;
    private final Map<Purpose, OffloadThreads> threads = new EnumMap<>(Purpose.class);
    private final Executor handshakes = work -> execute(Purpose.HANDSHAKES, work);
    private volatile @Nullable ContextCarrier carrier;
    private volatile @Nullable Tracing tracing;

    Offload(String engine, OffloadConfig config, Environment environment) {
        this.environment = environment;
        for (Purpose purpose : Purpose.values()) {
            int count = switch (purpose) {
                case CALLS -> config.threads();
                case FILES -> config.fileThreads();
                case HANDSHAKES -> config.handshakeThreads();
            };
            threads.put(purpose, new OffloadThreads(engine + "-offload-" + purpose + "-", purpose.toString(), count,
                    config.queueCapacity(), environment.threads()));
        }
        threads.values().forEach(OffloadThreads::start);
    }

    private OffloadThreads threads(Purpose purpose) {
        return Objects.requireNonNull(threads.get(purpose));
    }

    /** As {@link #call(Purpose, Callable)}, for {@link Purpose#CALLS}. */
    public <T extends @Nullable Object> ShardFuture<T> call(Callable<T> work) {
        return call(Purpose.CALLS, work);
    }

    /**
     * Calls off the shards. Cancelled, or timed out, while it waits for a thread, the call gives up its place in the
     * queue; once it has begun it runs to its end, and its result is dropped.
     *
     * @return the result, completed on the shard that asked; failed with {@link RejectedExecutionException} if the queue
     *         is full
     */
    public <T extends @Nullable Object> ShardFuture<T> call(Purpose purpose, Callable<T> work) {
        Shard home = Shard.current();
        ShardFuture<T> future = new ShardFuture<>(home != null ? home : this);
        ContextCarrier present = carrier;
        Tracing asked = tracing;
        Hop hop = asked == null ? null : asked.hop(Hop.Kind.OFFLOAD, home, null, null);
        Callable<T> traced = hop == null ? work : () -> hop.call(work);
        Work<T> call = new Work<>(home, present == null ? traced : present.carry(traced), future, hop);
        OffloadThreads.Place place;
        try {
            place = threads(purpose).execute(call);
        } catch (RejectedExecutionException e) {
            call.ended(e);
            future.completeExceptionally(e);
            return future;
        }
        future.whenComplete((result, failure) -> {
            if (failure != null && place.giveUp()) {
                call.ended(failure);
            }
        });
        return future;
    }

    /** As {@link #execute(Purpose, Runnable)}, for {@link Purpose#CALLS}. */
    @Override
    public void execute(Runnable work) {
        execute(Purpose.CALLS, work);
    }

    /**
     * Runs work off the shards.
     *
     * @throws RejectedExecutionException if the queue is full
     */
    public void execute(Purpose purpose, Runnable work) {
        threads(purpose).execute(work);
    }

    /** Runs work for {@link Purpose#HANDSHAKES}: for {@link io.netty.handler.ssl.SslContext#newHandler}. */
    public Executor handshakes() {
        return handshakes;
    }

    void carryContext(@Nullable ContextCarrier newCarrier) {
        carrier = newCarrier;
    }

    void trace(@Nullable Tracing newTracing) {
        tracing = newTracing;
    }

    Environment environment() {
        return environment;
    }

    /** Calls that wait for a thread. */
    public int queued(Purpose purpose) {
        return threads(purpose).waiting();
    }

    /** Calls that run, roughly. */
    public int active(Purpose purpose) {
        return threads(purpose).active();
    }

    /** Calls refused so far, for want of room in the queue or because the engine had stopped. */
    public long rejected(Purpose purpose) {
        return threads(purpose).rejected();
    }

    /**
     * Lets what was accepted finish, then interrupts it. What has not begun by then fails, is abandoned or, a stage of a
     * future, runs on a thread of its own; the rest is named in the log.
     */
    void close(Duration patience) {
        threads.values().forEach(OffloadThreads::shutdown);
        TimeSource clock = environment.clock();
        long end = clock.nanoTime() + patience.toNanos();
        boolean done = true;
        List<Runnable> notBegun = new ArrayList<>();
        for (OffloadThreads each : threads.values()) {
            if (!each.awaitEnd(Duration.ofNanos(Math.max(0, end - clock.nanoTime())))) {
                done = false;
                notBegun.addAll(each.shutdownNow());
            }
        }
        end(notBegun);
        if (!done && !patience.isZero()) {
            log.warn("Work off the shards was not done within {}: interrupted, and {} call(s) not begun", patience,
                    notBegun.size());
        }
    }

    /** What was accepted ends, though no thread of ours is left for it. */
    private void end(List<Runnable> notBegun) {
        List<Runnable> stages = new ArrayList<>();
        List<String> dropped = new ArrayList<>();
        for (Runnable task : notBegun) {
            switch (task) {
                case Work<?> work -> work.fail(new RejectedExecutionException(OffloadThreads.STOPPED));
                case Abandonable abandonable -> GroupScheduler.abandon(abandonable, Abandonable::abandon);
                case CompletableFuture.AsynchronousCompletionTask _ -> stages.add(task);
                default -> dropped.add(task.getClass().getName());
            }
        }
        if (!stages.isEmpty()) {
            // Nobody but themselves can end their futures; they may block, and whoever closes does not wait for that.
            environment.threads().start("offload-last-stages", () -> stages.forEach(Runnable::run));
        }
        if (!dropped.isEmpty()) {
            log.warn("{} task(s) off the shards had not begun and are dropped: {}", dropped.size(),
                    dropped.stream().distinct().limit(NAMED).toList());
        }
    }

    /** One call and its way home. */
    private static final class Work<T extends @Nullable Object> implements Runnable {
        private final @Nullable Shard home;
        private final Callable<T> work;
        private final ShardFuture<T> future;
        private final @Nullable Hop hop;

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
                home.comeHome(completion);
            }
        }
    }
}
