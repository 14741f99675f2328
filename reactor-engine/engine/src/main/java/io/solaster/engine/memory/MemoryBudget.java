package io.solaster.engine.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

import io.solaster.config.Internal;

/**
 * What all shards of an engine may take of memory outside the heap, together: what keys take, what is gathered of bodies
 * and messages, and Netty's buffers. Any thread.
 *
 * <p>
 * A shard borrows in slices ({@link ShardBudget}), so that shards rarely meet here: what is lent is more than what is in
 * use, by two slices a shard at most. What some account says it has taken in Netty's buffers counts once, with those.
 * The level rises at {@code pressure-at} and at 95 % of the limit, and falls once there are 5 % of the limit more room than
 * that, so that it does not flutter.
 */
public final class MemoryBudget {
    private static final long LARGEST_SLICE = 1 << 20;
    private static final int SLICES = 64;
    private static final int FULL_AT = 95;
    private static final int CALMER = 5;

    private final long limit;
    private final long pressureAt;
    private final long fullAt;
    private final long slice;
    private final LongSupplier buffers;
    private final AtomicLong lent = new AtomicLong();
    private final AtomicLong lentInBuffers = new AtomicLong();
    private final AtomicReference<MemoryLevel> level = new AtomicReference<>(MemoryLevel.OK);
    private volatile List<ShardBudget> shards = List.of();

    /**
     * @param limit bytes
     * @param pressurePercent of the limit
     * @param shards how many borrow
     * @param buffers tells the bytes that Netty's buffers take; any thread
     */
    @Internal
    public MemoryBudget(long limit, int pressurePercent, int shards, LongSupplier buffers) {
        this.limit = limit;
        this.pressureAt = percent(pressurePercent);
        this.fullAt = Math.max(percent(FULL_AT), pressureAt);
        this.slice = Math.clamp(limit / SLICES / Math.max(1, shards), 1, LARGEST_SLICE);
        this.buffers = buffers;
    }

    private long percent(int percent) {
        return limit / 100 * percent + limit % 100 * percent / 100;
    }

    /** Has a shard be told of levels. */
    synchronized void join(ShardBudget shard) {
        List<ShardBudget> more = new ArrayList<>(shards);
        more.add(shard);
        shards = List.copyOf(more);
    }

    /** Bytes that there are for all. */
    public long limit() {
        return limit;
    }

    /** Bytes that are lent to shards, and what Netty's buffers take beyond those. */
    public long used() {
        return used(lent.get());
    }

    private long used(long nowLent) {
        return nowLent + Math.max(0, buffers.getAsLong() - lentInBuffers.get());
    }

    /** Bytes that are lent to shards. */
    long lent() {
        return lent.get();
    }

    /** As it was when somebody last borrowed, gave back or {@link #look looked}. */
    public MemoryLevel level() {
        return level.get();
    }

    /** Bytes that a shard borrows at once. */
    long slice() {
        return slice;
    }

    /** Lends if there is room. */
    boolean lend(long bytes, boolean inBuffers) {
        long before;
        do {
            before = lent.get();
            if (used(before) > limit - bytes) {
                // Whoever may give something back shall hear of it.
                look();
                return false;
            }
        } while (!lent.compareAndSet(before, before + bytes));
        if (inBuffers) {
            lentInBuffers.addAndGet(bytes);
        }
        look();
        return true;
    }

    /** Lends what is taken already, room or none. */
    void lendAnyway(long bytes, boolean inBuffers) {
        lent.addAndGet(bytes);
        if (inBuffers) {
            lentInBuffers.addAndGet(bytes);
        }
        look();
    }

    void returned(long bytes, boolean inBuffers) {
        lent.addAndGet(-bytes);
        if (inBuffers) {
            lentInBuffers.addAndGet(-bytes);
        }
        look();
    }

    /**
     * Sets the level that the present use comes to, and has the shards told. Nobody hears of it when Netty's buffers shrink, so
     * who refuses something by the level looks first, now and then.
     */
    public void look() {
        boolean changed = false;
        while (true) {
            MemoryLevel before = level.get();
            MemoryLevel now = levelOf(used(), before);
            if (now == before) {
                break;
            }
            // Whoever was faster may have looked at less: look again.
            changed |= level.compareAndSet(before, now);
        }
        if (changed) {
            for (ShardBudget each : shards) {
                each.levelChanged();
            }
        }
    }

    private MemoryLevel levelOf(long used, MemoryLevel before) {
        long calmer = percent(CALMER);
        if (used >= (before == MemoryLevel.FULL ? fullAt - calmer : fullAt)) {
            return MemoryLevel.FULL;
        }
        return used >= (before == MemoryLevel.OK ? pressureAt : pressureAt - calmer)
                ? MemoryLevel.PRESSURE
                : MemoryLevel.OK;
    }
}
