package io.solaster.store.persist;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.log.Generation;
import io.solaster.log.LogStats;
import io.solaster.log.Patient;
import io.solaster.log.ShardLog;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.type.FieldTable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One shard's keys, as they are kept on the disk: read at the start, then a journal, and snapshots. On that shard. */
public final class KeptShard implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(KeptShard.class);
    /** No database. */
    static final int NOWHERE = -1;
    /** FLUSHALL ends a snapshot: it is begun again so often. */
    private static final int TRIES = 5;
    /** So many milliseconds after one that failed another is begun by itself: a disk that is full is so for long. */
    private static final long RETRY = 60_000;

    private final Shard shard;
    private final Keyspace keys;
    private final Supplier<FieldTable> tables;
    private final LongSupplier clock;
    private final Journal.Gate gate;
    private final ChangeReader reader;
    private final KeptStats stats = new KeptStats();
    private @Nullable ShardLog shardLog;
    private @Nullable Journal journal;
    private Supplier<CompletableFuture<@Nullable Void>> others = () -> CompletableFuture.completedFuture(null);
    private Path file = Path.of("");
    private int shards;
    private long snapshotAfter;
    private int snapshotGrowth;
    private @Nullable CompletableFuture<@Nullable Void> running;
    private long bytesAtSnapshot;
    /** By the clock; 0 if the last one did not fail. */
    private long failedAt;
    private @Nullable Snapshot writing;
    private boolean closed;

    /**
     * @param tables makes what hashes and sets of the keys are read and written by
     * @param clock Unix milliseconds
     */
    public KeptShard(Shard shard, Keyspace keys, Supplier<FieldTable> tables, LongSupplier clock, Journal.Gate gate) {
        this.shard = shard;
        this.keys = keys;
        this.tables = tables;
        this.clock = clock;
        this.gate = gate;
        this.reader = new ChangeReader(keys, tables.get());
    }

    Shard shard() {
        return shard;
    }

    Keyspace keys() {
        return keys;
    }

    ChangeReader reader() {
        return reader;
    }

    /** What it counts. Any thread. */
    public KeptStats stats() {
        return stats;
    }

    /** Does a step again. On a virtual thread, one at a time. */
    void apply(ByteBuf changes) {
        reader.open(changes);
        while (reader.next()) {
            reader.apply();
            if (Shard.needPreempt()) {
                Shard.yield();
            }
        }
    }

    /** Does steps again that another shard has read, in this turn; answers always true. */
    boolean applyAtOnce(ByteBuf changes) {
        reader.open(changes);
        while (reader.next()) {
            reader.apply();
        }
        return true;
    }

    /**
     * Moves keys that would belong to one of so many shards to another database, some hundred at most.
     *
     * @param database of which these are
     * @param from 0 to begin, else what the last call returned
     * @param to the other database; {@link #NOWHERE} to remove them
     * @return 0 at the end
     */
    long moveSomeOf(int owner, int ofShards, int database, long from, int to) {
        keys.database(database);
        ByteBuf found = ByteBufAllocator.DEFAULT.directBuffer();
        try {
            long next = keys.walk(from, entry -> {
                long key = keys.keyAddress(entry);
                int length = keys.keyLength(entry);
                if (Slots.shardOf(Slots.of(key, length), ofShards) == owner) {
                    found.writeInt(length).ensureWritable(length);
                    Memory.copy(key, Memory.address(found) + found.writerIndex(), length);
                    found.writerIndex(found.writerIndex() + length);
                }
            });
            while (found.isReadable()) {
                int length = found.readInt();
                long key = Memory.address(found) + found.readerIndex();
                if (to == NOWHERE) {
                    keys.remove(key, length);
                } else {
                    keys.move(key, length, to);
                }
                found.skipBytes(length);
            }
            return next;
        } finally {
            found.release();
        }
    }

    /** One more reader of changes of these keys. */
    ChangeReader newReader() {
        return new ChangeReader(keys, tables.get());
    }

    /** Notes what was read that no snapshot has. */
    void replayed(long bytes) {
        stats.bytesReplayed.set(bytes);
    }

    /** What is done to the keys goes there; null until all that is kept was read. */
    public @Nullable Journal journal() {
        return journal;
    }

    /**
     * All that is done from here on goes to the log.
     *
     * @param run as of {@link Journal}
     * @param settleOthers has all other shards {@link #settle}
     */
    void start(ShardLog its, Path snapshot, int ofShards, long after, int growth, long run,
            Supplier<CompletableFuture<@Nullable Void>> settleOthers) {
        shardLog = its;
        file = snapshot;
        shards = ofShards;
        snapshotAfter = after;
        snapshotGrowth = growth;
        ChangeWriter writer = new ChangeWriter(keys, tables.get(), ByteBufAllocator.DEFAULT.directBuffer(4 << 10));
        journal = new Journal(shard, keys, its, writer, gate, run);
        others = settleOthers;
    }

    /** Completes once the log says of all transactions that are under way here now what became of them. */
    CompletableFuture<@Nullable Void> settle() {
        Journal its = journal;
        return its == null ? CompletableFuture.completedFuture(null) : its.settle();
    }

    /** The log says from now on that these were left out when it was read; answers always true. */
    boolean dropped(Iterable<Long> transactions) {
        transactions.forEach(Objects.requireNonNull(journal)::dropped);
        return true;
    }

    /** What its log counts; null until it is open. Any thread. */
    @Nullable
    LogStats logStats() {
        ShardLog its = shardLog;
        return its == null ? null : its.stats();
    }

    /** Writes a snapshot if there are enough changes since the last one. Asked now and then. */
    public void snapshotIfDue() {
        Journal its = journal;
        if (its == null || snapshotAfter == 0 || running != null || closed) {
            return;
        }
        if (failedAt != 0 && Math.abs(clock.getAsLong() - failedAt) < RETRY) {
            return;
        }
        long changes = its.bytes() - bytesAtSnapshot + stats.bytesReplayed.get();
        if (changes >= snapshotAfter && changes >= stats.snapshotBytes.get() / 100 * snapshotGrowth) {
            snapshot();
        }
    }

    /** Whether a snapshot is being written. */
    public boolean isSnapshotting() {
        return running != null;
    }

    /** Writes a snapshot, unless one is being written: completes with its end, on this shard. */
    public CompletableFuture<@Nullable Void> snapshot() {
        CompletableFuture<@Nullable Void> now = running;
        if (now != null) {
            return now;
        }
        CompletableFuture<@Nullable Void> begun = new CompletableFuture<>();
        running = begun;
        stats.snapshotting.set(1);
        SchedulingGroup group = shard.currentGroup();
        try {
            shard.fork(group, () -> {
                write();
                return true;
            }).future().whenComplete((done, why) -> ended(begun, why));
        } catch (RuntimeException stopped) {
            ended(begun, stopped);
        }
        return begun;
    }

    private void ended(CompletableFuture<@Nullable Void> begun, @Nullable Throwable why) {
        running = null;
        stats.snapshotting.set(0);
        if (why == null) {
            failedAt = 0;
            begun.complete(null);
        } else {
            failedAt = clock.getAsLong();
            Throwable cause = ShardFuture.causeOf(why);
            stats.snapshotsFailed.increment();
            stats.lastSnapshotFailed.set(1);
            if (!closed) {
                log.warn("The snapshot of shard {} in {} failed, and the one before stays: {}", shard.id(), file,
                        cause.toString());
            }
            begun.completeExceptionally(cause);
        }
    }

    private void write() throws IOException {
        Journal its = journal;
        ShardLog appended = shardLog;
        if (its == null || appended == null) {
            throw new IOException("the store is not open");
        }
        for (int tried = 1;; tried++) {
            if (closed) {
                throw new IOException("the store is closed");
            }
            long before = its.bytes();
            long records = appended.stats().records.get();
            long begun = clock.getAsLong();
            Snapshot snapshot = new Snapshot(shard, keys, tables.get(), its, others);
            writing = snapshot;
            try {
                SnapshotFile.Header made = snapshot.write(file, shards, begun);
                bytesAtSnapshot = before;
                stats.recordsAtSnapshot.set(records);
                stats.bytesReplayed.set(0);
                stats.snapshotBytes.set(made.bytes());
                stats.lastSnapshotAt.set(made.madeMillis());
                stats.lastSnapshotMillis.set(clock.getAsLong() - begun);
                stats.lastSnapshotFailed.set(0);
                stats.snapshots.increment();
                appended.dropBefore(made.next());
                return;
            } catch (ClearedException cleared) {
                if (tried == TRIES) {
                    throw cleared;
                }
            } finally {
                writing = null;
            }
        }
    }

    /** Reads its own snapshot; the first record of the log that it does not have. On a virtual thread of the shard. */
    long read(Generation layout) throws IOException {
        return read(layout, shard.id(), this::apply);
    }

    /** Reads the snapshot that a shard has written, for somebody. On a virtual thread of the shard. */
    long read(Generation layout, int writer, StepReader.Steps steps) throws IOException {
        SnapshotFile.Header header = SnapshotFile.read(new Patient(shard.files()), layout.snapshot(writer), writer,
                layout.shards(), steps);
        if (header == null) {
            return 1;
        }
        stats.snapshotBytes.set(header.bytes());
        stats.lastSnapshotAt.set(header.madeMillis());
        return header.next();
    }

    /** No snapshot is written from now on; completes when one that is has left off. */
    CompletableFuture<@Nullable Void> endSnapshots() {
        closed = true;
        if (writing != null) {
            writing.stop();
        }
        CompletableFuture<@Nullable Void> last = running;
        return last == null
                ? CompletableFuture.completedFuture(null)
                : last.handle((done, why) -> (@Nullable Void) null);
    }

    @Override
    public void close() {
        endSnapshots();
        if (journal != null) {
            journal.close();
        }
        reader.close();
    }
}
