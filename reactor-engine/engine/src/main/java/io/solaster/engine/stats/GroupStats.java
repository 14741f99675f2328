package io.solaster.engine.stats;

import java.util.function.IntSupplier;

import io.solaster.config.Internal;

/**
 * What one shard counts about one scheduling group. Written by the shard, read by any thread.
 *
 * <p>
 * The times are Seastar's: at each moment a group runs, starves (it has work, and others run) or waits (it has none).
 * The scheduler tells of each change with a reading of the clock that it has anyway; the three add up to the time since
 * the group was made, up to the last change.
 */
public final class GroupStats {
    /** Nanoseconds that the group's tasks ran. */
    public final Counter runtimeNanos = new Counter();
    /** Nanoseconds that the group had nothing to do. */
    public final Counter waitNanos = new Counter();
    /** Nanoseconds that the group had something to do, and others ran. */
    public final Counter starveNanos = new Counter();
    /** Tasks that have run. */
    public final Counter tasks = new Counter();
    /** Tasks that are queued. */
    public final Counter queued = new Counter();
    /** Times that the group ran for more than twice the task quota without a break. */
    public final Counter quotaViolations = new Counter();
    /** Nanoseconds that it ran beyond the quota at those times. */
    public final Counter quotaViolationNanos = new Counter();
    /** Tasks refused because the group had as many queued as it may, or waited too long for room. */
    public final Counter rejected = new Counter();

    private final int id;
    private final String name;
    private final IntSupplier shares;
    private long since;

    GroupStats(int id, String name, IntSupplier shares, long now) {
        this.id = id;
        this.name = name;
        this.shares = shares;
        this.since = now;
    }

    /** The group's number in its engine. */
    public int id() {
        return id;
    }

    /** The group's name. */
    public String name() {
        return name;
    }

    /** The group's shares, as they are now. Any thread. */
    public int shares() {
        return shares.getAsInt();
    }

    /** The group has work from here on. The writing thread only. */
    @Internal
    public void activated(long now) {
        waitNanos.add(now - since);
        since = now;
    }

    /** The group's turn begins. The writing thread only. */
    @Internal
    public void started(long now) {
        starveNanos.add(now - since);
        since = now;
    }

    /**
     * The group's turn ends: from here on it waits or, if it has more work, starves; {@link #activated} is called only
     * after it has had none. The writing thread only.
     *
     * @param tasksRun how many tasks the turn had
     * @return nanoseconds that the turn took
     */
    @Internal
    public long stopped(long now, long tasksRun) {
        long took = now - since;
        runtimeNanos.add(took);
        tasks.add(tasksRun);
        since = now;
        return took;
    }

    @Override
    public String toString() {
        return name;
    }
}
