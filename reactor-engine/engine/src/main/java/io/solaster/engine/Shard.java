package io.solaster.engine;

import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.OwnerChecks;
import io.solaster.config.plan.ShardPlan.PlannedShard;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.mesh.ParkedFlag;
import io.solaster.engine.net.GroupIoHandler;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.GroupTask;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.Submission;
import io.solaster.engine.task.Unfinished;
import io.solaster.engine.thread.Fork;
import io.solaster.engine.thread.ShardThreads;
import io.solaster.engine.timer.ManualClock;
import io.solaster.engine.timer.TimeSource;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.TimerStats;
import io.solaster.engine.timer.Timers;
import io.solaster.engine.trace.Tracing;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One shard: one thread with an event loop, sockets, memory and state of its own. It is a Netty event loop, so that
 * every library built on Netty can run on it.
 *
 * <p>
 * A turn of the loop: park or serve sockets &gt; receive from the mesh &gt; the inbox of other threads &gt; timers that
 * are due &gt; scheduling groups by virtual runtime &gt; send to the mesh, with at most one wake-up per peer. What sockets
 * and the mesh bring runs at once where it takes nothing from another group, within the task quota, and is queued in its
 * group else; the groups have the quota once more. Timers stand before the groups, so that one runs in the turn that
 * woke for it, and after what was there to be read when it was armed. The shard parks only if nothing is left, and after
 * the spin budget where the plan spins. Parking is a handshake with those who wake the shard: see {@link ParkedFlag}.
 * Parked, it sleeps until it is woken or a timer is due: no period of its own hides a wake-up
 * that was lost.
 */
public final class Shard extends SingleThreadIoEventLoop {
    private static final Logger log = LoggerFactory.getLogger(Shard.class);

    /** Tests set it, to run in random order what has no order. */
    private static final @Nullable Long SHUFFLE_SEED = Long.getLong("solaster.engine.shuffle-seed");
    /** Tasks of other threads that one turn takes. */
    private static final int INBOX_BATCH = 4096;
    private static final int EXPIRED_PER_TURN = 1024;
    /** Times that a turn looks at the mesh before it looks at sockets again, which takes a system call. */
    private static final int MESH_ROUNDS = 8;
    private static final int MOST_TRUST = 8;
    /** With no trust left a shard lingers once in so many times, to see whether that pays by now. */
    private static final int PROBE = 64;
    private static final long LAST_TASKS_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Setup setup;
    private final PlannedShard place;
    private final ShardStats stats = new ShardStats();
    private long spinNanos;
    private long lingerNanos;
    private final GroupScheduler scheduler;
    /** The timers': the machine's, or one of their own that tells when it goes on. */
    private final TimeSource clock;
    private final boolean ownClock;
    private final Map<SchedulingGroup, MeshPermits[]> permits = new HashMap<>();
    private final IoHandlerContext ioContext = new TurnContext();
    private volatile @Nullable ShardThread thread;
    private volatile long threadId;
    private @Nullable Mesh mesh;
    private final ParkedFlag parked = new ParkedFlag();
    private final BooleanSupplier cannotPark = this::cannotPark;
    private boolean slept;
    private boolean begun;
    private boolean served;
    private long idleSince;
    /** A peer has sent something since the shard last thought of sleeping. */
    private boolean heard;
    private boolean lingers;
    private long lingersUntil;
    /** Rises when lingering was worth it, and falls twice as fast when it was not. */
    private int trust;
    private int distrusted;
    private final Timers timers;
    private final Unfinished.Register unfinished = new Unfinished.Register();
    private final ShardThreads threads;

    Shard(IoEventLoopGroup parent, Executor executor, IoHandlerFactory ioHandlerFactory, Setup setup,
            PlannedShard place) {
        super(parent, executor, ioHandlerFactory);
        this.setup = setup;
        this.place = place;
        this.threads = new ShardThreads(this, setup.name(), place.id());
        this.scheduler = new GroupScheduler(setup.groups(), place.id(), setup.config().taskQuota(), TimeSource.SYSTEM,
                stats, SHUFFLE_SEED);
        ((GroupIoHandler) ioHandler()).use(scheduler);
        this.clock = setup.clock();
        this.ownClock = clock instanceof ManualClock;
        this.timers = new Timers(clock, scheduler::current, timer -> scheduler.execute(timer.group(), timer));
        this.spinNanos = spinNanos(setup.config(), setup.plan().spin());
        this.lingerNanos = setup.config().idle().lingerFor().toNanos();
    }

    private static long spinNanos(EngineConfig config, boolean spin) {
        return spin ? config.idle().spinFor().toNanos() : 0;
    }

    /** Puts what may change into force. On the owning shard. */
    void reconfigure(EngineConfig config, boolean spin) {
        spinNanos = spinNanos(config, spin);
        lingerNanos = config.idle().lingerFor().toNanos();
        scheduler.quota(config.taskQuota());
        mesh().highWaterMark(config.mesh().highWaterMark());
    }

    /** The shard that the calling thread is, or that carries it if it is a virtual one; null on any other thread. */
    public static @Nullable Shard current() {
        Thread self = Thread.currentThread();
        if (self instanceof ShardThread thread) {
            return thread.shard;
        }
        return self.isVirtual() && ShardThreads.carrier() instanceof ShardThread carrier ? carrier.shard : null;
    }

    /** Whether a thread is the loop of a shard, which must not wait: no virtual thread that one carries. Any thread. */
    public static boolean isLoop(Thread thread) {
        return thread instanceof ShardThread;
    }

    /**
     * Refuses to wait on a shard's own thread, which would bring nothing forward meanwhile. Any thread.
     *
     * @param what would wait
     * @param instead what to do
     * @throws IllegalStateException on a shard's own thread, but not on a virtual one that it carries
     */
    public static void refuseToBlock(String what, String instead) {
        Shard shard = current();
        if (shard != null && shard.inEventLoop()) {
            throw new IllegalStateException(what + " would block shard " + shard.id() + "; " + instead);
        }
    }

    /** The shard's number, from 0. */
    public int id() {
        return place.id();
    }

    /** Where the shard was planned to run. */
    public PlannedShard place() {
        return place;
    }

    /** What the shard counts. */
    public ShardStats stats() {
        return stats;
    }

    /** This shard's side of the mesh. On the owning shard. */
    public Mesh mesh() {
        assertOwner("the mesh");
        return java.util.Objects.requireNonNull(mesh, "the shard has not started");
    }

    /** This shard's timers. On the owning shard. */
    public Timers timers() {
        assertOwner("the timers");
        return timers;
    }

    /** What is under way here and must hear of the shard's end. On the owning shard, or after its thread has ended. */
    public Unfinished.Register unfinished() {
        return unfinished;
    }

    /** What calls to this shard fail with once it has stopped. Any thread. */
    public ShardStoppedException stopped() {
        return new ShardStoppedException(setup.name(), id());
    }

    /** What is counted about this shard's timers. Any thread. */
    public TimerStats timerStats() {
        return timers.stats();
    }

    /** The group that is running on this shard. On the owning shard. */
    public SchedulingGroup currentGroup() {
        assertOwner("the running group");
        return scheduler.current();
    }

    GroupScheduler scheduler() {
        return scheduler;
    }

    /**
     * Runs a task in a group, after what is queued there. Any thread.
     *
     * @throws RejectedExecutionException if the shard has stopped
     * @throws IllegalArgumentException if the group is one of another engine
     */
    public void execute(SchedulingGroup group, Runnable task) {
        setup.groups().own(group);
        if (isHere()) {
            if (isShutdown()) {
                reject();
            }
            scheduler.execute(group, task);
        } else {
            execute(task instanceof GroupTask named && named.group() == group ? task : new Named(group, task));
        }
    }

    /** A task from another thread that does not know its group. */
    private record Named(SchedulingGroup group, Runnable task) implements GroupTask, Abandonable {

        @Override
        public void run() {
            task.run();
        }

        @Override
        public void abandon() {
            if (task instanceof Abandonable abandonable) {
                abandonable.abandon();
            }
        }
    }

    /** Whether both are shards of one engine. */
    boolean isPeerOf(Shard other) {
        return setup == other.setup;
    }

    /** Permits for calls from here to another shard. On the owning shard. */
    MeshPermits permits(Shard to, SchedulingGroup group) {
        MeshPermits[] byTarget = permits.computeIfAbsent(group,
                each -> new MeshPermits[setup.plan().shards().size()]);
        MeshPermits found = byTarget[to.id()];
        if (found == null) {
            found = new MeshPermits(this, to, group);
            byTarget[to.id()] = found;
        }
        return found;
    }

    /** Does something to a future after a while, unless it is done by then. Any thread. */
    void unlessDone(CompletableFuture<?> future, Duration patience, Runnable action) {
        if (future.isDone()) {
            return;
        }
        if (isHere()) {
            Timer timer = new Patience(future, action);
            timer.arm(patience);
            future.whenComplete((result, failure) -> cancelHere(timer));
        } else {
            executeOrElse(() -> unlessDone(future, patience, action), () -> future.completeExceptionally(stopped()));
        }
    }

    private final class Patience extends Timer {
        private final CompletableFuture<?> future;
        private final Runnable action;

        Patience(CompletableFuture<?> future, Runnable action) {
            super(timers);
            this.future = future;
            this.action = action;
        }

        @Override
        protected void fire() {
            action.run();
        }

        @Override
        protected void dropped() {
            future.completeExceptionally(stopped());
        }
    }

    private void cancelHere(Timer timer) {
        if (isHere()) {
            timer.cancel();
        } else if (!isShuttingDown()) {
            execute(timer::cancel);
        }
    }

    /** After the shard's thread has ended. */
    void abandonAll() {
        try {
            // A loop that has died may have left both.
            timers.cancelAll();
            unfinished.endAll(stopped());
        } catch (RuntimeException | Error failure) {
            log.error("What waited on shard {} was not told of its end", id(), failure);
        }
        scheduler.abandonAll();
        for (MeshPermits[] byTarget : permits.values()) {
            for (MeshPermits each : byTarget) {
                if (each != null) {
                    each.abandonAll();
                }
            }
        }
    }

    /** Whether the calling thread is this shard, or a virtual thread that it carries. */
    private boolean isHere() {
        return Thread.currentThread() == thread || current() == this;
    }

    /** A future for what is going on here: see {@link ShardFuture#resolve}. On the owning shard. */
    public <T extends @Nullable Object> ShardFuture<T> newFuture() {
        assertOwner("a future");
        return new ShardFuture<>(this);
    }

    /** A future as {@link #newFuture()}, whose source is told where nobody waits any more. On the owning shard. */
    public <T extends @Nullable Object> ShardFuture<T> newFuture(ShardFuture.Source source) {
        ShardFuture<T> future = newFuture();
        future.source = source;
        return future;
    }

    /**
     * Whether what runs has used up its part of this turn and had better {@link #yield}: for long loops. Costs about
     * 20 ns. False on a thread that is no shard.
     */
    public static boolean needPreempt() {
        Shard shard = current();
        return shard != null && shard.scheduler.needPreempt();
    }

    /**
     * Completes when the others on the calling shard have had their turn. On a virtual thread it waits for that itself,
     * and the future is done. On a shard.
     */
    @SuppressWarnings({"NamedLikeContextualKeyword", "ThreadPriorityCheck"}) // the field's word for it
    public static ShardFuture<@Nullable Void> yield() {
        Shard shard = here("yield()");
        ShardFuture<@Nullable Void> future = shard.newFuture();
        if (shard.inEventLoop()) {
            shard.executeOrElse(() -> future.complete(null), () -> future.completeExceptionally(shard.stopped()));
        } else {
            Thread.yield();
            future.complete(null);
        }
        return future;
    }

    /**
     * Completes after a while, in the caller's group; fails with {@link ShardStoppedException} where the shard stops
     * before. On a shard.
     */
    public static ShardFuture<@Nullable Void> sleep(Duration duration) {
        Shard shard = here("sleep()");
        Sleep sleep = new Sleep(shard);
        sleep.arm(duration);
        sleep.future.whenComplete((done, failure) -> shard.cancelHere(sleep));
        return sleep.future;
    }

    /** Ends even where the shard does before. */
    private static final class Sleep extends Timer {
        private final Shard shard;
        private final ShardFuture<@Nullable Void> future;

        Sleep(Shard shard) {
            super(shard.timers);
            this.shard = shard;
            this.future = shard.newFuture();
        }

        @Override
        protected void fire() {
            future.complete(null);
        }

        @Override
        protected void dropped() {
            future.completeExceptionally(shard.stopped());
        }
    }

    /**
     * What another future comes to, or a {@link TimeoutException} if that takes too long; whatever it stands for goes on.
     * On a shard, where the result comes home to.
     */
    public static <T extends @Nullable Object> ShardFuture<T> timeout(CompletionStage<T> stage, Duration patience) {
        Shard shard = here("timeout()");
        ShardFuture<T> future = shard.newFuture();
        stage.whenComplete((result, failure) -> {
            Runnable completion = () -> {
                if (failure == null) {
                    future.resolve(result);
                } else {
                    future.fail(ShardFuture.causeOf(failure));
                }
            };
            if (shard.isHere()) {
                completion.run();
            } else {
                shard.executeOrElse(completion, completion);
            }
        });
        shard.unlessDone(future, patience,
                () -> future.completeExceptionally(new TimeoutException("not done within " + patience)));
        return future;
    }

    private static Shard here(String what) {
        Shard shard = current();
        if (shard == null) {
            throw new IllegalStateException(what + " on thread " + Thread.currentThread().getName()
                    + ", which is no shard; submit the work to one");
        }
        return shard;
    }

    /**
     * Runs straight-line code in a virtual thread that this shard carries: what blocks parks it, and the shard goes on.
     * Runs in the group that forks, in the default group where that is not on this shard. Any thread.
     *
     * @throws ShardStoppedException if the shard stops
     * @throws IllegalStateException if the JVM lacks {@code --add-opens=java.base/java.lang=ALL-UNNAMED}
     */
    public <T extends @Nullable Object> Fork<T> fork(Callable<T> work) {
        return fork(groupOfForks(), false, work);
    }

    /** Forks code that returns nothing: see {@link #fork(Callable)}. What it throws is logged too. */
    public Fork<@Nullable Void> fork(Runnable work) {
        return fork(groupOfForks(), true, () -> {
            work.run();
            return null;
        });
    }

    /**
     * As {@link #fork(Callable)}, in a group.
     *
     * @throws IllegalArgumentException if the group is one of another engine
     */
    public <T extends @Nullable Object> Fork<T> fork(SchedulingGroup group, Callable<T> work) {
        return fork(setup.groups().own(group), false, work);
    }

    private SchedulingGroup groupOfForks() {
        return current() == this ? currentGroup() : setup.groups().byDefault();
    }

    private <T extends @Nullable Object> Fork<T> fork(SchedulingGroup group, boolean logs, Callable<T> work) {
        Shard home = current();
        return threads.fork(group, new ShardFuture<>(home != null ? home : setup.offload()), home, logs, work);
    }

    /** Work with the context of the calling thread, where {@link Engine#carryContext} asks for that. Any thread. */
    public <T extends @Nullable Object> Callable<T> carryContext(Callable<T> work) {
        return setup.carry(work);
    }

    /** Who is told of requests that are traced; null if nobody is, as {@link Engine#trace} says. Any thread. */
    public @Nullable Tracing tracing() {
        return setup.tracing();
    }

    /** The engine's threads for what blocks. Any thread. */
    public Offload offload() {
        return setup.offload();
    }

    /** The virtual threads that this shard carries. Any thread. */
    public ShardThreads threads() {
        return threads;
    }

    /** CPU time that the shard's thread has used, in nanoseconds; 0 before it starts. Any thread. */
    public long cpuNanos() {
        return threadId == 0 ? 0 : Math.max(0, ThreadTimes.cpuNanos(threadId));
    }

    /**
     * Guards state that is handed out, unless {@code solaster.engine.checks} is 'off'.
     *
     * @param what names the state in the error
     * @throws WrongShardException on any other thread than the shard's and the virtual ones that it carries
     */
    public void assertOwner(String what) {
        if (setup.config().checks() != OwnerChecks.OFF && Thread.currentThread() != thread && current() != this) {
            throw new WrongShardException(what, this, Thread.currentThread());
        }
    }

    /**
     * Guards one operation on state; looks only where {@code solaster.engine.checks} is 'full'.
     *
     * @param what names the state in the error
     * @throws WrongShardException on any other thread than the shard's and the virtual ones that it carries
     */
    public void assertOwnerFully(String what) {
        if (setup.config().checks() == OwnerChecks.FULL && Thread.currentThread() != thread && current() != this) {
            throw new WrongShardException(what, this, Thread.currentThread());
        }
    }

    /** Whether the shard sleeps, or is about to. Any thread; old as soon as it is told. */
    boolean isParked() {
        return parked.isRaised();
    }

    String engineName() {
        return setup.name();
    }

    void join(Mesh mesh) {
        this.mesh = mesh;
    }

    private void wake() {
        VarHandle.fullFence();
        wakeIfParked();
    }

    /** Wakes the shard if it is parked. Any thread, after publishing and a full fence. */
    void wakeIfParked() {
        if (parked.take()) {
            Shard waker = current();
            if (waker != null) {
                waker.stats.wakeUps.increment();
            }
            ioHandler().wakeup();
        }
    }

    /**
     * Runs a task: in its own group if it is a {@link GroupTask} of another thread; in the group that is running on the
     * shard that calls, be it this or a peer; else in the default one. A sleeping shard is woken.
     *
     * @throws RejectedExecutionException if the shard has stopped
     */
    @Override
    public void execute(Runnable task) {
        if (isHere()) {
            executeHere(task);
        } else {
            super.lazyExecute(inGroupOfCaller(task));
            wake();
        }
    }

    /** As {@link #execute}, but leaves a sleeping shard asleep. */
    @Override
    public void lazyExecute(Runnable task) {
        if (isHere()) {
            executeHere(task);
        } else {
            super.lazyExecute(inGroupOfCaller(task));
        }
    }

    /** What a peer hands over stays in the group that ran there: a client's connection, say, that it opens. */
    private Runnable inGroupOfCaller(Runnable task) {
        Shard caller = current();
        if (caller == null || !isPeerOf(caller) || task instanceof GroupTask || task instanceof Submission
                || task instanceof Abandonable) {
            return task;
        }
        SchedulingGroup group = caller.scheduler.current();
        return group == setup.groups().byDefault() ? task : new Named(group, task);
    }

    private void executeHere(Runnable task) {
        if (isShutdown()) {
            reject();
        }
        scheduler.execute(task);
    }

    /** What Netty's libraries may ask a loop for: the transport beneath. */
    @Override
    public boolean isIoType(Class<? extends IoHandler> handlerType) {
        return ((GroupIoHandler) ioHandler()).type() == handlerType;
    }

    @Override
    public int pendingTasks() {
        return super.pendingTasks() + (isHere() ? scheduler.queued() : 0);
    }

    /**
     * Runs a task here or, if the shard stops before its turn, calls {@code otherwise} on whatever thread: Netty drops
     * what is handed over while a loop ends, without a word. Any thread.
     *
     * @param otherwise is sometimes called after the task has run
     */
    public void executeOrElse(Runnable task, Runnable otherwise) {
        try {
            execute(task instanceof Abandonable ? task : new OrElse(task, otherwise));
        } catch (RejectedExecutionException stopped) {
            otherwise.run();
            return;
        }
        if (isShuttingDown()) {
            terminationFuture().addListener(ended -> otherwise.run());
        }
    }

    /** As {@link #executeOrElse(Runnable, Runnable)}, but at once where the calling thread is this shard. */
    public void hereOrElse(Runnable task, Runnable otherwise) {
        if (isHere()) {
            task.run();
        } else {
            executeOrElse(task, otherwise);
        }
    }

    /** As {@link #executeOrElse(Runnable, Runnable)}, in a group. */
    public void executeOrElse(SchedulingGroup group, Runnable task, Runnable otherwise) {
        if (isHere() && !isShutdown()) {
            execute(group, new OrElse(task, otherwise));
        } else {
            executeOrElse(new InGroup(setup.groups().own(group), task, otherwise), otherwise);
        }
    }

    private record InGroup(SchedulingGroup group, Runnable task, Runnable otherwise)
            implements
                GroupTask,
                Abandonable {

        @Override
        public void run() {
            task.run();
        }

        @Override
        public void abandon() {
            otherwise.run();
        }
    }

    private record OrElse(Runnable task, Runnable otherwise) implements Abandonable {

        @Override
        public void run() {
            task.run();
        }

        @Override
        public void abandon() {
            otherwise.run();
        }
    }

    /** Does nothing: a loop that is suspended forgets its timers. */
    @Override
    public boolean trySuspend() {
        return false;
    }

    /** Does nothing: only the engine stops its shards. */
    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        return setup.mayShutDown() ? super.shutdownGracefully(quietPeriod, timeout, unit) : terminationFuture();
    }

    /** Does nothing: only the engine stops its shards. */
    @Override
    @Deprecated
    public void shutdown() {
        // What Netty itself ends, it ends gracefully.
    }

    /** Does nothing: only the engine stops its shards. */
    @Override
    public void close() {
        // The inherited method would wait for the end.
    }

    @Override
    protected void run() {
        ShardThread self = (ShardThread) Thread.currentThread();
        self.shard = this;
        thread = self;
        threadId = self.threadId();
        setup.enter(this);
        stats.begins(CpuAffinity.threadId(), System.nanoTime());
        setup.watch(this, self);
        Runnable woken = this::wake;
        if (clock instanceof ManualClock manual) {
            manual.onAdvance(woken);
        }
        try {
            super.run();
        } finally {
            if (clock instanceof ManualClock manual) {
                manual.forget(woken);
            }
            stats.ends(System.nanoTime());
            setup.leave(this);
        }
    }

    @Override
    protected int runIo() {
        stats.polls.increment();
        begun = false;
        int handled = ioHandler().run(ioContext);
        if (!begun) {
            beginTurn();
        }
        served = handled > 0;
        return handled;
    }

    /** After waiting, before serving: from here on nobody needs to wake the shard. */
    private void beginTurn() {
        begun = true;
        long now = System.nanoTime();
        if (slept) {
            slept = false;
            stats.parks.increment();
            parked.lower();
            stats.woke(now);
        }
        // What sockets arm counts from here, not from before the shard slept.
        timers.advance(ownClock ? clock.nanoTime() : now);
        scheduler.begin(now);
    }

    @Override
    protected boolean runAllTasks(long quotaNanos) {
        boolean any = runTurn() || served;
        if (any) {
            idleSince = 0;
        }
        stats.turned(scheduler.clock(), any);
        return any;
    }

    /** The turn of everything but sockets. Where peers answer at once, that goes round a few times. */
    private boolean runTurn() {
        Mesh lanes = mesh;
        boolean any = runRound(lanes);
        for (int i = 1; i < MESH_ROUNDS && lanes != null && lanes.hasMessages() && scheduler.hasQuota(); i++) {
            any |= runRound(lanes);
        }
        return any;
    }

    private boolean runRound(@Nullable Mesh lanes) {
        boolean any = lanes != null && lanes.receive() > 0;
        heard |= any;
        long now = scheduler.serve();
        any |= receiveInbox();
        any |= timers.expire(ownClock ? clock.nanoTime() : now, EXPIRED_PER_TURN);
        any |= scheduler.run(now);
        afterRunningAllTasks();
        if (lanes != null) {
            lanes.flush();
        }
        return any;
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
        return timers.schedule(this, command, delay, unit);
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
        return timers.schedule(this, callable, delay, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable command, long initialDelay, long period, TimeUnit unit) {
        return timers.scheduleAtFixedRate(this, command, initialDelay, period, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long initialDelay, long delay, TimeUnit unit) {
        return timers.scheduleWithFixedDelay(this, command, initialDelay, delay, unit);
    }

    @Override
    protected void cancelScheduledTasks() {
        timers.cancelAll();
        super.cancelScheduledTasks();
    }

    private boolean receiveInbox() {
        Runnable task = pollTask();
        if (task == null) {
            return false;
        }
        for (int i = 0; i < INBOX_BATCH && task != null; i++) {
            try {
                take(task);
            } catch (Throwable failure) {
                // Out of memory, say: it costs this task and not the shard.
                scheduler.giveUp(task, failure);
            }
            task = i == INBOX_BATCH - 1 ? null : pollTask();
        }
        return true;
    }

    private void take(Runnable task) {
        switch (task) {
            case Submission submission -> scheduler.submit(submission);
            case GroupTask named when setup.groups().contains(named.group()) -> scheduler.execute(named.group(), named);
            default -> scheduler.execute(task);
        }
    }

    /** Netty closes a loop's channels in a turn of their own, and skips that turn where it need not be quiet first. */
    @Override
    protected boolean confirmShutdown() {
        if (isShuttingDown()) {
            ioHandler().prepareToDestroy();
        }
        return super.confirmShutdown();
    }

    /** Netty's last turns, while the shard stops: bounded, since a task may come back for ever. */
    @Override
    protected boolean runAllTasks() {
        scheduler.drain();
        boolean any = runLastTurns();
        if (unfinished.endAll(stopped())) {
            any = true;
            runLastTurns();
        }
        if (isShutdown()) {
            // Netty throws away what is left; here it can be abandoned by name.
            while (receiveInbox()) {
                any = true;
            }
            // What the last tasks have armed, and what they wait for.
            timers.cancelAll();
            unfinished.endAll(stopped());
        }
        return any;
    }

    private boolean runLastTurns() {
        long end = System.nanoTime() + LAST_TASKS_NANOS;
        boolean any = false;
        boolean more = true;
        while (more) {
            scheduler.begin(System.nanoTime());
            more = runTurn() && System.nanoTime() - end < 0;
            any |= more;
        }
        return any;
    }

    @Override
    protected boolean hasTasks() {
        Mesh lanes = mesh;
        return super.hasTasks() || scheduler.hasTasks() || lanes != null && lanes.hasWork();
    }

    private boolean cannotPark() {
        return hasTasks() || ownClock && timers.delayNanos(clock.nanoTime()) == 0;
    }

    /** Asked by the transport: may it block, and until when. */
    private final class TurnContext implements IoHandlerContext {

        @Override
        public boolean canBlock() {
            if (hasTasks() || delayNanos(scheduler.clock()) <= 0 || spins() || lingers()) {
                return false;
            }
            slept = parked.raiseUnless(cannotPark);
            if (slept) {
                stats.sleeps(scheduler.clock());
            }
            return slept;
        }

        /** Transports ask this between waiting and serving. */
        @Override
        public boolean shouldReportActiveIoTime() {
            beginTurn();
            return false;
        }

        private boolean spins() {
            if (spinNanos == 0) {
                return false;
            }
            long now = scheduler.clock();
            if (idleSince == 0) {
                idleSince = now;
            }
            return now - idleSince < spinNanos;
        }

        /** Two shards that answer each other at once would else wake each other for every word. */
        private boolean lingers() {
            long now = scheduler.clock();
            if (heard) {
                heard = false;
                trust = lingers ? Math.min(MOST_TRUST, trust + 1) : trust;
                lingers = lingerNanos > 0 && (trust > 0 || ++distrusted % PROBE == 0);
                lingersUntil = now + lingerNanos;
            } else if (lingers && now - lingersUntil >= 0) {
                trust = Math.max(0, trust - 2);
                lingers = false;
            }
            return lingers;
        }

        @Override
        public long delayNanos(long currentTimeNanos) {
            long wakeAt = scheduler.wakeAt();
            long held = wakeAt == Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(0, wakeAt - currentTimeNanos);
            // A clock that is not the machine's wakes the shard itself.
            return ownClock ? held : Math.min(held, timers.delayNanos(currentTimeNanos));
        }

        @Override
        public long deadlineNanos() {
            long deadline = scheduler.wakeAt();
            if (!ownClock) {
                deadline = Math.min(deadline, timers.nextDeadlineNanos());
            }
            // Netty counts from a beginning of its own.
            return deadline == Long.MAX_VALUE ? -1 : deadline - ticker().initialNanoTime();
        }
    }
}
