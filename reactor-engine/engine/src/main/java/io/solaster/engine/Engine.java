package io.solaster.engine;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

import io.netty.channel.EventLoopGroup;
import io.solaster.config.EngineConfig;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.plan.Machine;
import io.solaster.config.plan.ShardPlan;
import io.solaster.engine.env.Environment;
import io.solaster.engine.memory.MemoryBudget;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.os.MachineProbe;
import io.solaster.engine.os.NumaMaps;
import io.solaster.engine.stats.Heartbeat;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.stats.StallWatchdog;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.timer.ManualClock;
import io.solaster.engine.trace.Tracing;
import io.solaster.engine.transport.TransportChoice;
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

    private final Setup setup;
    private final TransportChoice transport;
    private final ShardGroup group;
    private final List<Shard> shards;
    private final Mesh[] meshes;
    private final Calls calls;
    private final Shutdown shutdown;

    Engine(Setup setup, ShardGroup group, TransportChoice transport) {
        this.setup = setup;
        this.transport = transport;
        this.group = group;
        this.shards = group.shards();
        this.meshes = Mesh.connect(setup.config().mesh(),
                shards.stream().map(shard -> (Runnable) shard::wakeIfParked).toArray(Runnable[]::new),
                shards.stream().map(Shard::stats).toArray(ShardStats[]::new),
                shards.stream().map(Shard::scheduler).toArray(GroupScheduler[]::new));
        this.calls = new Calls(setup, group, shards);
        this.shutdown = new Shutdown(setup, group, shards, meshes, calls);
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
        return EngineStart.start(config, MachineProbe.probe(), Environment.SYSTEM, work);
    }

    /**
     * Starts an engine as planned for a machine, which must be this one.
     *
     * @throws InvalidConfigException if the machine does not have what the configuration asks for
     */
    public static Engine start(EngineConfig config, Machine machine) {
        return EngineStart.start(config, machine, Environment.SYSTEM, ShardPlan.Work.SERVERS);
    }

    /**
     * As {@link #start(EngineConfig)}, for tests: with timers that go by a clock of their own.
     *
     * @throws InvalidConfigException if the machine does not have what the configuration asks for
     */
    public static Engine start(EngineConfig config, ManualClock clock) {
        return start(config, Environment.SYSTEM.withTimerClock(clock));
    }

    /**
     * As {@link #start(EngineConfig)}, with time, chance and threads of another environment.
     *
     * @throws InvalidConfigException if the machine does not have what the configuration asks for
     */
    public static Engine start(EngineConfig config, Environment environment) {
        return EngineStart.start(config, MachineProbe.probe(), environment, ShardPlan.Work.SERVERS);
    }

    /**
     * As {@link #start(EngineConfig, Environment)}, on a machine and over sockets that a simulation makes; which transport
     * the configuration asks for does not matter.
     *
     * @throws InvalidConfigException if the machine does not have what the configuration asks for
     */
    public static Engine start(EngineConfig config, Machine machine, Environment environment,
            TransportChoice transport) {
        return EngineStart.start(config, machine, environment, ShardPlan.Work.SERVERS, transport);
    }

    /**
     * As {@link #start(EngineConfig, Machine)}, with time, chance and threads of another environment.
     *
     * @throws InvalidConfigException if the machine does not have what the configuration asks for
     */
    public static Engine start(EngineConfig config, Machine machine, Environment environment) {
        return EngineStart.start(config, machine, environment, ShardPlan.Work.SERVERS);
    }

    /** What this system refuses of a configuration, though the machine has it; empty if nothing. Starts nothing. */
    public static List<Violation> check(EngineConfig config) {
        return EngineStart.check(config);
    }

    /** Starts its shards and waits for them. */
    void begin() {
        for (Shard shard : shards) {
            shard.terminationFuture().addListener(end -> shutdown.ended(shard));
            shard.join(meshes[shard.id()]);
        }
        EngineStart.await(setup, shards);
    }

    /** The engine's name, unique in the process; a prefix of its threads' names. */
    public String name() {
        return setup.name();
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
        EngineConfig possible = EngineStart.possible(newConfig);
        // To the end, so that the shards hear of two calls in their order.
        synchronized (setup) {
            boolean spin = setup.reconfigure(possible);
            return submitToAll(shard -> {
                shard.reconfigure(possible, spin);
                return true;
            });
        }
    }

    /** What is in force: what the engine was started with, or what {@link #reconfigure} has put in its place. */
    public EngineConfig config() {
        return setup.config();
    }

    /** Where each shard runs, and why. */
    public ShardPlan plan() {
        return setup.plan();
    }

    /** What was found on this machine. */
    public Machine machine() {
        return setup.machine();
    }

    /** How sockets are served, and why so. */
    public TransportChoice transport() {
        return transport;
    }

    /** What tells of tasks that hold a shard up; empty where {@code solaster.engine.stalls.enabled} is false. */
    public Optional<StallWatchdog> stallWatchdog() {
        return Optional.ofNullable(setup.watchdog());
    }

    /** Messages that one shard has sent to another so far. Any thread, roughly. */
    public long messages(int from, int to) {
        return meshes[from].sent(to);
    }

    /** Messages under way from one shard to another. Any thread, roughly. */
    public int messagesQueued(int from, int to) {
        return meshes[from].queued(to);
    }

    /** How files are read and written, and why so: a sentence. */
    String howFiles() {
        return setup.howFiles();
    }

    /** How much memory there is outside the heap, and where it lies: a sentence. Any thread. */
    public String howMemory() {
        return setup.howMemory() + ". Shard 0: " + shards.getFirst().nodeBinding().reason();
    }

    /** Whether some shard's memory is bound to a NUMA node. Any thread. */
    public boolean bindsMemory() {
        return shards.stream().anyMatch(shard -> shard.nodeBinding().node() >= 0);
    }

    /**
     * Bytes of the process that are bound to one NUMA node and lie on another: what the node had no room for. The kernel
     * walks the process's page tables to tell, tens of milliseconds for each GiB: seldom, and off the shards.
     */
    public long memoryElsewhere() {
        return NumaMaps.read().elsewhere();
    }

    /** What all shards together may take of memory outside the heap. */
    public MemoryBudget memory() {
        return setup.memory();
    }

    /** Where time, chance and threads come from. */
    public Environment environment() {
        return setup.environment();
    }

    /** Threads for work that blocks. */
    public Offload offload() {
        return setup.offload();
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
        return calls.owns(shard);
    }

    /** The shards as Netty's event loop group, for libraries that are built on Netty. Shutting it down does nothing. */
    public EventLoopGroup eventLoopGroup() {
        return group;
    }

    /** How often a shard was found elsewhere than on the CPU that it was pinned to, and was pinned anew. Any thread. */
    public long pinnedAnew() {
        return setup.housekeeper().pinnedAnew();
    }

    /** Whether the engine has begun to stop. */
    public boolean isStopping() {
        return shutdown.isStopping();
    }

    /** The scheduling groups, by which shards divide their time. */
    public SchedulingGroups groups() {
        return setup.groups();
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
        return calls.submit(target, options, work, setup.tracing());
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
        return calls.submitStage(target, options, work);
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
        setup.carryContext(carrier);
    }

    /** From now on tells of requests and calls that are traced; null tells nobody, as at first. */
    public void trace(@Nullable Tracing tracing) {
        setup.trace(tracing);
    }

    /** Runs work on every shard; the results stand in the order of the shards, and come home as those of one call do. */
    public <T extends @Nullable Object> ShardFuture<List<T>> submitToAll(Function<Shard, T> work) {
        return calls.submitToAll(work);
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
        heartbeat.idle(shard.environment().clock().nanoTime());
        try {
            return factory.apply(shard);
        } finally {
            heartbeat.busy(shard.environment().clock().nanoTime());
        }
    }

    private void closeOnShards(@Nullable Object[] instances) {
        shutdown.await(submitToAll(shard -> {
            if (instances[shard.id()] instanceof AutoCloseable closeable) {
                try {
                    closeable.close();
                } catch (Exception e) {
                    log.warn("Closing {} on shard {} failed", closeable, shard.id(), e);
                }
            }
            return true;
        }), "closing instances on the shards", Shutdown.SHARD_STOP);
    }

    /** Registers what to do when the engine stops, before what was registered earlier. */
    public void onStop(Runnable action) {
        shutdown.onStop(action);
    }

    /**
     * Registers what to do once no shard runs any more and what was under way has heard of that, before what was registered
     * earlier: to give back memory that shards may have used until then. On the thread that closes the engine; on another one
     * where a shard is left behind, once that has ended.
     *
     * @throws IllegalStateException if the engine is stopping
     */
    public void onStopped(Runnable action) {
        shutdown.onStopped(action);
    }

    /**
     * Stops the engine and waits for it. Calls under way are answered, or failed. Not on a shard. Further calls wait for
     * the first.
     */
    @Override
    public void close() {
        shutdown.close();
    }
}
