package io.solaster.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.netty.channel.uring.IoUring;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.value.CpuSet;
import io.solaster.config.value.Housekeeping;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.os.CpuAffinity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@EnabledOnOs(OS.LINUX)
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PinningTest {

    /** Whatever a shard has other code start: only the shard's own thread is bound to its CPU. */
    @Test
    void onlyShardsAreConfinedToAShardsCpu() throws Exception {
        assumeTrue(CpuAffinity.unavailable().isEmpty(), () -> CpuAffinity.unavailable().orElseThrow());
        try (Engine engine = Engine.start(EngineConfig.defaults().withPinning(Pinning.ALWAYS)
                .withTransport(Transport.NIO))) {
            CountDownLatch end = new CountDownLatch(1);
            CountDownLatch started = new CountDownLatch(3 * engine.shards().size() + 1);
            Runnable work = () -> {
                started.countDown();
                MeshTest.await(end);
            };
            for (Shard shard : engine.shards()) {
                shard.execute(() -> {
                    Thread thread = new Thread(work, "born-on-" + shard.id());
                    thread.setDaemon(true);
                    thread.start();
                    if (shard.id() == 0) {
                        // One, since the common pool may have no more threads.
                        CompletableFuture.runAsync(work);
                    }
                    Thread.startVirtualThread(work);
                    engine.offload().execute(work);
                });
            }
            started.await();

            for (Shard shard : engine.shards()) {
                assertThat(Engines.get(engine.submitTo(shard.id(), CpuAffinity::current)))
                        .isEqualTo(CpuSet.of(shard.place().cpu()));
            }
            CpuSet elsewhere = engine.plan().housekeeping().isEmpty()
                    ? engine.machine().allowed()
                    : engine.plan().housekeeping();
            Engines.until("all others on " + elsewhere + ", but: " + confined(engine, elsewhere),
                    () -> confined(engine, elsewhere).isEmpty());
            end.countDown();
        }
    }

    @Test
    void noPinIsInheritedFromAShardThatHasEnded() {
        assumeTrue(CpuAffinity.unavailable().isEmpty(), () -> CpuAffinity.unavailable().orElseThrow());
        Engine engine = Engine.start(EngineConfig.defaults().withPinning(Pinning.ALWAYS).withTransport(Transport.NIO));
        engine.close();
        CpuSet allowed = engine.machine().allowed();
        assumeTrue(engine.plan().housekeeping().isEmpty());
        // Netty tells of the end on a thread that the shard itself has started.
        assertThat(confined(engine, allowed)).isEmpty();
    }

    /** What would block is done by threads of the kernel, which belong to the shard's. */
    @ParameterizedTest
    @EnumSource(names = {"IO_URING", "EPOLL"})
    void theWorkersOfARingKeepOffTheShardsCpu(Transport transport, @TempDir Path directory) throws Exception {
        assumeTrue(CpuAffinity.unavailable().isEmpty(), () -> CpuAffinity.unavailable().orElseThrow());
        assumeTrue(IoUring.isAvailable());
        assumeTrue(!System.getProperty("os.version").matches("5\\.1[23]\\D.*"),
                "its workers are the process's threads, and may not be bound yet");
        CpuSet allowed = CpuAffinity.current();
        assumeTrue(allowed.size() > 1);
        CpuSet housekeeping = CpuSet.of(allowed.first());
        Set<String> before = workers().keySet();
        try (Engine engine = Engine.start(Changed.with(EngineConfig.defaults().withShards(1)
                .withPinning(Pinning.ALWAYS).withTransport(transport), "housekeeping",
                new Housekeeping(housekeeping)))) {
            Engines.get(engine.submitStageTo(0, CallOptions.DEFAULTS, () -> engine.shard(0).files()
                    .open(directory.resolve("a"), OpenMode.CREATE)
                    .thenCompose(file -> file.preallocate(1 << 20).thenCompose(done -> file.sync())
                            .thenCompose(done -> file.close()))));
            Map<String, String> workers = workers();
            workers.keySet().removeAll(before);
            assumeTrue(!workers.isEmpty(), "the kernel shows no worker of the ring among the threads of the process");
            assertThat(workers.values()).allSatisfy(cpus -> assertThat(CpuSet.parse(cpus)).isEqualTo(housekeeping));
        }
    }

    /** The CPUs of the kernel's threads for rings. Their names end with a number that another namespace may have given. */
    private static Map<String, String> workers() {
        Map<String, String> found = new TreeMap<>();
        eachTask((task, name, cpus) -> {
            if (name.startsWith("iou-wrk-")) {
                found.put(task, cpus);
            }
        });
        return found;
    }

    /** Threads that are neither shards nor the process's first, and not where they belong. */
    private static Map<String, String> confined(Engine engine, CpuSet elsewhere) {
        Map<String, String> wrong = new TreeMap<>();
        String first = String.valueOf(ProcessHandle.current().pid());
        eachTask((task, name, cpus) -> {
            // The kernel keeps 15 characters of a name.
            boolean isShard = (engine.name() + "-shard-").startsWith(name) || name.contains("-shard");
            if (!task.equals(first) && !isShard && !CpuSet.parse(cpus).equals(elsewhere)) {
                wrong.put(name + " " + task, cpus);
            }
        });
        return wrong;
    }

    private interface TaskVisitor {
        void visit(String task, String name, String cpus);
    }

    /** Visits the threads of the process, but for those that end meanwhile. */
    private static void eachTask(TaskVisitor visitor) {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            for (Path task : (Iterable<Path>) tasks::iterator) {
                String name;
                Optional<String> cpus;
                try {
                    name = Files.readString(task.resolve("comm")).strip();
                    cpus = Files.readAllLines(task.resolve("status")).stream()
                            .filter(line -> line.startsWith("Cpus_allowed_list:")).findFirst();
                } catch (IOException ended) {
                    // The thread has nowhere to be any more.
                    continue;
                }
                cpus.ifPresent(list -> visitor.visit(task.getFileName().toString(), name, list.split(":")[1].strip()));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
