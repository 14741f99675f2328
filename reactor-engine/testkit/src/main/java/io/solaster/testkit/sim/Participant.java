package io.solaster.testkit.sim;

import java.util.concurrent.locks.LockSupport;

import org.jspecify.annotations.Nullable;

/** A thread that runs while it holds the baton. Its methods are called by whoever holds it, unless they say otherwise. */
final class Participant {
    /** A moment that never comes. */
    static final long NEVER = Long.MAX_VALUE;
    /** Of real time, without anybody else having a turn: whoever has the baton waits for something else. */
    private static final long HANGS_NANOS = 30_000_000_000L;
    private static final long LOOKS_APART_NANOS = 1_000_000_000L;

    private static final ThreadLocal<@Nullable Participant> CURRENT = new ThreadLocal<>();

    final Scheduler scheduler;
    final int id;
    /** What it belongs to; null for the test itself. */
    final @Nullable Life life;
    private final @Nullable String name;
    private @Nullable Thread thread;
    /** Could go on, and waits for the baton; or would, if its machine did not stand still. */
    boolean runnable;
    boolean ended;
    private boolean waiting;
    /** It was woken while it did not wait, so its next wait ends at once. */
    private boolean permit;
    private long deadline;
    private Scheduler.@Nullable Event alarm;

    Participant(Scheduler scheduler, int id, @Nullable Life life, @Nullable String name) {
        this.scheduler = scheduler;
        this.id = id;
        this.life = life;
        this.name = name;
    }

    /** Of the calling thread; null if that is none's. Any thread. */
    static @Nullable Participant current() {
        return Thread.currentThread().isVirtual() ? null : CURRENT.get();
    }

    /** Before it may be given the baton. */
    void runsOn(Thread newThread) {
        thread = newThread;
    }

    @Nullable
    Thread thread() {
        return thread;
    }

    /** On the thread itself, before it has the baton. */
    void enter() {
        CURRENT.set(this);
    }

    /** On the thread itself, when it has given the baton away for good. */
    static void leave() {
        CURRENT.remove();
    }

    /** Waits until the baton is its own. On the thread itself, which has given it away. */
    void untilItsTurn() {
        boolean interrupted = false;
        long seen = -1;
        long since = System.nanoTime();
        while (scheduler.running() != this) {
            if (scheduler.watches(this)) {
                long steps = scheduler.steps();
                if (steps != seen) {
                    seen = steps;
                    since = System.nanoTime();
                } else if (System.nanoTime() - since > HANGS_NANOS) {
                    throw new Scheduler.Hangs(scheduler.running());
                }
                LockSupport.parkNanos(scheduler, LOOKS_APART_NANOS);
            } else {
                LockSupport.park(scheduler);
            }
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Lets others go first. On the thread itself. */
    void pause() {
        scheduler.enqueue(this);
        scheduler.handOver(this);
    }

    /** Waits until it is woken or, by the simulation's clock, until a moment. On the thread itself. */
    void await(long until) {
        if (permit) {
            permit = false;
            pause();
            return;
        }
        waiting = true;
        deadline = until;
        if (until != NEVER) {
            arm(until);
        }
        scheduler.handOver(this);
        permit = false;
    }

    private void arm(long at) {
        Scheduler.Event armed = alarm;
        if (armed != null && armed.at <= at) {
            return;
        }
        if (armed != null) {
            armed.cancel();
        }
        alarm = scheduler.at(at, this::ring);
    }

    private void ring() {
        alarm = null;
        if (!waiting || runnable || deadline == NEVER) {
            return;
        }
        if (deadline <= scheduler.now()) {
            scheduler.enqueue(this);
        } else {
            arm(deadline);
        }
    }

    void wake() {
        if (!waiting) {
            permit = true;
        } else if (!runnable) {
            scheduler.enqueue(this);
        }
    }

    /** It has the baton next. */
    void goesOn() {
        runnable = false;
        waiting = false;
    }

    @Override
    public String toString() {
        Thread runs = thread;
        String own = name != null ? name : runs == null ? "?" : runs.getName();
        return life == null ? own : life.machine + "/" + own;
    }
}
