package io.solaster.engine.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

import io.solaster.config.value.CpuSet;
import io.solaster.engine.env.Environment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class HousekeeperTest {
    /** A CPU that no machine of ours has. */
    private static final int TAKEN_AWAY = 1023;

    private final CpuSet allowed = MachineProbe.probe().allowed();
    private final int shardCpu = allowed.stream().max().orElseThrow();
    private final CpuSet rest = allowed.minus(CpuSet.of(shardCpu));
    private final CountDownLatch end = new CountDownLatch(1);
    private final List<ExecutorService> shards = new ArrayList<>();

    @BeforeEach
    void twoCpus() {
        assumeTrue(allowed.size() > 1);
        assumeTrue(CpuAffinity.unavailable().isEmpty());
    }

    @AfterEach
    void putEverythingBack() {
        end.countDown();
        shards.forEach(ExecutorService::close);
        try (Housekeeper housekeeper = new Housekeeper(allowed, allowed)) {
            housekeeper.sweep();
        }
    }

    @Test
    void movesThreadsBornOnAShardAndLeavesTheShard() {
        try (Housekeeper housekeeper = new Housekeeper(rest, allowed)) {
            ExecutorService shard = shard(housekeeper);
            int tid = call(shard, CpuAffinity::threadId);
            int before = call(shard, this::born);
            assertThat(CpuAffinity.of(before)).isEqualTo(CpuSet.of(shardCpu));

            housekeeper.start(Environment.SYSTEM.threads()::start);

            assertThat(CpuAffinity.of(before)).isEqualTo(rest);
            assertThat(CpuAffinity.current()).isEqualTo(rest);
            long moved = housekeeper.moved();
            assertThat(moved).isPositive();

            int after = call(shard, this::born);
            await(() -> CpuAffinity.of(after).equals(rest));
            await(() -> housekeeper.moved() > moved);
            assertThat(CpuAffinity.of(tid)).isEqualTo(CpuSet.of(shardCpu));
        }
    }

    @Test
    void pinsAnewAShardThatWasPutElsewhere() {
        try (Housekeeper housekeeper = new Housekeeper(rest, allowed)) {
            ExecutorService shard = shard(housekeeper);
            int tid = call(shard, CpuAffinity::threadId);
            housekeeper.keepPinned(tid, shardCpu);
            housekeeper.checkPins();
            assertThat(housekeeper.pinnedAnew()).isZero();

            CpuAffinity.set(tid, allowed);
            housekeeper.checkPins();
            assertThat(CpuAffinity.of(tid)).isEqualTo(CpuSet.of(shardCpu));
            assertThat(housekeeper.pinnedAnew()).isOne();

            housekeeper.start(Environment.SYSTEM.threads()::start);
            CpuAffinity.set(tid, rest);
            await(() -> CpuAffinity.of(tid).equals(CpuSet.of(shardCpu)));
            assertThat(housekeeper.pinnedAnew()).isEqualTo(2);

            housekeeper.keepPinnedNoMore(tid);
            CpuAffinity.set(tid, allowed);
            housekeeper.checkPins();
            assertThat(CpuAffinity.of(tid)).isEqualTo(allowed);
        }
    }

    @Test
    void aShardWhoseCpuIsTakenAwayGoesOnWhereItMayUntilThatComesBack() {
        try (Housekeeper housekeeper = new Housekeeper(rest, allowed)) {
            ExecutorService shard = shard(housekeeper);
            int tid = call(shard, CpuAffinity::threadId);
            // As when a cpuset loses its CPU: the kernel moves the thread to what is left, and refuses to pin it there.
            CpuAffinity.set(tid, rest);
            housekeeper.keepPinned(tid, TAKEN_AWAY);
            for (int second = 1; second <= 3; second++) {
                housekeeper.checkPins();
                assertThat(housekeeper.pinnedAnew()).as("tried each time").isEqualTo(second);
                assertThat(CpuAffinity.of(tid)).isEqualTo(rest);
                assertThat(call(shard, () -> 42)).isEqualTo(42);
            }

            housekeeper.keepPinned(tid, shardCpu);
            housekeeper.checkPins();
            assertThat(CpuAffinity.of(tid)).isEqualTo(CpuSet.of(shardCpu));
            housekeeper.checkPins();
            assertThat(housekeeper.pinnedAnew()).isEqualTo(4);
        }
    }

    @Test
    void leavesNoThreadButTheFirstOnTheShardsCpu() {
        try (Housekeeper housekeeper = new Housekeeper(rest, allowed)) {
            int tid = call(shard(housekeeper), CpuAffinity::threadId);
            housekeeper.start(Environment.SYSTEM.threads()::start);

            for (String name : KernelFiles.LIVE.names("/proc/self/task")) {
                int other = Integer.parseInt(name);
                if (other != tid && other != ProcessHandle.current().pid()) {
                    CpuSet its = name(other).matches("(GC Thread#\\d+|VM Thread)") ? allowed : rest;
                    await(() -> {
                        CpuSet cpus = CpuAffinity.of(other);
                        return cpus.equals(its) || cpus.isEmpty();
                    });
                }
            }
            assertThat(MachineProbe.probe().allowed()).isEqualTo(allowed);
        }
    }

    @Test
    void theWorkersOfPausesKeepAllCpusAndWhatRunsBesideTheShardsDoesNot() {
        try (Housekeeper housekeeper = new Housekeeper(rest, allowed)) {
            int pauses = named("GC Thread#7");
            int leader = named("VM Thread");
            int concurrent = named("G1 Conc#7");
            int marker = named("G1 Main Marker");
            int bornOnAShard = call(shard(housekeeper), () -> named("GC Thread#8"));
            CpuAffinity.set(bornOnAShard, CpuSet.of(shardCpu));

            housekeeper.start(Environment.SYSTEM.threads()::start);

            assertThat(CpuAffinity.of(pauses)).isEqualTo(allowed);
            assertThat(CpuAffinity.of(leader)).isEqualTo(allowed);
            assertThat(CpuAffinity.of(bornOnAShard)).isEqualTo(allowed);
            assertThat(CpuAffinity.of(concurrent)).isEqualTo(rest);
            assertThat(CpuAffinity.of(marker)).isEqualTo(rest);
        }
    }

    @Test
    void leavesTheShardsOfAnotherEngineAlone() {
        try (Housekeeper one = new Housekeeper(rest, allowed); Housekeeper other = new Housekeeper(allowed, allowed)) {
            int tid = call(shard(one), CpuAffinity::threadId);
            other.removeShard(tid);
            other.sweep();
            assertThat(CpuAffinity.of(tid)).isEqualTo(CpuSet.of(shardCpu));
        }
    }

    @Test
    void placesAThreadThatIsNoShardAnyMore() {
        try (Housekeeper housekeeper = new Housekeeper(rest, allowed)) {
            int tid = call(shard(housekeeper), CpuAffinity::threadId);
            housekeeper.sweep();
            housekeeper.removeShard(tid);
            housekeeper.sweep();
            assertThat(CpuAffinity.of(tid)).isEqualTo(rest);
        }
    }

    @Test
    void placesEachThreadOnce() {
        try (Housekeeper housekeeper = new Housekeeper(rest, allowed)) {
            ExecutorService thread = Executors.newSingleThreadExecutor();
            shards.add(thread);
            int tid = call(thread, CpuAffinity::threadId);
            housekeeper.sweep();
            CpuAffinity.set(tid, allowed);
            housekeeper.sweep();
            assertThat(CpuAffinity.of(tid)).isEqualTo(allowed);
        }
    }

    @Test
    void endsItsThreadWithClose() {
        Housekeeper housekeeper = new Housekeeper(allowed, allowed);
        housekeeper.start(Environment.SYSTEM.threads()::start);
        assertThatIllegalStateException().isThrownBy(() -> housekeeper.start(Environment.SYSTEM.threads()::start));
        Thread sweeper = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("solaster-housekeeper")).findFirst().orElseThrow();
        assertThat(sweeper.isDaemon()).isTrue();

        housekeeper.close();

        assertThat(sweeper.isAlive()).isFalse();
        housekeeper.close();
    }

    @Test
    void refusesToPutThreadsNowhere() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Housekeeper(CpuSet.EMPTY, allowed))
                .withMessageContaining("no CPU");
    }

    private ExecutorService shard(Housekeeper housekeeper) {
        ExecutorService shard = Executors.newSingleThreadExecutor();
        shards.add(shard);
        return call(shard, () -> {
            housekeeper.addShard(CpuAffinity.threadId());
            CpuAffinity.pin(shardCpu);
            return shard;
        });
    }

    private static String name(int tid) {
        return KernelFiles.LIVE.text("/proc/self/task/" + tid + "/comm").strip();
    }

    private int born() {
        return named("born");
    }

    /** Starts a thread that waits for the end of the test, and returns its number once the kernel has its name. */
    private int named(String name) {
        CompletableFuture<Integer> tid = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            tid.complete(CpuAffinity.threadId());
            try {
                end.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }, name);
        thread.start();
        await(() -> tid.isDone() && name(tid.join()).equals(name));
        return tid.join();
    }

    private static <T> T call(ExecutorService shard, Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, shard).join();
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }
}
