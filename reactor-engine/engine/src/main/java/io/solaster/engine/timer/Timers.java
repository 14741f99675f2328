package io.solaster.engine.timer;

import io.netty.util.concurrent.EventExecutor;

/** The timers of one shard. On the owning shard. */
public final class Timers {
    final EventExecutor executor;

    public Timers(EventExecutor executor) {
        this.executor = executor;
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
