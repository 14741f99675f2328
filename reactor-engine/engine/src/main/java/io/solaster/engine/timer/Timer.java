package io.solaster.engine.timer;

import java.time.Duration;

import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.GroupTask;
import io.solaster.engine.task.SchedulingGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A timer of one shard: a handle that can be armed again and again, and fires once for each time. On the owning shard.
 *
 * <p>
 * It fires in the scheduling group that armed it. What {@link #fire} throws is logged, and a periodic timer goes on, as
 * Seastar's does: what keeps a house must not end silently at the first mishap.
 */
public abstract class Timer implements GroupTask, Abandonable {
    private static final Logger log = LoggerFactory.getLogger(Timer.class);

    static final int IDLE = -1;
    /** Handed over, and not run yet. */
    static final int DUE = -2;

    private final Timers timers;
    private SchedulingGroup group;
    /** 0 for once, positive at a fixed rate, negative with a fixed delay. */
    private long period;

    // What follows is in the hands of Timers.
    final boolean coarse;
    /** Since the timers were made. */
    long deadline;
    /** The wheel's, or one of the states above. */
    int node = IDLE;
    /** Where it lies in the wheel: at its deadline or before. */
    long linkedTick;
    /** Cancelled, and in the wheel still. */
    boolean cancelled;
    boolean awaitsSweep;
    /** Somebody is going to call {@link #run}. */
    boolean queued;
    /** It was armed in another group while it waited in the queue of one, where it is still. */
    private boolean strayed;

    protected Timer(Timers timers) {
        this(timers, false);
    }

    /** @param coarse late by up to 2^20 ns, and cheaper */
    protected Timer(Timers timers, boolean coarse) {
        this.timers = timers;
        this.group = timers.currentGroup();
        this.coarse = coarse;
    }

    /** Called on the shard, in the group that armed the timer, when it is due. */
    protected abstract void fire();

    /** Due once after a delay; in the next turn if it is 0 or less. Armed already, it is armed anew. */
    public final void arm(Duration delay) {
        arm(nanos(delay));
    }

    /** Due once after a delay in nanoseconds; in the next turn if it is 0 or less. Armed already, it is armed anew. */
    public final void arm(long delayNanos) {
        period = 0;
        armAt(after(delayNanos));
    }

    /**
     * Due after a delay, and then at its deadline plus one period, two periods and so on. Periods that are over when it
     * has fired are left out, so that a shard that was held up is not held up again by what it missed.
     *
     * @throws IllegalArgumentException if the period is not positive
     */
    public final void armAtFixedRate(Duration initialDelay, Duration period) {
        this.period = positive("period", period);
        armAt(after(nanos(initialDelay)));
    }

    /**
     * Due after a delay, and then again and again, each time a delay after it has fired.
     *
     * @throws IllegalArgumentException if the second delay is not positive
     */
    public final void armWithFixedDelay(Duration initialDelay, Duration delay) {
        this.period = -positive("delay", delay);
        armAt(after(nanos(initialDelay)));
    }

    /**
     * It will not fire, not even where it was due and waits in its group's queue.
     *
     * @return whether it would have fired
     */
    public final boolean cancel() {
        boolean armed = isArmed();
        period = 0;
        if (node >= 0) {
            if (armed) {
                timers.cancel(this);
            }
        } else {
            node = IDLE;
            if (armed) {
                timers.stats().cancelled.increment();
            }
        }
        return armed;
    }

    /** Whether it is going to fire. */
    public final boolean isArmed() {
        return (node >= 0 ? !cancelled : node == DUE) || period != 0;
    }

    @Override
    public final SchedulingGroup group() {
        return group;
    }

    /** For whoever was handed the timer when it was due: fires it if it is due still. */
    @Override
    public final void run() {
        if (strayed && timers.currentGroup() != group) {
            return;
        }
        queued = false;
        if (node != DUE) {
            return;
        }
        node = IDLE;
        try {
            fire();
        } catch (Throwable e) {
            timers.stats().failed.increment();
            log.error("A timer of group {} failed: {}", group, this, e);
        }
        repeat();
    }

    private void repeat() {
        // Unless fire() has cancelled it, or armed it in another way.
        if (period == 0 || node != IDLE) {
            return;
        }
        long now = coarse ? timers.turn() : timers.elapsed();
        if (period < 0) {
            armAt(Timers.deadline(now, -period));
            return;
        }
        long missed = Math.max(0, (now - deadline) / period);
        timers.stats().missedPeriods.add(missed);
        armAt(Timers.deadline(deadline + missed * period, period));
    }

    /** Arms it for a moment since the timers were made. */
    final void armAt(long deadline) {
        this.deadline = deadline;
        SchedulingGroup current = timers.currentGroup();
        if (group != current) {
            group = current;
            // What waits in the queue of another group does not fire it in this one.
            strayed |= queued;
            queued = false;
        }
        timers.arm(this);
    }

    private long after(long delayNanos) {
        return delayNanos <= 0
                ? timers.over(coarse)
                : Timers.deadline(coarse ? timers.turn() : timers.elapsed(), delayNanos);
    }

    /** Nobody will run it, so this time is lost. */
    final void refused(Throwable reason) {
        queued = false;
        node = IDLE;
        timers.stats().failed.increment();
        log.error("A timer of group {} was due and could not be handed over: {}", group, this, reason);
        repeat();
    }

    /** Its shard has ended before its turn came. */
    @Override
    public final void abandon() {
        queued = false;
        if (node == DUE) {
            node = IDLE;
            period = 0;
            abandoned();
        }
    }

    /**
     * It was armed when its shard ended, and will not fire: for who waits for it. On the shard, or on whatever thread
     * stops the engine.
     */
    protected void abandoned() {}

    private static long positive(String what, Duration duration) {
        long nanos = nanos(duration);
        if (nanos <= 0) {
            throw new IllegalArgumentException(what + ": " + duration + "; give more than 0");
        }
        return nanos;
    }

    /** As far as 2^63 ns go, which is 292 years. */
    private static long nanos(Duration duration) {
        long seconds = duration.getSeconds();
        if (seconds >= 9_223_372_036L) {
            return Long.MAX_VALUE;
        }
        return seconds < 0 ? -1 : seconds * 1_000_000_000L + duration.getNano();
    }
}
