package io.solaster.engine;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.plan.Machine;
import io.solaster.config.value.CpuSet;

/** Engines of any number of shards, on machines of any number of CPUs. */
public final class Engines {
    /** How long a condition may take on a machine that is busy with other things. */
    public static final Duration PATIENCE = Duration.ofSeconds(60);

    static {
        Long seed = Long.getLong("solaster.engine.shuffle-seed");
        if (seed != null) {
            System.out.println("Tasks run in shuffled order; again with -Dsolaster.engine.shuffle-seed=" + seed);
        }
    }

    private Engines() {}

    /** Whether tasks that have no order run in a random one. */
    public static boolean areShuffled() {
        return Long.getLong("solaster.engine.shuffle-seed") != null;
    }

    /** An unpinned engine; skips the test where the machine lacks the transport. */
    public static Engine start(Transport transport, int shards) {
        return start(EngineConfig.defaults().withTransport(transport), shards);
    }

    /** An unpinned engine that has more shards than the machine has CPUs, if need be. */
    public static Engine start(EngineConfig config, int shards) {
        assumeAvailable(config.transport());
        return Engine.start(config.withPinning(Pinning.NEVER).withShards(shards), machine(shards));
    }

    public static void assumeAvailable(Transport transport) {
        assumeTrue(transport != Transport.EPOLL || Epoll.isAvailable(),
                () -> "no epoll here: " + Epoll.unavailabilityCause());
        assumeTrue(transport != Transport.IO_URING || IoUring.isAvailable(),
                () -> "no io_uring here: " + IoUring.unavailabilityCause());
    }

    private static Machine machine(int cpus) {
        CpuSet all = CpuSet.of(IntStream.range(0, cpus).toArray());
        return new Machine(all, all, CpuSet.EMPTY,
                IntStream.range(0, cpus).mapToObj(cpu -> new Machine.Core(0, CpuSet.of(cpu), 1024)).toList(),
                List.of(all), List.of(new Machine.NumaNode(0, all, 1L << 30)), OptionalDouble.empty(),
                OptionalLong.empty(), 1024, Long.MAX_VALUE);
    }

    /** Waits for a condition. */
    public static void until(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("within " + PATIENCE + " not so: " + what);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    /** Waits for a future, with patience. */
    public static <T> T get(java.util.concurrent.Future<T> future) {
        try {
            return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new AssertionError(e.getCause());
        } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    /** Threads whose names begin so. */
    public static List<Thread> threads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().startsWith(prefix))
                .toList();
    }
}
