package io.solaster.engine.task;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Work at the end of a shard's turn, for whoever gathers during one: what a log appends leaves in one write, what is sent to a
 * connection in one flush. It runs once at the end of each turn in which somebody asked for it, however often, after the
 * scheduling groups and before the mesh is flushed, so that messages it sends leave with this turn. What is not asked for costs
 * nothing, and keeps no shard awake.
 *
 * <p>
 * It is on its group's account, and not in the group's queue, so it waits for no other task and for no rate limit. All of a shard
 * together have the task quota; those that are left come first at the end of the next turn. One that takes longer than the quota by
 * itself is counted, and warned about once a minute. One that throws is logged, and asked for again like any other. Whoever is
 * asked for while it runs, by itself too, runs at the end of the next turn. A shard that stops runs what is asked for until its last
 * turn. All on the owning shard.
 */
public final class TurnEnd implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TurnEnd.class);
    private static final long MINUTE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final TurnEnds all;
    private final String name;
    private final SchedulingGroup group;
    private final Runnable work;
    private final Consumer<String> ownerCheck;
    private boolean asked;
    private boolean removed;
    private long runs;
    private long overruns;
    private long toldOf;
    private long warnedAt;

    TurnEnd(TurnEnds all, String name, SchedulingGroup group, Runnable work, Consumer<String> ownerCheck) {
        this.all = all;
        this.name = name;
        this.group = group;
        this.work = work;
        this.ownerCheck = ownerCheck;
    }

    /** Has the work run at the end of this turn; a second time in it changes nothing. After {@link #close}, nothing happens. */
    public void ask() {
        ownerCheck.accept(name);
        if (!asked && !removed) {
            asked = true;
            all.asked(this);
        }
    }

    /** Removes the work, asked for or not; there is room for another one then. */
    @Override
    public void close() {
        ownerCheck.accept(name);
        if (!removed) {
            removed = true;
            all.remove(this);
        }
    }

    /** What it was called where it was added. */
    public String name() {
        return name;
    }

    /** Times that the work ran. */
    public long runs() {
        return runs;
    }

    /** Times that it took longer than the task quota. */
    public long overruns() {
        return overruns;
    }

    /** Returns nanoseconds. */
    long run(GroupScheduler scheduler, int shard) {
        asked = false;
        runs++;
        long took = scheduler.runAtEnd(group, work);
        if (took > scheduler.quotaNanos()) {
            overruns++;
            warn(scheduler, shard, took);
        }
        return took;
    }

    private void warn(GroupScheduler scheduler, int shard, long took) {
        long now = scheduler.clock();
        if (overruns > 1 && now - warnedAt < MINUTE_NANOS) {
            return;
        }
        warnedAt = now;
        log.warn(
                "'{}' took {} us at the end of a turn of shard {}, which is longer than the task quota, {} us, and has done so"
                        + " {} times since this was told last: do less at once there, or submit it as a task",
                name, took / 1_000, shard,
                scheduler.quotaNanos() / 1_000, overruns - toldOf);
        toldOf = overruns;
    }
}
