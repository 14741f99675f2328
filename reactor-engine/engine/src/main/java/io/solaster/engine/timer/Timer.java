package io.solaster.engine.timer;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.netty.util.concurrent.Future;
import io.solaster.engine.task.GroupTask;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/** A timer of one shard: a handle that can be armed again and again. On the owning shard. */
public abstract class Timer implements GroupTask {
    private final Timers timers;
    private @Nullable Future<?> armed;
    private @Nullable SchedulingGroup group;

    protected Timer(Timers timers) {
        this.timers = timers;
    }

    /** Called on the shard, in the group that armed the timer, when it is due. */
    protected abstract void fire();

    /** Due once after a delay. Armed already, it is armed anew. */
    public final void arm(Duration delay) {
        arm(delay.toNanos());
    }

    /** Due once after a delay in nanoseconds. Armed already, it is armed anew. */
    public final void arm(long delayNanos) {
        cancel();
        group = timers.group.get();
        armed = timers.executor.schedule(() -> {
            armed = null;
            fire();
        }, delayNanos, TimeUnit.NANOSECONDS);
    }

    /** Disarms it; tells whether it was armed. */
    public final boolean cancel() {
        Future<?> was = armed;
        armed = null;
        return was != null && was.cancel(false);
    }

    /** Whether it is going to fire. */
    public final boolean isArmed() {
        return armed != null;
    }

    @Override
    public final SchedulingGroup group() {
        return java.util.Objects.requireNonNull(group);
    }

    @Override
    public final void run() {
        fire();
    }
}
