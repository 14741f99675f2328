package io.solaster.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.testkit.sim.disk.DiskFaults;
import io.solaster.testkit.sim.disk.SimDisk.Effect;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Files of shards, on the disk of a machine that loses its power. */
final class SimulatedFilesTest {
    private static final Path DATA = Path.of("/data");
    private static final Path COUNTS = DATA.resolve("counts");
    private static final int SEEDS = 60;

    /** Opens the file, and sees to it that a crash leaves it. */
    private static CompletionStage<ShardFile> open(Engine engine) {
        var files = engine.shard(1).files();
        return files.createDirectories(DATA).thenCompose(made -> files.open(COUNTS, OpenMode.CREATE))
                .thenCompose(file -> files.syncDirectory(DATA).thenCompose(synced -> files.syncDirectory(Path.of("/")))
                        .thenApply(synced -> file));
    }

    /** Writes numbers one behind the other for as long as the machine lives. */
    private static CompletionStage<@Nullable Void> count(ShardFile file, int number, AtomicInteger acknowledged,
            boolean syncs) {
        ByteBuf bytes = Unpooled.buffer(Integer.BYTES).writeInt(number);
        return file.write(bytes, (long) Integer.BYTES * (number - 1))
                .thenCompose(written -> syncs ? file.sync() : CompletableFuture.completedFuture(null))
                .thenCompose(synced -> {
                    acknowledged.set(number);
                    return count(file, number + 1, acknowledged, syncs);
                });
    }

    private static long lost;

    private static void run(Simulation sim, boolean syncs) {
        Machine machine = sim.machine("a");
        machine.disk().set(DiskFaults.NONE.delayed(Duration.ofMillis(1)).jittered(Duration.ofMillis(4)));
        AtomicInteger acknowledged = new AtomicInteger();
        Engine engine = machine.start(EngineConfig.defaults().withShards(2));
        engine.submitStageTo(1, CallOptions.DEFAULTS,
                () -> open(engine).thenCompose(file -> count(file, 1, acknowledged, syncs)));
        sim.until(() -> acknowledged.get() > 0, Duration.ofSeconds(10));
        sim.sleep(Duration.ofMillis(sim.random().nextInt(200)));
        machine.crash();
        int promised = acknowledged.get();

        Engine again = machine.start(EngineConfig.defaults().withShards(2));
        ByteBuf found = Unpooled.buffer().writeZero(Integer.BYTES * (promised + 2)).writerIndex(0);
        sim.await(again.submitStageTo(1, CallOptions.DEFAULTS,
                () -> open(again).thenCompose(file -> file.read(found, 0))));
        for (int number = 1; number <= promised; number++) {
            assertThat(found.isReadable(Integer.BYTES) ? found.readInt() : 0).as("of %d", promised).isEqualTo(number);
        }
        lost += machine.disk().count(Effect.LOST_WRITES);
    }

    @Test
    void whatWasSyncedOutlivesAnyCrash() {
        lost = 0;
        for (long seed = 0; seed < SEEDS; seed++) {
            Simulation.run(seed, sim -> run(sim, true));
        }
        assertThat(lost).isPositive();
    }

    @Test
    void whoAcknowledgesBeforeTheSyncIsFoundOut() {
        assertThatExceptionOfType(SimulationFailure.class).isThrownBy(() -> {
            for (long seed = 0; seed < SEEDS; seed++) {
                Simulation.run(seed, sim -> run(sim, false));
            }
        }).withStackTraceContaining("SimulatedFilesTest");
    }

    @Test
    void theSameSeedLosesTheSame() {
        for (long seed = 0; seed < 10; seed++) {
            assertThat(Simulation.run(seed, sim -> run(sim, true)))
                    .isEqualTo(Simulation.run(seed, sim -> run(sim, true)));
        }
    }
}
