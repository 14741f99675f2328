package io.solaster.store.persist;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.memory.Memory;
import io.solaster.log.Replica;
import io.solaster.store.keyspace.Keyspace;
import io.solaster.store.keyspace.KeyspaceListener;
import io.solaster.store.type.FieldTable;
import org.jspecify.annotations.Nullable;

/**
 * Writes all keys of a shard, in pieces, as they were at one moment, while they are used and changed: what is about to be changed
 * for the first time since is written before. So all that is in memory besides is what waits to be written, and the places of
 * the keys that were changed ahead of the walk. On a virtual thread of the shard, one at a time.
 *
 * <p>
 * The walk leaves off whenever its part of the turn is used up, within a long value too; but where such a value is about to be
 * changed, the rest of it is written at once.
 */
final class Snapshot implements KeyspaceListener {
    /** What is written at once. */
    private static final int BLOCK = 256 << 10;
    /** What may wait to be written until commands that write have to. */
    private static final int MOST_WAITING = 32 << 20;

    private final Keyspace keys;
    private final Journal journal;
    private final ChangeWriter writer;
    private final Supplier<CompletableFuture<@Nullable Void>> others;
    /** By table. */
    private PlaceSet[] early = {};
    /** How each table was called at the moment; one that was made since has no keys of that. */
    private int[] names = {};
    /** The table that the walk is in. */
    private int table;
    /** Keys that the walk has come by and has left for later: one behind the other; their ends, places, and what is written. */
    private final ByteBuf late = ByteBufAllocator.DEFAULT.directBuffer(1024);
    private int[] lateEnds = new int[16];
    private long[] latePlaces = new long[16];
    private boolean[] lateWritten = new boolean[16];
    private int lateCount;
    private int lateDone;
    /** Where the value of the first of those goes on. */
    private long lateCursor;
    private long visited; // keys before this place were
    private boolean visitedAll;
    private boolean cleared;
    /** Whether it has more to write than it may keep in memory. */
    private boolean behind;
    private final CompletableFuture<@Nullable Void> stopped = new CompletableFuture<>();
    /** Why it misses some of the keys. */
    private @Nullable Throwable failed;

    /** @param others has what other shards did of transactions settled */
    Snapshot(Keyspace keys, FieldTable table, Journal journal, Supplier<CompletableFuture<@Nullable Void>> others) {
        this.others = others;
        this.keys = keys;
        this.journal = journal;
        this.writer = new ChangeWriter(keys, table, buffer());
    }

    private static int[] namesByTable(Keyspace keys) {
        int[] names = new int[keys.tables()];
        for (int each = 0; each < names.length; each++) {
            keys.selectTable(each);
            names[each] = keys.database();
        }
        return names;
    }

    private static ByteBuf buffer() {
        return ByteBufAllocator.DEFAULT.directBuffer(BLOCK);
    }

    /** Writes it: as {@link Replica#snapshot}. */
    long write(Replica.Pieces pieces) throws IOException {
        Runnable end = null;
        try {
            leaveOff();
            // From here to the first wait is the moment.
            journal.flush();
            long next = journal.last() + 1;
            CompletableFuture<@Nullable Void> settled = journal.whenClosed();
            names = namesByTable(keys);
            early = new PlaceSet[names.length];
            Arrays.setAll(early, each -> new PlaceSet());
            writer.names(names);
            end = keys.listen(this);
            while (table < names.length) {
                visited = 0;
                visitedAll = false;
                do {
                    keys.selectTable(table);
                    visited = keys.walk(visited, this::visit);
                    visitedAll = visited == 0;
                    early[table].forgetBefore(visited);
                    flush(pieces);
                    leaveOff();
                    writeLate(pieces);
                    leaveOff();
                } while (!visitedAll);
                early[table++] = new PlaceSet();
            }
            end.run();
            end = null;
            writer.endStep();
            if (writer.out().isReadable()) {
                pieces.piece(writer.out());
            }
            // All was written by now, and keys that are cleared from now on are of another moment.
            refuseIfFailed();
            behind(false);
            await(settled);
            await(others.get());
            refuseIfFailed();
            return next;
        } finally {
            if (end != null) {
                end.run();
            }
            behind(false);
            late.release();
            writer.out().release();
            writer.close();
        }
    }

    /** It has what transactions did here; it may take its place when nobody has to know of them any more. See {@link Census}. */
    private void await(CompletableFuture<@Nullable Void> settled) throws IOException {
        try {
            CompletableFuture.anyOf(settled, stopped).join();
        } catch (CompletionException failed) {
            Throwable why = ShardFuture.causeOf(failed);
            throw new IOException("a transaction that it has a part of is not known to be whole: " + why.getMessage(),
                    why);
        }
    }

    private void leaveOff() throws IOException {
        if (Shard.needPreempt()) {
            Shard.yield();
        }
        refuseIfFailed();
        if (cleared) {
            throw new ClearedException();
        }
    }

    private void refuseIfFailed() throws IOException {
        Throwable why = failed;
        if (why != null) {
            throw new IOException("it cannot be whole: " + why, why);
        }
    }

    private void behind(boolean yes) {
        if (behind != yes) {
            behind = yes;
            journal.snapshotBehind(yes);
        }
    }

    /** The keys are about to be closed: what is written by now never replaces the snapshot before. */
    void stop() {
        failed = new IllegalStateException("the shard stops");
        stopped.completeExceptionally(failed);
    }

    /** Writes what waits, if it is enough. */
    private void flush(Replica.Pieces pieces) throws IOException {
        while (writer.out().readableBytes() >= BLOCK) {
            writer.endStep();
            ByteBuf full = writer.out();
            writer.to(buffer());
            try {
                pieces.piece(full);
            } finally {
                full.release();
            }
            if (writer.out().readableBytes() < MOST_WAITING) {
                behind(false);
            }
        }
    }

    private void visit(long entry) {
        long key = keys.keyAddress(entry);
        int length = keys.keyLength(entry);
        long place = keys.place(key, length);
        if (early[table].contains(place)) {
            return;
        }
        if (writer.isLong(entry) || writer.out().readableBytes() >= BLOCK) {
            addLate(key, length, place);
        } else {
            writer.put(entry);
        }
    }

    private void addLate(long key, int length, long place) {
        if (lateCount == lateEnds.length) {
            lateEnds = Arrays.copyOf(lateEnds, 2 * lateCount);
            latePlaces = Arrays.copyOf(latePlaces, 2 * lateCount);
            lateWritten = Arrays.copyOf(lateWritten, 2 * lateCount);
        }
        late.ensureWritable(length);
        Memory.copy(key, Memory.address(late) + late.writerIndex(), length);
        late.writerIndex(late.writerIndex() + length);
        lateEnds[lateCount] = late.writerIndex();
        lateWritten[lateCount] = false;
        latePlaces[lateCount++] = place;
    }

    private int lateBegin(int i) {
        return i == 0 ? 0 : lateEnds[i - 1];
    }

    /** Writes those that the walk has left. */
    private void writeLate(Replica.Pieces pieces) throws IOException {
        while (lateDone < lateCount) {
            if (!lateWritten[lateDone]) {
                int begin = lateBegin(lateDone);
                keys.selectTable(table);
                long entry = keys.peek(Memory.address(late) + begin, lateEnds[lateDone] - begin, 0);
                lateCursor = entry == 0 ? 0 : piece(entry, lateCursor);
            }
            if (lateCursor == 0) {
                lateDone++;
            }
            flush(pieces);
            leaveOff();
        }
        late.clear();
        lateCount = 0;
        lateDone = 0;
    }

    private long piece(long entry, long cursor) {
        if (writer.isLong(entry)) {
            return writer.piece(entry, cursor);
        }
        writer.put(entry);
        return 0;
    }

    // ---- what others do meanwhile

    @Override
    public void beginWrite(long key, int keyLength, long entry) {
        if (failed != null) {
            return;
        }
        try {
            writeAhead(key, keyLength, entry);
        } catch (Throwable why) {
            // The command that is about to change the key has nothing to do with it.
            failed = why;
        }
    }

    private void writeAhead(long key, int keyLength, long entry) {
        int its = keys.table();
        if (its >= names.length || its < table) {
            return;
        }
        long place = keys.place(key, keyLength);
        if (its == table && (visitedAll || Long.compareUnsigned(place, visited) < 0)) {
            writeBefore(key, keyLength, place, entry);
        } else if (early[its].add(place) && entry != 0) {
            writer.put(entry);
            look();
        }
    }

    /** A key that the walk has come by is about to change: writes it now if it waits. */
    private void writeBefore(long key, int keyLength, long place, long entry) {
        for (int i = lateDone; i < lateCount; i++) {
            int begin = lateBegin(i);
            if (latePlaces[i] == place && !lateWritten[i] && lateEnds[i] - begin == keyLength
                    && Memory.equal(Memory.address(late) + begin, key, (long) keyLength)) {
                if (entry != 0) {
                    long cursor = i == lateDone ? lateCursor : 0;
                    do {
                        cursor = piece(entry, cursor);
                    } while (cursor != 0);
                }
                lateWritten[i] = true;
                if (i == lateDone) {
                    lateCursor = 0;
                }
                look();
                return;
            }
        }
    }

    private void look() {
        if (writer.out().readableBytes() >= MOST_WAITING) {
            behind(true);
        }
    }

    @Override
    public void expired(long entry) {
        beginWrite(keys.keyAddress(entry), keys.keyLength(entry), entry);
    }

    @Override
    public void evicted(long entry) {
        beginWrite(keys.keyAddress(entry), keys.keyLength(entry), entry);
    }

    @Override
    public void emptied() {
        int its = keys.table();
        if (its < names.length && its >= table) {
            cleared();
        }
    }

    @Override
    public void cleared() {
        cleared = true;
        visitedAll = true;
        lateDone = lateCount;
        lateCursor = 0;
    }
}
