package io.solaster.testkit.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

import org.jspecify.annotations.Nullable;

/**
 * Who runs next, and when it is. Everything here belongs to whoever holds the baton, and {@link #handOver} makes what one
 * did visible to the next.
 */
final class Scheduler {
    /** What one turn takes beside what the clock is asked for, at most. */
    private static final int TURN_NANOS = 2_000;
    /** What those may take that are interrupted at the end. */
    private static final int LAST_STEPS = 10_000;
    /** What it takes to ask for the time. */
    private static final int READING_NANOS = 20;

    private final SplittableRandom random;
    private final Trace trace = new Trace();
    private final List<Participant> all = new ArrayList<>();
    private final ArrayList<Participant> runnable = new ArrayList<>();
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final long mostSteps;
    private long now;
    private long eventsMade;
    private long steps;
    private long turns;
    private int made;
    private volatile @Nullable Participant running;
    private @Nullable Participant main;
    private @Nullable Throwable failure;
    private volatile @Nullable Throwable foreign;
    private boolean ending;
    private final Caller caller;

    /** Something that happens at a moment. */
    static final class Event implements Comparable<Event> {
        final long at;
        private final long number;
        private @Nullable Runnable action;

        Event(long at, long number, Runnable action) {
            this.at = at;
            this.number = number;
            this.action = action;
        }

        void cancel() {
            action = null;
        }

        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    Scheduler(long seed, long mostSteps) {
        this.random = new SplittableRandom(seed);
        this.mostSteps = mostSteps;
        this.caller = new Caller(this);
    }

    Trace trace() {
        return trace;
    }

    /** Nanoseconds since the simulation began. */
    long now() {
        return now;
    }

    /** As {@link #now}, for what runs: asking takes time. */
    long read() {
        now += READING_NANOS;
        return now;
    }

    /** A shard's turn begins. */
    void turned() {
        turns++;
    }

    /** Turns of shards. */
    long turns() {
        return turns;
    }

    /** Times that somebody was given the baton. */
    long steps() {
        return steps;
    }

    SplittableRandom random() {
        return random;
    }

    /** Any thread. */
    @Nullable
    Participant running() {
        return running;
    }

    Participant add(@Nullable Life life, @Nullable String name) {
        Participant added = new Participant(this, made++, life, name);
        all.add(added);
        return added;
    }

    List<Participant> all() {
        return all;
    }

    /** The calling thread has the baton first. */
    void begin(Participant first) {
        main = first;
        first.enter();
        running = first;
    }

    /** Something happens at a moment, on the thread of whoever has the baton then: it must not call what simulated code may. */
    Event at(long when, Runnable action) {
        Event event = new Event(Math.max(now, when), eventsMade++, action);
        events.add(event);
        return event;
    }

    void enqueue(Participant next) {
        next.runnable = true;
        if (next.life == null || !next.life.standsStill()) {
            runnable.add(next);
        }
    }

    /** A machine stands still from now on: its threads have no turn. */
    void take(Life life) {
        runnable.removeIf(each -> each.life == life);
    }

    /** A machine goes on. */
    void giveBack(Life life) {
        for (Participant each : all) {
            if (each.life == life && each.runnable && !each.ended) {
                runnable.add(each);
            }
        }
    }

    /** Has somebody else go on, and returns when it is the caller's turn again. On the participant's thread. */
    void handOver(Participant from) {
        Participant next = next();
        if (next != from) {
            give(next);
            from.untilItsTurn();
        }
    }

    /** Has others go first, where the calling thread can let them: a virtual one cannot. */
    void preempt() {
        Participant self = Participant.current();
        if (self != null && self == running) {
            self.pause();
        }
    }

    /** Has somebody else go on, for good. On the participant's thread. */
    void end(Participant from) {
        from.ended = true;
        all.remove(from);
        give(next());
    }

    private void give(Participant next) {
        running = next;
        LockSupport.unpark(next.thread());
    }

    private Participant next() {
        while (true) {
            happen();
            int count = runnable.size();
            if (count > 0) {
                int at = count == 1 ? 0 : random.nextInt(count);
                Participant next = runnable.get(at);
                Participant last = runnable.removeLast();
                if (at < count - 1) {
                    runnable.set(at, last);
                }
                next.goesOn();
                now += 1 + random.nextInt(TURN_NANOS);
                trace.add(Trace.Kind.TURN, next.id, next, now, 0);
                if (++steps == mostSteps) {
                    fail(new IllegalStateException("the simulation has had " + mostSteps + " turns and no end"));
                }
                return next;
            }
            Event first = events.poll();
            if (first == null) {
                fail(new IllegalStateException("all wait, and nothing will ever happen:" + waiting()));
                wakeMain();
            } else if (first.action != null) {
                now = Math.max(now, first.at);
                first.action.run();
            }
        }
    }

    /** What is due happens. */
    private void happen() {
        Event first = events.peek();
        while (first != null && first.at <= now) {
            events.poll();
            if (first.action != null) {
                first.action.run();
            }
            first = events.peek();
        }
    }

    String waiting() {
        StringBuilder text = new StringBuilder();
        for (Participant each : all) {
            text.append("\n  ").append(each).append(each.runnable ? " stands still" : " waits");
        }
        return text.toString();
    }

    /** The first failure ends the simulation: the test's thread throws it from where it waits. */
    void fail(Throwable why) {
        if (failure == null) {
            failure = why;
            wakeMain();
        } else if (!failure.equals(why)) {
            failure.addSuppressed(why);
        }
    }

    private void wakeMain() {
        if (main != null) {
            main.wake();
        }
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    /** A thread that is none of the simulation's has woken one that is. Any thread. */
    void foreign(Thread thread) {
        if (thread.getName().startsWith("globalEventExecutor")) {
            // Netty's: who ends a loop waits until it has told of that.
            return;
        }
        synchronized (this) {
            if (foreign == null) {
                foreign = new IllegalStateException("thread " + thread.getName()
                        + " has woken a shard and is none of the simulation's, so that no two runs are alike: a fork that"
                        + " sleeps by the JDK's timer, a pool of the JDK's, a library's thread?");
            }
        }
    }

    /** On the test's thread: throws what has failed. */
    void endIfFailed(Participant self) {
        Throwable cause = foreign;
        if (cause != null && failure == null) {
            fail(cause);
        }
        if (self == main && failure != null && !ending) {
            throw new Ended();
        }
    }

    /** Whether a participant looks, in real time, whether the others go on. On its thread. */
    boolean watches(Participant participant) {
        return participant == main;
    }

    /** Whoever has the baton waits for what no simulation knows of, or runs for ever. */
    static final class Hangs extends IllegalStateException {
        private static final long serialVersionUID = 1;

        Hangs(@Nullable Participant running) {
            super("nothing has gone on for half a minute of real time; " + running
                    + " neither ends its turn nor waits by the environment:" + stack(running));
        }

        private static String stack(@Nullable Participant running) {
            Thread thread = running == null ? null : running.thread();
            StringBuilder text = new StringBuilder();
            if (thread != null) {
                text.append(" (").append(thread.getState()).append(')');
                for (StackTraceElement frame : thread.getStackTrace()) {
                    text.append("\n\tat ").append(frame);
                }
            }
            return text.toString();
        }
    }

    /** Takes the test's thread to the end of a simulation that has failed. */
    static final class Ended extends RuntimeException {
        private static final long serialVersionUID = 1;

        Ended() {
            super("the simulation has failed", null, false, false);
        }
    }

    /** From here on the simulation is taken down: a failure stops nobody any more. */
    void end() {
        ending = true;
        caller.end();
    }

    /** Interrupts the threads that are left, and lets them run as long as they can without waiting. On the test's thread. */
    void interruptAll() {
        Participant self = main;
        for (Participant each : List.copyOf(all)) {
            Thread thread = each.thread();
            if (each != self && thread != null) {
                thread.interrupt();
            }
        }
        for (int i = 0; self != null && !runnable.isEmpty() && i < LAST_STEPS; i++) {
            self.pause();
        }
    }

    boolean isEnding() {
        return ending;
    }

    /** Calls code that may be simulated, at a moment, on a thread of its own. */
    void callAt(long when, Runnable action) {
        at(when, () -> caller.offer(action));
    }
}
