package io.solaster.testkit.sim;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.ThreadFactory;

import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.solaster.engine.env.Threads;
import org.jspecify.annotations.Nullable;

/** Threads of which one runs at a time. By whoever holds the baton. */
final class SimThreads implements Threads {
    private final Scheduler scheduler;
    private final @Nullable Life life;

    SimThreads(Scheduler scheduler, @Nullable Life life) {
        this.scheduler = scheduler;
        this.life = life;
    }

    /** A thread that tells the simulation of its interrupts. */
    private static final class SimThread extends Thread {
        private final Participant participant;

        SimThread(Participant participant, Runnable work, String name) {
            super(work, name);
            this.participant = participant;
            setDaemon(true);
        }

        @Override
        public void interrupt() {
            super.interrupt();
            participant.wake();
        }
    }

    private Thread make(String name, Runnable work) {
        Participant participant = scheduler.add(life, name);
        Thread thread = new SimThread(participant, () -> run(participant, work), name);
        participant.runsOn(thread);
        // Pools of the JDK start a thread in a way that cannot be seen here, but at once.
        scheduler.enqueue(participant);
        return thread;
    }

    private void run(Participant participant, Runnable work) {
        participant.enter();
        participant.untilItsTurn();
        try {
            work.run();
        } catch (Throwable failure) {
            scheduler.fail(failure);
        } finally {
            // Netty tells of a loop's end on a thread of its own: what that brings about comes before anything else.
            GlobalEventExecutor.INSTANCE.submit(() -> {}).awaitUninterruptibly();
            Participant.leave();
            scheduler.end(participant);
        }
    }

    @Override
    public ThreadFactory factory(String namePrefix) {
        int[] number = {0};
        return work -> make(namePrefix + number[0]++, work);
    }

    @Override
    public Thread start(String name, Runnable work) {
        Thread thread = make(name, work);
        thread.start();
        return thread;
    }

    @Override
    public Thread start(ThreadFactory kind, Runnable work) {
        Participant participant = scheduler.add(life, null);
        Thread thread = kind.newThread(() -> run(participant, work));
        // One that a simulation could not end must not keep the process alive.
        thread.setDaemon(true);
        participant.runsOn(thread);
        scheduler.enqueue(participant);
        thread.start();
        return thread;
    }

    @Override
    public <T> BlockingQueue<T> queue() {
        return new Queue<>();
    }

    /** Whose readers wait by the baton. */
    private static final class Queue<T> extends LinkedTransferQueue<T> {
        private static final long serialVersionUID = 1;
        private final transient ArrayDeque<Participant> readers = new ArrayDeque<>();

        @Override
        public boolean offer(T element) {
            super.offer(element);
            Participant reader = readers.poll();
            if (reader != null) {
                reader.wake();
            }
            return true;
        }

        @Override
        public boolean add(T element) {
            return offer(element);
        }

        @Override
        public void put(T element) {
            offer(element);
        }

        @Override
        public T take() throws InterruptedException {
            Participant self = waiting("a queue");
            for (T next = poll(); true; next = poll()) {
                if (next != null) {
                    return next;
                }
                readers.add(self);
                self.await(Participant.NEVER);
                readers.remove(self);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        }
    }

    private static Participant waiting(String what) {
        Participant self = Participant.current();
        if (self == null) {
            throw new IllegalStateException("thread " + Thread.currentThread().getName() + " waits for " + what
                    + " and is none of the simulation's; use Environment.threads(), or Simulation.thread");
        }
        return self;
    }

    @Override
    public boolean await(CompletableFuture<?> future, Duration patience) throws InterruptedException {
        if (future.isDone()) {
            return true;
        }
        if (Thread.currentThread().isVirtual()) {
            return awaitOnFork(future, patience);
        }
        boolean done = await(future, scheduler.now() + patience.toNanos());
        if (!done && Thread.interrupted()) {
            throw new InterruptedException();
        }
        return done;
    }

    /** Ends early where the thread is interrupted. */
    private boolean await(CompletableFuture<?> future, long until) {
        Participant self = waiting("a future");
        future.whenComplete((result, failure) -> self.wake());
        while (!future.isDone() && scheduler.now() < until && !Thread.currentThread().isInterrupted()) {
            self.await(until);
            scheduler.endIfFailed(self);
        }
        return future.isDone();
    }

    /** A virtual thread parks, and its shard goes on. */
    private boolean awaitOnFork(CompletableFuture<?> future, Duration patience) throws InterruptedException {
        CompletableFuture<Boolean> either = new CompletableFuture<>();
        future.whenComplete((result, failure) -> either.complete(true));
        scheduler.callAt(scheduler.now() + patience.toNanos(), () -> either.complete(false));
        try {
            return either.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public boolean await(Future<?> future, Duration patience) {
        CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
        future.addListener(ended -> done.complete(null));
        long until = scheduler.now() + patience.toNanos();
        boolean interrupted = false;
        while (!done.isDone() && scheduler.now() < until) {
            try {
                await(done, Duration.ofNanos(until - scheduler.now()));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return future.isDone();
    }

    @Override
    public long beforeWait(CompletableFuture<?> future, long nanos) {
        if (Thread.currentThread().isVirtual()) {
            return nanos;
        }
        long until = nanos == Long.MAX_VALUE ? Participant.NEVER : scheduler.now() + nanos;
        boolean interrupted = false;
        while (!await(future, until) && scheduler.now() < until && nanos == Long.MAX_VALUE) {
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return nanos == Long.MAX_VALUE ? nanos : 0;
    }

    @Override
    public void unmounted(Thread virtual) {
        if (virtual.getState() == Thread.State.TIMED_WAITING) {
            List<String> stack = new ArrayList<>();
            for (StackTraceElement frame : virtual.getStackTrace()) {
                stack.add("\n\tat " + frame);
            }
            scheduler.fail(new IllegalStateException("fork " + virtual.getName()
                    + " waits by a timer of the JDK's, which "
                    + "goes by the real clock: use Shard.sleep, ShardThreads.sleep, or Shard.timeout of a future"
                    + String.join("", stack)));
        }
    }
}
