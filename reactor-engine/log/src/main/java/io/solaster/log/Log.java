package io.solaster.log;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.IntFunction;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigValidator;
import io.solaster.config.log.LogConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.log.format.LogNames;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An append log on the disk: one for each shard of an engine, in files of its own. {@link #open} reads what is there, and {@link
 * #local} is what a shard appends to. It has no thread: each shard writes its own, and never waits for the disk.
 *
 * {@snippet :
 * try (Log log = Log.open(engine, "orders", LogConfig.in("/var/lib/orders/log"), shard -> orders.of(shard)::again)) {
 *     // on a shard:
 *     long sequence = log.local().append(0, ORDER, bytes);
 *     log.local().whenAcknowledged(sequence).thenRun(this::answer);
 * }
 * }
 *
 * One process has a directory at a time: another one is refused. Any thread may call, unless a method says otherwise.
 */
public final class Log implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(Log.class);
    private static final Duration CLOSES = Duration.ofSeconds(30);

    private final String name;
    private final Engine engine;
    private final LogConfig config;
    private final Path directory;
    private final List<ShardLog> logs;
    private final Closeable lock;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CompletableFuture<@Nullable Void> unlocked = new CompletableFuture<>();

    private Log(String name, Engine engine, LogConfig config, Path directory, List<ShardLog> logs, Closeable lock) {
        this.name = name;
        this.engine = engine;
        this.config = config;
        this.directory = directory;
        this.logs = logs;
        this.lock = lock;
    }

    /** Opens a log, whose records are checked and told to nobody: see {@link #open(Engine, String, LogConfig, Function)}. */
    public static Log open(Engine engine, String name, LogConfig config) {
        return open(engine, name, config, shard -> Opening::ignore);
    }

    /**
     * Opens a log, and makes it where there is none. Waits until each shard has read its own, all of them at once. The engine
     * closes it when it stops. Not on a shard's loop.
     *
     * @param name for errors, meters and threads that look at it
     * @param consumers takes a shard's records, the oldest first; asked on that shard
     * @throws InvalidConfigException if the configuration is wrong
     * @throws LogDamagedException if the log is not as it was written, be it that a crash has torn its end
     * @throws UncheckedIOException if the disk fails or is full, or if another process has the directory
     * @throws IllegalStateException if the engine is stopping
     */
    public static Log open(Engine engine, String name, LogConfig config,
            Function<? super Shard, ? extends RecordConsumer> consumers) {
        Shard.refuseToBlock("opening log '" + name + "'", "do it on another thread");
        ConfigValidator.validate(SolasterConfig.defaults().withLogs(Map.of(name, config)));
        Path directory = Path.of(Objects.requireNonNull(config.directory())).toAbsolutePath().normalize();
        long begun = engine.environment().clock().nanoTime();
        SchedulingGroup group = engine.groups().byDefault();
        Shard first = engine.shard(0);
        Closeable lock = result(first.fork(group, () -> lock(first, name, directory, engine.shards().size())).future());
        List<ShardFuture<Opening.Opened>> opening = new ArrayList<>();
        RuntimeException failure = null;
        for (Shard shard : engine.shards()) {
            Path own = directory.resolve(LogNames.shard(shard.id()));
            try {
                opening.add(shard.fork(group, () -> new Opening(name, shard, own, config, engine.shards().size())
                        .run(consumers.apply(shard))).future());
            } catch (RuntimeException stopping) {
                failure = stopping;
                break;
            }
        }
        List<Opening.Opened> opened = new ArrayList<>();
        failure = gather(opening, opened, failure);
        Log log = new Log(name, engine, config, directory, opened.stream().map(Opening.Opened::log).toList(), lock);
        if (failure == null) {
            try {
                engine.onStop(log::close);
            } catch (IllegalStateException stopping) {
                failure = stopping;
            }
        }
        if (failure != null) {
            log.close();
            throw failure;
        }
        log.tellOpened(opened, engine.environment().clock().nanoTime() - begun);
        return log;
    }

    /**
     * Reads a log that was written by any number of shards, and leaves it as it is. Nobody may have it open meanwhile. Waits until
     * all is read, each shard of the engine those that have its number. Not on a shard's loop.
     *
     * @param consumers takes the records of one that wrote, by its number; asked on the shard that reads them
     * @return how many shards wrote it
     * @throws LogDamagedException if the log is not as it was written, be it that a crash has torn its end
     * @throws UncheckedIOException if the disk fails
     */
    public static int read(Engine engine, String name, Path directory,
            IntFunction<? extends RecordConsumer> consumers) {
        Shard.refuseToBlock("reading log '" + name + "'", "do it on another thread");
        SchedulingGroup group = engine.groups().byDefault();
        Shard first = engine.shard(0);
        int wrote = result(first.fork(group, () -> {
            Patient patient = new Patient(first.files());
            return Opening.shardsOf(patient.await(() -> patient.files().list(directory)));
        }).future());
        List<ShardFuture<Boolean>> reading = new ArrayList<>();
        RuntimeException failure = null;
        for (int i = 0; i < wrote; i++) {
            int writer = i;
            Shard shard = engine.shard(i % engine.shards().size());
            try {
                reading.add(shard.fork(group, () -> {
                    Opening.read(name, shard, directory.resolve(LogNames.shard(writer)), writer,
                            consumers.apply(writer));
                    return true;
                }).future());
            } catch (RuntimeException stopping) {
                failure = stopping;
                break;
            }
        }
        failure = gather(reading, new ArrayList<>(), failure);
        if (failure != null) {
            throw failure;
        }
        return wrote;
    }

    /**
     * Waits for all that was begun, also where one has failed, so that nobody reads on behind it.
     *
     * @param results of those that have not failed, in their order
     * @param before what has failed before, if anything
     * @return the first failure, with the others
     */
    private static <T> @Nullable RuntimeException gather(List<ShardFuture<T>> begun, List<T> results,
            @Nullable RuntimeException before) {
        RuntimeException failure = before;
        for (ShardFuture<T> each : begun) {
            try {
                results.add(result(each));
            } catch (RuntimeException why) {
                if (failure == null) {
                    failure = why;
                } else {
                    failure.addSuppressed(why);
                }
            }
        }
        return failure;
    }

    private static Closeable lock(Shard shard, String name, Path directory, int shards) throws IOException {
        Patient patient = new Patient(shard.files());
        Opening.makeDirectory(patient, directory);
        Closeable lock;
        try {
            lock = patient.await(() -> patient.files().lock(directory.resolve(LogNames.LOCK)));
        } catch (IOException why) {
            throw new IOException("log '" + name + "' needs " + directory + " for itself: " + why.getMessage(), why);
        }
        try {
            int before = Opening.shardsOf(patient.await(() -> patient.files().list(directory)));
            if (before > shards) {
                throw new LogDamagedException("log '" + name + "' in " + directory + " was written by " + before
                        + " shards, and there are " + shards
                        + " now: each shard reads what it wrote, so set solaster.engine.shards to " + before, null);
            }
        } catch (IOException | RuntimeException failure) {
            lock.close();
            throw failure;
        }
        return lock;
    }

    private static <T> T result(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException failed) {
            Throwable cause = ShardFuture.causeOf(failed);
            if (cause instanceof IOException io) {
                throw new UncheckedIOException(io.getMessage(), io);
            }
            throw cause instanceof RuntimeException runtime ? runtime : failed;
        }
    }

    private void tellOpened(List<Opening.Opened> opened, long nanos) {
        long records = opened.stream().mapToLong(Opening.Opened::records).sum();
        int segments = opened.stream().mapToInt(Opening.Opened::segments).sum();
        long cut = opened.stream().mapToLong(Opening.Opened::cut).sum();
        logger.info("Log '{}' in {}: {} shards, fsync {}, segments of {}, buffers of {}; read {} records in {} segments"
                + " within {} ms{}", name, directory, logs.size(), config.fsync(), config.segment(), config.buffer(),
                records, segments, nanos / 1_000_000,
                cut == 0 ? "" : ", and cut " + new ByteSize(cut) + " off torn tails");
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** What it was opened with. */
    public LogConfig config() {
        return config;
    }

    /** Where it lies. */
    public Path directory() {
        return directory;
    }

    /**
     * The log of the calling shard.
     *
     * @throws IllegalStateException on a thread that is no shard of its engine
     */
    public ShardLog local() {
        Shard shard = Shard.current();
        if (shard == null || shard.id() >= logs.size() || engine.shard(shard.id()) != shard) {
            throw new IllegalStateException("log '" + name + "' has a part on each shard of engine '" + engine.name()
                    + "', and thread " + Thread.currentThread().getName() + " is none of them; submit the work to one");
        }
        return logs.get(shard.id());
    }

    /** What each shard counts, in their order. */
    public List<LogStats> stats() {
        return logs.stream().map(ShardLog::stats).toList();
    }

    /** What has sealed the log of a shard; null if nothing has. */
    public @Nullable Throwable failure() {
        for (ShardLog each : logs) {
            Throwable found = each.failure();
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /** What keeps the log of a shard from taking room for more records; null if nothing does. */
    public @Nullable Throwable noRoom() {
        for (ShardLog each : logs) {
            Throwable found = each.noRoom();
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    /**
     * Takes no more records, writes and syncs what was appended, closes the files and lets go of the directory. Waits for that,
     * 30 s at most: a disk that takes longer keeps the directory until it has done. A second time it does nothing. Not on a
     * shard's loop.
     */
    @Override
    public void close() {
        Shard.refuseToBlock("closing log '" + name + "'", "do it on another thread");
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        List<CompletableFuture<@Nullable Void>> closing = new ArrayList<>();
        for (ShardLog each : logs) {
            closing.add(each.closeOnShard());
        }
        CompletableFuture<?> all = CompletableFuture.allOf(closing.toArray(CompletableFuture[]::new));
        try {
            if (!engine.environment().threads().await(all, CLOSES)) {
                logger.error("Log '{}' was not closed within {}: what was appended last may not be in it", name,
                        CLOSES);
            } else if (all.isCompletedExceptionally()) {
                logger.error("Log '{}' was not closed properly: what was appended last may not be in it", name,
                        ShardFuture.causeOf(all.exceptionNow()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // Nobody else may have the directory while a shard still writes there, however long that takes.
        all.whenComplete((done, why) -> unlock());
    }

    private void unlock() {
        try {
            lock.close();
        } catch (IOException e) {
            logger.warn("Log '{}' keeps its lock", name, e);
        }
        unlocked.complete(null);
    }

    /**
     * Completes, on any thread, once it was closed and no shard writes there any more: after {@link #close}, where a disk takes
     * longer than that waits.
     */
    public CompletionStage<@Nullable Void> whenClosed() {
        return unlocked.minimalCompletionStage();
    }

    @Override
    public String toString() {
        return "log '" + name + "' in " + directory;
    }
}
