package io.solaster.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import io.solaster.config.EngineConfig.OwnerChecks;
import io.solaster.config.ShardPlan.PlannedShard;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.timer.TimeSource;
import io.solaster.engine.timer.Timer;
import io.solaster.engine.timer.Timers;
import org.jspecify.annotations.Nullable;

/**
 * One shard: one thread with an event loop, sockets, memory and state of its own. It is a Netty event loop, so that
 * every library built on Netty can run on it.
 *
 * <p>
 * A turn of the loop: park or serve I/O (the pipelines run inline) &gt; receive from the mesh &gt; due timers and tasks,
 * within the task quota &gt; send to the mesh, with at most one wake-up per peer. It parks only if nothing is left, and
 * after the spin budget where the plan spins. Parking is a handshake: the shard raises {@link #parked}, passes a full
 * fence and looks at its lanes again, while a peer publishes, passes a full fence and looks at {@link #parked}; one of
 * the two sees the other. Parked, it sleeps until it is woken or a timer is due: no period of its own hides a wake-up
 * that was lost.
 */
public final class Shard extends SingleThreadIoEventLoop {
    private static final VarHandle PARKED;

    static {
        try {
            PARKED = MethodHandles.lookup().findVarHandle(Shard.class, "parked", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int EXPIRED_PER_TURN = 1024;
    private static final long LAST_TASKS_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Engine.Setup setup;
    private final PlannedShard place;
    private final ShardStats stats = new ShardStats();
    private final long taskQuotaNanos;
    private final long spinNanos;
    private final IoHandlerContext ioContext = new TurnContext();
    private volatile @Nullable ShardThread thread;
    private volatile long threadId;
    private @Nullable Mesh mesh;
    private volatile boolean parked;
    private boolean slept;
    private long idleSince;
    private long sliceEnd;
    private final Timers timers = new Timers(TimeSource.SYSTEM, this::currentGroup, this::expired);

    Shard(IoEventLoopGroup parent, Executor executor, IoHandlerFactory ioHandlerFactory, Engine.Setup setup,
            PlannedShard place) {
        super(parent, executor, ioHandlerFactory);
        this.setup = setup;
        this.place = place;
        this.taskQuotaNanos = setup.config().taskQuota().toNanos();
        this.spinNanos = setup.plan().spin() ? setup.config().idle().spinFor().toNanos() : 0;
    }

    /** The shard that the calling thread is; null on any other thread. */
    public static @Nullable Shard current() {
        return Thread.currentThread() instanceof ShardThread thread ? thread.shard : null;
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

    /** The group that is running on this shard. On the owning shard. */
    public SchedulingGroup currentGroup() {
        return SchedulingGroup.DEFAULT;
    }

    /** Runs a task in a group. Any thread. */
    public void execute(SchedulingGroup group, Runnable task) {
        execute(task);
    }

    /** A future for what is going on here: see {@link ShardFuture#resolve}. On the owning shard. */
    public <T extends @Nullable Object> ShardFuture<T> newFuture() {
        assertOwner("a future");
        return new ShardFuture<>(this);
    }

    /**
     * Whether what runs has used up its part of this turn and had better {@link #yield}: for long loops. Costs about
     * 20 ns. False on a thread that is no shard.
     */
    public static boolean needPreempt() {
        Shard shard = current();
        return shard != null && System.nanoTime() - shard.sliceEnd >= 0;
    }

    /** Completes when the others on the calling shard have had their turn. On a shard. */
    @SuppressWarnings("NamedLikeContextualKeyword")
    public static ShardFuture<@Nullable Void> yield() {
        Shard shard = java.util.Objects.requireNonNull(current(), "yield() on a thread that is no shard");
        ShardFuture<@Nullable Void> future = shard.newFuture();
        shard.execute(() -> future.complete(null));
        return future;
    }

    /** CPU time that the shard's thread has used, in nanoseconds; 0 before it starts. Any thread. */
    public long cpuNanos() {
        return threadId == 0 ? 0 : Math.max(0, ThreadTimes.cpuNanos(threadId));
    }

    /**
     * Guards state that is handed out, unless {@code solaster.engine.checks} is 'off'.
     *
     * @param what names the state in the error
     * @throws WrongShardException on any other thread than the shard's
     */
    public void assertOwner(String what) {
        if (setup.config().checks() != OwnerChecks.OFF && Thread.currentThread() != thread) {
            throw new WrongShardException(what, this, Thread.currentThread());
        }
    }

    /**
     * Guards one operation on state; looks only where {@code solaster.engine.checks} is 'full'.
     *
     * @param what names the state in the error
     * @throws WrongShardException on any other thread than the shard's
     */
    public void assertOwnerFully(String what) {
        if (setup.config().checks() == OwnerChecks.FULL && Thread.currentThread() != thread) {
            throw new WrongShardException(what, this, Thread.currentThread());
        }
    }

    /** Whether the shard sleeps, or is about to. Any thread; old as soon as it is told. */
    boolean isParked() {
        return parked;
    }

    String engineName() {
        return setup.name();
    }

    void join(Mesh mesh) {
        this.mesh = mesh;
    }

    /** Wakes the shard if it is parked. Any thread, after publishing and a full fence. */
    void wakeIfParked() {
        if ((boolean) PARKED.getOpaque(this) && PARKED.compareAndSet(this, true, false)) {
            Shard waker = current();
            if (waker != null) {
                waker.stats.wakeUps.increment();
            }
            ioHandler().wakeup();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>
     * Wakes the shard only if it is parked, where Netty always tells its transport, which costs a system call on
     * io_uring.
     */
    @Override
    public void execute(Runnable task) {
        lazyExecute(task);
        if (!inEventLoop()) {
            VarHandle.fullFence();
            wakeIfParked();
        }
    }

    /**
     * Runs a task here or, if the shard stops before its turn, calls {@code otherwise} on whatever thread: Netty drops
     * what is handed over while a loop ends, without a word. Any thread.
     *
     * @param otherwise is sometimes called after the task has run
     */
    void executeOrElse(Runnable task, Runnable otherwise) {
        try {
            execute(task);
        } catch (RejectedExecutionException stopped) {
            otherwise.run();
            return;
        }
        if (isShuttingDown()) {
            terminationFuture().addListener(ended -> otherwise.run());
        }
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
        try {
            super.run();
        } finally {
            setup.leave(this);
        }
    }

    @Override
    protected int runIo() {
        int handled = ioHandler().run(ioContext);
        unpark();
        stats.turns.increment();
        if (handled > 0) {
            idleSince = 0;
        }
        return handled;
    }

    private void unpark() {
        if (slept) {
            slept = false;
            stats.parks.increment();
            PARKED.setOpaque(this, false);
        }
    }

    @Override
    protected boolean runAllTasks(long quotaNanos) {
        Mesh lanes = mesh;
        boolean any = lanes != null && lanes.receive() > 0;
        long now = System.nanoTime();
        sliceEnd = now + taskQuotaNanos;
        any |= timers.expire(now, EXPIRED_PER_TURN);
        any |= super.runAllTasks(taskQuotaNanos);
        if (lanes != null) {
            lanes.flush();
        }
        if (any) {
            idleSince = 0;
        }
        return any;
    }

    /** Netty closes a loop's channels in a turn of their own, and skips that turn where it need not be quiet first. */
    @Override
    protected boolean confirmShutdown() {
        if (isShuttingDown()) {
            ioHandler().prepareToDestroy();
        }
        return super.confirmShutdown();
    }

    /** Netty's last turns, while the shard stops. */
    @Override
    protected boolean runAllTasks() {
        Mesh lanes = mesh;
        boolean any = lanes != null && lanes.receive() > 0;
        // Netty would run a task that comes back for ever, and so never end.
        any |= isShutdown() ? super.runAllTasks() : super.runAllTasks(LAST_TASKS_NANOS);
        if (lanes != null) {
            lanes.flush();
        }
        return any;
    }

    private void expired(Timer timer) {
        execute(timer.group(), timer);
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

    @Override
    protected boolean hasTasks() {
        Mesh lanes = mesh;
        return super.hasTasks() || lanes != null && lanes.hasWork();
    }

    /** Asked by the transport: may it block, and until when. */
    private final class TurnContext implements IoHandlerContext {

        @Override
        public boolean canBlock() {
            if (hasTasks() || timers.delayNanos(System.nanoTime()) == 0 || spins()) {
                return false;
            }
            PARKED.setVolatile(Shard.this, true);
            VarHandle.fullFence();
            if (hasTasks()) {
                slept = false;
                PARKED.setOpaque(Shard.this, false);
                return false;
            }
            slept = true;
            return true;
        }

        /** Transports ask this between waiting and serving: from here on nobody needs to wake the shard. */
        @Override
        public boolean shouldReportActiveIoTime() {
            unpark();
            return false;
        }

        private boolean spins() {
            if (spinNanos == 0) {
                return false;
            }
            long now = System.nanoTime();
            if (idleSince == 0) {
                idleSince = now;
            }
            return now - idleSince < spinNanos;
        }

        @Override
        public long delayNanos(long currentTimeNanos) {
            return timers.delayNanos(currentTimeNanos);
        }

        @Override
        public long deadlineNanos() {
            long deadline = timers.nextDeadlineNanos();
            return deadline == Long.MAX_VALUE ? -1 : deadline - ticker().initialNanoTime();
        }
    }
}
