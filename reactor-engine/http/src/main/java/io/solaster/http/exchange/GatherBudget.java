package io.solaster.http.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import io.netty.util.internal.PlatformDependent;
import io.solaster.config.Internal;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.MemoryAccount;
import io.solaster.engine.memory.MemoryBudget;
import io.solaster.engine.memory.MemoryLevel;
import io.solaster.engine.net.QuietLog;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * How much memory all clients of one server take on one shard for what is being gathered: bodies, forms and the messages
 * of WebSockets. One client is bound by {@code max-body}; many together are bound here, at a quarter of the memory that
 * there is outside of the heap, shared among the shards; and by the engine's memory budget, in the account 'bodies'. Whoever
 * is beyond is refused rather than the server brought down, and so is what is large where memory is scarce; one alone is
 * never, and whoever has not begun to gather waits a while before ({@link #waitFor}). On the owning shard.
 */
@Internal
public final class GatherBudget {
    private static final AttributeKey<GatherBudget> KEY = AttributeKey.valueOf(GatherBudget.class, "budget");
    private static final QuietLog REFUSALS = new QuietLog(LoggerFactory.getLogger(GatherBudget.class), Level.WARN);
    /** Waits for memory to begin with, and holds none of it. On the owning shard. */
    public interface Waiter {
        /** So many bytes were taken for it. */
        void hasMemory(long bytes);

        /** It has waited for too long. */
        void hasNoMemory();
    }

    private static final int SHARE = 4;
    /** What is more is refused where memory is scarce. */
    private static final long LARGE = 64 << 10;

    private final long limit;
    private final @Nullable MemoryBudget all;
    private final @Nullable MemoryAccount account;
    private final MemoryQueue waiters;
    private long used;

    public GatherBudget(long limit) {
        this(limit, null);
    }

    /** @param shard in whose account it is as well; null for none */
    GatherBudget(long limit, @Nullable Shard shard) {
        this.limit = limit;
        this.all = shard == null ? null : shard.memory().budget().all();
        this.account = shard == null ? null : shard.memory().budget().bufferAccount("bodies");
        this.waiters = new MemoryQueue(this, shard);
    }

    /** One server's on one shard. There is one shard a CPU, or fewer. */
    static GatherBudget ofShard(@Nullable Shard shard) {
        return new GatherBudget(
                PlatformDependent.maxDirectMemory() / SHARE / Runtime.getRuntime().availableProcessors(), shard);
    }

    /** Leaves the budget of its server with a channel that is handed over to another protocol. */
    public static void handOver(GatherBudget budget, Channel channel) {
        channel.attr(KEY).set(budget);
    }

    /** That of the server of a channel that HTTP has handed over; one of its own for any other. */
    public static GatherBudget of(Channel channel) {
        GatherBudget known = channel.attr(KEY).get();
        if (known == null) {
            known = ofShard(channel.eventLoop() instanceof Shard shard ? shard : null);
            channel.attr(KEY).set(known);
        }
        return known;
    }

    /**
     * Asks for more memory; {@link #give} returns it.
     *
     * @param bytes more than are held already
     * @param held by whoever asks
     * @return false if there is no room: nothing was taken then
     */
    public boolean take(long bytes, long held) {
        boolean alone = used <= held;
        if (!alone && used + bytes > limit) {
            return false;
        }
        if (account != null && all != null) {
            if (alone) {
                account.add(bytes);
            } else if (bytes > LARGE && isScarce(all) || !account.take(bytes)) {
                return false;
            }
        }
        used += bytes;
        return true;
    }

    /** As {@link #take}, for whoever begins to gather: not before those who wait. */
    public boolean begin(long bytes) {
        return waiters.isEmpty() && take(bytes, 0);
    }

    /**
     * Has somebody wait for memory to begin with, whose client is not read meanwhile, or sends no more than it was allowed before.
     *
     * @param bytes taken by the time of {@link Waiter#hasMemory}
     * @param patienceNanos how long at most
     * @param keeps whether what has come is kept in buffers meanwhile; so may only some
     * @return false where it cannot wait: nobody does off the shards
     */
    public boolean waitFor(Waiter who, long bytes, long patienceNanos, boolean keeps) {
        return waiters.join(who, bytes, patienceNanos, keeps);
    }

    /** Waits no more. */
    public void leave(Waiter who) {
        waiters.leave(who);
    }

    /** Looks before it says so: nobody tells of Netty's buffers that have shrunk. */
    private static boolean isScarce(MemoryBudget all) {
        if (all.level() == MemoryLevel.OK) {
            return false;
        }
        all.look();
        return all.level() != MemoryLevel.OK;
    }

    /** Counts the memory of a buffer that grows by so many bytes; false as of {@link #take}: it must not grow then. */
    boolean grow(ByteBuf buffer, int bytes) {
        int before = buffer.capacity();
        if (buffer.writableBytes() >= bytes) {
            return true;
        }
        int wanted = buffer.alloc().calculateNewCapacity(buffer.writerIndex() + bytes, buffer.maxCapacity());
        if (!take(wanted - before, before)) {
            return false;
        }
        try {
            buffer.capacity(wanted);
            return true;
        } catch (OutOfMemoryError none) {
            give(wanted - before);
            return false;
        }
    }

    /** Tells the log, once a minute, that somebody was refused. */
    public void refused() {
        REFUSALS.tell(
                "{} bytes of bodies and messages are being gathered on a shard, of {} that there is room for (memory: {}):"
                        + " more are refused",
                used, limit, all == null ? MemoryLevel.OK : all.level());
    }

    /** Returns memory. */
    public void give(long bytes) {
        used -= bytes;
        if (account != null) {
            // Whoever estimates may give back more than was counted here.
            account.give(Math.min(bytes, account.used()));
        }
        waiters.lookLater();
    }

    MemoryQueue waiters() {
        return waiters;
    }

    /** Bodies and messages that wait for memory. */
    public int waiting() {
        return waiters.size();
    }

    /** Bytes that are taken. */
    public long used() {
        return used;
    }

    /** Bytes that there are for all. */
    public long limit() {
        return limit;
    }
}
