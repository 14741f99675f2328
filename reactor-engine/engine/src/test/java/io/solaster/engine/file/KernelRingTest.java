package io.solaster.engine.file;

import static io.solaster.engine.Engines.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.FilesConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Child;
import io.solaster.engine.Engine;
import io.solaster.engine.Engines;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A ring of a shard's own; what files do by it is the contract of disks in the test kit. */
@Execution(ExecutionMode.CONCURRENT)
@Timeout(value = 180, unit = TimeUnit.SECONDS)
final class KernelRingTest {
    @TempDir
    private Path directory;

    private static void assumeOwnRings() {
        assumeTrue(Epoll.isAvailable(), "no epoll here");
        String refusal = FileRing.refusal();
        assumeTrue(refusal == null, refusal);
    }

    private static Engine start(int depth) {
        assumeOwnRings();
        FilesConfig files = Changed.with(FilesConfig.defaults(), "depth", depth);
        return Engines.start(Changed.with(EngineConfig.defaults().withTransport(Transport.EPOLL), "files", files), 1);
    }

    private static ShardFile open(Engine engine, Path path) {
        return get(engine.submitStageTo(0, CallOptions.DEFAULTS,
                () -> engine.shard(0).files().open(path, OpenMode.CREATE)));
    }

    private static CompletableFuture<?> all(List<CompletableFuture<?>> each) {
        return CompletableFuture.allOf(each.toArray(CompletableFuture<?>[]::new));
    }

    @Test
    void servesMoreThanItHasPlacesFor() {
        try (Engine engine = start(2)) {
            ShardFile file = open(engine, directory.resolve("a"));
            int many = 300;
            get(engine.submitStageTo(0, CallOptions.DEFAULTS, () -> {
                List<CompletableFuture<?>> writes = new ArrayList<>();
                for (int i = 0; i < many; i++) {
                    writes.add(file.write(Unpooled.directBuffer(4).writeInt(i), 4L * i));
                }
                return all(writes);
            }));
            ByteBuf into = Unpooled.directBuffer(4 * many);
            assertThat(get(engine.submitStageTo(0, CallOptions.DEFAULTS, () -> file.read(into, 0))))
                    .isEqualTo(4 * many);
            for (int i = 0; i < many; i++) {
                assertThat(into.readInt()).isEqualTo(i);
            }
            into.release();
            get(engine.submitStageTo(0, CallOptions.DEFAULTS, file::close));
        }
    }

    /** Straight-line code waits for each, so that nothing but the ring wakes the shard. */
    @Test
    void wakesAShardThatSleeps() throws Exception {
        try (Engine engine = start(16)) {
            ShardFile file = open(engine, directory.resolve("a"));
            get(engine.shard(0).fork(() -> {
                for (int i = 0; i < 200; i++) {
                    file.write(Unpooled.directBuffer(8).writeLong(i), 8L * i).join();
                    file.sync().join();
                }
                return file.close().join();
            }).future());
            assertThat(Files.size(directory.resolve("a"))).isEqualTo(1600);
        }
    }

    @Test
    void leavesNothingOfItselfBehind() throws Exception {
        assumeOwnRings();
        List<Long> before = ringsOfTheProcess();
        for (int i = 0; i < 3; i++) {
            try (Engine engine = start(8)) {
                ShardFile file = open(engine, directory.resolve("a"));
                // It is still open, and still being written.
                engine.submitTo(0, () -> file.write(Unpooled.directBuffer(1 << 16).writeZero(1 << 16), 0));
                assertThat(ringsOfTheProcess().getFirst()).isPositive();
            }
        }
        // Those of others may have ended meanwhile.
        Engines.until("no descriptor and no memory of a ring is left", () -> {
            List<Long> now = ringsOfTheProcess();
            return now.getFirst() <= before.getFirst() && now.getLast() <= before.getLast();
        });
    }

    /** How many descriptors lead to rings, and how many parts of memory. */
    private static List<Long> ringsOfTheProcess() {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"));
                Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return List.of(descriptors.filter(each -> {
                try {
                    return Files.readSymbolicLink(each).toString().contains("io_uring");
                } catch (IOException closed) {
                    return false;
                }
            }).count(), maps.filter(each -> each.contains("io_uring")).count());
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, seccomp", "12, ulimit -l"})
    void leavesItToThreadsWhereTheKernelRefuses(int error, String said) throws Exception {
        leavesItToThreads(error, said);
    }

    @Tag("full")
    @ParameterizedTest
    @CsvSource({"24, ulimit -n", "38, this kernel has no io_uring"})
    void alsoForOtherReasons(int error, String said) throws Exception {
        leavesItToThreads(error, said);
    }

    private void leavesItToThreads(int error, String said) throws Exception {
        assumeTrue(Epoll.isAvailable());
        try (Child child = Child.start("", ChildFiles.class, List.of(), directory.resolve("a").toString(), "3",
                String.valueOf(error))) {
            String all = child.all();
            assumeTrue(!all.contains("no filter"), "no seccomp here");
            assertThat(all).contains("read: 3")
                    .containsPattern("Files: 4 threads off the shards; io_uring is refused: .*" + said);
        }
    }

    /** By the ring, and by threads. */
    @ParameterizedTest
    @CsvSource({"0", "1"})
    void tellsOfAFileThatMayNotGrowByName(int error) throws Exception {
        assumeTrue(Epoll.isAvailable());
        Path path = directory.resolve("a");
        try (Child child = Child.start("ulimit -f 4096", ChildFiles.class, List.of("-XX:-UsePerfData"), path.toString(),
                "8000000", String.valueOf(error))) {
            assertThat(child.all()).contains("failed: java.nio.file.FileSystemException: " + path
                    + ": could not write 8000000 bytes at 0: File too large; raise the limit on the size of files");
        }
        assertThat(Files.size(path)).isBetween(1L, 4L << 20);
    }

    @ParameterizedTest
    @CsvSource({"EPOLL", "IO_URING"})
    void closesAFileThatWasDropped(Transport transport) {
        if (transport == Transport.EPOLL) {
            assumeOwnRings();
        } else {
            assumeTrue(IoUring.isAvailable(), "no io_uring here");
        }
        assumeTrue(!ManagementFactory.getRuntimeMXBean().getInputArguments().contains("-XX:+DisableExplicitGC"),
                "nobody may ask the collector");
        Path path = directory.resolve("dropped");
        try (Engine engine = Engines.start(transport, 1)) {
            get(engine.submitStageTo(0, CallOptions.DEFAULTS,
                    () -> engine.shard(0).files().open(path, OpenMode.CREATE).thenApply(ShardFile::path)));
            assertThat(isOpen(path)).isTrue();
            Engines.until("the collector has closed " + path, () -> {
                System.gc();
                return !isOpen(path);
            });
        }
    }

    private static boolean isOpen(Path path) {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.anyMatch(each -> {
                try {
                    return Files.readSymbolicLink(each).equals(path.toRealPath());
                } catch (IOException closed) {
                    return false;
                }
            });
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }
}
