package io.solaster.engine.sync;

import java.time.Duration;
import java.util.concurrent.TimeoutException;

import io.solaster.engine.Shard;
import io.solaster.engine.timer.Timer;
import org.jspecify.annotations.Nullable;

/**
 * One that waits in a {@link WaitList}, being its own link and its own timer. It leaves the list when its turn has come
 * or its patience has ended, whichever is first.
 */
abstract class WaitNode extends Timer {
    /** Within what a sum of nanoseconds can hold. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    @Nullable
    WaitList<?> list;
    @Nullable
    WaitNode previous;
    @Nullable
    WaitNode next;
    private Patience patience = Patience.ENDLESS;
    private AbortSource.@Nullable Subscription abort;

    final Shard shard;

    WaitNode(Shard shard) {
        super(shard.timers());
        this.shard = shard;
    }

    /** Its patience has ended; it has left the list. */
    abstract void gaveUp(Throwable why);

    /** Whether its wait came to an end without our doing: then nothing must be given to it. */
    boolean isGone() {
        return false;
    }

    /** From the list, once it stands in it. */
    final void begin(Patience patience) {
        this.patience = patience;
        if (patience.abort() != null) {
            // Aborted already, it gives up in here.
            abort = patience.abort().onAbort(this::giveUp);
        }
        if (patience.timeout() != null && list != null) {
            long nanos = saturatedNanos(patience.timeout());
            if (nanos <= 0) {
                fire();
            } else {
                arm(nanos);
            }
        }
    }

    /** From the list, as it leaves. */
    final void end() {
        if (isArmed()) {
            cancel();
        }
        if (abort != null) {
            abort.close();
            abort = null;
        }
    }

    @Override
    protected final void fire() {
        giveUp(new TimeoutException("waited " + patience.timeout() + " in vain"));
    }

    @Override
    protected final void abandoned() {
        giveUp(shard.stopped());
    }

    final void giveUp(Throwable why) {
        if (list != null) {
            list.unlink(this);
            gaveUp(why);
        }
    }

    private static long saturatedNanos(Duration timeout) {
        return timeout.compareTo(LONGEST) > 0 ? LONGEST.toNanos() : timeout.toNanos();
    }
}
