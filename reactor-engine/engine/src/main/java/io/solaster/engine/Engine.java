package io.solaster.engine;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.Future;
import io.solaster.config.CpuSet;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.Machine;
import io.solaster.config.ShardPlan;
import io.solaster.config.ShardPlanner;
import io.solaster.engine.mesh.Mesh;
import io.solaster.engine.mesh.Message;
import io.solaster.engine.net.TransportChoice;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.os.Housekeeper;
import io.solaster.engine.os.MachineProbe;
import io.solaster.engine.stats.ShardStats;
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

    private final Setup setup;
    private final Machine machine;
    private final TransportChoice transport;
    private final Offload offload;
    private final Housekeeper housekeeper;
    private final ShardGroup group;
    private final List<Shard> shards;
    private final Mesh[] meshes;
    private final Deque<Runnable> stopActions = new ArrayDeque<>();
    private volatile boolean stopping;

    private Engine(Setup setup, Machine machine, TransportChoice transport) {
        this.setup = setup;
        this.machine = machine;
        this.transport = transport;
        this.housekeeper = new Housekeeper(elsewhere());
        setup.housekeeper = housekeeper;
        // Whoever first touches these fixes their size by the CPUs it may use: that must not be a pinned shard.
        java.util.concurrent.ForkJoinPool.commonPool();
        Thread.startVirtualThread(() -> {});
        this.offload = new Offload(setup.name, setup.config.offload());
        this.group = new ShardGroup(setup, transport.ioHandlers());
        this.shards = group.shards();
        this.meshes = Mesh.connect(setup.config.mesh(),
                shards.stream().map(shard -> (Runnable) shard::wakeIfParked).toArray(Runnable[]::new),
                shards.stream().map(Shard::stats).toArray(ShardStats[]::new));
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
     * Starts an engine as planned for a machine, which must be this one.
     *
     * @throws InvalidConfigException if the machine does not have what the configuration asks for
     */
    public static Engine start(EngineConfig config, Machine machine) {
        String unpinnable = CpuAffinity.unavailable().orElse(null);
        if (unpinnable != null && config.pinning() == Pinning.ALWAYS) {
            throw new InvalidConfigException(List.of(new Violation("solaster.engine.pinning", "always",
                    "threads cannot be pinned here (" + unpinnable + ")", "set 'auto' to run unpinned")));
        }
        EngineConfig possible = unpinnable == null ? config : config.withPinning(Pinning.NEVER);
        ShardPlan plan = ShardPlanner.plan(machine, possible);
        TransportChoice transport = TransportChoice.choose(config.transport());
        int number = COUNT.incrementAndGet();
        Setup setup = new Setup(number == 1 ? "solaster" : "solaster-" + number, possible, plan);
        Engine engine = new Engine(setup, machine, transport);
        try {
            engine.startShards();
        } catch (RuntimeException | Error e) {
            engine.close();
            throw e;
        }
        log.info("Engine '{}' runs {} shard(s) on {} {} over {}; everything else on CPUs {}", setup.name,
                plan.shards().size(), plan.pinned() ? "CPUs" : "(unpinned) CPUs", engine.shardCpus(),
                TransportChoice.label(transport.kind()), engine.elsewhere());
        if (unpinnable != null) {
            log.warn("Shards are not pinned: {}", unpinnable);
        }
        plan.reasons().forEach(reason -> log.info("Plan: {}", reason));
        log.info("Transport: {}", transport.reason());
        return engine;
    }

    private void startShards() {
        for (Shard shard : shards) {
            shard.join(meshes[shard.id()]);
        }
        for (Shard shard : shards) {
            Future<?> started = shard.submit(() -> {});
            if (!started.awaitUninterruptibly(SHARD_START.toMillis())) {
                throw new IllegalStateException("shard " + shard.id() + " did not start within " + SHARD_START);
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

    /** What the engine was started with. */
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

    /** The shards as Netty's event loop group, for libraries that are built on Netty. Shutting it down does nothing. */
    public EventLoopGroup eventLoopGroup() {
        return group;
    }

    /** Whether the engine has begun to stop. */
    public boolean isStopping() {
        return stopping;
    }

    /**
     * Runs work on a shard: at once if that is the calling shard, through the mesh from another shard.
     *
     * @return the result, completed on the shard that asked; failed with what the work threw, or with
     *         {@link ShardStoppedException}
     */
    public <T extends @Nullable Object> ShardFuture<T> submitTo(int target, Callable<T> work) {
        Shard to = shard(target);
        Shard from = Shard.current();
        if (from != null && from.parent() != group) {
            from = null;
        }
        ShardFuture<T> future = new ShardFuture<>(from != null ? from : offload);
        Call<T> call = new Call<>(this, from, to, work, future);
        if (from == to) {
            call.run();
        } else if (from != null) {
            from.mesh().send(target, call);
        } else {
            try {
                to.execute(call);
            } catch (RejectedExecutionException e) {
                call.abandon();
            }
        }
        return future;
    }

    /** Runs work on every shard; the results stand in the order of the shards. */
    public <T extends @Nullable Object> CompletableFuture<List<T>> submitToAll(Function<Shard, T> work) {
        List<ShardFuture<T>> answers = shards.stream()
                .map(shard -> submitTo(shard.id(), () -> work.apply(shard))).toList();
        return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
                .thenApply(done -> answers.stream().map(CompletableFuture::join)
                        .collect(Collectors.toCollection(ArrayList::new)));
    }

    /**
     * Makes one instance per shard, each on its shard, and waits for them. Not on a shard.
     *
     * @throws RuntimeException what the factory threw
     */
    public <T> Sharded<T> sharded(Function<Shard, T> factory) {
        List<T> instances;
        try {
            instances = submitToAll(factory).join();
        } catch (java.util.concurrent.CompletionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
        onStop(() -> closeOnShards(instances));
        return new Sharded<>(this, instances);
    }

    private void closeOnShards(List<?> instances) {
        awaitQuietly(submitToAll(shard -> {
            if (instances.get(shard.id()) instanceof AutoCloseable closeable) {
                try {
                    closeable.close();
                } catch (Exception e) {
                    log.warn("Closing {} on shard {} failed", closeable, shard.id(), e);
                }
            }
            return true;
        }), "closing instances on the shards");
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

    /** Stops the engine and waits for it. Calls under way are answered, or failed. Not on a shard. Idempotent. */
    @Override
    public void close() {
        List<Runnable> actions;
        synchronized (stopActions) {
            if (stopping) {
                return;
            }
            stopping = true;
            actions = List.copyOf(stopActions);
        }
        for (Runnable action : actions) {
            try {
                action.run();
            } catch (RuntimeException e) {
                log.warn("A step of stopping engine '{}' failed", setup.name, e);
            }
        }
        // What shards still tell each other arrives within two rounds: one to send, one to answer.
        for (int round = 0; round < 2; round++) {
            awaitQuietly(submitToAll(shard -> true), "a last round of messages");
        }
        group.stop().awaitUninterruptibly(SHARD_STOP.toMillis());
        if (group.isTerminated()) {
            Arrays.stream(meshes).forEach(Mesh::abandonAll);
        } else {
            log.warn("Engine '{}': a shard has not ended within {}; its thread is left behind", setup.name, SHARD_STOP);
        }
        offload.close();
        housekeeper.close();
        log.info("Engine '{}' has stopped", setup.name);
    }

    private void awaitQuietly(CompletableFuture<?> future, String what) {
        try {
            future.get(SHARD_STOP.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            log.warn("Engine '{}': {} took longer than {}", setup.name, what, SHARD_STOP);
        } catch (java.util.concurrent.ExecutionException e) {
            log.debug("Engine '{}': {}", setup.name, what, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Where everything that is no shard runs. */
    private CpuSet elsewhere() {
        return setup.plan.housekeeping().isEmpty() ? machine.allowed() : setup.plan.housekeeping();
    }

    private CpuSet shardCpus() {
        return CpuSet.of(setup.plan.shards().stream().mapToInt(ShardPlan.PlannedShard::cpu).toArray());
    }

    /** A call on its way to a shard and back. */
    private static final class Call<T extends @Nullable Object> implements Message, Runnable {
        private final Engine engine;
        private final @Nullable Shard from;
        private final Shard to;
        private final Callable<T> work;
        private final ShardFuture<T> future;
        private @Nullable T result;
        private @Nullable Throwable failure;
        private boolean answered;

        Call(Engine engine, @Nullable Shard from, Shard to, Callable<T> work, ShardFuture<T> future) {
            this.engine = engine;
            this.from = from;
            this.to = to;
            this.work = work;
            this.future = future;
        }

        @Override
        public void deliver() {
            if (answered || from == null) {
                complete();
                return;
            }
            call();
            to.mesh().send(from.id(), this);
        }

        @Override
        public void run() {
            call();
            complete();
        }

        private void call() {
            try {
                result = work.call();
            } catch (Throwable e) {
                failure = e;
            }
            answered = true;
        }

        @SuppressWarnings("NullAway") // a null result is one that T allows
        private void complete() {
            if (failure != null) {
                future.completeExceptionally(failure);
            } else {
                future.complete(result);
            }
        }

        @Override
        public void abandon() {
            if (answered) {
                complete();
            } else {
                future.completeExceptionally(new ShardStoppedException(engine.name(), to.id()));
            }
        }
    }

    /** What the shards of one engine are made with. */
    static final class Setup {
        private final String name;
        private final EngineConfig config;
        private final ShardPlan plan;
        private final AtomicInteger made = new AtomicInteger();
        private volatile @Nullable Throwable failure;
        @Nullable
        Housekeeper housekeeper;

        Setup(String name, EngineConfig config, ShardPlan plan) {
            this.name = name;
            this.config = config;
            this.plan = plan;
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

        ShardPlan.PlannedShard nextPlace() {
            return plan.shards().get(made.getAndIncrement());
        }

        /** On the shard's new thread, before it does anything else. */
        void enter(Shard shard) {
            Thread.currentThread().setName(name + "-shard-" + shard.id());
            try {
                if (plan.pinned()) {
                    java.util.Objects.requireNonNull(housekeeper).addShard(CpuAffinity.threadId());
                    CpuAffinity.pin(shard.place().cpu());
                }
            } catch (RuntimeException e) {
                failure = e;
            }
        }

        /** On the shard's thread, at its end. */
        void leave(Shard shard) {
            if (plan.pinned()) {
                java.util.Objects.requireNonNull(housekeeper).removeShard(CpuAffinity.threadId());
            }
        }
    }

    /** The shards as a group; users get it, so that only the engine may shut it down. */
    private static final class ShardGroup extends MultiThreadIoEventLoopGroup {

        ShardGroup(Setup setup, IoHandlerFactory ioHandlers) {
            super(setup.plan.shards().size(), (Executor) task -> new ShardThread(task, setup.name + "-shard").start(),
                    ioHandlers, setup);
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
            return super.shutdownGracefully(0, SHARD_STOP.toMillis(), TimeUnit.MILLISECONDS);
        }

        @Override
        public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
            return terminationFuture();
        }
    }
}
