package io.solaster.testkit.sim;

import java.util.ArrayDeque;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/** A thread for what happens at a moment and calls code that is simulated. By whoever holds the baton. */
final class Caller {
    private final Scheduler scheduler;
    private final ArrayDeque<Runnable> due = new ArrayDeque<>();
    private boolean started;
    private @Nullable Participant participant;

    Caller(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** It is called as soon as the thread has its turn. */
    void offer(Runnable action) {
        due.add(action);
        Participant self = participant;
        if (self != null) {
            self.wake();
        } else if (!started) {
            started = true;
            new SimThreads(scheduler, null).start("moments", this::run);
        }
    }

    /** Lets the thread end. */
    void end() {
        Participant self = participant;
        if (self != null) {
            self.wake();
        }
    }

    private void run() {
        Participant self = Objects.requireNonNull(Participant.current());
        participant = self;
        while (!scheduler.isEnding()) {
            Runnable next = due.poll();
            if (next == null) {
                self.await(Participant.NEVER);
            } else {
                try {
                    next.run();
                } catch (RuntimeException | Error failure) {
                    scheduler.fail(failure);
                }
            }
        }
    }
}
