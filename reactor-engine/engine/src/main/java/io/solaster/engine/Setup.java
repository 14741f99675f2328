package io.solaster.engine;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.FilesConfig;
import io.solaster.config.MemoryConfig;
import io.solaster.config.check.ConfigDiff;
import io.solaster.config.plan.Machine;
import io.solaster.config.plan.ShardPlan;
import io.solaster.config.plan.ShardPlanner;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.env.Environment;
import io.solaster.engine.file.ChannelDisk;
import io.solaster.engine.file.Disk;
import io.solaster.engine.file.FileBounds;
import io.solaster.engine.file.FileHome;
import io.solaster.engine.file.FileRing;
import io.solaster.engine.file.ShardFiles;
import io.solaster.engine.memory.MemoryBudget;
import io.solaster.engine.memory.MemoryHome;
import io.solaster.engine.memory.MemoryLimit;
import io.solaster.engine.memory.ShardMemory;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.os.Housekeeper;
import io.solaster.engine.os.HugePages;
import io.solaster.engine.os.NodeBinding;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.stats.StallWatchdog;
import io.solaster.engine.task.SchedulingGroups;
import io.solaster.engine.trace.Tracing;
import io.solaster.engine.transport.TransportChoice;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the shards of one engine are made with and share: its configuration, its plan, its threads off the shards. */
final class Setup {
    private static final Logger log = LoggerFactory.getLogger(Setup.class);

    private final String name;
    private final Machine machine;
    private final ShardPlan plan;
    private final ShardPlan.Work work;
    private final Environment environment;
    private final SchedulingGroups groups;
    private final Housekeeper housekeeper;
    private final Offload offload;
    private final Disk disk;
    private final MemoryBudget memory;
    private final HugePages hugePages;
    private final Transport transport;
    /** Why files have no ring of their own; null where they have one, or none was tried. */
    private final @Nullable String ringRefused;
    private final @Nullable StallWatchdog watchdog;
    private final @Nullable Long shuffleSeed = Long.getLong("solaster.engine.shuffle-seed");
    private final AtomicInteger made = new AtomicInteger();
    private volatile EngineConfig config;
    private volatile @Nullable Throwable failure;
    private volatile boolean running;
    private volatile @Nullable ContextCarrier carrier;
    private volatile @Nullable Tracing tracing;

    /** Starts the threads off the shards. */
    Setup(String name, EngineConfig config, Machine machine, ShardPlan plan, Environment environment,
            ShardPlan.Work work, Transport transport) {
        this.transport = transport;
        this.name = name;
        this.config = config;
        this.machine = machine;
        this.plan = plan;
        this.work = work;
        this.environment = environment;
        this.groups = new SchedulingGroups(config.groups());
        this.housekeeper = new Housekeeper(elsewhere(), machine.allowed());
        this.offload = new Offload(name, config.offload(), environment);
        this.disk = environment.files(
                (task, otherwise) -> offload.execute(Purpose.FILES, new HandedOver.OrElse(task, otherwise)));
        this.ringRefused = transport == Transport.EPOLL && mayUseRings() ? FileRing.refusal() : null;
        this.memory = MemoryLimit.budget(config.memory(), machine, plan.shards().size());
        this.hugePages = HugePages.probe();
        this.watchdog = config.stalls().enabled()
                ? StallWatchdog.start(name, config.stalls(), environment)
                : null;
    }

    /** Ends the threads off the shards, where no shard has been made with this. */
    void discard() {
        offload.close(Duration.ZERO);
        closeWatchdog();
    }

    void closeWatchdog() {
        if (watchdog != null) {
            watchdog.close();
        }
    }

    String name() {
        return name;
    }

    EngineConfig config() {
        return config;
    }

    /**
     * Puts another configuration in force: {@link Engine#reconfigure}.
     *
     * @return whether the shards spin from now on
     */
    synchronized boolean reconfigure(EngineConfig possible) {
        boolean spin = ShardPlanner.plan(machine, possible, work).spin();
        List<ConfigDiff.Change> fixed = ConfigDiff.between(config, possible).needingRestart();
        if (!fixed.isEmpty()) {
            throw new IllegalArgumentException("engine '" + name + "' takes only by a restart: " + fixed);
        }
        groups.reconfigure(config.groups(), possible.groups());
        if (watchdog != null) {
            watchdog.reconfigure(possible.stalls());
        }
        config = possible;
        return spin;
    }

    Machine machine() {
        return machine;
    }

    ShardPlan plan() {
        return plan;
    }

    /** Where everything that is no shard runs. */
    CpuSet elsewhere() {
        return plan.housekeeping().isEmpty() ? machine.allowed() : plan.housekeeping();
    }

    /** Tests set it, to run in random order what has no order; null for the order of arrival. */
    @Nullable
    Long shuffleSeed() {
        return shuffleSeed;
    }

    Environment environment() {
        return environment;
    }

    SchedulingGroups groups() {
        return groups;
    }

    Housekeeper housekeeper() {
        return housekeeper;
    }

    Offload offload() {
        return offload;
    }

    /**
     * The files of one shard. The threads for files are asked for twice as many operations as there are threads, so that none
     * is idle and what waits, waits where shares count; and for no more than half of their queue, divided among the shards, so
     * that none is refused for what others do. A ring leaves to them what goes by path, of which all shards' have room in the
     * queue.
     *
     * @param ring by which the shard does without them; null for none
     */
    ShardFiles files(FileHome home, @Nullable FileRing ring, ShardStats stats) {
        FileBounds bounds = FileBounds.of(config.files(), plan.shards().size());
        int room = config.offload().queueCapacity() / plan.shards().size();
        if (ring != null) {
            return new ShardFiles(home, ring, bounds.withDepthAtMost(room), stats.files);
        }
        int most = Math.min(2 * config.offload().fileThreads(), room / 2);
        return new ShardFiles(home, disk, bounds.withDepthAtMost(most), stats.files);
    }

    /** What a shard has of memory. */
    ShardMemory memory(MemoryHome home, ShardPlan.PlannedShard place) {
        NodeBinding binding = config.memory().bindNodes()
                ? NodeBinding.of(machine, plan.pinned(), place.numaNode())
                : NodeBinding.none("as configured");
        return new ShardMemory(home, memory, binding, usesHugePages());
    }

    private boolean usesHugePages() {
        return config.memory().hugePages() == MemoryConfig.HugePages.MADVISE && hugePages.available();
    }

    MemoryBudget memory() {
        return memory;
    }

    /** How much memory there is outside the heap, and where it lies. */
    String howMemory() {
        return (memory.limit() >> 20) + " MiB outside the heap; " + (usesHugePages() ? "huge" : "small") + " pages, "
                + (config.memory().hugePages() == MemoryConfig.HugePages.OFF ? "as configured" : hugePages.reason());
    }

    /** A ring for the files of a shard; null where threads do what it would. */
    @Nullable
    FileRing newRing() {
        return disk instanceof ChannelDisk threads && usesRings() ? new FileRing(threads) : null;
    }

    /** Gives a ring to a shard's files, on that shard; fails where the kernel has none to give. */
    void connect(FileRing ring, FileRing.Registrar shard) throws Exception {
        if (transport == Transport.IO_URING) {
            ring.useSockets(shard);
        } else {
            ring.useOwn(shard, config.files().depth());
        }
        if (plan.pinned()) {
            ring.bindWorkers(elsewhere(), config.offload().fileThreads());
        }
    }

    private boolean mayUseRings() {
        return disk instanceof ChannelDisk && config.files().access() == FilesConfig.Access.AUTO;
    }

    private boolean usesRings() {
        return mayUseRings() && switch (transport) {
            case IO_URING -> true;
            case EPOLL -> ringRefused == null;
            case NIO, AUTO -> false;
        };
    }

    /** How files are read and written, and why so. */
    String howFiles() {
        if (!(disk instanceof ChannelDisk)) {
            return "a disk of the environment";
        }
        String threads = config.offload().fileThreads() + " threads off the shards";
        if (usesRings()) {
            return (transport == Transport.IO_URING
                    ? "each shard's own io_uring"
                    : "an io_uring of each shard for files")
                    + ", and " + threads + " for what it has no call for" + whereWorkersRun();
        }
        if (config.files().access() == FilesConfig.Access.THREADS) {
            return threads + ", as configured";
        }
        return threads + (ringRefused != null
                ? "; io_uring is refused: " + ringRefused
                : "; with the transport epoll or io_uring the shards would do it, and not with "
                        + TransportChoice.label(transport));
    }

    private String whereWorkersRun() {
        if (!plan.pinned()) {
            return "";
        }
        return plan.housekeeping().isEmpty()
                ? "; there are no housekeeping CPUs, so what would block runs beside the shards, as those threads do"
                : "; what would block runs on CPUs " + plan.housekeeping();
    }

    @Nullable
    StallWatchdog watchdog() {
        return watchdog;
    }

    void carryContext(@Nullable ContextCarrier newCarrier) {
        carrier = newCarrier;
        offload.carryContext(newCarrier);
    }

    <T extends @Nullable Object> Callable<T> carry(Callable<T> toCarry) {
        ContextCarrier present = carrier;
        return present == null ? toCarry : present.carry(toCarry);
    }

    void trace(@Nullable Tracing newTracing) {
        tracing = newTracing;
        offload.trace(newTracing);
    }

    @Nullable
    Tracing tracing() {
        return tracing;
    }

    /** Whether the loops may be shut down: only by Netty while they are made, and by the engine when it stops. */
    boolean mayShutDown() {
        return !running;
    }

    void running(boolean nowRunning) {
        running = nowRunning;
    }

    ShardPlan.PlannedShard nextPlace() {
        return plan.shards().get(made.getAndIncrement());
    }

    /** What kept a shard from its CPU; null if nothing. */
    @Nullable
    Throwable failure() {
        return failure;
    }

    void watch(Shard shard, Thread thread) {
        if (watchdog != null) {
            watchdog.watch(shard.id(), shard.stats(), thread, plan.pinned() ? shard.place().cpu() : -1,
                    () -> shard.threads().mounted());
        }
    }

    /** On the shard's new thread, before it does anything else. */
    void enter(Shard shard) {
        Thread.currentThread().setName(name + "-shard-" + shard.id());
        try {
            if (plan.pinned()) {
                housekeeper.addShard(CpuAffinity.threadId());
                CpuAffinity.pin(shard.place().cpu());
                housekeeper.keepPinned(CpuAffinity.threadId(), shard.place().cpu());
            }
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    /** On the shard's thread, at its end. */
    void leave(Shard shard) {
        if (plan.pinned()) {
            housekeeper.keepPinnedNoMore(CpuAffinity.threadId());
            try {
                // The last thing that Netty does on a loop starts a thread, which must not inherit the one CPU.
                CpuAffinity.set(elsewhere());
            } catch (IllegalStateException e) {
                log.debug("Shard {} ends on its CPU", shard.id(), e);
            }
            housekeeper.removeShard(CpuAffinity.threadId());
        }
    }
}
