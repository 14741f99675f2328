package io.solaster.rpc.connection;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.solaster.engine.Shard;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.memory.ReusedBuffer;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.TurnEnd;
import io.solaster.engine.timer.Timers;

/** What the connections of one server, or of one client, share on a shard. On that shard. */
public final class LaneShard implements AutoCloseable {
    /** Room for a usual pipeline, so that one read empties the socket. */
    private static final int READ_BYTES = 32 * 1024;
    private static final int READS_PER_TURN = 4;
    private static final int OUTPUT_BYTES = 16 * 1024;
    /** Half of the usual task quota, since all that is done at the end of a turn has one together. */
    private static final long MOST_NANOS = TimeUnit.MICROSECONDS.toNanos(250);

    private final Shard shard;
    private final Timers timers;
    private final ReusedBuffer received = new ReusedBuffer(ByteBufAllocator.DEFAULT, READ_BYTES);
    private final ReusedBuffer sent = new ReusedBuffer(PooledByteBufAllocator.DEFAULT, OUTPUT_BYTES);
    private final ArrayDeque<LaneConnection> unsent = new ArrayDeque<>();
    private final TurnEnd turnEnd;

    /** @param name for the log */
    public LaneShard(Shard shard, String name, SchedulingGroup group) {
        this.shard = shard;
        this.timers = shard.timers();
        this.turnEnd = shard.atTurnEnd("frames of " + name, group, this::flushSome);
    }

    /** Whose connections these are. */
    public Shard shard() {
        return shard;
    }

    /** The shard's timers. */
    public Timers timers() {
        return timers;
    }

    /** When this turn began, in nanoseconds. */
    public long now() {
        return timers.now();
    }

    RecvByteBufAllocator reads() {
        return received.forReads(READS_PER_TURN);
    }

    ByteBuf takeOutput() {
        return sent.take();
    }

    /** A connection has something to send at the end of the turn. */
    void hasOutput(LaneConnection connection) {
        unsent.add(connection);
        turnEnd.ask();
    }

    /** As many as there is time for; the others come first in the next turn. */
    private void flushSome() {
        TimeSource clock = shard.environment().clock();
        long end = clock.nanoTime() + MOST_NANOS;
        try {
            do {
                LaneConnection next = unsent.poll();
                if (next == null) {
                    return;
                }
                next.flushGathered();
            } while (clock.nanoTime() < end);
        } finally {
            if (!unsent.isEmpty()) {
                turnEnd.ask();
            }
        }
    }

    @Override
    public void close() {
        for (LaneConnection next = unsent.poll(); next != null; next = unsent.poll()) {
            next.flushGathered();
        }
        turnEnd.close();
        received.close();
        sent.close();
    }
}
