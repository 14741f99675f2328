package io.solaster.pool;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
import io.solaster.engine.Engine;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.env.Environment;
import io.solaster.testkit.peer.RedisServer;

/** Unpinned engines of any number of shards, and patience with them. */
public final class TestEngines {
    /** How long a condition may take on a machine that is busy with other things. */
    public static final Duration PATIENCE = Duration.ofSeconds(Integer.getInteger("patience", 60));

    private TestEngines() {}

    /** Skips the test where the machine lacks the transport. */
    public static Engine start(Transport transport, int shards) {
        return start(transport, shards, Environment.SYSTEM);
    }

    /** As {@link #start(Transport, int)}, with time of another kind. */
    public static Engine start(Transport transport, int shards, Environment environment) {
        assumeTrue(transport != Transport.EPOLL || Epoll.isAvailable(),
                () -> "no epoll here: " + Epoll.unavailabilityCause());
        assumeTrue(transport != Transport.IO_URING || IoUring.isAvailable(),
                () -> "no io_uring here: " + IoUring.unavailabilityCause());
        EngineConfig config = EngineConfig.defaults().withTransport(transport).withPinning(Pinning.NEVER)
                .withShards(shards);
        return Engine.start(config, machine(shards), environment);
    }

    /** Where a server on the loopback is. */
    public static Endpoint endpoint(RedisServer server) {
        return Endpoint.of("127.0.0.1", server.port());
    }

    /** Holds a shard until the latch is released. */
    public static CountDownLatch hold(Engine engine, int shard) {
        CompletableFuture<Boolean> held = new CompletableFuture<>();
        CountDownLatch go = new CountDownLatch(1);
        engine.shard(shard).execute(() -> {
            held.complete(true);
            try {
                go.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        get(held);
        return go;
    }

    private static Machine machine(int cpus) {
        CpuSet all = CpuSet.of(IntStream.range(0, cpus).toArray());
        return new Machine(all, all, CpuSet.EMPTY,
                IntStream.range(0, cpus).mapToObj(cpu -> new Machine.Core(0, CpuSet.of(cpu), 1024)).toList(),
                List.of(all), List.of(new Machine.NumaNode(0, all, 1L << 30)), OptionalDouble.empty(),
                OptionalLong.empty(), 1024, Long.MAX_VALUE);
    }

    /** Runs work on a shard and waits for it. */
    public static <T> T on(Engine engine, int shard, Callable<T> work) {
        return get(engine.submitTo(shard, work));
    }

    /** Runs work on a shard and waits for what it comes to. */
    public static <T> T await(Engine engine, int shard, Callable<ShardFuture<T>> work) {
        return get(get(engine.submitTo(shard, work)));
    }

    /** Waits for a future, with patience. */
    public static <T> T get(Future<T> future) {
        try {
            return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new AssertionError(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
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
}
