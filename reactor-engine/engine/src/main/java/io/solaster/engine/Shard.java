package io.solaster.engine;

import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.OwnerChecks;
import io.solaster.config.Internal;
import io.solaster.config.plan.ShardPlan.PlannedShard;
import io.solaster.engine.env.Environment;
import io.solaster.engine.file.FileHome;
import io.solaster.engine.file.FileRing;
import io.solaster.engine.file.ShardFiles;
import io.solaster.engine.loop.Parking;
import io.solaster.engine.loop.Turn;
import io.solaster.engine.memory.MemoryHome;
import io.solaster.engine.memory.ShardBudget;
import io.solaster.engine.memory.ShardMemory;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.os.NodeBinding;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.stats.Stacks;
import io.solaster.engine.stats.ThreadTimes;
import io.solaster.engine.task.Abandonable;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.GroupTask;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.ShardView;
import io.solaster.engine.task.Submission;
import io.solaster.engine.task.TurnEnd;
import io.solaster.engine.task.TurnEnds;
import io.solaster.engine.task.Unfinished;
import io.solaster.engine.timer.ManualClock;
import io.solaster.engine.timer.TimerStats;
import io.solaster.engine.timer.Timers;
import io.solaster.engine.trace.Tracing;
import io.solaster.engine.transport.GroupIoHandler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One shard: one thread with an event loop, sockets, memory and state of its own. It is a Netty event loop, so that
 * every library built on Netty can run on it.
 *
 * <p>
 * A turn of the loop: park or serve sockets &gt; receive from the mesh &gt; the inbox of other threads &gt; timers that
 * are due &gt; scheduling groups by virtual runtime &gt; what gathers ({@link #atTurnEnd}) &gt; send to the mesh, with at most one wake-up per peer. What sockets
 * and the mesh bring runs at once where it takes nothing from another group, within the task quota, and is queued in its
 * group else; the groups have the quota once more. Timers stand before the groups, so that one runs in the turn that
 * woke for it, and after what was there to be read when it was armed. The shard parks only if nothing is left, and after
 * the spin budget where the plan spins. Parked, it sleeps until it is woken or a timer is due: no period of its
 * own hides a wake-up that was lost.
 *
 * <p>
 * The shard itself is the identity and Netty's side of this: {@link Turn} does the turn, {@link Parking} decides how to
 * wait, {@link ShardTimers} ends what waits too long. Longer than 500 lines because it says in one place what
 * applications may ask of a shard, and overrides what Netty's libraries may ask of a loop.
 */
public final class Shard extends SingleThreadIoEventLoop implements ShardView {
    private static final Logger log = LoggerFactory.getLogger(Shard.class);
    private static final long LAST_FILES_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LAST_CHANNELS_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LAST_LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
    private final Setup setup;
    private final PlannedShard place;
    private final Environment environment;
    private final ShardStats stats = new ShardStats();
    private final GroupScheduler scheduler;
    private final Map<SchedulingGroup, MeshPermits[]> permits = new HashMap<>();
    private final IoHandlerContext ioContext = new TurnContext();
    private volatile @Nullable ShardThread thread;
    private volatile long threadId;
    private final Parking parking = new Parking();
    private final Turn turn;
    private final TurnEnds turnEnds;
    private final Timers timers;
    private final ShardTimers waits;
    private final Unfinished.Register unfinished = new Unfinished.Register();
    private final ShardThreads threads;
    private final ShardMemory memory;
    private @Nullable ShardFiles files;
    private @Nullable FileRing ring;
    private final Runnable tellOfFiles = this::tellOfFiles;
    private boolean tellsOfFiles;
    private long lastFilesUntil;
    private long lastChannelsUntil;
    /** The loop turns no more, and Netty asks again and again whether the shard has shut down. */
    private boolean ranOut;

    Shard(IoEventLoopGroup parent, Executor executor, IoHandlerFactory ioHandlerFactory, Setup setup,
            PlannedShard place) {
        super(parent, executor, ioHandlerFactory);
        this.setup = setup;
        this.place = place;
        this.environment = setup.environment();
        this.threads = new ShardThreads(this, setup.name(), place.id());
        this.scheduler = new GroupScheduler(setup.groups(), place.id(), setup.config().taskQuota(),
                environment.clock(), stats, setup.shuffleSeed());
        ((GroupIoHandler) ioHandler()).use(scheduler);
        this.timers = new Timers(environment.timerClock(), scheduler::current,
                timer -> scheduler.execute(timer.group(), timer));
        this.waits = new ShardTimers(this, timers);
        this.memory = setup.memory(new MemoryAtHome(), place);
        this.turnEnds = new TurnEnds(scheduler, stats, place.id());
        this.turn = new Turn(new Inbox(), setup.groups(), scheduler, timers, parking, turnEnds, stats,
                environment);
        parking.reconfigure(spin(setup.config(), setup.plan().spin()), setup.config().idle().lingerFor());
    }

    private static Duration spin(EngineConfig config, boolean spin) {
        return spin ? config.idle().spinFor() : Duration.ZERO;
    }

    /** Puts what may change into force. On the owning shard. */
    void reconfigure(EngineConfig config, boolean spin) {
        parking.reconfigure(spin(config, spin), config.idle().lingerFor());
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
    @Override
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
        return Objects.requireNonNull(turn.mesh(), "the shard has not started");
    }

    /** This shard's timers. On the owning shard. */
    public Timers timers() {
        assertOwner("the timers");
        return timers;
    }

    /** What is under way here and must hear of the shard's end. On the owning shard, or after its thread has ended. */
    @Internal
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
    @Override
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
            execute(task instanceof GroupTask named && named.group() == group
                    ? task
                    : new HandedOver.Named(group, task));
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
        waits.unlessDone(future, patience, action);
    }

    /**
     * After the shard's thread has ended.
     *
     * @param how abandons one that was queued
     */
    void abandonAll(Consumer<Abandonable> how) {
        try {
            // A loop that has died may have left both.
            timers.cancelAll();
            unfinished.abandonAll(stopped());
        } catch (RuntimeException | Error failure) {
            log.error("What waited on shard {} was not told of its end", id(), failure);
        }
        try {
            if (ring != null) {
                ring.abandon(stopped());
            }
            if (files != null) {
                files.abandon(stopped());
            }
        } catch (RuntimeException | Error failure) {
            log.error("Not all operations on files of shard {} were told of its end", id(), failure);
        }
        scheduler.abandonAll(how);
        for (MeshPermits[] byTarget : permits.values()) {
            for (MeshPermits each : byTarget) {
                if (each != null) {
                    each.abandonAll();
                }
            }
        }
    }

    /** Whether the calling thread is this shard, or a virtual thread that it carries. */
    boolean isHere() {
        return Thread.currentThread() == thread || current() == this;
    }

    /**
     * Adds work for the end of turns, as {@link TurnEnd} says: it runs in those in which {@link TurnEnd#ask} is called. On the
     * owning shard.
     *
     * @param name for errors and the log, such as {@code "append log of orders"}
     * @param group whose account it is on
     * @throws IllegalStateException if this shard has as many as it may, which the message names
     * @throws IllegalArgumentException if the group is one of another engine
     */
    public TurnEnd atTurnEnd(String name, SchedulingGroup group, Runnable work) {
        assertOwner("the end of its turns");
        return turnEnds.add(name, setup.groups().own(group), work, this::assertOwnerFully);
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
        return here("sleep()").waits.sleep(duration);
    }

    /**
     * What another future comes to, or a {@link TimeoutException} if that takes too long; whatever it stands for goes on.
     * On a shard, where the result comes home to.
     */
    public static <T extends @Nullable Object> ShardFuture<T> timeout(CompletionStage<T> stage, Duration patience) {
        return here("timeout()").waits.timeout(stage, patience);
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

    /** Where time, chance and threads come from. Any thread. */
    public Environment environment() {
        return environment;
    }

    /** What this shard has of memory to be used again. On the owning shard. */
    public ShardMemory memory() {
        assertOwner("the memory");
        return memory;
    }

    /** This shard's part in the memory budget. Any thread, which may ask it what any thread may. */
    public ShardBudget memoryBudget() {
        return memory.budget();
    }

    /** Whether memory is bound to a NUMA node, and why not. Any thread. */
    NodeBinding nodeBinding() {
        return memory.binding();
    }

    /** This shard's files. On the owning shard. */
    public ShardFiles files() {
        assertOwner("the files");
        ShardFiles made = files;
        if (made == null) {
            ring = newRing();
            made = setup.files(new ComingHome(), ring, stats);
            files = made;
            unfinished.add(new LastFiles(made));
        }
        return made;
    }

    private @Nullable FileRing newRing() {
        FileRing made = setup.newRing();
        if (made != null) {
            try {
                GroupIoHandler handler = (GroupIoHandler) ioHandler();
                // What a completion costs is little, and what waits for it goes on in its own group.
                setup.connect(made, handle -> handler.register(handle, setup.groups().critical()));
                handler.closeNothingWhile(this::filesMayEnd);
            } catch (Exception refused) {
                log.warn("Shard {} takes threads for its files, since it gets no ring: {}", id(), refused.toString());
                return null;
            }
        }
        return made;
    }

    /** Ends what was accepted for files, and takes nothing more. Any thread. */
    CompletableFuture<@Nullable Void> endFiles() {
        CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
        executeOrElse(() -> {
            if (files == null) {
                ended.complete(null);
            } else {
                files.end(stopped(), ended);
            }
        }, () -> ended.complete(null));
        return ended;
    }

    /** The engine's threads for what blocks. Any thread. */
    public Offload offload() {
        return setup.offload();
    }

    /** The virtual threads that this shard carries. Any thread. */
    public ShardThreads threads() {
        return threads;
    }

    /**
     * Where the shard's thread is and, before it, the virtual thread that it carries: for reports, since it stops that
     * thread for a moment. Empty before it starts. Any thread; old as soon as it is told.
     */
    public String stack() {
        ShardThread self = thread;
        return self == null ? "" : Stacks.of(self, threads.mounted());
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
        return parking.isParked();
    }

    String engineName() {
        return setup.name();
    }

    void join(Mesh mesh) {
        turn.join(mesh);
    }

    private void wake() {
        VarHandle.fullFence();
        wakeIfParked();
    }

    /** Wakes the shard if it is parked. Any thread, after publishing and a full fence. */
    void wakeIfParked() {
        environment.sometimes("between publishing and waking");
        if (parking.claim()) {
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
        return group == setup.groups().byDefault() ? task : new HandedOver.Named(group, task);
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
            execute(task instanceof Abandonable ? task : new HandedOver.OrElse(task, otherwise));
        } catch (RejectedExecutionException stopped) {
            otherwise.run();
            return;
        }
        if (isShuttingDown()) {
            terminationFuture().addListener(ended -> otherwise.run());
        }
    }

    /** Runs here what somebody waits for, or on whatever thread where the shard stops before. Any thread. */
    void comeHome(Runnable completion) {
        executeOrElse(new HandedOver.Homecoming(completion), completion);
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
            execute(group, new HandedOver.OrElse(task, otherwise));
        } else {
            executeOrElse(new HandedOver.InGroup(setup.groups().own(group), task, otherwise), otherwise);
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
        stats.begins(CpuAffinity.threadId(), environment.clock().nanoTime());
        setup.watch(this, self);
        Runnable woken = this::wake;
        if (environment.timerClock() instanceof ManualClock manual) {
            manual.onAdvance(woken);
        }
        try {
            super.run();
        } finally {
            ranOut = true;
            if (environment.timerClock() instanceof ManualClock manual) {
                manual.forget(woken);
            }
            stats.ends(environment.clock().nanoTime());
            setup.leave(this);
        }
    }

    @Override
    protected int runIo() {
        turn.beforeIo();
        flushFiles();
        int handled = ioHandler().run(ioContext);
        turn.afterIo(handled > 0);
        return handled;
    }

    /** What this turn has asked of files goes to the kernel in one call, and what that has done at once is told in the next. */
    private void flushFiles() {
        FileRing flushed = ring;
        if (flushed != null && flushed.flush() && !tellsOfFiles) {
            tellsOfFiles = true;
            scheduler.execute(setup.groups().critical(), tellOfFiles);
        }
    }

    private void tellOfFiles() {
        tellsOfFiles = false;
        if (ring != null) {
            ring.tell();
        }
    }

    @Override
    protected boolean runAllTasks(long quotaNanos) {
        return turn.run();
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

    /**
     * Netty closes a loop's channels in a turn of their own, and skips that turn where it need not be quiet first. Where
     * a last turn throws, Netty throws away what other threads have handed over.
     */
    @Override
    protected boolean confirmShutdown() {
        try {
            if (isShuttingDown()) {
                if (waitsForFiles()) {
                    return false;
                }
                ioHandler().prepareToDestroy();
                if (waitsForChannels()) {
                    return false;
                }
            }
            return super.confirmShutdown();
        } catch (Throwable failure) {
            for (Runnable task = pollTask(); task != null; task = pollTask()) {
                GroupScheduler.abandon(task, Abandonable::abandon);
            }
            throw failure;
        }
    }

    /**
     * Whether there is hope for what the ring has. The kernel writes into memory of ours for as long as it has an operation: for
     * a while it may come to its end, and for as long again to the end that it is asked for.
     */
    private boolean filesMayEnd() {
        FileRing under = ring;
        if (under == null || under.underWay() == 0) {
            return false;
        }
        long now = environment.clock().nanoTime();
        if (lastFilesUntil == 0) {
            lastFilesUntil = now + LAST_FILES_NANOS;
        }
        if (now - lastFilesUntil >= 0) {
            under.cancelAll(stopped());
        }
        return now - lastFilesUntil < LAST_FILES_NANOS;
    }

    private boolean waitsForFiles() {
        if (!filesMayEnd()) {
            return false;
        }
        if (!lookAgain()) {
            lastFilesUntil = environment.clock().nanoTime() - LAST_FILES_NANOS;
            return false;
        }
        return true;
    }

    /**
     * A channel over io_uring closes its socket by an operation too, once what it had under way has come back. What is not
     * submitted before the ring goes never runs, and the port stays taken: so the loop turns for them, for a while.
     */
    private boolean waitsForChannels() {
        if (!((GroupIoHandler) ioHandler()).isClosing()) {
            return false;
        }
        long now = environment.clock().nanoTime();
        if (lastChannelsUntil == 0) {
            lastChannelsUntil = now + LAST_CHANNELS_NANOS;
        }
        return now - lastChannelsUntil < 0 && lookAgain();
    }

    /** Has the loop look at its I/O once more, and not sleep until what may never come; false if it cannot any more. */
    private boolean lookAgain() {
        if (!ranOut) {
            scheduler.execute(() -> LockSupport.parkNanos(LAST_LOOK_NANOS));
            return true;
        }
        // A loop that has died serves no tasks, and is looked after here.
        scheduler.holdNobodyBack();
        try {
            ioHandler().run(new LastLook());
            if (ring != null && ring.flush()) {
                ring.tell();
            }
        } catch (RuntimeException | Error failure) {
            log.error("Shard {} cannot look at its sockets and files after its loop has died", id(), failure);
            return false;
        }
        LockSupport.parkNanos(LAST_LOOK_NANOS);
        return true;
    }

    /** Netty's last turns, while the shard stops. */
    @Override
    protected boolean runAllTasks() {
        scheduler.holdNobodyBack();
        boolean any = turn.runLast();
        if (unfinished.abandonAll(stopped())) {
            any = true;
            turn.runLast();
        }
        if (isShutdown()) {
            // Netty throws away what is left; here it can be abandoned by name.
            while (turn.receiveInbox()) {
                any = true;
            }
            // What the last tasks have armed, and what they wait for.
            timers.cancelAll();
            unfinished.abandonAll(stopped());
        }
        return any;
    }

    @Override
    protected boolean hasTasks() {
        return turn.hasWork();
    }

    /** What belongs to memory. */
    private final class MemoryAtHome implements MemoryHome {

        @Override
        public void assertOwner(String what) {
            Shard.this.assertOwner(what);
        }

        @Override
        public void later(Runnable task) {
            executeOrElse(setup.groups().byDefault(), task, () -> {});
        }
    }

    /** Where what was done to files ends. */
    private final class ComingHome implements FileHome {

        @Override
        public void assertOwner(String what) {
            Shard.this.assertOwner(what);
        }

        @Override
        public int group() {
            return scheduler.current().id();
        }

        @Override
        public int shares(int group) {
            return setup.groups().all().get(group).shares();
        }

        @Override
        public long nanoTime() {
            return environment.clock().nanoTime();
        }

        @Override
        public void later(long nanos, Runnable task) {
            timers.timer(task).arm(Duration.ofNanos(nanos));
        }

        @Override
        public <T extends @Nullable Object> ShardFuture<T> newFuture() {
            return Shard.this.newFuture();
        }

        @Override
        public <T extends @Nullable Object> void resolve(CompletableFuture<T> future, T result) {
            ((ShardFuture<T>) future).resolve(result);
        }

        @Override
        public void fail(CompletableFuture<?> future, Throwable failure) {
            ((ShardFuture<?>) future).fail(failure);
        }

        @Override
        public void comeHome(Runnable task) {
            if (isHere()) {
                task.run();
            } else {
                executeOrElse(new HandedOver.Homecoming(task), () -> {
                    // The shard has ended, and what the disk still had ends on several threads.
                    synchronized (this) {
                        task.run();
                    }
                });
            }
        }
    }

    /** What waits for its turn at the disk hears of the shard's end. */
    private static final class LastFiles extends Unfinished {
        private final ShardFiles files;

        LastFiles(ShardFiles files) {
            this.files = files;
        }

        @Override
        protected void abandon(RejectedExecutionException why) {
            files.stop(why);
        }
    }

    /** Netty's queue of what other threads have handed over. */
    private final class Inbox implements Turn.Driver {

        @Override
        public @Nullable Runnable nextOfInbox() {
            return pollTask();
        }

        @Override
        public boolean hasInbox() {
            return Shard.super.hasTasks();
        }

        @Override
        public void afterGroups() {
            afterRunningAllTasks();
        }
    }

    /** For a loop that has died: what is there is served, and nothing is waited for. */
    private static final class LastLook implements IoHandlerContext {

        @Override
        public boolean canBlock() {
            return false;
        }

        @Override
        public boolean shouldReportActiveIoTime() {
            return false;
        }

        @Override
        public long delayNanos(long currentTimeNanos) {
            return 0;
        }

        @Override
        public long deadlineNanos() {
            return -1;
        }
    }

    /** Asked by the transport: may it block, and until when. */
    private final class TurnContext implements IoHandlerContext {

        @Override
        public boolean canBlock() {
            return turn.mayPark();
        }

        /** Transports ask this between waiting and serving. */
        @Override
        public boolean shouldReportActiveIoTime() {
            turn.begin();
            return false;
        }

        @Override
        public long delayNanos(long currentTimeNanos) {
            return turn.delayNanos(currentTimeNanos);
        }

        @Override
        public long deadlineNanos() {
            long deadline = turn.wakeAt();
            // Netty counts from a beginning of its own.
            return deadline == Long.MAX_VALUE ? -1 : deadline - ticker().initialNanoTime();
        }
    }
}
