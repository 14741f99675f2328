package io.solaster.engine.task;

import java.util.ArrayDeque;
import java.util.Objects;

import io.solaster.config.GroupConfig;
import io.solaster.engine.stats.GroupStats;
import org.jspecify.annotations.Nullable;

/** What one group has to run on one shard, and what it has run. On the shard. */
final class RunQueue {
    private static final int FIRST_CAPACITY = 64;

    final SchedulingGroup group;
    final GroupStats stats;
    /** Runtime weighted by shares; compared by difference, since it may wrap. */
    long vruntime;
    boolean active;
    /** Over its rate until then; 0 if it is not. */
    long throttledUntil;
    /** Tasks that run between two looks at the clock: one where they are long. */
    int stride = 1;
    /** The same for what sockets and the mesh bring. */
    int strideAtOnce = 1;
    /** Submitted tasks that found the queue full; made when the first does. */
    @Nullable
    ArrayDeque<Waiting> waiting;
    private double tokens;
    private long tokensAt;
    private @Nullable Runnable[] ring = new @Nullable Runnable[FIRST_CAPACITY];
    private int head;
    private int size;

    RunQueue(SchedulingGroup group, GroupStats stats) {
        this.group = group;
        this.stats = stats;
    }

    /** @param until when it is too late, by the shard's clock */
    record Waiting(Submission task, long until) {}

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    void add(Runnable task) {
        if (size == ring.length) {
            grow();
        }
        ring[head + size & ring.length - 1] = task;
        size++;
    }

    private void grow() {
        @Nullable
        Runnable[] bigger = new @Nullable Runnable[ring.length * 2];
        int first = ring.length - head;
        System.arraycopy(ring, head, bigger, 0, first);
        System.arraycopy(ring, 0, bigger, first, head);
        ring = bigger;
        head = 0;
    }

    Runnable poll() {
        int index = head;
        Runnable task = Objects.requireNonNull(ring[index]);
        ring[index] = null;
        head = index + 1 & ring.length - 1;
        size--;
        return task;
    }

    /** Swaps the newest task with another, where neither minds. */
    void shuffleNewest(int with) {
        int newest = head + size - 1 & ring.length - 1;
        int other = head + with & ring.length - 1;
        Runnable task = ring[newest];
        if (task instanceof GroupTask && ring[other] instanceof GroupTask) {
            ring[newest] = ring[other];
            ring[other] = task;
        }
    }

    /** How many of the next tasks may run now; 0 if the group is over its rate, and then {@link #throttledUntil} is set. */
    int allowance(long now) {
        int rate = group.config().rateLimit();
        if (rate == 0) {
            // A rate that is set again begins with a full bucket.
            tokensAt = 0;
            return Integer.MAX_VALUE;
        }
        // A token bucket that holds what a tenth of a second brings, and one at least.
        double most = Math.max(1, rate / 10.0);
        tokens = tokensAt == 0 ? most : Math.min(most, tokens + (now - tokensAt) * 1e-9 * rate);
        tokensAt = now == 0 ? 1 : now;
        if (tokens >= 1) {
            return (int) tokens;
        }
        throttledUntil = now + (long) Math.ceil((1 - tokens) * 1e9 / rate) + 1;
        return 0;
    }

    void spend(int tasks) {
        if (tokensAt != 0) {
            tokens -= tasks;
        }
    }

    boolean isFull() {
        GroupConfig config = group.config();
        return config.maxQueued() > 0 && size >= config.maxQueued() || waiting != null && !waiting.isEmpty();
    }
}
