package io.solaster.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

import io.solaster.config.Internal;
import io.solaster.engine.stats.Counter;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.thread.JdkThreads;
import io.solaster.engine.timer.Timer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The virtual threads that one shard carries. Code forks with {@link Shard#fork}; the engine ends them here. */
public final class ShardThreads {
    private static final Logger log = LoggerFactory.getLogger(ShardThreads.class);
    private static final VarHandle MOUNTED;
    /** Threads named in a report on those that have not ended. */
    private static final int NAMED = 3;

    static {
        try {
            MOUNTED = MethodHandles.lookup().findVarHandle(ShardThreads.class, "mounted", Object.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Shard shard;
    private final String engine;
    private final String namePrefix;
    private final AtomicLong numbers = new AtomicLong();
    private final Counter living = new Counter();
    private final CompletableFuture<@Nullable Void> allEnded = new CompletableFuture<>();
    private volatile boolean ending;
    /** The thread that runs, or the continuation of one that is no fork. */
    @SuppressWarnings("unused")
    private @Nullable Object mounted;
    private @Nullable ForkedThread<?> first;

    /** The shard's. */
    ShardThreads(Shard shard, String engine, int id) {
        this.shard = shard;
        this.engine = engine;
        this.namePrefix = engine + "-shard-" + id + "-fork-";
    }

    /** Makes virtual threads ready, which takes some milliseconds. On a thread that is no shard, before the shards run. */
    static void prepare() {
        JdkThreads.prepare();
    }

    /** The platform thread under the calling virtual thread; the calling thread where that is none. Any thread. */
    public static Thread carrier() {
        return JdkThreads.carrier();
    }

    /**
     * Parks the calling virtual thread, on its shard's own timers: exact to a turn of the loop, where
     * {@link Thread#sleep} is woken by another thread. On a virtual thread of a shard.
     */
    public static void sleep(Duration time) throws InterruptedException {
        Alarm alarm = new Alarm(straightLine("sleep"));
        alarm.arm(time);
        try {
            while (!alarm.rang) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                LockSupport.park(alarm);
            }
        } finally {
            alarm.cancel();
        }
    }

    private static final class Alarm extends Timer {
        private final Thread sleeper = Thread.currentThread();
        private boolean rang;

        Alarm(Shard shard) {
            super(shard.timers());
        }

        @Override
        protected void fire() {
            rang = true;
            LockSupport.unpark(sleeper);
        }
    }

    /** @throws IllegalStateException on the loop itself, or off the shards */
    static Shard straightLine(String what) {
        Shard shard = Shard.current();
        if (shard == null || shard.inEventLoop()) {
            throw new IllegalStateException(what + " is for straight-line code, and thread "
                    + Thread.currentThread().getName() + " is no virtual thread of a shard; use Shard.fork");
        }
        return shard;
    }

    /**
     * Starts a virtual thread: {@link Shard#fork}. Any thread.
     *
     * @param group where it runs
     * @param future its result's
     * @param home the shard that forks; null where that is no shard
     * @param logs whether what the code throws is logged too
     * @throws ShardStoppedException if the shard stops
     * @throws IllegalStateException where the JVM does not let us, with the flag that is missing
     */
    <T extends @Nullable Object> Fork<T> fork(SchedulingGroup group, ShardFuture<T> future, @Nullable Shard home,
            boolean logs, Callable<T> work) {
        refuseWhenEnding();
        ForkedThread<T> fork = new ForkedThread<>(this, group, future, home, null, logs, work);
        JdkThreads.start(fork.thread());
        return fork;
    }

    /** Forks that have begun and not ended. Any thread. */
    public int living() {
        return (int) living.get();
    }

    /**
     * The virtual thread that runs on the shard at this moment, whose stack tells what the shard is doing; null where none
     * does. Any thread; old as soon as it is told.
     */
    @Internal
    public @Nullable Thread mounted() {
        Object now = MOUNTED.getOpaque(this);
        return now instanceof Runnable continuation && !(now instanceof Thread)
                ? JdkThreads.threadOf(continuation)
                : (Thread) now;
    }

    /**
     * Refuses further forks and interrupts those that live. Threads that they started by themselves are theirs to end.
     * Any thread.
     *
     * @param patience how long they may take to end; then their futures fail, with a line in the log
     * @return completed when all have ended, or with patience at its end; never failed
     */
    @Internal
    public CompletableFuture<@Nullable Void> end(Duration patience) {
        ending = true;
        shard.executeOrElse(() -> interruptAll(patience), () -> allEnded.complete(null));
        // Who forks while the loop ends is told too.
        shard.terminationFuture().addListener(ended -> abandonAll());
        return allEnded;
    }

    private void interruptAll(Duration patience) {
        for (ForkedThread<?> fork = first; fork != null; fork = fork.next) {
            fork.cancel();
        }
        if (first == null) {
            allEnded.complete(null);
        } else {
            shard.schedule(() -> leaveBehind(patience), patience.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void leaveBehind(Duration patience) {
        ForkedThread<?> fork = first;
        if (fork == null) {
            return;
        }
        StringBuilder some = new StringBuilder();
        for (int i = 0; i < NAMED && fork != null; i++, fork = fork.next) {
            some.append("\n").append(fork.thread().getName()).append(Arrays.stream(fork.thread().getStackTrace())
                    .map(frame -> "\n\tat " + frame).collect(Collectors.joining()));
        }
        log.warn("{} virtual thread(s) of shard {} have not ended within {} of their interrupt and are left behind:{}",
                living(), shard.id(), patience, some);
        abandonAll();
        allEnded.complete(null);
    }

    /** The shard has died: no fork goes on, and none begins. After the shard's thread has ended. */
    void die() {
        ending = true;
        abandonAll();
        allEnded.complete(null);
    }

    private void abandonAll() {
        for (ForkedThread<?> fork = first; fork != null; fork = fork.next) {
            fork.abandon();
        }
    }

    void refuseWhenEnding() {
        if (ending) {
            throw stopped();
        }
    }

    ShardStoppedException stopped() {
        return new ShardStoppedException(engine, shard.id());
    }

    String nextName() {
        return namePrefix + numbers.getAndIncrement();
    }

    void log(ForkedThread<?> fork, Throwable failure) {
        if (ending) {
            log.debug("{} ended", fork.thread().getName(), failure);
        } else {
            log.error("{} threw", fork.thread().getName(), failure);
        }
    }

    /** On the shard, around each turn of a virtual thread: the thread or its continuation, then null. */
    void mount(@Nullable Object thread) {
        MOUNTED.setOpaque(this, thread);
    }

    /** On the shard. */
    void add(ForkedThread<?> fork) {
        fork.next = first;
        if (first != null) {
            first.previous = fork;
        }
        first = fork;
        living.increment();
    }

    /** On the shard. */
    void remove(ForkedThread<?> fork) {
        if (fork.next != null) {
            fork.next.previous = fork.previous;
        }
        if (fork.previous != null) {
            fork.previous.next = fork.next;
        } else {
            first = fork.next;
        }
        fork.next = null;
        fork.previous = null;
        living.add(-1);
        if (first == null && ending) {
            allEnded.complete(null);
        }
    }
}
