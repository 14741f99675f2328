package io.solaster.http.wire;

import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;

/**
 * The one timer of a connection, for whatever it waits for. It is armed for the earliest deadline that there was, and
 * looked at again when it fires, so that a request which is answered at once costs no timer. On the owning shard.
 */
public final class ConnectionTimer extends Timer {
    private final Runnable expired;
    private long due = HttpLimits.NEVER;

    /** @param expired told that a deadline may have passed */
    public ConnectionTimer(Timers timers, Runnable expired) {
        super(timers, true);
        this.expired = expired;
    }

    /** Fires at this time at the latest. */
    public void by(long deadline, long now) {
        if (deadline < due) {
            due = deadline;
            arm(deadline - now);
        }
    }

    @Override
    protected void fire() {
        due = HttpLimits.NEVER;
        expired.run();
    }
}
