package io.solaster.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.Future;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.plan.Machine;
import io.solaster.config.plan.ShardPlan;
import io.solaster.config.plan.ShardPlanner;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.env.Environment;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.transport.GroupIoHandler;
import io.solaster.engine.transport.TransportChoice;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How an engine begins: threads for blocking work first, since they must not inherit a shard's CPU; then the shards, each
 * pinned before it allocates; then every other thread of the process is moved off the shards' CPUs. On the thread that
 * starts it, which is no shard.
 */
final class EngineStart {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final Duration SHARD_START = Duration.ofSeconds(30);

    private EngineStart() {}

    /** {@link Engine#check}. */
    static List<Violation> check(EngineConfig config) {
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

    static Engine start(EngineConfig config, Machine machine, Environment environment, ShardPlan.Work work) {
        List<Violation> refused = check(config);
        if (!refused.isEmpty()) {
            throw new InvalidConfigException(refused);
        }
        return start(config, machine, environment, work, null);
    }

    /** @param transport null for the one that the configuration asks for */
    static Engine start(EngineConfig config, Machine machine, Environment environment, ShardPlan.Work work,
            @Nullable TransportChoice transport) {
        EngineConfig possible = possible(config);
        ShardPlan plan = ShardPlanner.plan(machine, possible, work);
        int number = COUNT.incrementAndGet();
        Engine engine = make(number == 1 ? "solaster" : "solaster-" + number, machine, possible, plan,
                environment, work, transport);
        try {
            engine.begin();
        } catch (RuntimeException | Error e) {
            engine.close();
            throw e;
        }
        tell(engine);
        return engine;
    }

    /** A configuration without the pinning that this system does not let us do. */
    static EngineConfig possible(EngineConfig config) {
        return CpuAffinity.unavailable().isEmpty() ? config : config.withPinning(Pinning.NEVER);
    }

    private static void tell(Engine engine) {
        ShardPlan plan = engine.plan();
        CpuSet shardCpus = CpuSet.of(plan.shards().stream().mapToInt(ShardPlan.PlannedShard::cpu).toArray());
        log.info("Engine '{}' runs {} shard(s) on {} {} over {}; everything else on CPUs {}", engine.name(),
                plan.shards().size(), plan.pinned() ? "CPUs" : "(unpinned) CPUs", shardCpus,
                TransportChoice.label(engine.transport().kind()),
                plan.housekeeping().isEmpty() ? engine.machine().allowed() : plan.housekeeping());
        CpuAffinity.unavailable().ifPresent(why -> log.warn("Shards are not pinned: {}", why));
        plan.reasons().forEach(reason -> log.info("Plan: {}", reason));
        log.info("Transport: {}", engine.transport().reason());
        log.info("Files: {}", engine.howFiles());
        log.info("Memory: {}", engine.howMemory());
        log.info("Groups: {}; stalls: {}",
                engine.groups().all().stream().map(group -> group + " " + group.shares())
                        .collect(Collectors.joining(", ")),
                engine.stallWatchdog().map(watchdog -> "told from " + watchdog.threshold().toMillis() + " ms")
                        .orElse("not watched for"));
    }

    /** With 'auto', a transport that the kernel has but refuses us for want of memory or descriptors is passed over. */
    private static Engine make(String name, Machine machine, EngineConfig config, ShardPlan plan,
            Environment environment, ShardPlan.Work work, @Nullable TransportChoice given) {
        // Whoever first touches these fixes their size by the CPUs it may use: that must not be a pinned shard.
        ForkJoinPool.commonPool();
        environment.threads().start("solaster-prepare", ShardThreads::prepare);
        // Loading it takes a shard that is the first to need a buffer tens of milliseconds.
        ByteBufAllocator.DEFAULT.isDirectBufferPooled();
        Map<Transport, String> refused = new EnumMap<>(Transport.class);
        while (true) {
            TransportChoice transport = given != null ? given : TransportChoice.choose(config.transport(), refused);
            Setup setup = new Setup(name, config, machine, plan, environment, work, transport.kind());
            try {
                return new Engine(setup, new ShardGroup(setup, GroupIoHandler.over(transport.ioHandlers())), transport);
            } catch (RuntimeException | Error e) {
                setup.discard();
                if (given != null || config.transport() != Transport.AUTO || transport.kind() == Transport.NIO) {
                    throw new IllegalStateException("engine '" + name + "' cannot make its event loops over "
                            + TransportChoice.label(transport.kind()) + " (" + rootOf(e)
                            + "); raise the limits on open files and locked memory, or set solaster.engine.transport"
                            + " to another", e);
                }
                refused.put(transport.kind(), rootOf(e).toString());
            }
        }
    }

    private static Throwable rootOf(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    /** Waits until each shard turns, and moves all else off their CPUs. */
    static void await(Setup setup, List<Shard> shards) {
        for (Shard shard : shards) {
            // By a timer, so that its classes are there: out of file descriptors, no more could be loaded.
            Future<?> started = shard.schedule(() -> {}, 0, TimeUnit.NANOSECONDS);
            if (!setup.environment().threads().await(started, SHARD_START)) {
                throw new IllegalStateException("shard " + shard.id() + " did not start within " + SHARD_START);
            }
            if (shard.isShuttingDown()) {
                setup.environment().threads().await(shard.terminationFuture(), Shutdown.SHARD_STOP);
                throw new IllegalStateException("the event loop of shard " + shard.id() + " ended at its start",
                        shard.terminationFuture().cause());
            }
        }
        Throwable failure = setup.failure();
        if (failure != null) {
            throw new IllegalStateException("shards could not start: " + failure.getMessage(), failure);
        }
        if (setup.plan().pinned()) {
            setup.housekeeper().start(setup.environment().threads()::start);
        }
    }
}
