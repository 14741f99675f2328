package io.solaster.engine.net;

import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;

/**
 * The one timer of a connection, for whatever it waits for. It is armed for the earliest deadline that there was, and
 * looked at again when it fires, so that a request which is answered at once costs no timer. On the owning shard.
 */
public final class ConnectionTimer extends Timer {
    /** Far enough that no sum of a time and this overflows. */
    public static final long NEVER = Long.MAX_VALUE / 4;

    private final Runnable expired;
    private long due = NEVER;

    /** @param expired told that a deadline may have passed */
    public ConnectionTimer(Timers timers, Runnable expired) {
        super(timers, true);
        this.expired = expired;
    }

    /** Fires at this time at the latest, in nanoseconds by the shard's timers. */
    public void by(long deadline, long now) {
        if (deadline < due) {
            due = deadline;
            arm(deadline - now);
        }
    }

    @Override
    protected void fire() {
        due = NEVER;
        expired.run();
    }
}
