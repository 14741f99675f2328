package io.solaster.engine.timer;

import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

import io.netty.util.concurrent.AbstractEventExecutor;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.engine.task.Abandonable;
import org.jspecify.annotations.Nullable;

/**
 * What {@code schedule} of a shard answers with: Netty's future of a task, on a timer of ours. Any thread.
 *
 * <p>
 * It keeps Netty's contract where that differs from a {@link Timer}'s: a task that throws ends and fails the future,
 * and a fixed rate makes up for every period that was missed, one in a turn.
 */
final class ScheduledCall<V extends @Nullable Object> extends DefaultPromise<V> implements ScheduledFuture<V> {
    private final Timers timers;
    private final EventExecutor shard;
    private final Object task;
    private final boolean atOnce;
    /** 0 for once, positive at a fixed rate, negative with a fixed delay. */
    private final long period;
    /** Since the timers were made; written on the shard, read by any thread. */
    private volatile long deadline;
    private @Nullable Alarm alarm;

    ScheduledCall(Timers timers, EventExecutor shard, Object task, long delayNanos, long period) {
        super(shard);
        this.timers = timers;
        this.shard = shard;
        this.task = java.util.Objects.requireNonNull(task, "task");
        this.atOnce = delayNanos <= 0;
        this.period = period;
        this.deadline = Timers.deadline(timers.elapsed(), Math.max(0, delayNanos));
    }

    ScheduledCall<V> start() {
        if (shard.inEventLoop()) {
            arm();
        } else {
            shard.execute(new Arming());
            if (shard.isShuttingDown()) {
                // Netty drops what comes in late without a word.
                shard.terminationFuture().addListener(ended -> super.cancel(false));
            }
        }
        return this;
    }

    /** Who listens is told of the end even where the shard has ended before. */
    @Override
    protected EventExecutor executor() {
        return shard.isShutdown() ? ImmediateEventExecutor.INSTANCE : shard;
    }

    /** On its way from another thread. */
    private final class Arming implements Abandonable {

        @Override
        public void run() {
            arm();
        }

        @Override
        public void abandon() {
            ScheduledCall.super.cancel(false);
        }
    }

    private void arm() {
        if (!isDone()) {
            Alarm armed = new Alarm();
            alarm = armed;
            armed.armAt(atOnce ? timers.over(false) : deadline);
        }
    }

    /** {@inheritDoc} On another thread than the shard's it takes effect at once; the timer goes later. */
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        if (!super.cancel(mayInterruptIfRunning)) {
            return false;
        }
        if (shard.inEventLoop()) {
            disarm();
        } else {
            try {
                disarmLater();
            } catch (RejectedExecutionException stopped) {
                // The timer has ended with its shard.
            }
        }
        return true;
    }

    private void disarmLater() {
        if (shard instanceof AbstractEventExecutor loop) {
            // Nobody waits for it, so it is not worth waking the shard.
            loop.lazyExecute(this::disarm);
        } else {
            shard.execute(this::disarm);
        }
    }

    private void disarm() {
        Alarm armed = alarm;
        if (armed != null) {
            armed.cancel();
        }
    }

    // A task that is a Runnable makes this a call of Void.
    @SuppressWarnings({"unchecked", "NullAway"})
    private V call() throws Exception {
        if (task instanceof Callable<?> callable) {
            return (V) callable.call();
        }
        ((Runnable) task).run();
        return (V) null;
    }

    @Override
    public long getDelay(TimeUnit unit) {
        return unit.convert(Math.max(0, deadline - timers.elapsed()), TimeUnit.NANOSECONDS);
    }

    @Override
    public int compareTo(Delayed other) {
        return other instanceof ScheduledCall<?> call && call.timers == timers
                ? Long.compare(deadline, call.deadline)
                : Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
    }

    private final class Alarm extends Timer {
        Alarm() {
            super(timers);
        }

        @Override
        protected void fire() {
            if (period == 0 ? !setUncancellable() : isCancelled()) {
                return;
            }
            try {
                V result = call();
                if (period == 0) {
                    trySuccess(result);
                    return;
                }
            } catch (Throwable e) {
                // It may have been cancelled by itself.
                tryFailure(e);
                return;
            }
            if (!isCancelled() && !shard.isShutdown()) {
                deadline = period > 0
                        ? Timers.deadline(deadline, period)
                        : Timers.deadline(timers.elapsed(), -period);
                armAt(deadline);
            }
        }

        @Override
        protected void abandoned() {
            ScheduledCall.super.cancel(false);
        }

        @Override
        public String toString() {
            return task.toString();
        }
    }
}
