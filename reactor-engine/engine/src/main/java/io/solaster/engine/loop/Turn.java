package io.solaster.engine.loop;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import io.solaster.engine.env.Environment;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.GroupTask;
import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.task.Submission;
import io.solaster.engine.task.TurnEnds;
import io.solaster.engine.timer.Timers;
import org.jspecify.annotations.Nullable;

/**
 * What a shard does between two looks at its sockets, in the order that {@link io.solaster.engine.Shard} tells: mesh in,
 * inbox, timers, scheduling groups, what gathers, mesh out. The driver serves the sockets, if there are any, and calls
 * {@link #beforeIo}, {@link #begin}, {@link #run} and {@link #mayPark}; the scheduler brings the seed that tasks are
 * shuffled by. On the shard's thread.
 */
public final class Turn {
    /** Tasks of other threads that one turn takes. */
    private static final int INBOX_BATCH = 4096;
    private static final int EXPIRED_PER_TURN = 1024;
    /** Times that a turn looks at the mesh before it looks at sockets again, which takes a system call. */
    private static final int MESH_ROUNDS = 8;
    private static final long LAST_TASKS_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** What turns the shard. */
    public interface Driver {
        /** The next task of other threads; null if there is none. */
        @Nullable
        Runnable nextOfInbox();

        /** Whether other threads have handed something over. */
        boolean hasInbox();

        /** The groups have had their time, and the mesh has not been flushed yet. */
        void afterGroups();
    }

    private final Driver driver;
    private final SchedulingGroups groups;
    private final GroupScheduler scheduler;
    private final Timers timers;
    private final Parking parking;
    private final ShardStats stats;
    private final Environment environment;
    private final TurnEnds ends;
    private final int inboxBatch;
    private final int expiredPerTurn;
    private final TimeSource time;
    /** The timers': the same as {@link #time}, or one of their own that tells when it goes on. */
    private final TimeSource timerClock;
    private final boolean ownClock;
    private final BooleanSupplier mustStay = this::mustStay;
    private @Nullable Mesh mesh;
    private boolean begun;
    private boolean served;

    /**
     * @param ends what runs at the end of a turn
     * @param environment whose clock is the scheduler's; where the timers have another, that one wakes the shard by itself
     */
    public Turn(Driver driver, SchedulingGroups groups, GroupScheduler scheduler, Timers timers, Parking parking,
            TurnEnds ends, ShardStats stats, Environment environment) {
        this.driver = driver;
        this.groups = groups;
        this.scheduler = scheduler;
        this.timers = timers;
        this.parking = parking;
        this.ends = ends;
        this.stats = stats;
        this.environment = environment;
        this.time = environment.clock();
        this.timerClock = environment.timerClock();
        this.ownClock = !time.equals(timerClock);
        this.inboxBatch = environment.limit("inbox batch", INBOX_BATCH);
        this.expiredPerTurn = environment.limit("timers per turn", EXPIRED_PER_TURN);
    }

    /** Gives it the shard's side of the mesh, before the first turn. */
    public void join(Mesh newMesh) {
        mesh = newMesh;
    }

    /** This shard's side of the mesh; null before {@link #join}. */
    public @Nullable Mesh mesh() {
        return mesh;
    }

    /** Before the driver looks at sockets. */
    public void beforeIo() {
        stats.polls.increment();
        begun = false;
    }

    /** After waiting, before serving: from here on nobody needs to wake the shard. */
    public void begin() {
        begun = true;
        long now = time.nanoTime();
        if (parking.wake()) {
            stats.parks.increment();
            stats.woke(now);
        }
        // What sockets arm counts from here, not from before the shard slept.
        timers.advance(ownClock ? timerClock.nanoTime() : now);
        scheduler.begin(now);
    }

    /** After the driver has served sockets. */
    public void afterIo(boolean any) {
        if (!begun) {
            begin();
        }
        served = any;
    }

    /**
     * The turn of everything but sockets.
     *
     * @return whether there was anything, sockets included
     */
    public boolean run() {
        boolean any = runRounds() || served;
        if (any) {
            parking.busy();
        }
        stats.turned(scheduler.clock(), any);
        return any;
    }

    /** Where peers answer at once, that goes round a few times. */
    private boolean runRounds() {
        Mesh lanes = mesh;
        boolean any = runRound(lanes);
        for (int i = 1; i < MESH_ROUNDS && lanes != null && lanes.hasMessages() && scheduler.hasQuota(); i++) {
            any |= runRound(lanes);
        }
        return any;
    }

    private boolean runRound(@Nullable Mesh lanes) {
        boolean any = lanes != null && lanes.receive() > 0;
        if (any) {
            parking.heard();
        }
        long now = scheduler.serve();
        any |= receiveInbox();
        any |= timers.expire(ownClock ? timerClock.nanoTime() : now, expiredPerTurn);
        any |= scheduler.run(now);
        driver.afterGroups();
        if (ends.isAsked()) {
            ends.run();
            any = true;
        }
        if (lanes != null) {
            lanes.flush();
        }
        return any;
    }

    /**
     * Turns while the shard stops: bounded, since a task may come back for ever.
     *
     * @return whether there was anything
     */
    public boolean runLast() {
        long end = time.nanoTime() + LAST_TASKS_NANOS;
        boolean any = false;
        boolean more = true;
        while (more) {
            scheduler.begin(time.nanoTime());
            more = runRounds() && time.nanoTime() - end < 0;
            any |= more;
        }
        return any;
    }

    /** Queues what other threads have handed over, as much as one turn takes; whether there was anything. */
    public boolean receiveInbox() {
        Runnable task = driver.nextOfInbox();
        if (task == null) {
            return false;
        }
        for (int i = 0; i < inboxBatch && task != null; i++) {
            try {
                take(task);
            } catch (Throwable failure) {
                // Out of memory, say: it costs this task and not the shard.
                scheduler.abandon(task, true, failure);
            }
            task = i == inboxBatch - 1 ? null : driver.nextOfInbox();
        }
        return true;
    }

    private void take(Runnable task) {
        switch (task) {
            case Submission submission -> scheduler.submit(submission);
            case GroupTask named when groups.contains(named.group()) -> scheduler.execute(named.group(), named);
            default -> scheduler.execute(task);
        }
    }

    /** Whether a turn would find something to do. */
    public boolean hasWork() {
        Mesh lanes = mesh;
        return driver.hasInbox() || scheduler.hasTasks() || ends.isAsked() || lanes != null && lanes.hasWork();
    }

    /** Whether the shard may sleep now, until {@link #wakeAt} or until it is woken; {@link Parking#claim} is asked by peers. */
    public boolean mayPark() {
        long now = scheduler.clock();
        if (hasWork() || delayNanos(now) <= 0 || parking.staysAwake(now)) {
            return false;
        }
        environment.sometimes("before a shard says that it sleeps");
        boolean sleeps = parking.sleepUnless(mustStay);
        if (sleeps) {
            stats.sleeps(now);
        }
        return sleeps;
    }

    /** Asked once more after the shard has said that it sleeps. */
    private boolean mustStay() {
        environment.sometimes("after a shard has said that it sleeps");
        return hasWork() || ownClock && timers.delayNanos(timerClock.nanoTime()) == 0;
    }

    /** How long there is nothing to do, in nanoseconds; {@link Long#MAX_VALUE} for ever. */
    public long delayNanos(long now) {
        long wakeAt = scheduler.wakeAt();
        long held = wakeAt == Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(0, wakeAt - now);
        // A clock that is not the machine's wakes the shard itself.
        return ownClock ? held : Math.min(held, timers.delayNanos(now));
    }

    /** When there is something to do, by the clock; {@link Long#MAX_VALUE} for never. */
    public long wakeAt() {
        long deadline = scheduler.wakeAt();
        return ownClock ? deadline : Math.min(deadline, timers.nextDeadlineNanos());
    }
}
