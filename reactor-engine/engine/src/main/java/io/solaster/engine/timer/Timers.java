package io.solaster.engine.timer;

import java.util.function.Supplier;

import io.netty.util.concurrent.EventExecutor;
import io.solaster.engine.task.SchedulingGroup;

/** The timers of one shard. On the owning shard. */
public final class Timers {
    final EventExecutor executor;

    final Supplier<SchedulingGroup> group;

    public Timers(EventExecutor executor, Supplier<SchedulingGroup> group) {
        this.executor = executor;
        this.group = group;
    }

    /** A timer that is not armed yet. */
    public Timer timer(Runnable action) {
        return new Timer(this) {
            @Override
            protected void fire() {
                action.run();
            }
        };
    }
}
