package io.solaster.store.persist;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.Slots;
import io.solaster.engine.memory.Memory;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.type.FieldTable;
import org.jspecify.annotations.Nullable;

/**
 * The keys of one shard, as what is logged of them is applied, snapshotted and dropped: of one that reads what it has kept, and of
 * one in memory alone that copies another. On that shard.
 */
public final class ShardReplica extends ChangesReplica {
    /** No database. */
    static final int NOWHERE = -1;

    private enum State {
        /** Nothing was applied; it is used as any other. */
        FRESH,
        /** What is logged elsewhere, or was before, is applied; nothing else changes it. */
        COPY,
        /** Nothing is applied any more. */
        LEADS
    }

    private final Shard shard;
    private final Keyspace keys;
    private final Supplier<FieldTable> tables;
    private final Runnable leads;
    private State state;
    private @Nullable ChangeReader reader;
    private @Nullable Journal journal;
    private Supplier<CompletableFuture<@Nullable Void>> others = () -> CompletableFuture.completedFuture(null);
    private final List<Snapshot> writing = new ArrayList<>(2);
    private boolean stopped;

    /**
     * @param tables makes what hashes and sets of the keys are read and written by
     * @param kept whether it begins with what was kept, before there are clients
     * @param leads what is done once nothing is applied any more
     */
    public ShardReplica(Shard shard, Keyspace keys, Supplier<FieldTable> tables, boolean kept, Runnable leads) {
        this.shard = shard;
        this.keys = keys;
        this.tables = tables;
        this.leads = leads;
        this.state = kept ? State.COPY : State.FRESH;
    }

    Shard shard() {
        return shard;
    }

    Keyspace keys() {
        return keys;
    }

    FieldTable newTable() {
        return tables.get();
    }

    /** Whether what comes yet is about keys that must be there, though they are due by now. */
    public boolean isCopy() {
        return state == State.COPY;
    }

    /** A reader of changes of these keys. */
    ChangeReader newReader() {
        return new ChangeReader(keys, tables.get());
    }

    private ChangeReader reader() {
        ChangeReader known = reader;
        if (known == null) {
            known = newReader();
            reader = known;
        }
        return known;
    }

    @Override
    void mayChange(boolean first) {
        if (state == State.LEADS) {
            throw new IllegalStateException("shard " + shard.id() + " leads: what is applied elsewhere comes from it");
        }
        if (first && keys.size() > 0) {
            throw new IllegalStateException("shard " + shard.id() + " has " + keys.size()
                    + " keys, and a copy is empty at first: drop them before");
        }
        state = State.COPY;
    }

    @Override
    void change(ByteBuf changes) {
        ChangeReader reading = reader();
        reading.open(changes);
        while (reading.next()) {
            reading.apply();
            if (Shard.needPreempt()) {
                Shard.yield();
            }
        }
    }

    /** Does changes that another shard has read, in this turn; answers always true. */
    boolean changeAtOnce(ByteBuf changes) {
        ChangeReader reading = reader();
        reading.open(changes);
        while (reading.next()) {
            reading.apply();
        }
        return true;
    }

    @Override
    public void lead() {
        if (state == State.LEADS) {
            return;
        }
        if (state == State.COPY) {
            mayLead();
        }
        state = State.LEADS;
        leads.run();
    }

    /** Its log has all that is done from now on. */
    void lead(Journal its, Supplier<CompletableFuture<@Nullable Void>> settleOthers) {
        journal = its;
        others = settleOthers;
        lead();
    }

    @Override
    public long snapshot(Pieces pieces) throws IOException {
        Journal its = journal;
        if (its == null) {
            throw new IllegalStateException(
                    "shard " + shard.id() + " has no log that what follows a snapshot is in: set"
                            + " solaster.store.persistence.directory");
        }
        if (stopped) {
            throw new IOException("the store is closed");
        }
        Snapshot made = new Snapshot(keys, tables.get(), its, others);
        writing.add(made);
        try {
            return made.write(pieces);
        } finally {
            writing.remove(made);
        }
    }

    /** No snapshot is taken from now on, and what is under way fails soon. */
    void stopSnapshots() {
        stopped = true;
        writing.forEach(Snapshot::stop);
    }

    @Override
    public void drop(int from, int to) throws IOException {
        if (from < 0 || to > Slots.COUNT || from > to) {
            throw new IllegalArgumentException("slots " + from + " to " + to + ": give 0 to " + Slots.COUNT);
        }
        if (from == 0 && to == Slots.COUNT) {
            step(() -> {
                keys.clear();
                return 0;
            });
            if (journal == null) {
                reset();
                state = State.FRESH;
            }
            return;
        }
        for (int i = 0; i < keys.databases(); i++) {
            int database = i;
            long next = 0;
            do {
                long begin = next;
                next = step(() -> moveSome(slot -> slot >= from && slot < to, database, begin, NOWHERE));
                if (Shard.needPreempt()) {
                    Shard.yield();
                }
            } while (next != 0);
        }
    }

    /** Something that changes keys: where there is a log it is a step, which waits for room there. */
    private long step(LongSupplier work) throws IOException {
        Journal its = journal;
        if (its == null) {
            return work.getAsLong();
        }
        its.begin(true);
        long result;
        try {
            result = work.getAsLong();
        } finally {
            its.end();
        }
        if (its.isBehind()) {
            try {
                its.whenKept(its.last()).toCompletableFuture().join();
            } catch (CompletionException why) {
                throw new IOException("what is dropped does not get into the log: " + ShardFuture.causeOf(why), why);
            }
        }
        return result;
    }

    /**
     * Moves keys of some slots to another database, some hundred at most.
     *
     * @param database of which these are
     * @param from 0 to begin, else what the last call returned
     * @param to the other database; {@link #NOWHERE} to remove them
     * @return 0 at the end
     */
    long moveSome(IntPredicate slots, int database, long from, int to) {
        keys.database(database);
        ByteBuf found = ByteBufAllocator.DEFAULT.directBuffer();
        try {
            long next = keys.walk(from, entry -> {
                long key = keys.keyAddress(entry);
                int length = keys.keyLength(entry);
                if (slots.test(Slots.of(key, length))) {
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

    @Override
    public void close() {
        super.close();
        stopSnapshots();
        ChangeReader known = reader;
        if (known != null) {
            known.close();
        }
    }
}
