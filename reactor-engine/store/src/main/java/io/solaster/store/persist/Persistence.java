package io.solaster.store.persist;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.buffer.ByteBuf;
import io.solaster.config.StorePersistenceConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.log.Generation;
import io.solaster.log.Log;
import io.solaster.log.LogDamagedException;
import io.solaster.log.LogStats;
import io.solaster.log.Patient;
import io.solaster.log.RecordConsumer;
import io.solaster.log.Replica;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What keeps a store over a restart: the logs and snapshots of all its shards. Any thread may call, unless a method says otherwise. */
public final class Persistence {
    private static final Logger logger = LoggerFactory.getLogger(Persistence.class);
    private static final String NAME = "store";
    private static final Duration ENDS = Duration.ofSeconds(30);

    private final Engine engine;
    private final StorePersistenceConfig config;
    private final int databases;
    private final List<KeptShard> shards;
    private final AtomicLong lastSave = new AtomicLong();
    /** Of this process alone: see {@link Journal}. */
    private final long run;
    private volatile @Nullable Log log;
    /** Completes when none is written any more; once the engine stops. */
    private volatile CompletableFuture<?> snapshots = CompletableFuture.completedFuture(null);

    private Persistence(Engine engine, StorePersistenceConfig config, int databases, List<KeptShard> shards) {
        this.engine = engine;
        this.config = config;
        this.databases = databases;
        this.shards = shards;
        this.run = engine.environment().secrets().nextLong();
    }

    /**
     * Reads what is kept into keys that are empty, and keeps what is done from then on. Waits until all of it is read, by all shards
     * at once. The engine closes it when it stops. Not on a shard's loop.
     *
     * @param databases how many there are
     * @param shards in their order
     * @throws LogDamagedException if a file is not as it was written
     * @throws UncheckedIOException if the disk fails or is full, or if another process has the directory
     */
    public static Persistence open(Engine engine, StorePersistenceConfig config, int databases,
            List<KeptShard> shards) {
        Shard.refuseToBlock("opening the store's log", "do it on another thread");
        Persistence made = new Persistence(engine, config, databases, shards);
        made.open();
        return made;
    }

    private void open() {
        long begun = engine.environment().clock().nanoTime();
        Path root = Path.of(Objects.requireNonNull(config.directory())).toAbsolutePath().normalize();
        Closeable lock = onFirst(patient -> lock(patient, root));
        engine.onStop(() -> unlock(lock));
        Generation found = onFirst(patient -> Generation.find(patient, root));
        int count = shards.size();
        Generation layout = found;
        long records;
        if (found.shards() == count) {
            records = openSame(found);
        } else {
            boolean imports = importIfNew(found);
            Generation next = onFirst(patient -> found.next(patient, count));
            layout = next;
            records = openOther(found, layout, imports);
        }
        engine.onStop(this::endSnapshots);
        if (found.shards() != 0 && config.importFrom() != null) {
            logger.info("{} was not read, as {} has been written to before", config.importFrom(), root);
        }
        long keys = 0;
        for (KeptShard each : shards) {
            keys += onShard(each.shard(), () -> each.keys().size());
        }
        lastSave.set(engine.environment().wallClock().millis());
        logger.info(
                "Store in {}: {} keys of {} shards, out of snapshots of {} and {} records behind them, within {} ms;"
                        + " fsync {}{}",
                layout.directory(), keys, count,
                new ByteSize(shards.stream().mapToLong(each -> each.stats().snapshotBytes.get()).sum()), records,
                (engine.environment().clock().nanoTime() - begun) / 1_000_000, config.fsync(),
                found.shards() == 0 || found.shards() == count
                        ? ""
                        : "; it had " + found.shards() + " shards before, and was written anew");
    }

    /** Each shard reads its own. */
    private long openSame(Generation layout) {
        long[] from = new long[shards.size()];
        Census census = Census.take(engine, NAME, layout.log(), shards.size());
        Log opened = Log.open(engine, NAME, config.log(layout.log().toString()), shard -> {
            KeptShard kept = shards.get(shard.id());
            ShardReplica replica = kept.replica();
            replica.leaveOut(id -> census.isLeftOut(shard.id(), id));
            install(kept, layout, shard.id(), replica);
            from[shard.id()] = replica.next();
            return behindSnapshot(layout, shard.id(), replica);
        });
        log = opened;
        long records = 0;
        List<KeptShard> ahead = new ArrayList<>();
        for (KeptShard kept : shards) {
            int id = kept.shard().id();
            ShardReplica replica = kept.replica();
            records += replica.count();
            if (onShard(kept.shard(), () -> {
                kept.replayed(replica.bytes());
                start(kept, layout, opened);
                long next = opened.local().next();
                kept.dropped(census.toDrop(id));
                return next < from[id];
            })) {
                ahead.add(kept);
            }
        }
        // The end of the log, which the snapshot has, was not synced before the power failed.
        ahead.forEach(kept -> await(onStage(kept)));
        return records;
    }

    /** Takes the records behind the snapshot that was installed: what is missing between both has its name. */
    private static RecordConsumer behindSnapshot(Generation layout, int writer, ChangesReplica into) {
        return new RecordConsumer() {
            @Override
            public void record(long sequence, long epoch, int kind, ByteBuf payload) throws IOException {
                if (sequence > into.next() && into.count() == 0) {
                    throw lacksSnapshot(layout, writer, sequence);
                }
                into.apply(sequence, epoch, kind, payload);
            }

            @Override
            public void ended(long next) {
                if (next > into.next()) {
                    throw lacksSnapshot(layout, writer, next);
                }
            }
        };
    }

    private static LogDamagedException lacksSnapshot(Generation layout, int writer, long next) {
        return new LogDamagedException("the log in " + layout.log() + " of shard " + writer + " goes on with record "
                + next + ", and there is no snapshot of what was before: bring " + layout.snapshot(writer) + " back",
                null);
    }

    private static void install(KeptShard kept, Generation layout, int writer, Replica into) {
        try {
            kept.install(layout, writer, into);
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    private void start(KeptShard kept, Generation layout, Log opened) {
        kept.start(opened.local(), layout.snapshot(kept.shard().id()), shards.size(), config.snapshotAfter().bytes(),
                config.snapshotGrowth(), run, () -> settleOthers(kept));
    }

    /** Has all shards but one settle what they did of transactions. On that shard. */
    private CompletableFuture<@Nullable Void> settleOthers(KeptShard but) {
        List<CompletableFuture<@Nullable Void>> all = new ArrayList<>();
        for (KeptShard each : shards) {
            if (each != but) {
                all.add(engine.<@Nullable Void>submitStageTo(each.shard().id(),
                        CallOptions.in(engine.groups().maintenance()), each::settle));
            }
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                .thenApply(done -> (@Nullable Void) null);
    }

    /** Where nothing was ever kept, and a file of Redis is to be: reads it into the keys, and nothing is written yet. */
    private boolean importIfNew(Generation found) {
        String file = config.importFrom();
        if (file == null || file.isBlank() || found.shards() != 0) {
            return false;
        }
        try {
            RdbImport.read(engine, Path.of(file).toAbsolutePath().normalize(), databases, shards,
                    shards.getFirst().clock());
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
        return true;
    }

    /** Reads what another number of shards has written, if there is any, and writes it anew, or what was imported. */
    private long openOther(Generation before, Generation layout, boolean imported) {
        Log opened = Log.open(engine, NAME, config.log(layout.log().toString()));
        log = opened;
        long records = before.shards() == 0 ? 0 : readOther(before);
        for (KeptShard kept : shards) {
            onShard(kept.shard(), () -> {
                start(kept, layout, opened);
                return true;
            });
        }
        if (before.shards() != 0 || imported) {
            List<CompletableFuture<@Nullable Void>> writing = new ArrayList<>();
            for (KeptShard kept : shards) {
                writing.add(onStage(kept));
            }
            writing.forEach(Persistence::await);
        }
        onFirst(patient -> {
            layout.finish(patient);
            if (before.shards() != 0) {
                Generation.delete(patient, before.directory());
            }
            return true;
        });
        return records;
    }

    private long readOther(Generation before) {
        Distribution[] all = new Distribution[before.shards()];
        List<ShardReplica> targets = shards.stream().map(KeptShard::replica).toList();
        int count = shards.size();
        Census census = Census.take(engine, NAME, before.log(), before.shards());
        try {
            int wrote = Log.read(engine, NAME, before.log(), writer -> {
                int here = writer % count;
                KeptShard kept = shards.get(here);
                Distribution distribution = new Distribution(engine, targets, here, writer, before.shards(),
                        kept.replica().newReader());
                all[writer] = distribution;
                distribution.leaveOut(id -> census.isLeftOut(writer, id));
                install(kept, before, writer, distribution);
                return behindSnapshot(before, writer, distribution);
            });
            if (wrote != before.shards()) {
                throw new LogDamagedException(
                        "the log in " + before.log() + " is of " + wrote + " shards, and it was written by "
                                + before.shards() + ": bring the missing directories back",
                        null);
            }
            long records = 0;
            for (int writer = 0; writer < wrote; writer++) {
                Distribution distribution = all[writer];
                records += distribution.count();
                onShard(engine.shard(writer % count), () -> {
                    distribution.lead();
                    return true;
                });
            }
            return records;
        } finally {
            closeAll(all);
        }
    }

    /** Those that were made; by then nobody reads any more. */
    private static void closeAll(@Nullable AutoCloseable[] each) {
        for (AutoCloseable one : each) {
            try {
                if (one != null) {
                    one.close();
                }
            } catch (Exception e) {
                logger.warn("What was read of the store's log keeps memory", e);
            }
        }
    }

    private static Closeable lock(Patient patient, Path root) throws IOException {
        patient.makeDirectory(root);
        try {
            return patient.await(() -> patient.files().lock(root.resolve("lock")));
        } catch (IOException why) {
            throw new IOException("the store needs " + root + " for itself: " + why.getMessage(), why);
        }
    }

    /** Nobody else may have the directory while a snapshot is still written there, however long that takes. */
    private void unlock(Closeable lock) {
        snapshots.whenComplete((ended, why) -> {
            try {
                lock.close();
            } catch (IOException e) {
                logger.warn("The store keeps its lock", e);
            }
        });
    }

    private void endSnapshots() {
        List<CompletableFuture<@Nullable Void>> all = new ArrayList<>();
        for (KeptShard each : shards) {
            all.add(engine.<@Nullable Void>submitStageTo(each.shard().id(), CallOptions.DEFAULTS,
                    each::endSnapshots));
        }
        CompletableFuture<?> ended = CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
        snapshots = ended;
        try {
            if (!engine.environment().threads().await(ended, ENDS)) {
                logger.warn("A snapshot did not leave off within {}: the store keeps its lock until it does", ENDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- what is asked of it later

    /** Writes a snapshot of each shard; completes when all are written, fails if one is not. */
    public CompletableFuture<@Nullable Void> snapshot() {
        List<CompletableFuture<@Nullable Void>> all = new ArrayList<>();
        for (KeptShard kept : shards) {
            all.add(onStage(kept));
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply(done -> {
            lastSave.set(engine.environment().wallClock().millis());
            return (@Nullable Void) null;
        });
    }

    /** As {@link #snapshot}, for who does not wait for it: what fails is told in the process's log, and counted. */
    public void snapshotUnheard() {
        snapshot().exceptionally(why -> null);
    }

    private CompletableFuture<@Nullable Void> onStage(KeptShard kept) {
        return engine.<@Nullable Void>submitStageTo(kept.shard().id(),
                CallOptions.in(engine.groups().maintenance()), kept::snapshot);
    }

    /** When all shards had been written to snapshots last, or the store was opened: Unix milliseconds. */
    public long lastSave() {
        return lastSave.get();
    }

    /** The log of all shards. */
    public Log log() {
        return Objects.requireNonNull(log);
    }

    /** What each shard counts, in their order. */
    public List<KeptStats> stats() {
        return shards.stream().map(KeptShard::stats).toList();
    }

    /** What the log of each shard counts, in their order. */
    public List<LogStats> logStats() {
        return Objects.requireNonNull(log).stats();
    }

    /** How it is kept. */
    public StorePersistenceConfig config() {
        return config;
    }

    /** What has sealed the log of a shard; null if nothing has. */
    public @Nullable Throwable failure() {
        return Objects.requireNonNull(log).failure();
    }

    /** What keeps the log of a shard from taking room on the disk; null if nothing does. */
    public @Nullable Throwable noRoom() {
        return Objects.requireNonNull(log).noRoom();
    }

    // ---- threads

    private interface OnDisk<T extends @Nullable Object> {
        T run(Patient patient) throws IOException;
    }

    private <T extends @Nullable Object> T onFirst(OnDisk<T> work) {
        Shard first = engine.shard(0);
        return onShard(first, () -> work.run(new Patient(first.files())));
    }

    /** On a virtual thread of a shard. */
    private <T extends @Nullable Object> T onShard(Shard shard, Callable<T> work) {
        return await(shard.fork(engine.groups().byDefault(), work).future());
    }

    private static <T extends @Nullable Object> T await(CompletableFuture<T> future) {
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
}
