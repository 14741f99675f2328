package io.solaster.log;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import io.netty.buffer.ByteBuf;
import io.solaster.config.log.LogConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.ShardStoppedException;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.timer.Timer;
import io.solaster.log.format.Records;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log of one shard: {@link Log#local}. On that shard.
 *
 * <p>
 * {@link #append} encodes a record into a batch in memory and returns. What has gathered is written at the end of the turn, or
 * when the write before has ended; where acknowledgements wait for a sync, one sync is for all of it. So a log that is slow gets
 * larger batches, up to a bound: then appends are refused, and {@link #whenWritable} tells when to go on.
 *
 * <p>
 * A write or a sync that fails is final: nobody knows what is on the disk. All that was appended and not acknowledged fails with
 * {@link LogSealedException}, and so does what is appended later. A full disk is none of that, since room for records is taken
 * before they are accepted: they are refused until there is room again.
 *
 * <p>
 * Longer than 500 lines because all of it is one state: what is filled, written, synced and rolled must be told together.
 */
public final class ShardLog {
    private static final Logger log = LoggerFactory.getLogger(ShardLog.class);
    private static final Duration TO_TRY_AGAIN = Duration.ofSeconds(1);
    private static final Duration FOR_EVER = Duration.ofDays(36_500);
    private static final Duration A_WHILE = Duration.ofMillis(1);
    private static final int TAIL = 512 << 10;

    private final String name;
    private final Shard shard;
    private final LogConfig config;
    private final SchedulingGroup group;
    private final Path directory;
    private final SegmentFiles segments;
    private final LogStats stats;
    private final int batchBytes;
    private final int mostRoom;
    private final long salt;
    private final Runnable flush = this::flushNow;
    private final Timer syncTimer;
    private final Timer retryTimer;
    private final Timer prepareTimer;
    /** Fails where the shard ends. */
    private final ShardFuture<@Nullable Void> life;

    private State state = State.OPEN;
    private SegmentFile current;
    private @Nullable SegmentFile prepared;
    private boolean preparing;
    private boolean rolling;
    private boolean compacting;
    /** Files are put in the place of others: nothing is rolled meanwhile. */
    private boolean replacing;
    private @Nullable ShardFuture<@Nullable Void> rolled;
    private Batch filling;
    private @Nullable Batch writing;
    private @Nullable Batch spare;
    private boolean flushQueued;
    private long next;
    private long epoch;
    private long written;
    private long synced;
    private long acknowledged;
    private long keepFrom;
    private boolean rollWanted;
    /** Whether it was looked for what the processes before could have let go of. */
    private boolean lookedForOld;
    // Of syncs that nobody waits for.
    private boolean syncing;
    private boolean syncOverdue;
    private long writtenBytes;
    private long syncedBytes;
    private List<ShardFuture<@Nullable Void>> writableWaiters = new ArrayList<>();
    private final Set<LogReader> readers = new HashSet<>();
    private final LogTail tail;
    private List<LogReader> waitingReaders = new ArrayList<>();
    private long rolls;
    private @Nullable ShardFuture<@Nullable Void> drained;
    /** Written on the shard, read by any thread. */
    private volatile @Nullable Throwable failure;
    private volatile @Nullable Throwable noRoom;

    private enum State {
        OPEN, CLOSING, CLOSED, SEALED
    }

    /** @param recovered where the log goes on */
    ShardLog(String name, Shard shard, LogConfig config, SchedulingGroup group, Path directory,
            SegmentFiles segments, SegmentFile current, Recovered recovered, LogStats stats) {
        this.name = "log '" + name + "' of shard " + shard.id();
        this.shard = shard;
        this.config = config;
        this.group = group;
        this.directory = directory;
        this.segments = segments;
        this.current = current;
        this.stats = stats;
        next = recovered.next();
        epoch = recovered.epoch();
        keepFrom = recovered.oldest();
        written = next - 1;
        synced = next - 1;
        acknowledged = next - 1;
        batchBytes = Math.toIntExact(config.buffer().bytes() / 2);
        mostRoom = batchBytes / 2 & -Records.ALIGNMENT;
        salt = recovered.salt();
        tail = new LogTail(Math.min(batchBytes, TAIL));
        filling = new Batch(batchBytes, salt);
        filling.begin(next, epoch);
        spare = new Batch(batchBytes, salt);
        syncTimer = shard.timers().timer(this::syncDue);
        retryTimer = shard.timers().timer(this::writeAgain);
        prepareTimer = shard.timers().timer(this::prepare);
        levels();
        life = Shard.sleep(FOR_EVER);
        life.whenComplete((over, why) -> shardEnded(why));
    }

    /**
     * What a log goes on from.
     *
     * @param next the sequence of the next record
     * @param epoch of the last one
     * @param oldest what is before it may be missing
     * @param salt of the log
     */
    record Recovered(long next, long epoch, long oldest, long salt) {}

    /** What it counts. Any thread. */
    public LogStats stats() {
        return stats;
    }

    /** What has sealed it; null while it takes records. Any thread. */
    public @Nullable Throwable failure() {
        return failure;
    }

    /** What keeps it from taking room for more records; null while there is room. Any thread. */
    public @Nullable Throwable noRoom() {
        return noRoom;
    }

    /** The bytes that a record's payload may have. Any thread. */
    public int mostPayload() {
        return mostRoom - Records.HEADER;
    }

    /** Whether it takes no record any more, since it is sealed or closed. */
    public boolean isEnded() {
        return state != State.OPEN;
    }

    /** The sequence of the next record. */
    public long next() {
        return next;
    }

    /** The epoch of the last record. */
    public long epoch() {
        return epoch;
    }

    /** Up to this sequence all is acknowledged. */
    public long acknowledged() {
        return acknowledged;
    }

    /**
     * Whether a record of any size is accepted now. Where it is not, append less, and go on after {@link #whenWritable}.
     */
    public boolean isWritable() {
        return state == State.OPEN && hasRoom(mostRoom);
    }

    /** Completes once {@link #isWritable}, for all who wait at once; also where the log takes nothing any more. */
    public ShardFuture<@Nullable Void> whenWritable() {
        shard.assertOwner(name);
        ShardFuture<@Nullable Void> future = shard.newFuture();
        if (state != State.OPEN || hasRoom(mostRoom)) {
            future.complete(null);
        } else {
            writableWaiters.add(future);
            prepareIfNeeded(mostRoom);
        }
        return future;
    }

    /**
     * Appends a record. It is acknowledged later: {@link #whenAcknowledged}.
     *
     * @param recordEpoch as the caller likes, never less than that of the record before
     * @param kind 1 to 255, as the caller likes
     * @param payload what is readable of it is copied; the buffer stays the caller's
     * @return the record's sequence: one more than that of the record before
     * @throws RejectedExecutionException if there is no room, in memory or on the disk: see {@link #isWritable}
     * @throws LogSealedException if a write or a sync has failed before
     * @throws IllegalStateException if the log is closed
     * @throws IllegalArgumentException if the payload is longer than {@link #mostPayload}, or a number is out of range
     */
    public long append(long recordEpoch, int kind, ByteBuf payload) {
        shard.assertOwner(name);
        int bytes = payload.readableBytes();
        if (state != State.OPEN || kind <= Records.MARK || kind > Records.MOST_KIND || recordEpoch < epoch
                || bytes > mostPayload() || !hasRoom(Records.padded(Records.HEADER + bytes))) {
            throw refusal(recordEpoch, kind, bytes);
        }
        long sequence = next;
        Batch batch = filling;
        if (batch.records() == 0) {
            batch.since(shard.environment().clock().nanoTime());
        }
        int before = batch.size();
        batch.add(sequence, recordEpoch, kind, payload, bytes);
        // Only now: where there is no memory for the record, the next one has this number.
        next = sequence + 1;
        epoch = recordEpoch;
        stats.records.increment();
        stats.bytes.add(batch.size() - before);
        stats.unwritten.set(unwrittenBytes());
        if (writing == null) {
            flushLater();
        }
        return sequence;
    }

    private void flushLater() {
        if (!flushQueued) {
            flushQueued = true;
            shard.execute(group, flush);
        }
    }

    private RuntimeException refusal(long recordEpoch, int kind, int bytes) {
        if (state != State.OPEN) {
            return ended();
        }
        if (kind <= Records.MARK || kind > Records.MOST_KIND) {
            return new IllegalArgumentException("kind " + kind + "; give 1 to " + Records.MOST_KIND);
        }
        if (recordEpoch < epoch) {
            return new IllegalArgumentException("epoch " + recordEpoch + " after epoch " + epoch + " in " + name
                    + "; epochs never go back");
        }
        if (bytes > mostPayload()) {
            return new IllegalArgumentException(bytes + " bytes are too much for one record of " + name
                    + ", which takes " + mostPayload() + "; raise solaster.logs.<name>.buffer to "
                    + new ByteSize(Math.ceilDiv(4L * Records.padded(bytes + Records.HEADER), 1 << 20) << 20)
                    + " or more, and .segment with it");
        }
        stats.refused.increment();
        int room = Records.padded(Records.HEADER + bytes);
        if (!hasDisk(room)) {
            prepareIfNeeded(room);
            Throwable why = noRoom;
            return new RejectedExecutionException(why == null
                    ? name + ": room for the next segment is being taken; wait for whenWritable()"
                    : name + ": there is no room on the disk for another segment, and the log goes on once there is: "
                            + why.getMessage(),
                    why);
        }
        return new RejectedExecutionException(unwrittenRecords() + " records of " + unwrittenBytes()
                + " bytes of " + name + " are not written yet, and there is room for " + config.bufferRecords() + " of "
                + config.buffer().bytes() + "; wait for whenWritable()");
    }

    private RuntimeException ended() {
        Throwable why = failure;
        return why != null
                ? new LogSealedException(name + " is sealed: " + why.getMessage(), why)
                : new IllegalStateException(name + " is closed");
    }

    private int unwrittenRecords() {
        return filling.records() + (writing == null ? 0 : writing.records());
    }

    private long unwrittenBytes() {
        return (long) filling.size() + (writing == null ? 0 : writing.size());
    }

    private boolean hasRoom(int room) {
        return filling.size() + room <= batchBytes && unwrittenRecords() < config.bufferRecords() && hasDisk(room);
    }

    /** What is accepted has its room in a file already, so that no full disk can take it back. */
    private boolean hasDisk(int room) {
        int size = filling.size() + room;
        return size <= current.left() && !rolling || prepared != null;
    }

    /**
     * Completes, in the caller's group, once a record is acknowledged, as {@code fsync} says: synced, or written. Fails with
     * {@link LogSealedException} where that is not known, and with {@link io.solaster.engine.ShardStoppedException} where the
     * shard ends before.
     *
     * @param sequence of a record that was appended; those before are acknowledged then too
     */
    public ShardFuture<@Nullable Void> whenAcknowledged(long sequence) {
        shard.assertOwner(name);
        if (sequence >= next) {
            throw new IllegalArgumentException(
                    "record " + sequence + " of " + name + ", of which the next one is " + next);
        }
        ShardFuture<@Nullable Void> future = shard.newFuture();
        if (sequence <= acknowledged) {
            future.complete(null);
        } else if (state == State.SEALED || state == State.CLOSED) {
            future.completeExceptionally(ended());
        } else {
            Batch under = writing;
            (under != null && sequence <= under.last() ? under : filling).add(future);
        }
        return future;
    }

    /** Records before this one lie in full segments, which are synced whatever {@code fsync} says. */
    public long fullBefore() {
        return current.first();
    }

    /** The sequence of the oldest record that is kept, or of the next one where there is none. */
    public long oldest() {
        return segments.oldest(current);
    }

    /**
     * What reads the log while records are appended to it. Close it when nobody wants it any more; the log does so when it is
     * closed itself.
     *
     * @param from the sequence of the first record that is wanted: up to {@link #next}
     * @throws IllegalStateException if the log is closed
     */
    public LogReader reader(long from) {
        shard.assertOwner(name);
        if (state == State.CLOSING || state == State.CLOSED) {
            throw new IllegalStateException(name + " is closed");
        }
        LogReader reader = new LogReader(this, segments.patient(), salt, mayRead(from));
        readers.add(reader);
        tail.keep();
        return reader;
    }

    // ---- for readers

    long mayRead(long from) {
        if (from < 1 || from > next) {
            throw new IllegalArgumentException("record " + from + " of " + name + "; ask for 1 to " + next
                    + ", which is the next one");
        }
        return from;
    }

    void assertOwner() {
        shard.assertOwner(name);
    }

    ShardFuture<@Nullable Void> newFuture() {
        return shard.newFuture();
    }

    /** What was written last. */
    LogTail tail() {
        return tail;
    }

    /** How often the log has gone on in another segment. */
    long rolls() {
        return rolls;
    }

    /** Where a record lies that was acknowledged; null if it is not kept. */
    SegmentFiles.@Nullable Place placeOf(long sequence) {
        return segments.placeOf(sequence, current);
    }

    /** The reader is told once there is something for it, or that nothing will come. */
    void awaitsMore(LogReader reader) {
        if (reader.next() <= acknowledged) {
            reader.more();
        } else if (state == State.SEALED || state == State.CLOSED) {
            reader.fail(ended());
        } else {
            waitingReaders.add(reader);
        }
    }

    void left(LogReader reader) {
        readers.remove(reader);
        waitingReaders.remove(reader);
        if (readers.isEmpty()) {
            tail.release();
        }
    }

    private void tellReaders() {
        if (!waitingReaders.isEmpty()) {
            List<LogReader> told = waitingReaders;
            waitingReaders = new ArrayList<>();
            told.forEach(this::awaitsMore);
        }
    }

    private void closeReaders() {
        for (LogReader each : List.copyOf(readers)) {
            each.fail(ended());
            each.close();
        }
    }

    /**
     * Lets go of whole segments of records before one: a snapshot has what they say. Goes on in a new segment if there are
     * such, and deletes them then.
     *
     * @param sequence the oldest record that is still needed
     */
    public void dropBefore(long sequence) {
        shard.assertOwner(name);
        keepFrom = Math.max(keepFrom, Math.min(sequence, next));
        if (state == State.OPEN && segments.wouldLetGo(current, keepFrom)) {
            rollWanted = true;
            prepare();
            flushLater();
        }
    }

    /**
     * Has retention keep what it would let go of: no record from one on goes, for whoever still has to say anew what these say.
     * At first nothing is held.
     *
     * @param sequence the oldest record that stays; less than before changes nothing that has gone
     */
    public void holdFrom(long sequence) {
        shard.assertOwner(name);
        segments.holdFrom(sequence);
    }

    /** Whether retention would let go of segments if the log began a new one. */
    public boolean wouldRetainLess() {
        shard.assertOwner(name);
        return segments.wouldRetainLess(current, keepFrom);
    }

    /**
     * Goes on in a new segment, once the present one has a record, if retention would let go of others then. By itself it does so
     * once after it was opened, and whenever a segment is full.
     */
    public void letGoOfOld() {
        shard.assertOwner(name);
        if (state == State.OPEN && segments.wouldRetainLess(current, keepFrom)) {
            rollWanted = true;
            prepare();
            flushLater();
        }
    }

    /**
     * Writes full segments anew without the records that nobody needs any more, and puts small ones together. Sequences stay as they
     * are. Takes as many turns as it needs, in the group that calls; what fails leaves the log as it was, and usable. On a virtual
     * thread of the shard, one at a time.
     *
     * @param upTo segments that have a record from this one on stay as they are
     * @return how many bytes of the disk were given back
     * @throws IOException if the disk fails or is full
     * @throws IllegalStateException if it is being done already
     */
    public long compact(long upTo, RecordFilter filter) throws IOException {
        shard.assertOwner(name);
        if (compacting) {
            throw new IllegalStateException(name + " is being compacted already");
        }
        if (state != State.OPEN) {
            return 0;
        }
        compacting = true;
        long freed = 0;
        try {
            Compaction compaction = new Compaction(segments, directory, salt, config.segment().bytes(), filter,
                    () -> state == State.OPEN);
            for (Compaction.Group group : compaction.plan(Math.min(upTo, current.first()), current.first())) {
                SegmentFiles.Written written = compaction.write(group);
                if (written != null && replace(group, written)) {
                    freed += group.bytes() - written.bytes();
                }
            }
            return freed;
        } finally {
            compacting = false;
            levels();
            flushNow();
        }
    }

    private boolean replace(Compaction.Group group, SegmentFiles.Written written) throws IOException {
        while (rolling) {
            ShardFuture<@Nullable Void> waits = shard.newFuture();
            rolled = waits;
            waits.join();
        }
        replacing = true;
        try {
            if (state == State.OPEN && segments.has(group.segments())) {
                segments.replace(group.segments(), written);
                rolls++;
                return true;
            }
            segments.delete(written.path());
            return false;
        } finally {
            replacing = false;
            flushNow();
        }
    }

    private void flushNow() {
        flushQueued = false;
        if (state == State.SEALED || state == State.CLOSED) {
            tellDrained();
            return;
        }
        if (writing != null || rolling || syncOverdue) {
            return;
        }
        boolean mayRoll = prepared != null && current.first() <= written;
        if (mayRoll && (rollWanted || filling.size() > current.left())) {
            // Of two syncs of one file only one may hear of its failure: the new segment would say that all was well.
            if (!syncing && !replacing) {
                roll();
            }
        } else if (filling.records() > 0) {
            write();
        } else {
            tellDrained();
        }
    }

    private void write() {
        Batch batch = filling;
        Batch empty = spare;
        if (empty == null) {
            throw new IllegalStateException("two batches of " + name + " are written at once");
        }
        writing = batch;
        spare = null;
        empty.begin(next, epoch);
        filling = empty;
        batch.settle();
        if (writing != batch) {
            return;
        }
        batch.mark(synced);
        attempt(batch, current, current.take(batch.size()));
        if (current.left() < current.capacity() / 2) {
            prepare();
        }
        levels();
        tellWritable();
    }

    private void attempt(Batch batch, SegmentFile to, long position) {
        to.file().write(batch.toWrite(), position).whenComplete((done, why) -> {
            if (writing != batch) {
                return;
            }
            if (why == null) {
                wrote(batch);
            } else if (isRefused(why)) {
                againLater();
            } else {
                seal("write", why);
            }
        });
    }

    private static boolean isRefused(Throwable why) {
        return ShardFuture.causeOf(why) instanceof RejectedExecutionException;
    }

    /** Others have all room at the disk: nothing was written. */
    private void againLater() {
        shard.files().whenRoom().whenComplete((room, stopped) -> {
            if (stopped != null) {
                seal("write", stopped);
            } else {
                retryTimer.arm(A_WHILE);
            }
        });
    }

    private void writeAgain() {
        Batch batch = writing;
        if (batch == null) {
            return;
        }
        if (written == batch.last()) {
            syncFor(batch);
        } else {
            attempt(batch, current, current.at() - batch.size());
        }
    }

    private void wrote(Batch batch) {
        written = batch.last();
        writtenBytes += batch.size();
        stats.batches.increment();
        if (!lookedForOld) {
            lookedForOld = true;
            letGoOfOld();
        }
        if (config.fsync().isAlways()) {
            syncFor(batch);
            return;
        }
        if (!config.fsync().isNever() && !syncTimer.isArmed() && !syncOverdue) {
            syncTimer.arm(config.fsync().every());
        }
        acknowledge(batch);
    }

    private void syncFor(Batch batch) {
        long begun = shard.environment().clock().nanoTime();
        current.file().sync().whenComplete((done, why) -> {
            if (writing != batch) {
                return;
            }
            if (why == null) {
                synced(batch.last(), writtenBytes, begun);
                acknowledge(batch);
            } else if (isRefused(why)) {
                againLater();
            } else {
                seal("sync", why);
            }
        });
    }

    private void synced(long upTo, long bytes, long begun) {
        synced = Math.max(synced, upTo);
        syncedBytes = Math.max(syncedBytes, bytes);
        stats.syncs.increment();
        stats.syncNanos.record(shard.environment().clock().nanoTime() - begun);
    }

    private void acknowledge(Batch batch) {
        acknowledged = batch.last();
        tail.add(current.first(), current.at() - batch.size(), batch.first(), batch.bytes());
        writing = null;
        spare = batch;
        stats.acknowledgedNanos.record(shard.environment().clock().nanoTime() - batch.since());
        levels();
        for (ShardFuture<@Nullable Void> each : batch.takeWaiters()) {
            each.resolve(null);
        }
        tellReaders();
        tellWritable();
        flushNow();
    }

    /** What was written first since the last sync has waited for as long as it may. */
    private void syncDue() {
        if (state == State.SEALED || state == State.CLOSED) {
            return;
        }
        if (syncing || rolling) {
            // The disk does not keep up: what is lost by a crash must not grow meanwhile.
            syncOverdue = true;
            return;
        }
        syncing = true;
        long upTo = written;
        long bytes = writtenBytes;
        long begun = shard.environment().clock().nanoTime();
        current.file().sync().whenComplete((done, why) -> {
            syncing = false;
            if (state == State.SEALED || state == State.CLOSED) {
                tellDrained();
            } else if (why == null) {
                synced(upTo, bytes, begun);
                levels();
                syncWhatIsOverdue();
                flushNow();
            } else if (isRefused(why)) {
                syncTimer.arm(A_WHILE);
            } else {
                seal("sync", why);
            }
        });
    }

    private void syncWhatIsOverdue() {
        if (syncOverdue) {
            syncOverdue = false;
            if (written > synced) {
                syncDue();
            }
        }
    }

    private void prepareIfNeeded(int room) {
        if (!hasDisk(room)) {
            prepare();
        }
    }

    private void prepare() {
        if (preparing || prepared != null || state != State.OPEN || prepareTimer.isArmed()) {
            return;
        }
        preparing = true;
        fork(() -> {
            SegmentFile made = null;
            try {
                made = segments.prepare();
                noRoom = null;
            } catch (IOException | RuntimeException why) {
                if (noRoom == null) {
                    log.warn(
                            "{} cannot take room for its next segment, and refuses records once the present one is full: {}",
                            name, why.toString());
                }
                noRoom = why;
            }
            preparing = false;
            stats.full.set(noRoom == null ? 0 : 1);
            prepared = made;
            if (made == null && state == State.OPEN) {
                prepareTimer.arm(TO_TRY_AGAIN);
            }
            tellWritable();
            flushNow();
        });
    }

    private void roll() {
        SegmentFile to = prepared;
        if (to == null) {
            return;
        }
        rolling = true;
        rollWanted = false;
        SegmentFile from = current;
        long first = filling.first();
        long epochBefore = filling.epochBefore();
        long upTo = written;
        long bytes = writtenBytes;
        long begun = shard.environment().clock().nanoTime();
        fork(() -> {
            try {
                segments.roll(from, to, first, keepFrom, epochBefore);
            } catch (IOException | RuntimeException why) {
                rolling = false;
                tellRolled();
                seal("begin a new segment", why);
                return;
            }
            rolling = false;
            tellRolled();
            rolls++;
            current = to;
            prepared = null;
            if (state != State.SEALED) {
                synced(upTo, bytes, begun);
                levels();
            }
            syncWhatIsOverdue();
            tellWritable();
            flushNow();
        });
    }

    private void tellRolled() {
        ShardFuture<@Nullable Void> waits = rolled;
        rolled = null;
        if (waits != null) {
            waits.resolve(null);
        }
    }

    private void fork(Runnable work) {
        try {
            shard.fork(group, () -> {
                work.run();
                return null;
            });
        } catch (RuntimeException stopped) {
            preparing = false;
            rolling = false;
            seal("go on", stopped);
        }
    }

    private void levels() {
        stats.unwritten.set(filling.records() == 0 && writing == null ? 0 : unwrittenBytes());
        stats.unsynced.set(writtenBytes - syncedBytes);
        stats.acknowledged.set(acknowledged);
        stats.segments.set(segments.count() + 1L);
        stats.diskBytes.set(segments.bytes() + current.capacity());
    }

    private void tellWritable() {
        if (!writableWaiters.isEmpty() && (state != State.OPEN || hasRoom(mostRoom))) {
            List<ShardFuture<@Nullable Void>> told = writableWaiters;
            writableWaiters = new ArrayList<>();
            for (ShardFuture<@Nullable Void> each : told) {
                each.resolve(null);
            }
        }
    }

    private void tellDrained() {
        ShardFuture<@Nullable Void> waits = drained;
        if (waits != null && !preparing && !syncing && !rolling && !compacting) {
            drained = null;
            waits.resolve(null);
        }
    }

    /** A write or a sync has failed: the end of it. */
    private void seal(String verb, Throwable why) {
        if (state == State.SEALED || state == State.CLOSED) {
            return;
        }
        Throwable cause = ShardFuture.causeOf(why);
        failure = cause;
        stats.sealed.set(1);
        log.error(
                "{} is sealed: it could not {} in {}, and nobody knows what is on the disk. It takes no record any more;"
                        + " look after the disk and restart. {}",
                name, verb, current.path(), cause.toString());
        endAll(State.SEALED, new LogSealedException(name + " is sealed: " + cause.getMessage(), cause));
    }

    /** What was accepted and is not acknowledged fails. */
    private void endAll(State newState, RuntimeException why) {
        state = newState;
        syncTimer.cancel();
        retryTimer.cancel();
        prepareTimer.cancel();
        List<ShardFuture<@Nullable Void>> failed = new ArrayList<>(filling.takeWaiters());
        Batch under = writing;
        writing = null;
        if (under != null) {
            failed.addAll(0, under.takeWaiters());
            // The disk may have a part of its memory still: it is not filled again.
            under.release();
        }
        for (ShardFuture<@Nullable Void> each : failed) {
            each.fail(why);
        }
        tellReaders();
        tellWritable();
        tellDrained();
    }

    /** Ends what was accepted, syncs it and closes the files. Any thread. */
    CompletableFuture<@Nullable Void> closeOnShard() {
        try {
            return shard.fork(group, () -> {
                close();
                return (@Nullable Void) null;
            }).future();
        } catch (RuntimeException stopped) {
            return CompletableFuture.failedFuture(stopped);
        }
    }

    private void close() throws IOException {
        if (state == State.CLOSED || state == State.CLOSING) {
            return;
        }
        if (state == State.OPEN) {
            state = State.CLOSING;
            tellWritable();
            prepareTimer.cancel();
        }
        ShardFuture<@Nullable Void> waits = shard.newFuture();
        drained = waits;
        flushNow();
        waits.join();
        life.cancel(false);
        SegmentFile unused = prepared;
        prepared = null;
        try {
            if (state == State.CLOSING) {
                closeWhole();
            } else {
                segments.patient().close(current.file());
            }
        } catch (IOException why) {
            seal("close", why);
            segments.patient().close(current.file());
        } finally {
            if (state == State.CLOSING) {
                state = State.CLOSED;
            }
            closeReaders();
            syncTimer.cancel();
            releaseBatches();
            levels();
            if (unused != null) {
                segments.abandon(unused.file(), unused.path());
            }
        }
    }

    /** The last mark tells that all is synced, so that what is damaged later is no torn tail. */
    private void closeWhole() throws IOException {
        Patient patient = segments.patient();
        syncTimer.cancel();
        patient.sync(current.file());
        synced = written;
        syncedBytes = writtenBytes;
        if (current.left() >= Records.MARK_BYTES) {
            filling.mark(synced);
            patient.write(current.file(), filling.toWrite(), current.take(filling.size()));
        }
        patient.truncate(current.file(), current.at());
        patient.sync(current.file());
        patient.close(current.file());
    }

    private void releaseBatches() {
        tail.release();
        filling.release();
        Batch other = spare;
        if (other != null) {
            spare = null;
            other.release();
        }
    }

    /** The shard has ended, and the log with it: perhaps on another thread, after the shard's own. */
    private void shardEnded(@Nullable Throwable why) {
        if (why != null && ShardFuture.causeOf(why) instanceof ShardStoppedException stopped && state != State.CLOSED) {
            failure = stopped;
            endAll(State.SEALED, stopped);
            releaseBatches();
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
