package io.solaster.testkit.sim.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

import io.solaster.engine.file.ShardFiles;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** The simulated disk is a disk. */
final class SimDiskContractTest extends DiskContract {
    private static final int MOST = 8;
    private final VirtualTime time = new VirtualTime();
    private final SimDisk disk = new SimDisk(new SplittableRandom(1), time);
    private final ShardFiles files = VirtualTime.files(time, disk, MOST);

    @BeforeEach
    void make() throws Exception {
        call(() -> files.createDirectories(root()));
        disk.set(DiskFaults.NONE.jittered(Duration.ofMillis(5)));
    }

    @AfterEach
    void nothingStaysOpen() {
        while (time.step()) {
            // What nobody waits for.
        }
        assertThat(disk.openFiles()).isZero();
    }

    @Override
    ShardFiles files() {
        return files;
    }

    @Override
    int most() {
        return MOST;
    }

    @Override
    Path root() {
        return Path.of("/data");
    }

    @Override
    <T extends @Nullable Object> T call(Callable<? extends CompletableFuture<T>> work) throws Exception {
        return time.await(work.call());
    }
}
