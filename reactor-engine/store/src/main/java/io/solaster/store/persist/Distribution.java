package io.solaster.store.persist;

import java.util.List;
import java.util.function.IntPredicate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Slots;

/**
 * Does again what one shard of another number of shards had done: each change where its key belongs now, those of one key in their
 * order. On a virtual thread of the shard that reads.
 */
final class Distribution extends ChangesReplica {
    private static final int MOST_WAITING = 64 << 10;

    private final Engine engine;
    private final List<ShardReplica> targets;
    private final int here;
    /** Slots of the shard that wrote. */
    private final IntPredicate its;
    private final ChangeReader reader;
    private final ByteBuf[] waiting;
    /** Of the change that waits last. */
    private final int[] databases;

    /**
     * @param writer the shard that wrote, of so many
     * @param reader of the shard that reads, for this alone
     */
    Distribution(Engine engine, List<ShardReplica> targets, int here, int writer, int writers, ChangeReader reader) {
        this.engine = engine;
        this.targets = targets;
        this.here = here;
        this.its = slot -> Slots.shardOf(slot, writers) == writer;
        this.reader = reader;
        this.waiting = new ByteBuf[targets.size()];
        this.databases = new int[targets.size()];
        for (int i = 0; i < waiting.length; i++) {
            waiting[i] = ByteBufAllocator.DEFAULT.directBuffer(1024);
        }
    }

    @Override
    void change(ByteBuf changes) {
        reader.open(changes);
        while (reader.next()) {
            if (isOfAll()) {
                flush();
                for (int target = 0; target < waiting.length; target++) {
                    doAgain(target);
                }
                continue;
            }
            int owner = Slots.shardOf(reader.slot(), waiting.length);
            if (owner == here) {
                reader.apply();
            } else {
                if (reader.database() != databases[owner]) {
                    ChangeWriter.writeDatabase(waiting[owner], reader.database());
                    databases[owner] = reader.database();
                }
                reader.copyTo(waiting[owner]);
                if (waiting[owner].readableBytes() > MOST_WAITING) {
                    flush(owner);
                }
            }
            if (Shard.needPreempt()) {
                Shard.yield();
            }
        }
    }

    private boolean isOfAll() {
        return reader.isCleared() || reader.isEmptied() || reader.isSwapped();
    }

    /** What was done to all keys of the shard that wrote, on one that has some of them now. */
    private void doAgain(int target) {
        ShardReplica there = targets.get(target);
        int databases = engine.submitTo(target, () -> there.keys().databases()).join();
        if (reader.isSwapped()) {
            int between = Math.max(databases, Math.max(reader.one(), reader.other()) + 1);
            all(target, its, reader.one(), between);
            all(target, its, reader.other(), reader.one());
            all(target, its, between, reader.other());
        } else if (reader.isEmptied()) {
            all(target, its, reader.database(), ShardReplica.NOWHERE);
        } else {
            for (int database = 0; database < databases; database++) {
                all(target, its, database, ShardReplica.NOWHERE);
            }
        }
    }

    /** Moves all keys of the shard that wrote from one database to another, or removes them: some in each turn. */
    private void all(int target, IntPredicate whose, int database, int to) {
        ShardReplica there = targets.get(target);
        long next = 0;
        do {
            long from = next;
            next = engine.submitTo(target, () -> there.moveSome(whose, database, from, to)).join();
        } while (next != 0);
    }

    /** Sends what waits, and waits until it is done. */
    void flush() {
        for (int target = 0; target < waiting.length; target++) {
            if (waiting[target].isReadable()) {
                flush(target);
            }
        }
    }

    private void flush(int target) {
        ShardReplica there = targets.get(target);
        ByteBuf changes = waiting[target];
        if (databases[target] != 0) {
            ChangeWriter.writeDatabase(changes, 0);
            databases[target] = 0;
        }
        engine.submitTo(target, () -> there.changeAtOnce(changes)).join();
        changes.clear();
    }

    @Override
    void mayChange(boolean first) {
        // Until all logs are read, nobody else does.
    }

    @Override
    public long snapshot(Pieces pieces) {
        throw new IllegalStateException("what is read of another number of shards is snapshotted by each of them");
    }

    @Override
    public void drop(int from, int to) {
        flush();
        for (int target = 0; target < waiting.length; target++) {
            ShardReplica there = targets.get(target);
            int databases = engine.submitTo(target, () -> there.keys().databases()).join();
            for (int database = 0; database < databases; database++) {
                all(target, slot -> its.test(slot) && slot >= from && slot < to, database, ShardReplica.NOWHERE);
            }
        }
    }

    /** All is on its way to where it belongs. */
    @Override
    public void lead() {
        flush();
    }

    @Override
    public void close() {
        super.close();
        for (ByteBuf each : waiting) {
            each.release();
        }
        reader.close();
    }
}
