package io.solaster.store.persist;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.log.Generation;
import io.solaster.log.LogStats;
import io.solaster.log.Patient;
import io.solaster.log.Replica;
import io.solaster.log.ShardLog;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.rdb.ValueWorks;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One shard's keys, as they are kept on the disk: read at the start, then a journal, and snapshots. On that shard. */
public final class KeptShard implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(KeptShard.class);
    /** FLUSHALL ends a snapshot: it is begun again so often. */
    private static final int TRIES = 5;
    /** So many milliseconds after one that failed another is begun by itself: a disk that is full is so for long. */
    private static final long RETRY = 60_000;

    private final ShardReplica replica;
    private final ValueWorks values;
    private final Shard shard;
    private final Keyspace keys;
    private final LongSupplier clock;
    private final Journal.Gate gate;
    private final KeptStats stats = new KeptStats();
    private @Nullable ShardLog shardLog;
    private @Nullable Journal journal;
    private Path file = Path.of("");
    private int shards;
    private long snapshotAfter;
    private int snapshotGrowth;
    private @Nullable CompletableFuture<@Nullable Void> running;
    private long bytesAtSnapshot;
    /** By the clock; 0 if the last one did not fail. */
    private long failedAt;
    private boolean closed;

    /**
     * @param values makes values of what Redis has written
     * @param clock Unix milliseconds
     */
    public KeptShard(ShardReplica replica, ValueWorks values, LongSupplier clock, Journal.Gate gate) {
        this.replica = replica;
        this.values = values;
        this.shard = replica.shard();
        this.keys = replica.keys();
        this.clock = clock;
        this.gate = gate;
    }

    ShardReplica replica() {
        return replica;
    }

    ValueWorks values() {
        return values;
    }

    LongSupplier clock() {
        return clock;
    }

    Shard shard() {
        return shard;
    }

    Keyspace keys() {
        return keys;
    }

    /** What it counts. Any thread. */
    public KeptStats stats() {
        return stats;
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
        ChangeWriter writer = new ChangeWriter(keys, replica.newTable(),
                ByteBufAllocator.DEFAULT.directBuffer(4 << 10));
        Journal made = new Journal(shard, keys, its, writer, gate, run);
        journal = made;
        replica.lead(made, settleOthers);
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
            try {
                SnapshotFile.Header made = write(begun);
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
            }
        }
    }

    private SnapshotFile.Header write(long now) throws IOException {
        SnapshotFile made = SnapshotFile.create(new Patient(shard.files()), file);
        boolean done = false;
        try {
            long next = replica.snapshot(made::write);
            long bytes = made.finish(next, now, shard.id(), shards);
            done = true;
            return new SnapshotFile.Header(next, now, bytes);
        } finally {
            if (!done) {
                made.abandon();
            }
        }
    }

    /** Installs the snapshot that a shard has written, if there is one. On a virtual thread of the shard. */
    void install(Generation layout, int writer, Replica into) throws IOException {
        SnapshotFile.Header header = SnapshotFile.read(new Patient(shard.files()), layout.snapshot(writer), writer,
                layout.shards(), into);
        if (header != null) {
            stats.snapshotBytes.set(header.bytes());
            stats.lastSnapshotAt.set(header.madeMillis());
        }
    }

    /** No snapshot is written from now on; completes when one that is has left off. */
    CompletableFuture<@Nullable Void> endSnapshots() {
        closed = true;
        replica.stopSnapshots();
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
    }
}
