package io.solaster.store.persist;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

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
 * several that count as one if it is very much. On that shard.
 *
 * <p>
 * While the log takes no more, since the disk is slow, what was done waits here, and nobody may begin to write: the {@link Gate}
 * is shut. Where the log is sealed, or the disk is full, {@link #refusal} says so, and nothing more is written.
 */
public final class Journal {
    private static final Logger logger = LoggerFactory.getLogger(Journal.class);

    /** Of a record that has all of a step. */
    static final int WHOLE = 1;
    /** Of a record that has the beginning of a step. */
    static final int FIRST = 2;
    /** Of a record that goes on with a step, which goes on itself. */
    static final int NEXT = 3;
    /** Of a record that has the end of a step. */
    static final int LAST = 4;

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
    private final ArrayDeque<ByteBuf> behind = new ArrayDeque<>();
    private final List<CompletableFuture<@Nullable Void>> appended = new ArrayList<>();
    private long recordsBehind;
    /** What was done after the log had ended, and never gets there. */
    private long lost;
    private long mark;
    private int depth;
    private boolean writes;
    private boolean commitQueued;
    private boolean shut;
    private boolean snapshotBehind;
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

    Journal(Shard shard, Keyspace keys, ShardLog log, ChangeWriter writer, Gate gate) {
        this.shard = shard;
        this.keys = keys;
        this.log = log;
        this.writer = writer;
        this.gate = gate;
        this.mark = last();
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
        ByteBuf step = writer.out();
        int length = step.readableBytes();
        boolean asked = writes;
        if (length == 0 && !torn || !all && !asked && !behind.isEmpty() && length < KEPT && !isEnded()) {
            return;
        }
        ByteBuf next = null;
        if (!isEnded() && !(behind.isEmpty() && length <= log.mostPayload() && log.isWritable())) {
            next = buffer();
        }
        bytes += length;
        if (isEnded()) {
            step.clear();
            torn = false;
            lost += asked ? 1 : 0;
        } else if (next == null) {
            log.append(0, WHOLE, step);
            step.clear();
            if (step.capacity() > KEPT) {
                step.capacity(FIRST_CAPACITY);
            }
        } else {
            behind.add(step);
            recordsBehind += Math.ceilDiv(length, log.mostPayload());
            writer.to(next);
            catchUp();
        }
        if (asked) {
            mark = last() + lost;
        }
        if (shut || !log.isWritable()) {
            look();
        }
    }

    private static ByteBuf buffer() {
        return ByteBufAllocator.DEFAULT.directBuffer(FIRST_CAPACITY);
    }

    /** Appends what is behind, as far as there is room. */
    private void catchUp() {
        while (!behind.isEmpty() && !isEnded() && log.isWritable()) {
            ByteBuf first = behind.getFirst();
            int length = Math.min(first.readableBytes(), log.mostPayload());
            boolean last = length == first.readableBytes();
            boolean begins = first.readerIndex() == 0;
            log.append(0, begins ? last ? WHOLE : FIRST : last ? LAST : NEXT, first.readSlice(length));
            recordsBehind--;
            if (last) {
                behind.removeFirst().release();
            }
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

    private void drop() {
        behind.forEach(ByteBuf::release);
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
        boolean shall = full && log.noRoom() == null || snapshotBehind;
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

    /** Says whether a snapshot has more to write than it may keep in memory. */
    void snapshotBehind(boolean yes) {
        if (snapshotBehind != yes) {
            snapshotBehind = yes;
            look();
        }
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
    }
}
