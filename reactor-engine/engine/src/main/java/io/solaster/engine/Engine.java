package io.solaster.engine;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.Future;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.check.ConfigDiff;
import io.solaster.config.plan.Machine;
import io.solaster.config.plan.ShardPlan;
import io.solaster.config.plan.ShardPlanner;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.net.GroupIoHandler;
import io.solaster.engine.net.TransportChoice;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.os.Housekeeper;
import io.solaster.engine.os.MachineProbe;
import io.solaster.engine.stats.Heartbeat;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.stats.StallWatchdog;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.thread.ShardThreads;
import io.solaster.engine.timer.ManualClock;
import io.solaster.engine.timer.TimeSource;
import io.solaster.engine.trace.Hop;
import io.solaster.engine.trace.Tracing;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shards of one process: starts them where the plan puts them, sends work to them, stops them.
 *
 * <p>
 * Start: threads for blocking work first, since they must not inherit a shard's CPU; then the shards, each pinned before
 * it allocates; then every other thread of the process is moved off the shards' CPUs. Stop: what was registered with
 * {@link #onStop} in reverse order, then the instances on the shards, then the shards. Any thread may call, unless a
 * method says otherwise.
 */
public final class Engine implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final Duration SHARD_START = Duration.ofSeconds(30);
    private static final Duration SHARD_STOP = Duration.ofSeconds(5);
    private static final Duration SETTLE = Duration.ofSeconds(1);

    private final Setup setup;
    private final Machine machine;
    private final TransportChoice transport;
    private final Offload offload;
    private final Housekeeper housekeeper;
    private final ShardGroup group;
    private final List<Shard> shards;
    private final Mesh[] meshes;
    private final Deque<Runnable> stopActions = new ArrayDeque<>();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private @Nullable Thread closer;
    private volatile boolean stopping;

    private Engine(Setup setup, Machine machine, TransportChoice transport) {
        this.setup = setup;
        this.machine = machine;
        this.transport = transport;
        this.housekeeper = new Housekeeper(elsewhere(), machine.allowed());
        setup.housekeeper = housekeeper;
        setup.elsewhere = elsewhere();
        // Whoever first touches these fixes their size by the CPUs it may use: that must not be a pinned shard.
        ForkJoinPool.commonPool();
        Thread.startVirtualThread(ShardThreads::prepare);
        // Loading it takes a shard that is the first to need a buffer tens of milliseconds.
        ByteBufAllocator.DEFAULT.isDirectBufferPooled();
        this.offload = new Offload(setup.name, setup.config.offload());
        if (setup.config.stalls().enabled()) {
            setup.watchdog = StallWatchdog.start(setup.name, setup.config.stalls());
        }
        setup.offload = offload;
        try {
            this.group = new ShardGroup(setup, GroupIoHandler.over(transport.ioHandlers()));
        } catch (RuntimeException | Error e) {
            offload.close(Duration.ZERO);
            closeWatchdog();
            throw new IllegalStateException("engine '" + setup.name + "' cannot make its event loops over "
                    + TransportChoice.label(transport.kind()) + " (" + rootOf(e)
                    + "); raise the limits on open files and locked memory, or set solaster.engine.transport to another",
                    e);
        }
        this.shards = group.shards();
        this.meshes = Mesh.connect(setup.config.mesh(),
                shards.stream().map(shard -> (Runnable) shard::wakeIfParked).toArray(Runnable[]::new),
                shards.stream().map(Shard::stats).toArray(ShardStats[]::new),
                shards.stream().map(Shard::scheduler).toArray(GroupScheduler[]::new));
    }

    /**
     * Starts an engine on this machine.
     *
     * @throws InvalidConfigException if the machine does not have what the configuration asks for
     */
    public static Engine start(EngineConfig config) {
        return start(config, MachineProbe.probe());
    }

    /**
     * Starts an engine on this machine.
     *
     * @param work what its shards are for, where the configuration leaves their number and pinning to the planner
     * @throws InvalidConfigException if the machine does not have what the configuration asks for
     */
    public static Engine start(EngineConfig config, ShardPlan.Work work) {
        return start(config, MachineProbe.probe(), TimeSource.SYSTEM, work);
    }

    /**
     * Starts an engine as planned for a machine, which must be this one.
     *
     * @throws InvalidConfigException if the machine does not have what the configuration asks for
     */
    public static Engine start(EngineConfig config, Machine machine) {
        return start(config, machine, TimeSource.SYSTEM, ShardPlan.Work.SERVERS);
    }

    /**
     * As {@link #start(EngineConfig)}, for tests: with timers that go by a clock of their own.
     *
     * @throws InvalidConfigException if the machine does not have what the configuration asks for
     */
    public static Engine start(EngineConfig config, ManualClock clock) {
        return start(config, MachineProbe.probe(), clock, ShardPlan.Work.SERVERS);
    }

    /** What this system refuses of a configuration, though the machine has it; empty if nothing. Starts nothing. */
    public static List<Violation> check(EngineConfig config) {
        List<Violation> violations = new ArrayList<>();
        CpuAffinity.unavailable().filter(why -> config.pinning() == Pinning.ALWAYS)
                .ifPresent(why -> violations.add(new Violation("solaster.engine.pinning", "always",
                        "threads cannot be pinned here (" + why + ")", "set 'auto' to run unpinned")));
        try {
            TransportChoice.choose(config.transport());
        } catch (InvalidConfigException e) {
            violations.addAll(e.violations());
        }
        return violations;
    }

    private static Engine start(EngineConfig config, Machine machine, TimeSource clock, ShardPlan.Work work) {
        List<Violation> refused = check(config);
        if (!refused.isEmpty()) {
            throw new InvalidConfigException(refused);
        }
        String unpinnable = CpuAffinity.unavailable().orElse(null);
        EngineConfig possible = unpinnable == null ? config : config.withPinning(Pinning.NEVER);
        ShardPlan plan = ShardPlanner.plan(machine, possible, work);
        int number = COUNT.incrementAndGet();
        Engine engine = make(number == 1 ? "solaster" : "solaster-" + number, machine, possible, plan, clock, work);
        try {
            engine.startShards();
        } catch (RuntimeException | Error e) {
            engine.close();
            throw e;
        }
        log.info("Engine '{}' runs {} shard(s) on {} {} over {}; everything else on CPUs {}", engine.name(),
                plan.shards().size(), plan.pinned() ? "CPUs" : "(unpinned) CPUs", engine.shardCpus(),
                TransportChoice.label(engine.transport.kind()), engine.elsewhere());
        if (unpinnable != null) {
            log.warn("Shards are not pinned: {}", unpinnable);
        }
        plan.reasons().forEach(reason -> log.info("Plan: {}", reason));
        log.info("Transport: {}", engine.transport.reason());
        log.info("Groups: {}; stalls: {}",
                engine.groups().all().stream().map(group -> group + " " + group.shares())
                        .collect(Collectors.joining(", ")),
                engine.stallWatchdog().map(watchdog -> "told from " + watchdog.threshold().toMillis() + " ms")
                        .orElse("not watched for"));
        return engine;
    }

    /** With 'auto', a transport that the kernel has but refuses us for want of memory or descriptors is passed over. */
    private static Engine make(String name, Machine machine, EngineConfig config, ShardPlan plan, TimeSource clock,
            ShardPlan.Work work) {
        Map<Transport, String> refused = new EnumMap<>(Transport.class);
        while (true) {
            TransportChoice transport = TransportChoice.choose(config.transport(), refused);
            try {
                return new Engine(new Setup(name, config, plan, clock, work), machine, transport);
            } catch (IllegalStateException e) {
                if (config.transport() != Transport.AUTO || transport.kind() == Transport.NIO) {
                    throw e;
                }
                refused.put(transport.kind(), rootOf(e).toString());
            }
        }
    }

    /**
     * A shard whose loop has died of an error: what was addressed to it fails, and what will be. Its own last turns have
     * ended what it could end. On a thread that is no shard, after the shard's thread has ended.
     */
    private void ended(Shard dead) {
        if (stopping) {
            return;
        }
        log.error(
                "Engine '{}': shard {} has died of an error; calls to it fail, and its health is DOWN until the process"
                        + " is started anew",
                setup.name, dead.id());
        // What it had sent and not published.
        meshes[dead.id()].flush();
        dead.abandonAll();
        for (Shard other : shards) {
            if (other != dead) {
                other.executeOrElse(() -> other.mesh().lose(dead.id()), () -> {});
            }
        }
    }

    private void startShards() {
        for (Shard shard : shards) {
            shard.terminationFuture().addListener(end -> ended(shard));
            shard.join(meshes[shard.id()]);
        }
        for (Shard shard : shards) {
            // By a timer, so that its classes are there: out of file descriptors, no more could be loaded.
            Future<?> started = shard.schedule(() -> {}, 0, TimeUnit.NANOSECONDS);
            if (!started.awaitUninterruptibly(SHARD_START.toMillis())) {
                throw new IllegalStateException("shard " + shard.id() + " did not start within " + SHARD_START);
            }
            if (shard.isShuttingDown()) {
                shard.terminationFuture().awaitUninterruptibly(SHARD_STOP.toMillis());
                throw new IllegalStateException("the event loop of shard " + shard.id() + " ended at its start",
                        shard.terminationFuture().cause());
            }
        }
        if (setup.failure != null) {
            throw new IllegalStateException("shards could not start: " + setup.failure.getMessage(), setup.failure);
        }
        if (setup.plan.pinned()) {
            housekeeper.start();
        }
    }

    /** The engine's name, unique in the process; a prefix of its threads' names. */
    public String name() {
        return setup.name;
    }

    /**
     * Puts another configuration in force while the engine runs: scheduling groups, task quota, idle policy, the mesh's
     * high-water mark, stalls, the shutdown timeout. All of it or nothing. Any thread; two calls follow each other.
     *
     * @return done once every shard goes by it, on the shard that called or on {@link #offload()}
     * @throws IllegalArgumentException naming what would need a restart; nothing changes then
     * @throws InvalidConfigException if it cannot be; nothing changes then
     */
    public ShardFuture<List<Boolean>> reconfigure(EngineConfig newConfig) {
        EngineConfig possible = CpuAffinity.unavailable().isEmpty() ? newConfig : newConfig.withPinning(Pinning.NEVER);
        boolean spin = ShardPlanner.plan(machine, possible, setup.work).spin();
        synchronized (setup) {
            List<ConfigDiff.Change> fixed = ConfigDiff.between(setup.config, possible).needingRestart();
            if (!fixed.isEmpty()) {
                throw new IllegalArgumentException("engine '" + setup.name + "' takes only by a restart: " + fixed);
            }
            setup.groups.reconfigure(setup.config.groups(), possible.groups());
            if (setup.watchdog != null) {
                setup.watchdog.reconfigure(possible.stalls());
            }
            setup.config = possible;
            return submitToAll(shard -> {
                shard.reconfigure(possible, spin);
                return true;
            });
        }
    }

    /** What is in force: what the engine was started with, or what {@link #reconfigure} has put in its place. */
    public EngineConfig config() {
        return setup.config;
    }

    /** Where each shard runs, and why. */
    public ShardPlan plan() {
        return setup.plan;
    }

    /** What was found on this machine. */
    public Machine machine() {
        return machine;
    }

    /** How sockets are served, and why so. */
    public TransportChoice transport() {
        return transport;
    }

    /** What tells of tasks that hold a shard up; empty where {@code solaster.engine.stalls.enabled} is false. */
    public Optional<StallWatchdog> stallWatchdog() {
        return Optional.ofNullable(setup.watchdog);
    }

    /** Messages that one shard has sent to another so far. Any thread, roughly. */
    public long messages(int from, int to) {
        return meshes[from].sent(to);
    }

    /** Messages under way from one shard to another. Any thread, roughly. */
    public int messagesQueued(int from, int to) {
        return meshes[from].queued(to);
    }

    /** Threads for work that blocks. */
    public Offload offload() {
        return offload;
    }

    /** The shards by number. */
    public List<Shard> shards() {
        return shards;
    }

    /** A shard by number, from 0. */
    public Shard shard(int id) {
        return shards.get(id);
    }

    boolean owns(Shard shard) {
        return shard.parent() == group;
    }

    /** The shards as Netty's event loop group, for libraries that are built on Netty. Shutting it down does nothing. */
    public EventLoopGroup eventLoopGroup() {
        return group;
    }

    /** How often a shard was found elsewhere than on the CPU that it was pinned to, and was pinned anew. Any thread. */
    public long pinnedAnew() {
        return housekeeper.pinnedAnew();
    }

    /** Whether the engine has begun to stop. */
    public boolean isStopping() {
        return stopping;
    }

    /** The scheduling groups, by which shards divide their time. */
    public SchedulingGroups groups() {
        return setup.groups;
    }

    /**
     * Runs work on a shard, in the caller's scheduling group: at once if that is the calling shard, through the mesh from
     * another shard, through the shard's inbox from any other thread.
     *
     * @return the result, completed on the shard that asked; failed with what the work threw, with
     *         {@link ShardStoppedException}, or with what {@link CallOptions} and the group's configuration bring about.
     *         Cancelling it keeps work from beginning, but stops none that has begun
     */
    public <T extends @Nullable Object> ShardFuture<T> submitTo(int target, Callable<T> work) {
        return submitTo(target, CallOptions.DEFAULTS, work);
    }

    /**
     * As {@link #submitTo(int, Callable)}, with options.
     *
     * @throws IllegalArgumentException if the group is one of another engine
     */
    public <T extends @Nullable Object> ShardFuture<T> submitTo(int target, CallOptions options, Callable<T> work) {
        return submit(target, options, work, setup.tracing);
    }

    /** @param tracing asked whether the call is traced; null where it is not, or somebody else does it */
    <T extends @Nullable Object> ShardFuture<T> submit(int target, CallOptions options, Callable<T> work,
            @Nullable Tracing tracing) {
        Shard to = shard(target);
        Shard home = Shard.current();
        Shard inside = home != null && owns(home) ? home : null;
        SchedulingGroup current = groupOf(inside);
        SchedulingGroup group = options.group() == null ? current : setup.groups.own(options.group());
        ShardFuture<T> future = new ShardFuture<>(home != null ? home : offload);
        boolean atOnce = inside == to && group == current;
        Hop hop = tracing == null || atOnce ? null : tracing.hop(Hop.Kind.SUBMIT, home, to, group);
        Call<T> call = new Call<>(home, to, group, atOnce ? work : setup.carry(in(hop, work)), future, hop);
        if (inside == to) {
            if (atOnce) {
                call.deliver();
            } else {
                to.scheduler().submit(call);
            }
        } else if (inside != null) {
            int permits = group.config().meshPermits();
            if (permits == 0) {
                inside.mesh().send(target, group, call);
            } else {
                inside.permits(to, group).send(call, permits);
            }
        } else {
            to.executeOrElse(call, call::abandon);
        }
        if (options.deadline() != null && !future.isDone()) {
            call.within(options.deadline());
        }
        return future;
    }

    /** What runs there; the default group where that is no shard of this engine. */
    private SchedulingGroup groupOf(@Nullable Shard home) {
        return home != null && owns(home) ? home.scheduler().current() : setup.groups.byDefault();
    }

    private static <T extends @Nullable Object> Callable<T> in(@Nullable Hop hop, Callable<T> work) {
        return hop == null ? work : () -> hop.call(work);
    }

    /**
     * Runs work on a shard that answers later: as {@link #submitTo(int, CallOptions, Callable)}, with what the stage that
     * it returns comes to. A mesh permit is held until the stage is there; a deadline is for all of it.
     *
     * @return the result, which comes home; cancelling it, or its deadline, cancels the stage too
     * @throws IllegalArgumentException if the group is one of another engine
     */
    public <T extends @Nullable Object> ShardFuture<T> submitStageTo(int target, CallOptions options,
            Callable<? extends CompletionStage<T>> work) {
        Shard home = Shard.current();
        ShardFuture<T> answer = new ShardFuture<>(home != null ? home : offload);
        Shard to = shard(target);
        Tracing tracing = setup.tracing;
        Hop hop = tracing == null
                ? null
                : tracing.hop(Hop.Kind.SUBMIT, home, to, options.group() == null ? groupOf(home) : options.group());
        new StageCall<T>(home, to, answer, hop).begin(this, options, in(hop, work));
        return answer;
    }

    /**
     * The shard that owns a key, by number: always the same one as long as there are as many shards. Bytes, text,
     * numbers, UUIDs and enums belong to the slot of their text, so that 42 and "42" are one key, of which a
     * {@code {part}} in braces may stand for all; any other key goes by its {@code hashCode}.
     *
     * @throws IllegalArgumentException if the key is null, or has no {@code hashCode} of its own
     */
    public int shardOf(@Nullable Object key) {
        return Slots.shardOf(KeySlots.of(key), shards.size());
    }

    /**
     * From now on takes the context of the calling thread along to where {@link #submitTo}, forks and {@link Offload} run
     * their work; null takes none, as at first.
     */
    public void carryContext(@Nullable ContextCarrier carrier) {
        setup.carrier = carrier;
        offload.carryContext(carrier);
    }

    /** From now on tells of requests and calls that are traced; null tells nobody, as at first. */
    public void trace(@Nullable Tracing tracing) {
        setup.tracing = tracing;
        offload.trace(tracing);
    }

    /** Runs work on every shard; the results stand in the order of the shards, and come home as those of one call do. */
    public <T extends @Nullable Object> ShardFuture<List<T>> submitToAll(Function<Shard, T> work) {
        Shard home = Shard.current();
        ShardFuture<List<T>> all = new ShardFuture<>(home != null ? home : offload);
        List<ShardFuture<T>> answers = shards.stream()
                .map(shard -> submitTo(shard.id(), () -> work.apply(shard))).toList();
        CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new)).whenComplete((done, failure) -> {
            if (failure != null) {
                all.completeExceptionally(ShardFuture.causeOf(failure));
            } else {
                all.complete(answers.stream().map(CompletableFuture::join)
                        .collect(Collectors.toCollection(ArrayList::new)));
            }
        });
        return all;
    }

    /**
     * Makes one instance per shard, each on its shard, and waits for them. Not on a shard. Where one cannot be made, the
     * others are closed again. To make one may take longer than a stall.
     *
     * @throws RuntimeException what the factory threw
     */
    public <T> Sharded<T> sharded(Function<Shard, T> factory) {
        Shard.refuseToBlock("waiting for instances", "do it on another thread");
        @Nullable
        Object[] made = new @Nullable Object[shards.size()];
        try {
            List<T> instances = submitToAll(shard -> {
                T instance = make(shard, factory);
                made[shard.id()] = instance;
                return instance;
            }).join();
            onStop(() -> closeOnShards(made));
            return new Sharded<>(this, instances::get);
        } catch (CompletionException e) {
            closeOnShards(made);
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        } catch (IllegalStateException stopping) {
            closeOnShards(made);
            throw stopping;
        }
    }

    /** It may load classes and take memory, and nobody is served yet: no stall. */
    private static <T> T make(Shard shard, Function<Shard, T> factory) {
        Heartbeat heartbeat = shard.stats().heartbeat;
        heartbeat.idle(System.nanoTime());
        try {
            return factory.apply(shard);
        } finally {
            heartbeat.busy(System.nanoTime());
        }
    }

    private void closeOnShards(@Nullable Object[] instances) {
        await(submitToAll(shard -> {
            if (instances[shard.id()] instanceof AutoCloseable closeable) {
                try {
                    closeable.close();
                } catch (Exception e) {
                    log.warn("Closing {} on shard {} failed", closeable, shard.id(), e);
                }
            }
            return true;
        }), "closing instances on the shards", SHARD_STOP);
    }

    /** Registers what to do when the engine stops, before what was registered earlier. */
    public void onStop(Runnable action) {
        synchronized (stopActions) {
            if (!stopping) {
                stopActions.push(action);
                return;
            }
        }
        throw new IllegalStateException("engine '" + setup.name + "' is stopping");
    }

    /**
     * Stops the engine and waits for it. Calls under way are answered, or failed. Not on a shard. Further calls wait for
     * the first.
     */
    @Override
    public void close() {
        Shard.refuseToBlock("closing engine '" + setup.name + "'", "do it on another thread");
        Shard carrier = Shard.current();
        if (carrier != null && owns(carrier)) {
            throw new IllegalStateException("closing engine '" + setup.name + "' on " + Thread.currentThread().getName()
                    + " would wait for itself; close it on another thread");
        }
        List<Runnable> actions;
        boolean first;
        synchronized (stopActions) {
            first = !stopping;
            if (first) {
                stopping = true;
                closer = Thread.currentThread();
            }
            actions = List.copyOf(stopActions);
        }
        if (!first) {
            awaitCloser();
            return;
        }
        try {
            stop(actions);
        } finally {
            stopped.countDown();
        }
        log.info("Engine '{}' has stopped", setup.name);
    }

    private void stop(List<Runnable> actions) {
        for (Runnable action : actions) {
            try {
                action.run();
            } catch (RuntimeException | Error e) {
                log.warn("A step of stopping engine '{}' failed", setup.name, e);
            }
        }
        drainThreads();
        offload.close(SHARD_STOP);
        settle();
        if (group.stop().awaitUninterruptibly(SHARD_STOP.toMillis())) {
            abandonMessages();
        } else {
            log.warn("Engine '{}': a shard has not ended within {}; its thread is left behind", setup.name, SHARD_STOP);
            group.terminationFuture().addListener(ended -> abandonMessages());
        }
        closeWatchdog();
        housekeeper.close();
    }

    private void closeWatchdog() {
        if (setup.watchdog != null) {
            setup.watchdog.close();
        }
    }

    /** While all else still works, since straight-line code may call the shards and wait for files as it ends. */
    private void drainThreads() {
        await(CompletableFuture.allOf(shards.stream().map(shard -> shard.threads().drain(SHARD_STOP))
                .toArray(CompletableFuture<?>[]::new)), "ending virtual threads", SHARD_STOP.plus(SETTLE));
    }

    /** Lets the shards answer each other for a while: until nothing is under way between two looks. */
    private void settle() {
        long end = System.nanoTime() + SETTLE.toNanos();
        long before = -1;
        do {
            if (!await(submitToAll(shard -> true), "a last round of messages", SETTLE)) {
                return;
            }
            long sent = 0;
            long received = 0;
            for (Shard shard : shards) {
                sent += shard.stats().messagesSent.get();
                received += shard.stats().messagesReceived.get();
            }
            if (sent == received && sent == before) {
                return;
            }
            before = sent;
        } while (System.nanoTime() < end);
    }

    private void abandonMessages() {
        for (Mesh mesh : meshes) {
            mesh.abandonAll();
        }
        shards.forEach(Shard::abandonAll);
    }

    private boolean await(CompletableFuture<?> future, String what, Duration patience) {
        try {
            future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            log.warn("Engine '{}': {} took longer than {}", setup.name, what, patience);
        } catch (ExecutionException e) {
            log.warn("Engine '{}': {} failed", setup.name, what, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    private void awaitCloser() {
        if (Thread.currentThread().equals(closer)) {
            return;
        }
        try {
            // Not forever, since a step of the first call may be what waits for this one.
            long longest = setup.config.shutdownTimeout().plus(SHARD_STOP.multipliedBy(4)).toMillis();
            if (!stopped.await(longest, TimeUnit.MILLISECONDS)) {
                log.warn("Engine '{}' is still stopping", setup.name);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Throwable rootOf(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    /** Where everything that is no shard runs. */
    private CpuSet elsewhere() {
        return setup.plan.housekeeping().isEmpty() ? machine.allowed() : setup.plan.housekeeping();
    }

    private CpuSet shardCpus() {
        return CpuSet.of(setup.plan.shards().stream().mapToInt(ShardPlan.PlannedShard::cpu).toArray());
    }

    /** What the shards of one engine are made with. */
    static final class Setup {
        private final String name;
        private volatile EngineConfig config;
        private final ShardPlan plan;
        private final ShardPlan.Work work;
        private final TimeSource clock;
        private final SchedulingGroups groups;
        private final AtomicInteger made = new AtomicInteger();
        private volatile @Nullable Throwable failure;
        private volatile boolean running;
        private volatile @Nullable ContextCarrier carrier;
        private volatile @Nullable Tracing tracing;
        private @Nullable Housekeeper housekeeper;
        private CpuSet elsewhere = CpuSet.EMPTY;
        private @Nullable Offload offload;
        private @Nullable StallWatchdog watchdog;

        Setup(String name, EngineConfig config, ShardPlan plan, TimeSource clock, ShardPlan.Work work) {
            this.name = name;
            this.config = config;
            this.plan = plan;
            this.work = work;
            this.clock = clock;
            this.groups = new SchedulingGroups(config.groups());
        }

        TimeSource clock() {
            return clock;
        }

        <T extends @Nullable Object> Callable<T> carry(Callable<T> work) {
            ContextCarrier present = carrier;
            return present == null ? work : present.carry(work);
        }

        @Nullable
        Tracing tracing() {
            return tracing;
        }

        void watch(Shard shard, Thread carrier) {
            if (watchdog != null) {
                watchdog.watch(shard.id(), shard.stats(), carrier, plan.pinned() ? shard.place().cpu() : -1,
                        () -> shard.threads().mounted());
            }
        }

        SchedulingGroups groups() {
            return groups;
        }

        String name() {
            return name;
        }

        EngineConfig config() {
            return config;
        }

        ShardPlan plan() {
            return plan;
        }

        Offload offload() {
            return Objects.requireNonNull(offload);
        }

        /** Whether the loops may be shut down: only by Netty while they are made, and by the engine when it stops. */
        boolean mayShutDown() {
            return !running;
        }

        ShardPlan.PlannedShard nextPlace() {
            return plan.shards().get(made.getAndIncrement());
        }

        /** On the shard's new thread, before it does anything else. */
        void enter(Shard shard) {
            Thread.currentThread().setName(name + "-shard-" + shard.id());
            try {
                if (plan.pinned()) {
                    Objects.requireNonNull(housekeeper).addShard(CpuAffinity.threadId());
                    CpuAffinity.pin(shard.place().cpu());
                    Objects.requireNonNull(housekeeper).keepPinned(CpuAffinity.threadId(), shard.place().cpu());
                }
            } catch (RuntimeException e) {
                failure = e;
            }
        }

        /** On the shard's thread, at its end. */
        void leave(Shard shard) {
            if (plan.pinned()) {
                Objects.requireNonNull(housekeeper).keepPinnedNoMore(CpuAffinity.threadId());
                try {
                    // The last thing that Netty does on a loop starts a thread, which must not inherit the one CPU.
                    CpuAffinity.set(elsewhere);
                } catch (IllegalStateException e) {
                    log.debug("Shard {} ends on its CPU", shard.id(), e);
                }
                Objects.requireNonNull(housekeeper).removeShard(CpuAffinity.threadId());
            }
        }
    }

    /** The shards as a group; users get it, so that only the engine may shut it down. */
    private static final class ShardGroup extends MultiThreadIoEventLoopGroup {
        private final Setup setup;

        ShardGroup(Setup setup, IoHandlerFactory ioHandlers) {
            super(setup.plan.shards().size(), (Executor) task -> new ShardThread(task, setup.name + "-shard").start(),
                    ioHandlers, setup);
            this.setup = setup;
            setup.running = true;
        }

        @Override
        protected IoEventLoop newChild(Executor executor, IoHandlerFactory ioHandlers, Object... args) {
            Setup setup = (Setup) args[0];
            return new Shard(this, executor, ioHandlers, setup, setup.nextPlace());
        }

        List<Shard> shards() {
            List<Shard> shards = new ArrayList<>();
            forEach(child -> shards.add((Shard) child));
            return List.copyOf(shards);
        }

        Future<?> stop() {
            setup.running = false;
            return super.shutdownGracefully(0, SHARD_STOP.toMillis(), TimeUnit.MILLISECONDS);
        }

        /** Nothing, where the inherited method would wait for the end; the shards ignore the other ways to stop them. */
        @Override
        public void close() {}
    }
}
