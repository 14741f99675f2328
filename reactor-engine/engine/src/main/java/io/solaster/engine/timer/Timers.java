package io.solaster.engine.timer;

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.config.Internal;
import io.solaster.engine.env.TimeSource;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/**
 * The timers of one shard. On the owning shard, unless a method says otherwise.
 *
 * <p>
 * A deadline is kept to 1,024 ns and never early; that of a coarse timer is rounded up to 2^20 ns (about a
 * millisecond), so that many share a wake-up, and counts from the beginning of the turn. To arm and to cancel takes the
 * same time however many are armed; a timer that is armed takes 20 bytes beside its handle.
 *
 * <p>
 * What costs is not the work but the memory that it touches: to take one of a million timers out of its slot misses the
 * cache four times. So a timer that is cancelled stays where it is until the turn is over, or until so many others
 * are cancelled too, and one that is armed for later stays until its slot is reached; only then it is moved.
 *
 * <p>
 * The loop calls {@link #advance} once a turn, and {@link #expire} where timers have their place in it; it sleeps for
 * {@link #delayNanos} at most.
 */
public final class Timers {
    private static final int TICK_BITS = 10;
    private static final int COARSE_BITS = 20;
    /** How many cancelled timers may lie in the wheel: what they cost at the end of a turn is no pause. */
    private static final int CANCELLED = 128;

    /** Takes the timers that are due: runs each at once, or queues it in its group. On the owning shard. */
    @FunctionalInterface
    public interface Expiry {

        /** {@link Timer#run} fires the timer if it is due still; it may have been cancelled meanwhile. */
        void expired(Timer timer);
    }

    private final TimeSource clock;
    private final long origin;
    private final Supplier<SchedulingGroup> currentGroup;
    private final Expiry expiry;
    private final TimerStats stats = new TimerStats();
    private final Wheel wheel = new Wheel(stats.cascaded);
    private final @Nullable Timer[] cancelled = new Timer[CANCELLED];
    private int firstCancelled;
    private int cancelledCount;
    private long turn;
    private @Nullable Consumer<? super Timer> armedListener;

    /**
     * @param clock what delays are measured by
     * @param currentGroup asked whenever a timer is armed: the group that it will fire in
     */
    public Timers(TimeSource clock, Supplier<SchedulingGroup> currentGroup, Expiry expiry) {
        this.clock = clock;
        this.origin = clock.nanoTime();
        this.currentGroup = currentGroup;
        this.expiry = expiry;
    }

    /** A timer that is not armed yet. */
    public Timer timer(Runnable action) {
        return new ActionTimer(this, false, action);
    }

    /** A coarse timer that is not armed yet: late by up to 2^20 ns, and cheaper. */
    public Timer coarseTimer(Runnable action) {
        return new ActionTimer(this, true, action);
    }

    /**
     * From now on tells of each timer that is armed, before it is: for tests that look for timers that were left. Null
     * tells nobody, as at first.
     */
    public void onArmed(@Nullable Consumer<? super Timer> listener) {
        armedListener = listener;
    }

    /** What is counted about the timers. Any thread. */
    public TimerStats stats() {
        return stats;
    }

    /** Sets the clock that coarse timers count from: the loop does, once a turn, with its reading of the clock. */
    @Internal
    public void advance(long nowNanos) {
        turn = Math.max(turn, nowNanos - origin);
    }

    /** The clock as the last {@link #advance} set it. */
    public long now() {
        return origin + turn;
    }

    /**
     * Hands over the timers that are due, in the order of their deadlines.
     *
     * @param nowNanos a reading of the clock; also sets {@link #now}
     * @param limit handing over a timer costs one, and so does moving one to a finer part of the wheel
     * @return whether there is more to do at once
     */
    @Internal
    public boolean expire(long nowNanos, int limit) {
        advance(nowNanos);
        sweep();
        wheel.soonIsDue();
        long tick = turn >> TICK_BITS;
        int left = limit;
        while (left > 0) {
            int node = wheel.firstDue();
            if (node >= 0) {
                left--;
                reached(node);
                continue;
            }
            int moved = wheel.turn(tick, left);
            if (moved == 0) {
                break;
            }
            left -= moved;
        }
        return wheel.hasWork() || left == 0 && wheel.nextTick() <= tick;
    }

    private void reached(int node) {
        Timer timer = Objects.requireNonNull(wheel.timer(node));
        long tick = tick(timer);
        if (timer.cancelled) {
            unlink(timer);
        } else if (tick > wheel.elapsed()) {
            // Armed for later while it was in the wheel.
            timer.linkedTick = tick;
            wheel.move(node, tick);
            stats.cascaded.increment();
        } else {
            unlink(timer);
            handOver(timer);
        }
    }

    private void unlink(Timer timer) {
        wheel.remove(timer.node);
        timer.node = Timer.IDLE;
        timer.cancelled = false;
    }

    private void handOver(Timer timer) {
        stats.pending.add(-1);
        stats.expired.increment();
        stats.lateness.add(turn - timer.deadline - stats.lateness.get());
        timer.node = Timer.DUE;
        if (timer.queued) {
            // It waits where it was handed over before, and was cancelled and armed since.
            return;
        }
        timer.queued = true;
        try {
            expiry.expired(timer);
        } catch (Throwable e) {
            // An error too, such as a queue that finds no memory to grow: a timer that is queued nowhere would never fire.
            timer.refused(e);
        }
    }

    /** Takes out what is cancelled still. */
    private void sweep() {
        while (cancelledCount > 0) {
            sweepFirst();
        }
    }

    private void sweepFirst() {
        Timer timer = Objects.requireNonNull(cancelled[firstCancelled]);
        cancelled[firstCancelled] = null;
        firstCancelled = firstCancelled + 1 & CANCELLED - 1;
        cancelledCount--;
        timer.awaitsSweep = false;
        if (timer.cancelled) {
            unlink(timer);
        }
    }

    /**
     * When {@link #expire} has something to do next, by the clock that was given: {@link Long#MAX_VALUE} for never. It
     * is the next deadline, or earlier where many timers wait to be sorted, which happens a few times on the way to a
     * far deadline.
     */
    @Internal
    public long nextDeadlineNanos() {
        sweep();
        if (wheel.hasWork()) {
            return now();
        }
        long tick = wheel.nextTick();
        if (tick == Long.MAX_VALUE) {
            return Long.MAX_VALUE;
        }
        long deadline = origin + (tick << TICK_BITS);
        return origin > 0 && deadline < 0 ? Long.MAX_VALUE - 1 : deadline;
    }

    /** How long {@link #expire} has nothing to do; 0 if it has, {@link Long#MAX_VALUE} for ever. */
    @Internal
    public long delayNanos(long nowNanos) {
        sweep();
        if (wheel.hasWork()) {
            return 0;
        }
        long tick = wheel.nextTick();
        return tick == Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(0, (tick << TICK_BITS) - (nowNanos - origin));
    }

    /** Whether no timer is armed. One that was handed over does not count. */
    public boolean isEmpty() {
        return stats.pending.get() == 0;
    }

    /** Cancels every timer, for a shard that stops; takes as long as there are many. */
    @Internal
    public void cancelAll() {
        sweep();
        // Those that are armed by what this brings about stay.
        int node;
        for (long left = stats.pending.get(); left > 0 && (node = wheel.any()) >= 0; left--) {
            Timer timer = Objects.requireNonNull(wheel.timer(node));
            // One that was cancelled may lie in the wheel still, and nobody waits for it.
            boolean armed = timer.cancel();
            unlink(timer);
            if (armed) {
                timer.abandoned();
            }
        }
    }

    /**
     * Runs a task after a delay, as {@link EventExecutor#schedule} says. The delay begins with the call. Any thread.
     *
     * @param shard whose timers these are
     * @param task a {@link Runnable} or, for its result, a {@link Callable}
     */
    public ScheduledFuture<?> schedule(EventExecutor shard, Runnable task, long delay, TimeUnit unit) {
        return new ScheduledCall<@Nullable Void>(this, shard, task, unit.toNanos(delay), 0).start();
    }

    /** Calls a task after a delay, as {@link EventExecutor#schedule} says. The delay begins with the call. Any thread. */
    public <V extends @Nullable Object> ScheduledFuture<V> schedule(EventExecutor shard, Callable<V> task, long delay,
            TimeUnit unit) {
        return new ScheduledCall<V>(this, shard, task, unit.toNanos(delay), 0).start();
    }

    /** Runs a task again and again, as {@link EventExecutor#scheduleAtFixedRate} says. Any thread. */
    @Internal
    public ScheduledFuture<?> scheduleAtFixedRate(EventExecutor shard, Runnable task, long initialDelay, long period,
            TimeUnit unit) {
        return new ScheduledCall<@Nullable Void>(this, shard, task, notNegative("initialDelay", initialDelay, unit),
                positive("period", period, unit)).start();
    }

    /** Runs a task again and again, as {@link EventExecutor#scheduleWithFixedDelay} says. Any thread. */
    @Internal
    public ScheduledFuture<?> scheduleWithFixedDelay(EventExecutor shard, Runnable task, long initialDelay, long delay,
            TimeUnit unit) {
        return new ScheduledCall<@Nullable Void>(this, shard, task, notNegative("initialDelay", initialDelay, unit),
                -positive("delay", delay, unit)).start();
    }

    private static long notNegative(String what, long amount, TimeUnit unit) {
        if (amount < 0) {
            throw new IllegalArgumentException(what + ": " + amount + " " + unit + "; give 0 or more");
        }
        return unit.toNanos(amount);
    }

    private static long positive(String what, long amount, TimeUnit unit) {
        if (amount <= 0) {
            throw new IllegalArgumentException(what + ": " + amount + " " + unit + "; give more than 0");
        }
        return unit.toNanos(amount);
    }

    SchedulingGroup currentGroup() {
        return currentGroup.get();
    }

    /** The clock, from 0 when this was made. Any thread. */
    long elapsed() {
        return clock.nanoTime() - origin;
    }

    /** {@link #now}, as {@link #elapsed} counts. */
    long turn() {
        return turn;
    }

    /** A deadline that is over, and not at the next tick only. */
    long over(boolean coarse) {
        int bits = coarse ? COARSE_BITS : TICK_BITS;
        return turn >> bits << bits;
    }

    static long deadline(long from, long delayNanos) {
        long deadline = from + delayNanos;
        return deadline < 0 ? Long.MAX_VALUE : deadline;
    }

    void arm(Timer timer) {
        if (armedListener != null) {
            armedListener.accept(timer);
        }
        stats.armed.increment();
        long tick = tick(timer);
        if (timer.node < 0) {
            stats.pending.increment();
            timer.linkedTick = tick;
            timer.node = wheel.add(timer, tick);
            return;
        }
        if (timer.cancelled) {
            timer.cancelled = false;
            stats.pending.increment();
        } else {
            stats.rearmed.increment();
        }
        if (tick < timer.linkedTick) {
            timer.linkedTick = tick;
            wheel.move(timer.node, tick);
        }
    }

    void cancel(Timer timer) {
        stats.pending.add(-1);
        stats.cancelled.increment();
        timer.cancelled = true;
        if (!timer.awaitsSweep) {
            timer.awaitsSweep = true;
            if (cancelledCount == CANCELLED) {
                sweepFirst();
            }
            cancelled[firstCancelled + cancelledCount++ & CANCELLED - 1] = timer;
        }
    }

    private static long tick(Timer timer) {
        int bits = timer.coarse ? COARSE_BITS : TICK_BITS;
        long deadline = timer.deadline;
        long tick = (deadline >> bits) + ((deadline & (1L << bits) - 1) != 0 ? 1 : 0) << bits - TICK_BITS;
        return Math.min(tick, Wheel.LAST_TICK);
    }

    private static final class ActionTimer extends Timer {
        private final Runnable action;

        ActionTimer(Timers timers, boolean coarse, Runnable action) {
            super(timers, coarse);
            this.action = action;
        }

        @Override
        protected void fire() {
            action.run();
        }

        @Override
        public String toString() {
            return action.toString();
        }
    }
}
