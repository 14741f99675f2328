package io.solaster.store.persist;

import java.io.IOException;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.Slots;

/**
 * Does again what one shard of another number of shards had done: each change where its key belongs now, those of one key in their
 * order. On a virtual thread of the shard that reads.
 */
final class Distribution implements StepReader.Steps, AutoCloseable {
    private static final int MOST_WAITING = 64 << 10;

    private final Engine engine;
    private final List<KeptShard> kept;
    private final int here;
    private final int writer;
    private final int writers;
    private final ChangeReader reader;
    private final ByteBuf[] waiting;

    /**
     * @param writer the shard that wrote, of so many
     * @param reader of the shard that reads, for this alone
     */
    Distribution(Engine engine, List<KeptShard> kept, int here, int writer, int writers, ChangeReader reader) {
        this.engine = engine;
        this.kept = kept;
        this.here = here;
        this.writer = writer;
        this.writers = writers;
        this.reader = reader;
        this.waiting = new ByteBuf[kept.size()];
        for (int i = 0; i < waiting.length; i++) {
            waiting[i] = ByteBufAllocator.DEFAULT.directBuffer(1024);
        }
    }

    @Override
    public void step(ByteBuf changes) throws IOException {
        reader.open(changes);
        while (reader.next()) {
            if (reader.isCleared()) {
                flush();
                for (int target = 0; target < waiting.length; target++) {
                    KeptShard there = kept.get(target);
                    engine.submitTo(target, () -> there.removeAllOf(writer, writers)).join();
                }
                continue;
            }
            int owner = Slots.shardOf(reader.slot(), waiting.length);
            if (owner == here) {
                reader.apply();
            } else {
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

    /** Sends what waits, and waits until it is done. */
    void flush() {
        for (int target = 0; target < waiting.length; target++) {
            if (waiting[target].isReadable()) {
                flush(target);
            }
        }
    }

    private void flush(int target) {
        KeptShard there = kept.get(target);
        ByteBuf changes = waiting[target];
        engine.submitTo(target, () -> there.applyAtOnce(changes)).join();
        changes.clear();
    }

    @Override
    public void close() {
        for (ByteBuf each : waiting) {
            each.release();
        }
        reader.close();
    }
}
