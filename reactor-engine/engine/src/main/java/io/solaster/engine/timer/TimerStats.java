package io.solaster.engine.timer;

import io.solaster.engine.stats.Counter;

/** What one shard counts about its timers. Written by the shard, read by any thread. */
public final class TimerStats {
    /** Timers that are armed now. */
    public final Counter pending = new Counter();
    /** Times that a timer was armed. */
    public final Counter armed = new Counter();
    /** Times that a timer was armed anew while it was armed. */
    public final Counter rearmed = new Counter();
    /** Times that a timer was due. */
    public final Counter expired = new Counter();
    /** Times that a timer was cancelled before it fired. */
    public final Counter cancelled = new Counter();
    /** Times that a timer was moved to a finer part of the wheel. */
    public final Counter cascaded = new Counter();
    /** Periods that fixed-rate timers left out because their time was over. */
    public final Counter missedPeriods = new Counter();
    /** Times that a timer's action threw. */
    public final Counter failed = new Counter();
    /** How late the timer was that was due last, in nanoseconds. */
    public final Counter lateness = new Counter();

    TimerStats() {}
}
