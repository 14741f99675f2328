package io.solaster.streams.plugin;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

import io.solaster.config.Internal;
import io.solaster.engine.env.TimeSource;
import org.jspecify.annotations.Nullable;

/**
 * Where one instance of a plug-in says that a call runs, and the watchdog that it has run for too long. One thread calls
 * {@link #begin} and {@link #end}, the watchdog the rest.
 *
 * <p>
 * A call that is to be stopped is interrupted under a handshake: the watchdog takes the running state away, interrupts, and says
 * so; the end of a call that finds its state taken waits for that word, and clears the flag. So the interrupt never comes
 * after the call, where it would close a channel or make a selector spin.
 */
@Internal
public final class WatchCell {
    private static final VarHandle STATE;
    private static final VarHandle OVERDUE;
    private static final long INTERRUPTING = -2;
    private static final long INTERRUPTED = -4;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(WatchCell.class, "state", long.class);
            OVERDUE = lookup.findVarHandle(WatchCell.class, "overdue", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Watchdog watchdog;
    final long limitNanos;
    private final boolean stops;

    /** The caller's: odd while a call runs. */
    private long call;
    private @Nullable Thread caller;
    @SuppressWarnings("unused") // by STATE
    private volatile long state;
    @SuppressWarnings("unused") // by OVERDUE
    private long overdue;

    /** The watchdog's: what it saw last, and since when. */
    private long seen;
    private long seenSince;

    WatchCell(Watchdog watchdog, long limitNanos, boolean stops) {
        this.watchdog = watchdog;
        this.limitNanos = limitNanos;
        this.stops = stops;
    }

    /** A call begins. Not while one runs. */
    public void begin() {
        long mine = ++call;
        if (stops) {
            caller = Thread.currentThread();
            // Nobody may interrupt a shard: a flag of before would stop a call that has just begun.
            Thread.interrupted();
            STATE.setVolatile(this, mine);
        } else {
            STATE.setRelease(this, mine);
        }
        if (watchdog.sleeps()) {
            watchdog.wake();
        }
    }

    /** The call is over. Returns whether it took too long; it was interrupted then if it is one that is stopped. */
    public boolean end() {
        long mine = call++;
        if (!stops) {
            STATE.setRelease(this, mine + 1);
            return (long) OVERDUE.getOpaque(this) == mine;
        }
        if (STATE.compareAndSet(this, mine, mine + 1)) {
            return false;
        }
        while ((long) STATE.getVolatile(this) != INTERRUPTED) {
            Thread.onSpinWait();
        }
        Thread.interrupted();
        STATE.setVolatile(this, mine + 1);
        return true;
    }

    /** Whether a call runs. Any thread. */
    boolean isRunning() {
        long now = (long) STATE.getVolatile(this);
        return now < 0 || (now & 1) == 1;
    }

    /** The watchdog looks. Returns whether anything happened since it looked last. */
    boolean look(long now) {
        long current = (long) STATE.getVolatile(this);
        if (current != seen) {
            seen = current;
            seenSince = now;
            return true;
        }
        if (current < 0 || (current & 1) == 0) {
            return false;
        }
        if (now - seenSince >= limitNanos) {
            if (!stops) {
                OVERDUE.setOpaque(this, current);
            } else if (STATE.compareAndSet(this, current, INTERRUPTING)) {
                Thread thread = caller;
                if (thread != null) {
                    thread.interrupt();
                }
                STATE.setVolatile(this, INTERRUPTED);
            }
        }
        return true;
    }

    /** The thread that looks at cells while calls are made, and sleeps while none is. */
    static final class Watchdog implements Runnable {
        private static final int IDLE_LOOKS = 50;
        private static final long SHORTEST = 50_000;

        private final TimeSource clock;
        private final Object lock = new Object();
        private volatile WatchCell[] cells = {};
        private volatile boolean sleeping;
        private volatile boolean closed;
        private volatile @Nullable Thread thread;

        Watchdog(TimeSource clock) {
            this.clock = clock;
        }

        WatchCell watch(long limitNanos, boolean stops) {
            synchronized (lock) {
                WatchCell cell = new WatchCell(this, limitNanos, stops);
                WatchCell[] more = Arrays.copyOf(cells, cells.length + 1);
                more[cells.length] = cell;
                cells = more;
                return cell;
            }
        }

        void forget(WatchCell cell) {
            synchronized (lock) {
                cells = Arrays.stream(cells).filter(each -> each != cell).toArray(WatchCell[]::new);
            }
        }

        int watched() {
            return cells.length;
        }

        boolean isClosed() {
            return closed;
        }

        boolean sleeps() {
            return sleeping;
        }

        void wake() {
            LockSupport.unpark(thread);
        }

        void close() {
            closed = true;
            wake();
        }

        @Override
        public void run() {
            thread = Thread.currentThread();
            int idle = 0;
            while (!closed) {
                idle = look() ? 0 : idle + 1;
                if (idle < IDLE_LOOKS) {
                    LockSupport.parkNanos(this, pause());
                    continue;
                }
                sleeping = true;
                // A call that began before it saw this is seen here; one that begins later wakes the watchdog.
                VarHandle.fullFence();
                if (!look() && !closed) {
                    // A call in Java passes no fence: at worst it is found a second later.
                    LockSupport.parkNanos(this, 1_000_000_000L);
                }
                sleeping = false;
                idle = look() ? 0 : IDLE_LOOKS;
            }
        }

        private boolean look() {
            boolean any = false;
            long now = clock.nanoTime();
            for (WatchCell cell : cells) {
                any |= cell.look(now);
            }
            return any;
        }

        private long pause() {
            long shortest = 100_000_000;
            for (WatchCell cell : cells) {
                shortest = Math.min(shortest, cell.limitNanos);
            }
            return Math.max(shortest / 4, SHORTEST);
        }
    }
}
