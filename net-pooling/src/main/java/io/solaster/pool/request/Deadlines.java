package io.solaster.pool.request;

import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;
import org.jspecify.annotations.Nullable;

/**
 * The deadlines of requests that all have the same time, in the order in which they began: one timer for the first of
 * them, so that a request costs none. On the owning shard.
 */
final class Deadlines extends Timer {
    private final Timers timers;
    final long nanos;
    private @Nullable RequestUnderWay<?, ?> first;
    private @Nullable RequestUnderWay<?, ?> last;

    /** @param nanos from the beginning of a request; {@link Long#MAX_VALUE} for ever */
    Deadlines(Timers timers, long nanos) {
        super(timers, true);
        this.timers = timers;
        this.nanos = nanos;
    }

    void add(RequestUnderWay<?, ?> call) {
        RequestUnderWay<?, ?> before = last;
        call.earlier = before;
        last = call;
        if (before != null) {
            before.later = call;
            return;
        }
        first = call;
        // Where it is armed still, it finds the next one when it fires.
        if (!isArmed() && nanos != Long.MAX_VALUE) {
            arm(nanos);
        }
    }

    void remove(RequestUnderWay<?, ?> call) {
        RequestUnderWay<?, ?> before = call.earlier;
        RequestUnderWay<?, ?> behind = call.later;
        if (before == null) {
            first = behind;
        } else {
            before.later = behind;
        }
        if (behind == null) {
            last = before;
        } else {
            behind.earlier = before;
        }
        call.earlier = null;
        call.later = null;
    }

    @Override
    protected void fire() {
        long now = timers.now();
        RequestUnderWay<?, ?> next = first;
        while (next != null && next.remaining(now) <= 0) {
            next.late();
            next = first;
        }
        if (next != null) {
            arm(next.remaining(now));
        }
    }

    /** The shard ends. */
    @Override
    protected void abandoned() {
        for (RequestUnderWay<?, ?> next = first; next != null; next = first) {
            next.stopped();
        }
    }
}
