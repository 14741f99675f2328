package io.solaster.store.persist;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.IntPredicate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.log.ShardLog;
import io.solaster.store.keyspace.Keyspace;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts what changes a shard's keys into its log: all that is done between {@link #begin} and {@link #end} as one record, or as
 * a transaction of this shard alone if it is very much. On that shard.
 *
 * <p>
 * What several shards do as one transaction, or one shard in several turns, is between {@link #beginPart} and {@link #endPart}:
 * {@link Census} says how it is there as a whole or not at all.
 *
 * <p>
 * While the log takes no more, since the disk is slow, what was done waits here, and nobody may begin to write: the {@link Gate}
 * is shut. Where the log is sealed, or the disk is full, {@link #refusal} says so, and nothing more is written.
 */
public final class Journal {
    private static final Logger logger = LoggerFactory.getLogger(Journal.class);

    /** What is kept of the memory for one record between uses, in bytes. */
    private static final int KEPT = 1 << 20;
    private static final int FIRST_CAPACITY = 4 << 10;

    private final Shard shard;
    private final Keyspace keys;
    private final ShardLog log;
    private final ChangeWriter writer;
    private final Gate gate;
    private final Runnable commit = this::commitAlone;
    /** What the log has had no room for yet, the oldest first. */
    private final ArrayDeque<LogStep> behind = new ArrayDeque<>();
    private final OpenTransactions transactions = new OpenTransactions();
    private final short[] here;
    /** Where the ids of this process begin. */
    private final long run;
    private long longSteps;
    /** No transaction began in this log behind this record. */
    private long lastFirst;
    private final List<CompletableFuture<@Nullable Void>> appended = new ArrayList<>();
    private long recordsBehind;
    /** What was done after the log had ended, and never gets there. */
    private long lost;
    private long mark;
    private int depth;
    private boolean writes;
    private boolean commitQueued;
    private boolean shut;
    private int snapshotsBehind;
    private boolean waits;
    private long bytes;
    /** A change that did not get into the log; nothing that follows may then, as it would be about other keys. */
    private @Nullable Throwable failure;
    private boolean torn;

    /** Lets commands write, or has them wait. */
    public interface Gate {
        /** Nobody begins to write from now on; or may again. */
        void shut(boolean closed);
    }

    /** @param run the same on all shards of a process, and of no process before */
    Journal(Shard shard, Keyspace keys, ShardLog log, ChangeWriter writer, Gate gate, long run) {
        this.shard = shard;
        this.run = run;
        this.here = new short[]{(short) shard.id()};
        this.keys = keys;
        this.log = log;
        this.writer = writer;
        this.gate = gate;
        this.mark = last();
        this.lastFirst = last();
        writer.whenChanged(this::changed);
        writer.whenFailed(this::failed);
        keys.effects(writer);
    }

    /**
     * What is changed from now on is one step. Steps within steps are one with the outer one.
     *
     * @param toWrite whether that is what somebody has asked for; else it is that keys were due, say, and nobody waits for it
     */
    public void begin(boolean toWrite) {
        if (depth == 0) {
            commit();
        }
        depth++;
        writes |= toWrite;
    }

    /** As {@link #begin}, of what one shard does of a transaction: {@link #endPart} is to follow. */
    public void beginPart() {
        commit(true);
        depth++;
        writes = true;
    }

    /**
     * What {@link #beginPart} began is done.
     *
     * @param open what this has returned for the transaction before on this shard; 0 for nothing
     * @param number of the transaction: no other one of this process has it
     * @param with the shards that end the transaction in their logs, this one among them, if this does so now; null if there is
     *            more to come of it
     * @return not 0 if the log says from now on that the transaction is under way: then its keys stay held until all those
     *         shards have {@linkplain #isKept kept} its end, and {@link #release} is to be called
     */
    public long endPart(long open, long number, short @Nullable [] with) {
        try {
            boolean any = torn || writer.out().isReadable();
            boolean alone = with != null && with.length == 1;
            if (open == 0 && (alone || with == null) && !any) {
                return 0;
            }
            if (open == 0 && alone) {
                put(LogStep.WHOLE, 0, LogStep.NOBODY);
                return 0;
            }
            long handle = open;
            if (open == 0) {
                lastFirst = last() + 1;
                handle = transactions.open(lastFirst, number);
            }
            if (with != null) {
                put(LogStep.END, id(number), with);
            } else if (any) {
                put(LogStep.PART, id(number), LogStep.NOBODY);
            }
            if (alone) {
                transactions.close(handle);
                return 0;
            }
            return handle;
        } finally {
            writes = --depth > 0;
        }
    }

    /** All shards have what they did of a transaction. */
    public void release(long open) {
        transactions.close(open);
    }

    /**
     * A transaction ends here whatever others did of it, as a shard has stopped, or its log: its keys are given back, and what
     * comes may depend on what it did.
     */
    public void endAlone(long open, long number) {
        beginPart();
        endPart(open, number, here);
    }

    /** As {@link #endAlone}, for those that a shard had begun of which nobody hears any more. */
    public void endAloneOf(IntPredicate origin, int shards) {
        transactions.forEachOf(origin, shards, open -> endAlone(open, transactions.number(open)));
    }

    private long id(long number) {
        return run + 2 * number;
    }

    /** Of what one shard does by itself and one record cannot hold. */
    private long nextId() {
        return run + 2 * ++longSteps + 1;
    }

    /** A transaction that ended in this log was left out when it was read. */
    void dropped(long id) {
        put(LogStep.DROPPED, id, LogStep.NOBODY);
    }

    /** Completes once all transactions are settled that are under way here, and the log says so. */
    CompletableFuture<@Nullable Void> settle() {
        // Not within a step, whoever ends the last of them.
        return transactions.whenClosed().thenComposeAsync(closed -> {
            flush();
            if (log.epoch() < lastFirst && !isEnded()) {
                put(LogStep.NOTE, 0, LogStep.NOBODY);
            }
            return whenKept(last());
        }, shard);
    }

    /** Completes once all transactions are settled that are under way here. */
    CompletableFuture<@Nullable Void> whenClosed() {
        return transactions.whenClosed();
    }

    /** What {@link #begin} began is done. */
    public void end() {
        if (--depth == 0) {
            try {
                commit();
            } finally {
                writes = false;
            }
        }
    }

    /** Whether something has begun that is one step. */
    public boolean isWithin() {
        return depth > 0;
    }

    /** Something was changed: if by nobody's command, it is a step by itself. */
    private void changed() {
        if (depth == 0 && !commitQueued) {
            commitQueued = true;
            shard.executeOrElse(commit, () -> {});
        }
    }

    private void failed(Throwable why) {
        torn |= writes;
        if (failure == null) {
            failure = new IllegalStateException(
                    "a change did not get into it, and nothing else does now: " + why + "; restart the process", why);
            logger.error("The log of the store's shard {} ends: {}", shard.id(), failure.getMessage());
        }
    }

    /** Puts into the log what was changed by nobody's command, now. Between commands. */
    void flush() {
        commitQueued = false;
        if (depth == 0) {
            commit(true);
        }
    }

    private void commitAlone() {
        commitQueued = false;
        if (depth == 0) {
            commit();
        }
    }

    private void commit() {
        commit(false);
    }

    /** @param all whether what nobody has asked for does not wait for more either, which would take a buffer for each step */
    private void commit(boolean all) {
        int length = writer.out().readableBytes();
        if (length == 0 && !torn || !all && !writes && !behind.isEmpty() && length < KEPT && !isEnded()) {
            return;
        }
        put(LogStep.WHOLE, 0, LogStep.NOBODY);
    }

    /** Puts what was changed into the log, or behind what waits for room there. */
    private void put(int kind, long id, short[] with) {
        writer.endStep();
        ByteBuf step = writer.out();
        int length = step.readableBytes();
        ByteBuf next = null;
        if (!isEnded()
                && !(behind.isEmpty() && length + LogStep.suffix(kind, with) <= log.mostPayload()
                        && log.isWritable())) {
            next = buffer();
        }
        if (next == null && !isEnded()) {
            takeRoom(step, LogStep.suffix(kind, with));
        }
        bytes += length;
        if (isEnded()) {
            step.clear();
            torn = false;
            lost += writes ? 1 : 0;
        } else if (next == null) {
            LogStep.writeSuffix(step, kind, id, with);
            log.append(epoch(), kind, step);
            step.clear();
            if (step.capacity() > KEPT) {
                step.capacity(FIRST_CAPACITY);
            }
        } else {
            LogStep waiting = kind == LogStep.WHOLE && length > log.mostPayload()
                    ? new LogStep(step, LogStep.END, nextId(), here)
                    : new LogStep(step, kind, id, with);
            behind.add(waiting);
            recordsBehind += waiting.records(log.mostPayload());
            writer.to(next);
            catchUp();
        }
        if (writes) {
            mark = last() + lost;
        }
        if (shut || !log.isWritable()) {
            look();
        }
    }

    /** What each record says: transactions that began in this log with that record or before are whole. */
    private long epoch() {
        return Math.min(transactions.settled(), log.next() - 1);
    }

    /** What is written behind the changes must not fail. */
    private void takeRoom(ByteBuf step, int more) {
        try {
            step.ensureWritable(more);
        } catch (RuntimeException | Error why) {
            failed(why);
        }
    }

    private static ByteBuf buffer() {
        return ByteBufAllocator.DEFAULT.directBuffer(FIRST_CAPACITY);
    }

    /** Appends what is behind, as far as there is room. */
    private void catchUp() {
        while (!behind.isEmpty() && !isEnded() && log.isWritable()) {
            if (appendFirst(behind.getFirst())) {
                behind.removeFirst().release();
            }
            recordsBehind--;
        }
        if (isEnded()) {
            drop();
        }
        if (behind.isEmpty() && !appended.isEmpty()) {
            List<CompletableFuture<@Nullable Void>> told = new ArrayList<>(appended);
            appended.clear();
            told.forEach(each -> each.complete(null));
        }
    }

    /** Appends a record of what waits; whether that was its last one. */
    private boolean appendFirst(LogStep first) {
        int most = log.mostPayload();
        boolean last = first.isLast(most);
        int kind = first.kind(most);
        ByteBuf record = first.next(most);
        try {
            log.append(epoch(), kind, record);
        } finally {
            record.release();
        }
        return last;
    }

    private void drop() {
        behind.forEach(LogStep::release);
        behind.clear();
        lost += recordsBehind;
        recordsBehind = 0;
    }

    /** Shuts the gate, or opens it, and sees to it that this is called again. */
    private void look() {
        boolean full = !isEnded() && (!behind.isEmpty() || !log.isWritable());
        if (full && !waits) {
            waits = true;
            log.whenWritable().whenComplete((done, stopped) -> {
                waits = false;
                if (stopped == null) {
                    catchUp();
                    commitAlone();
                    look();
                }
            });
        }
        // Where the disk has no room, commands are refused rather than kept waiting.
        boolean shall = full && log.noRoom() == null || snapshotsBehind > 0;
        if (shall != shut) {
            shut = shall;
            gate.shut(shall);
        }
    }

    /** Whether changes wait here for room in the log. */
    public boolean isBehind() {
        return shut || !behind.isEmpty();
    }

    /** Looks whether clients may go on; asked now and then while it {@link #isBehind}, as nobody tells that the disk is full. */
    public void maintain() {
        look();
    }

    /** One snapshot has more to write than it may keep in memory; or has not any more. */
    void snapshotBehind(boolean yes) {
        snapshotsBehind += yes ? 1 : -1;
        look();
    }

    private boolean isEnded() {
        return failure != null || log.isEnded();
    }

    /** Why it has ended; null where it was closed. */
    private @Nullable Throwable failure() {
        return failure != null ? failure : log.failure();
    }

    /** Why nothing may be written now; null if it may. */
    public @Nullable String refusal() {
        Throwable why = failure();
        if (why == null && log.isEnded()) {
            return "MISCONF Errors writing to the AOF file: it is closed";
        }
        if (why == null && !log.isWritable()) {
            why = log.noRoom();
            // It may have shut the gate before the disk was full.
            look();
        }
        return why == null ? null : "MISCONF Errors writing to the AOF file: " + why.getMessage();
    }

    /** The last record of all that was done, be it that the log does not have it yet. */
    long last() {
        return log.next() - 1 + recordsBehind;
    }

    /** What the log has to have for all that commands have done; that keys were due is nothing that they wait for. */
    public long mark() {
        return mark;
    }

    /** Whether all up to a mark is kept, as the log's {@code fsync} says. */
    public boolean isKept(long wanted) {
        return wanted <= log.acknowledged();
    }

    /** Completes on this shard once {@link #isKept}; fails if that is not known, and will not be. */
    public CompletionStage<@Nullable Void> whenKept(long wanted) {
        if (wanted < log.next()) {
            return log.whenAcknowledged(wanted);
        }
        if (isEnded()) {
            return CompletableFuture.failedFuture(
                    new RejectedExecutionException("the log took nothing any more: what was done is not in it",
                            failure()));
        }
        CompletableFuture<@Nullable Void> all = new CompletableFuture<>();
        appended.add(all);
        return all.thenCompose(done -> whenKept(wanted));
    }

    /** Bytes of changes that were written since the journal was opened. */
    long bytes() {
        return bytes;
    }

    /** The shard ends. */
    void close() {
        keys.effects(null);
        writer.out().release();
        drop();
        transactions.end(new IllegalStateException("the shard stops"));
    }
}
